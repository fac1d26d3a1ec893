/* SPDX-License-Identifier: BSD-3-Clause */
/* What is drawn of a run, read back by a small reader; tests/reference/perfetto.py has the same through protoc. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/rng.h"
#include "harness/record/trace_packet.h"
#include "harness/record/trace_run.h"

#define RAW_BYTES (16u << 20)
#define TRACKS 4096u
#define DEPTH 8u

/** A field of a message: its number, and a value or bytes. */
struct field {
    uint32_t number;
    uint64_t value; /* or length */
    const uint8_t *bytes;
};

/** What a trace has, summed up; every packet is checked on the way. */
struct seen {
    uint64_t slices, instants, values, tracks, iterations;
    uint64_t iteration[TRACKS]; /* [iterations] numbers of those drawn, in order of the file */
    uint64_t last_ns[TRACKS];   /* of each track */
    uint64_t begin_ns[TRACKS][DEPTH]; /* of the slices that are open */
    uint32_t depth[TRACKS];
    uint32_t deepest;
    char process[1024]; /* name of the last */
    size_t raw_bytes;
};

static uint64_t read_varint(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 70; shift += 7) {
        cr_assert_lt(*at, end);
        const uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    cr_assert_fail("a varint without end");
    return 0;
}

static bool next_field(const uint8_t **at, const uint8_t *end, struct field *out)
{
    if (*at == end)
        return false;
    const uint64_t tag = read_varint(at, end);
    out->number = (uint32_t)(tag >> 3);
    out->bytes = NULL;
    if ((tag & 7) == 0) {
        out->value = read_varint(at, end);
        return true;
    }
    out->value = (tag & 7) == 1 ? 8 : read_varint(at, end);
    cr_assert((tag & 7) == 1 || (tag & 7) == 2);
    cr_assert_leq(out->value, (uint64_t)(end - *at));
    out->bytes = *at;
    *at += out->value;
    return true;
}

/** The field of that number, or one of no number. */
static struct field find(const uint8_t *at, size_t bytes, uint32_t number)
{
    struct field field;
    for (const uint8_t *const end = at + bytes; next_field(&at, end, &field);)
        if (field.number == number)
            return field;
    return (struct field){0};
}

static void see_track(struct seen *self, struct field track)
{
    const struct field process = find(track.bytes, track.value, 3);
    self->tracks++;
    cr_assert_eq(find(track.bytes, track.value, 1).value, self->tracks);
    if (process.number) {
        const struct field name = find(process.bytes, process.value, 6);
        cr_assert_lt(name.value, sizeof(self->process));
        memcpy(self->process, name.bytes, name.value);
        self->process[name.value] = '\0';
    }
}

static void see_iteration(struct seen *self, struct field event)
{
    const struct field note = find(event.bytes, event.value, 4);
    if (find(event.bytes, event.value, 10).value == TRACE_ITERATION + 1)
        self->iteration[self->iterations++ % TRACKS] = find(note.bytes, note.value, 3).value;
}

static void see_event(struct seen *self, struct field event, uint64_t at_ns)
{
    const uint64_t track = find(event.bytes, event.value, 11).value;
    cr_assert_lt(track, TRACKS);
    cr_assert_leq(at_ns, (uint64_t)INT64_MAX);
    const uint64_t type = find(event.bytes, event.value, 9).value;
    if (type == 4) {
        self->values++;
        return;
    }
    cr_assert_geq(at_ns, self->last_ns[track], "slices of a track do not overlap");
    self->last_ns[track] = at_ns;
    if (type == 1) {
        see_iteration(self, event);
        self->begin_ns[track][self->depth[track]++] = at_ns;
        cr_assert_lt(self->depth[track], DEPTH);
        self->deepest = self->depth[track] > self->deepest ? self->depth[track] : self->deepest;
    } else if (type == 2) {
        cr_assert_gt(self->depth[track], 0, "an end without a begin");
        cr_assert_leq(self->begin_ns[track][--self->depth[track]], at_ns);
        self->slices++;
    } else {
        cr_assert_eq(type, 3);
        self->instants++;
    }
}

static void see_packets(struct seen *self, const uint8_t *at, size_t bytes)
{
    struct field packet;
    for (const uint8_t *const end = at + bytes; next_field(&at, end, &packet);) {
        cr_assert_eq(packet.number, 1);
        const struct field track = find(packet.bytes, packet.value, 60);
        const struct field event = find(packet.bytes, packet.value, 11);
        cr_assert_eq(find(packet.bytes, packet.value, 10).value, 1, "of the one sequence");
        if (track.number)
            see_track(self, track);
        if (event.number)
            see_event(self, event, find(packet.bytes, packet.value, 8).value);
    }
}

static struct seen *see(const char *file, size_t bytes)
{
    struct seen *const self = calloc(1, sizeof(*self));
    uint8_t *const raw = malloc(RAW_BYTES);
    const uint8_t *at = (const uint8_t *)file;
    struct field packet;
    for (const uint8_t *const end = at + bytes; next_field(&at, end, &packet);) {
        const struct field packed = find(packet.bytes, packet.value, 50);
        uLongf length = RAW_BYTES - self->raw_bytes;
        cr_assert_eq(packed.number, 50);
        cr_assert_lt(packet.value, 512u << 10);
        cr_assert_eq(uncompress(raw + self->raw_bytes, &length, packed.bytes, packed.value), Z_OK);
        self->raw_bytes += length;
    }
    see_packets(self, raw, self->raw_bytes);
    for (uint32_t t = 0; t < TRACKS; t++)
        cr_assert_eq(self->depth[t], 0, "a begin without an end");
    free(raw);
    return self;
}

/** The trace of `runs` times the same run; what is left of its file afterwards is `*file`. */
static struct seen *draw(const struct record_run *run, const struct record_iteration *row,
                         uint64_t rows, uint64_t bytes, uint32_t runs, struct trace_file *file)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {""};
    FILE *const out = open_memstream(&text, &length);
    cr_assert_eq(trace_file_open(file, out, bytes, runs, &err), 0, "%s", err.text);
    for (uint32_t i = 0; i < runs; i++)
        cr_assert_eq(trace_run_add(file, run, row, rows, &err), 0, "%s", err.text);
    const struct trace_file left = *file;
    trace_file_close(file);
    *file = left;
    fclose(out);
    struct seen *const seen = see(text, length);
    free(text);
    return seen;
}

#define WORKERS 4u
#define ITERATIONS 250u

static struct record_iteration *regular_rows(void)
{
    struct record_iteration *const row = calloc((size_t)WORKERS * ITERATIONS, sizeof(*row));
    for (uint32_t i = 0; i < WORKERS * ITERATIONS; i++)
        row[i] = (struct record_iteration){.worker = i % WORKERS,
                                           .iteration = i / WORKERS,
                                           .start_ns = i / WORKERS * 1000000ull,
                                           .total_ns = 1000000,
                                           .part_us10 = {[PART_COMPUTE] = 7000, [PART_WAIT] = 3000},
                                           .batch_loss = NAN};
    return row;
}

Test(trace, draws_a_slice_per_iteration_and_part)
{
    struct record_iteration *const row = regular_rows();
    const struct record_run run = {.policy = "dsgd", .seed = 1, .workers = WORKERS};
    struct trace_file file;

    struct seen *const seen = draw(&run, row, WORKERS * ITERATIONS, 1 << 30, 1, &file);

    cr_expect_eq(seen->slices, 3 * WORKERS * ITERATIONS);
    cr_expect_eq(seen->deepest, 2);
    cr_expect_eq(seen->tracks, 1 + WORKERS);
    cr_expect_eq(seen->instants, 1, "what the run is");
    cr_expect_eq(seen->iteration[ITERATIONS], 0, "the next worker's follow");
    cr_expect_eq(file.drawn, WORKERS * ITERATIONS);
    cr_expect_eq(file.omitted, 0);
    cr_expect_str_eq(seen->process, "dsgd, seed 1");
    free(seen);
    free(row);
}

Test(trace, leaves_out_the_same_iterations_of_all_workers_until_the_rest_fits)
{
    struct record_iteration *const row = regular_rows();
    const struct record_run run = {.policy = "dsgd", .workers = WORKERS};
    uint64_t before = 0;
    for (uint64_t budget = 1000; budget < 400000; budget = budget * 5 / 4) {
        struct trace_file file;
        struct seen *const seen = draw(&run, row, WORKERS * ITERATIONS, budget, 1, &file);

        cr_expect_leq(seen->raw_bytes, budget + 1200, "the names come on top");
        cr_expect_eq(seen->iterations, file.drawn);
        cr_expect_eq(file.drawn + file.omitted, WORKERS * ITERATIONS);
        cr_expect_geq(file.drawn, before);
        before = file.drawn;
        const uint64_t each = file.drawn / WORKERS;
        for (uint64_t i = 0; each > 1 && i < file.drawn; i++)
            cr_expect_eq(seen->iteration[i], i % each * seen->iteration[1]);
        if (budget > 20000)
            cr_expect_gt((double)seen->raw_bytes, 0.3 * (double)budget,
                         "room is not wasted: %zu of %zu", seen->raw_bytes, (size_t)budget);
        free(seen);
    }
    cr_expect_eq(before, WORKERS * ITERATIONS);
    free(row);
}

Test(trace, gives_each_run_its_share_and_what_others_left)
{
    struct record_iteration *const row = regular_rows();
    const struct record_run run = {.policy = "dsgd", .workers = WORKERS};
    struct trace_file file;
    struct seen *seen = draw(&run, row, WORKERS * ITERATIONS, 100000, 1, &file);
    const uint64_t alone = file.drawn;
    free(seen);

    seen = draw(&run, row, WORKERS * ITERATIONS, 300000, 3, &file);

    cr_expect_geq(file.drawn, 3 * alone - WORKERS);
    cr_expect_lt(file.drawn, 3 * WORKERS * ITERATIONS);
    cr_expect_leq(seen->raw_bytes, 301200);
    cr_expect_eq(seen->tracks, 3 * (1 + WORKERS));
    free(seen);
    free(row);
}

Test(trace, shows_control_characters_and_broken_utf8_as_question_marks)
{
    const struct record_iteration row = {.total_ns = 10, .batch_loss = NAN};
    struct record_run run = {.policy = "a\nb\x1b[31m\xff\x7f\xc2\x85 \xc3\xa9\"\\", .workers = 1};
    struct trace_file file;

    struct seen *seen = draw(&run, &row, 1, 1 << 20, 1, &file);

    cr_expect_str_eq(seen->process, "a?b?[31m??? \xc3\xa9\"\\, seed 0");
    free(seen);
    memset(run.policy, 'x', sizeof(run.policy) - 1);
    char value[2 * PROTOBUF_TEXT_MAX];
    memset(value, 'y', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    run.sweep.key = run.sweep.value = value;
    seen = draw(&run, &row, 1, 1 << 20, 1, &file);
    cr_expect_leq(strlen(seen->process), PROTOBUF_TEXT_MAX);
    cr_expect_eq(seen->slices, 1);
    free(seen);
}

/** Of any magnitude. */
static uint64_t any(uint64_t key, uint64_t index)
{
    return rng_at(key, 2 * index) >> rng_at(key, 2 * index + 1) % 64;
}

/** A run as nothing measures it: what it says of a worker or core overlaps, runs over, or is no time at all. */
struct forged {
    struct record_iteration row[64];
    struct record_stolen hole[16];
    struct record_fault fault[8];
    struct record_run run;
    uint64_t rows;
};

static void forge(struct forged *self, uint64_t key)
{
    *self = (struct forged){
        .rows = rng_at(key, 1) % 64,
        .run = {.policy = "x", .workers = 3, .judged = true, .duration_s = 1, .point_count = 4}};
    for (uint64_t i = 0; i < 64; i++) {
        const uint64_t at = 100 + 32 * i;
        self->row[i] = (struct record_iteration){.worker = (uint32_t)(rng_at(key, at) % 3),
                                                 .iteration = (uint32_t)any(key, at + 1),
                                                 .start_ns = any(key, at + 2),
                                                 .total_ns = any(key, at + 3),
                                                 .mixed_with = (uint32_t)any(key, at + 4),
                                                 .batch_loss = i % 3 ? 1.0f : NAN};
        for (uint32_t p = 0; p < PART_COUNT; p++)
            self->row[i].part_us10[p] = (uint32_t)any(key, at + 5 + p);
    }
    for (uint64_t i = 0; i < 16; i++)
        self->hole[i] = (struct record_stolen){.core = (uint32_t)i / 6,
                                               .start_ns = any(key, 8000 + 2 * i),
                                               .length_ns = any(key, 8001 + 2 * i)};
    for (uint64_t i = 0; i < 8; i++)
        self->fault[i] = (struct record_fault){.kind = (enum fault_kind)(i % FAULT_KINDS),
                                               .at_ns = any(key, 9000 + 3 * i),
                                               .noticed_ns = any(key, 9001 + 3 * i),
                                               .back_ns = i % 2 * any(key, 9002 + 3 * i)};
    for (uint64_t i = 0; i < 4; i++)
        self->run.point[i] = (struct record_point){.time_s = (double)any(key, 10000 + i),
                                                   .train_loss_mean_model = i ? 1 : (double)NAN};
    self->run.cores.stolen = self->hole;
    self->run.cores.stolen_count = rng_at(key, 2) % 16;
    self->run.fault = self->fault;
    self->run.fault_count = (uint32_t)(rng_at(key, 3) % 8);
}

Test(trace, stays_well_formed_whatever_was_measured)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct forged forged;
        struct trace_file file;
        forge(&forged, rng_key(seed, RNG_TEST, 0));

        struct seen *const seen = draw(&forged.run, forged.row, forged.rows, 1 << 20, 1, &file);

        cr_assert_eq(seen->iterations, forged.rows, "seed %zu", (size_t)seed);
        cr_assert_geq(seen->slices,
                      forged.rows + forged.run.cores.stolen_count + forged.run.fault_count);
        cr_assert_eq(seen->values, 15);
        free(seen);
    }
}

Test(trace, says_why_it_could_not_be_written)
{
    const struct record_run run = {.policy = "dsgd"};
    struct trace_file file;
    struct err err = {""};
    FILE *const full = fopen("/dev/full", "w");
    cr_assert_eq(trace_file_open(&file, full, 1000, 1, &err), 0);

    cr_expect_eq(trace_run_add(&file, &run, NULL, 0, &err), -ENOSPC);

    cr_expect_str_eq(err.text, "cannot write trace.pftrace: No space left on device");
    trace_file_close(&file);
    fclose(full);
}
