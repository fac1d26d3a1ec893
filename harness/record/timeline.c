/* SPDX-License-Identifier: BSD-3-Clause */
/* The label is the last column, so that nobody has to know how it is quoted. */
#include "harness/record/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/stream.h"

#define US10_NS 100.0
#define PER_WORKER 60u /* iterations: more cannot be told apart */
#define ROOM_STEP 1024u
#define LINE_MAX_BYTES (RECORD_LABEL_MAX + 256)

struct stretch {
    uint64_t begin_ns, end_ns;
};

/** What there is to choose from. */
struct extent {
    uint64_t rows, last_ns;
    uint32_t workers;
};

static struct extent extent_of(const struct record_iteration *row, uint64_t count)
{
    struct extent out = {0};
    for (uint64_t i = 0; i < count; i++) {
        if (row[i].worker >= TIMELINE_WORKERS)
            continue;
        out.rows++;
        out.workers = row[i].worker >= out.workers ? row[i].worker + 1 : out.workers;
        out.last_ns = row[i].start_ns > out.last_ns ? row[i].start_ns : out.last_ns;
    }
    return out;
}

static struct stretch choose(const struct record_run *run, const struct extent *of)
{
    const uint64_t wanted = (uint64_t)PER_WORKER * of->workers;
    const uint64_t most = wanted < TIMELINE_ROWS ? wanted : TIMELINE_ROWS;
    const uint64_t fault_ns = run->fault_count > 0 ? run->fault[0].at_ns : 0;
    if (of->rows <= most)
        return (struct stretch){0, UINT64_MAX};
    const double share = (double)most / (double)of->rows;
    const uint64_t length_ns = (uint64_t)(share * (double)of->last_ns) + 1;
    uint64_t begin_ns = (of->last_ns - length_ns / 2) / 2;
    if (fault_ns > 0 && fault_ns < of->last_ns)
        begin_ns = fault_ns > length_ns / 4 ? fault_ns - length_ns / 4 : 0;
    return (struct stretch){begin_ns, begin_ns + length_ns};
}

static void write_row(FILE *out, const struct record_run *run, const struct record_iteration *row,
                      const char *label)
{
    const double compute = US10_NS * row->part_us10[PART_COMPUTE];
    const double injected = US10_NS * row->part_us10[PART_INJECTED];
    const double wait = US10_NS * row->part_us10[PART_WAIT];
    const double held = US10_NS * row->part_us10[PART_HELD];
    const double other = (double)row->total_ns - compute - injected - wait - held;
    fprintf(out, "%" PRIu64 ",%u,%" PRIu64 ",%" PRIu64 ",%.0f,%.0f,%.0f,%.0f,%.0f,%s\n", run->seed,
            row->worker, row->start_ns, row->total_ns, compute, injected, wait, held,
            other > 0 ? other : 0, label);
}

int timeline_write(FILE *out, const struct record_run *run, const struct record_iteration *row,
                   uint64_t count)
{
    char label[RECORD_LABEL_MAX];
    const struct extent extent = extent_of(row, count);
    const struct stretch stretch = choose(run, &extent);
    uint32_t written = 0;
    if (ftell(out) == 0)
        fputs("seed,worker,start_ns,total_ns,compute_ns,injected_ns,wait_ns,held_ns,other_ns,"
              "policy\n",
              out);
    record_label(run, label);
    for (uint64_t i = 0; i < count && written < 2 * TIMELINE_ROWS; i++) {
        if (row[i].worker >= TIMELINE_WORKERS || row[i].start_ns < stretch.begin_ns ||
            row[i].start_ns >= stretch.end_ns)
            continue;
        write_row(out, run, &row[i], label);
        written++;
    }
    return stream_flush(out);
}

/* -------------------------------------------------------------- reading */

static bool parse(const char *line, struct timeline_row *out)
{
    int label = 0;
    *out = (struct timeline_row){.seed = 0};
    if (sscanf(line, "%" SCNu64 ",%" SCNu32 ",%lf,%lf,%lf,%lf,%lf,%lf,%lf,%n", &out->seed,
               &out->worker, &out->start_ns, &out->total_ns, &out->compute_ns, &out->injected_ns,
               &out->wait_ns, &out->held_ns, &out->other_ns, &label) != 9 ||
        label == 0)
        return false;
    const size_t length = strcspn(line + label, "\n");
    if (length >= sizeof(out->policy) || !(out->start_ns >= 0) || !(out->total_ns >= 0) ||
        out->worker >= TIMELINE_WORKERS)
        return false;
    memcpy(out->policy, line + label, length);
    return true;
}

static bool make_room(struct timeline *self)
{
    if (self->count % ROOM_STEP != 0)
        return true;
    struct timeline_row *const more = realloc(self->row, (self->count + ROOM_STEP) * sizeof(*more));
    self->row = more ? more : self->row;
    return more != NULL;
}

int timeline_read(struct timeline *out, const char *dir)
{
    char path[4200], line[LINE_MAX_BYTES];
    int rc = 0;
    *out = (struct timeline){0};
    snprintf(path, sizeof(path), "%s/timeline.csv", dir);
    FILE *const in = fopen(path, "re");
    if (!in)
        return 0;
    while (rc == 0 && fgets(line, sizeof(line), in)) {
        rc = make_room(out) ? 0 : -ENOMEM;
        out->count += rc == 0 && parse(line, &out->row[out->count]);
    }
    fclose(in);
    return rc;
}

void timeline_free(struct timeline *self)
{
    free(self->row);
    *self = (struct timeline){0};
}
