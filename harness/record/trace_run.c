/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs all begin at 0, so that those of several policies lie one above the other. */
#include "harness/record/trace_run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/trace_packet.h"

/* About what it takes in packets: begin and end of a slice with 7 bytes of time and 4 of track, and so on. */
#define SLICE_BYTES 48u
#define NOTES_BYTES 40u
#define TRACK_BYTES 64u
#define VALUE_BYTES 40u
#define RUN_BYTES 512u
#define HOLES_SHARE 4u /* of a run's share, at most one such part is for the holes of its cores */
#define NS_OF_US10 100u

/** A run, and what of it is drawn. */
struct drawing {
    struct trace_file *file;
    const struct record_run *run;
    const struct record_iteration *row; /* [rows] */
    uint64_t rows;
    uint64_t every;   /* iterations whose number it divides are drawn … */
    uint32_t workers; /* … of workers below this one */
    uint64_t holes;
    uint64_t drawn; /* rows */
    uint32_t process;
};

/* --------------------------------------------------------------------------------------------------- what is drawn */

static bool is_drawn(const struct drawing *self, const struct record_iteration *row)
{
    return row->worker < self->workers && row->iteration % self->every == 0;
}

static uint64_t row_bytes(const struct record_iteration *row)
{
    uint64_t slices = 1;
    for (uint32_t p = 0; p < PART_COUNT; p++)
        slices += row->part_us10[p] > 0;
    return slices * SLICE_BYTES + NOTES_BYTES;
}

static uint64_t bytes_of_rows(const struct drawing *self)
{
    uint64_t sum = (uint64_t)self->workers * TRACK_BYTES;
    for (uint64_t i = 0; i < self->rows; i++)
        if (is_drawn(self, &self->row[i]))
            sum += row_bytes(&self->row[i]);
    return sum;
}

static uint64_t last_iteration(const struct drawing *self)
{
    uint64_t last = 0;
    for (uint64_t i = 0; i < self->rows; i++)
        last = self->row[i].iteration > last ? self->row[i].iteration : last;
    return last;
}

/** The fewest iterations left out, and where one of each worker is too much, workers. */
static void choose_rows(struct drawing *self, uint64_t room)
{
    const uint64_t last = last_iteration(self);
    self->every = 1;
    self->workers =
        self->run->workers < RECORD_WORKERS_MAX ? self->run->workers : RECORD_WORKERS_MAX;
    for (uint64_t bytes; (bytes = bytes_of_rows(self)) > room && self->workers > 0;) {
        const double longer = (double)self->every * (double)bytes / (double)(room + 1);
        if (self->every > last)
            self->workers /= 2;
        else if (longer > (double)last)
            self->every = last + 1;
        else
            self->every = longer > (double)(self->every + 1) ? (uint64_t)longer : self->every + 1;
    }
}

static void choose(struct drawing *self)
{
    struct trace_file *const file = self->file;
    const struct record_run *const run = self->run;
    const uint64_t share = file->left_bytes / (file->runs_left > 0 ? file->runs_left : 1);
    const uint64_t holes_most = share / HOLES_SHARE / SLICE_BYTES;
    file->runs_left -= file->runs_left > 0;
    self->holes = run->cores.stolen && run->cores.stolen_count > 0 ? run->cores.stolen_count : 0;
    if (self->holes > holes_most)
        self->holes = holes_most;
    const uint64_t others = RUN_BYTES + run->point_count * 4ull * VALUE_BYTES +
                            run->fault_count * (uint64_t)(TRACK_BYTES + 2 * SLICE_BYTES) +
                            self->holes * SLICE_BYTES;
    choose_rows(self, share > others ? share - others : 0);
    for (uint64_t i = 0; i < self->rows; i++)
        self->drawn += is_drawn(self, &self->row[i]);
    file->drawn += self->drawn;
    file->omitted += self->rows - self->drawn;
}

/* ---------------------------------------------------------------------------------------------------------- the run */

static void put_about(const struct drawing *self)
{
    const struct record_run *const run = self->run;
    const bool all = self->drawn == self->rows && self->holes == run->cores.stolen_count;
    struct protobuf packet;
    char label[RECORD_LABEL_MAX], text[128];
    trace_packet_instant(&packet, self->process, 0, all ? TRACE_RUN : TRACE_RUN_THINNED,
                         TRACE_OF_RUN);
    trace_packet_note_text(&packet, TRACE_NOTE_POLICY, record_label(run, label));
    trace_packet_note_uint(&packet, TRACE_NOTE_SEED, run->seed);
    trace_packet_note_text(&packet, TRACE_NOTE_CLOCK, run->clock ? run->clock : "");
    trace_packet_note_uint(&packet, TRACE_NOTE_WORKERS, run->workers);
    trace_packet_note_uint(&packet, TRACE_NOTE_LOGGED, self->rows);
    if (self->drawn == self->rows)
        snprintf(text, sizeof(text), "all of them");
    else if (self->workers == 0)
        snprintf(text, sizeof(text), "none: there is no room for them in the file");
    else if (self->workers < run->workers)
        snprintf(text, sizeof(text), "1 of %" PRIu64 ", of workers 0 to %u", self->every,
                 self->workers - 1);
    else
        snprintf(text, sizeof(text), "1 of %" PRIu64, self->every);
    trace_packet_note_text(&packet, TRACE_NOTE_DRAWN, text);
    if (run->cores.stolen_count > 0) {
        snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64, self->holes,
                 run->cores.stolen_count);
        trace_packet_note_text(&packet, TRACE_NOTE_STOLEN, text);
    }
    trace_packet_note_text(&packet, TRACE_NOTE_ORDER,
                           "nominal: of the parts of an iteration only the lengths are measured");
    trace_packet_finish(&packet, self->file);
}

static void put_process(struct drawing *self)
{
    char label[RECORD_LABEL_MAX], name[RECORD_LABEL_MAX + 64];
    snprintf(name, sizeof(name), "%s, seed %" PRIu64, record_label(self->run, label),
             self->run->seed);
    self->process = trace_packet_process(self->file, name);
    put_about(self);
}

/* ------------------------------------------------------------------------------------------------------ iterations */

static uint64_t later(uint64_t at_ns, uint64_t length_ns)
{
    return length_ns < UINT64_MAX - at_ns ? at_ns + length_ns : UINT64_MAX;
}

static void put_slice(const struct drawing *self, uint32_t track, uint64_t from_ns, uint64_t to_ns,
                      enum part part)
{
    struct protobuf packet;
    trace_packet_begin(&packet, track, from_ns, part, trace_packet_category(part));
    trace_packet_finish(&packet, self->file);
    trace_packet_end(self->file, track, to_ns);
}

/** From `free_ns` at the earliest: slices of a track do not overlap. Returns when it ends. */
static uint64_t put_row(const struct drawing *self, uint32_t track,
                        const struct record_iteration *row, uint64_t free_ns)
{
    struct protobuf packet;
    const uint64_t begin_ns = row->start_ns > free_ns ? row->start_ns : free_ns;
    uint64_t end_ns = later(row->start_ns, row->total_ns);
    if (end_ns < begin_ns)
        end_ns = begin_ns;
    trace_packet_begin(&packet, track, begin_ns, TRACE_ITERATION, TRACE_OF_ITERATION);
    trace_packet_note_uint(&packet, TRACE_NOTE_ITERATION, row->iteration);
    trace_packet_note_uint(&packet, TRACE_NOTE_MIXED_WITH, row->mixed_with);
    if (isfinite(row->batch_loss))
        trace_packet_note_double(&packet, TRACE_NOTE_BATCH_LOSS, (double)row->batch_loss);
    trace_packet_finish(&packet, self->file);
    uint64_t at_ns = begin_ns;
    for (uint32_t p = 0; p < PART_COUNT; p++) {
        uint64_t to_ns = later(at_ns, (uint64_t)row->part_us10[p] * NS_OF_US10);
        if (to_ns > end_ns)
            to_ns = end_ns;
        if (to_ns > at_ns)
            put_slice(self, track, at_ns, to_ns, p);
        at_ns = to_ns;
    }
    trace_packet_end(self->file, track, end_ns);
    return end_ns;
}

/** Rows that are drawn, worker after worker; malloc'd. first: [workers + 1], zeroed, gets where each worker's begin. */
static uint64_t *sort_rows(const struct drawing *self, uint64_t *first)
{
    uint64_t *const order = malloc((self->drawn + 1) * sizeof(*order));
    if (!order)
        return NULL;
    for (uint64_t i = 0; i < self->rows; i++)
        if (is_drawn(self, &self->row[i]))
            first[self->row[i].worker + 1]++;
    for (uint32_t w = 0; w < self->workers; w++)
        first[w + 1] += first[w];
    uint64_t next[RECORD_WORKERS_MAX];
    memcpy(next, first, self->workers * sizeof(*next));
    for (uint64_t i = 0; i < self->rows; i++)
        if (is_drawn(self, &self->row[i]))
            order[next[self->row[i].worker]++] = i;
    return order;
}

static int put_workers(const struct drawing *self, struct err *err)
{
    uint64_t first[RECORD_WORKERS_MAX + 1] = {0};
    uint64_t *const order = sort_rows(self, first);
    if (!order)
        return err_set(err, -ENOMEM, "not enough memory for trace.pftrace");
    const bool central = self->run->row && self->run->row->central;
    for (uint32_t w = 0; w < self->workers; w++) {
        char name[64];
        uint64_t free_ns = 0;
        if (first[w] == first[w + 1])
            continue;
        snprintf(name, sizeof(name), "worker %u%s", w, central && w == 0 ? " (server)" : "");
        const uint32_t track = trace_packet_thread(self->file, self->process, name);
        for (uint64_t i = first[w]; i < first[w + 1]; i++)
            free_ns = put_row(self, track, &self->row[order[i]], free_ns);
    }
    free(order);
    return 0;
}

/* ----------------------------------------------------------------------------------------- cores, faults and curves */

/** A thread for each loop whose core was taken; where several have the same core, each has one of its own. */
static void put_holes(const struct drawing *self)
{
    uint32_t track = 0, core = 0;
    uint64_t free_ns = 0;
    for (uint64_t i = 0; i < self->holes; i++) {
        const struct record_stolen *const hole = &self->run->cores.stolen[i];
        struct protobuf packet;
        char name[64];
        if (track == 0 || hole->core != core || hole->start_ns < free_ns) {
            core = hole->core;
            snprintf(name, sizeof(name), "core %u, taken by others", core);
            track = trace_packet_thread(self->file, self->process, name);
        }
        free_ns = later(hole->start_ns, hole->length_ns);
        trace_packet_begin(&packet, track, hole->start_ns, TRACE_TAKEN, TRACE_OF_STOLEN);
        trace_packet_finish(&packet, self->file);
        trace_packet_end(self->file, track, free_ns);
    }
}

static uint64_t ns_of(double seconds)
{
    return seconds > 0 ? (seconds < 9e9 ? (uint64_t)(seconds * 1e9) : INT64_MAX) : 0;
}

/** From its begin until its end, or the run's. Faults overlap, so each has a track; viewers join those of one name. */
static void put_fault(const struct drawing *self, const struct record_fault *fault)
{
    struct protobuf packet;
    const uint32_t track = trace_packet_track(self->file, self->process, "faults");
    const uint64_t stop_ns = ns_of(self->run->duration_s);
    uint64_t end_ns = fault->back_ns > 0 ? fault->back_ns : stop_ns;
    if (end_ns < fault->at_ns)
        end_ns = fault->at_ns;
    trace_packet_begin(&packet, track, fault->at_ns, TRACE_FAULT + (uint32_t)fault->kind,
                       TRACE_OF_FAULT);
    trace_packet_note_uint(&packet, TRACE_NOTE_WORKER, fault->worker);
    if (fault->back_ns == 0)
        trace_packet_note_text(&packet, TRACE_NOTE_END, "not within the run");
    trace_packet_finish(&packet, self->file);
    if (fault->noticed_ns >= fault->at_ns && fault->noticed_ns > 0 && fault->noticed_ns <= end_ns) {
        trace_packet_instant(&packet, track, fault->noticed_ns, TRACE_NOTICED, TRACE_OF_FAULT);
        trace_packet_finish(&packet, self->file);
    }
    trace_packet_end(self->file, track, end_ns);
}

/** A value of each point that has one. */
static void put_curve(const struct drawing *self, const char *name, size_t offset)
{
    const struct record_run *const run = self->run;
    uint32_t track = 0;
    for (uint32_t k = 0; k < run->point_count; k++) {
        double value;
        memcpy(&value, (const char *)&run->point[k] + offset, sizeof(value));
        if (!isfinite(value))
            continue;
        if (track == 0)
            track = trace_packet_counter(self->file, self->process, name);
        trace_packet_value(self->file, track, ns_of(run->point[k].time_s), value);
    }
}

static void put_curves(const struct drawing *self)
{
    put_curve(self, "training loss (nats)", offsetof(struct record_point, train_loss_mean_model));
    if (!self->run->no_heldout) {
        put_curve(self, "held-out loss (nats)",
                  offsetof(struct record_point, heldout_loss_mean_model));
        put_curve(self, "held-out accuracy",
                  offsetof(struct record_point, heldout_accuracy_mean_model));
    }
    put_curve(self, "consensus distance", offsetof(struct record_point, consensus_distance));
}

int trace_run_add(struct trace_file *file, const struct record_run *run,
                  const struct record_iteration *row, uint64_t rows, struct err *err)
{
    struct drawing self = {.file = file, .run = run, .row = row, .rows = rows};
    if (file->id == 0)
        trace_packet_names(file);
    choose(&self);
    put_process(&self);
    int rc = put_workers(&self, err);
    if (rc < 0)
        return rc;
    put_holes(&self);
    for (uint32_t i = 0; i < run->fault_count; i++)
        put_fault(&self, &run->fault[i]);
    if (run->judged)
        put_curves(&self);
    rc = trace_file_flush(file);
    return rc == 0 ? 0 : err_set(err, rc, "cannot write trace.pftrace: %s", strerror(-rc));
}
