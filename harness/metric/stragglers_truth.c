/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The laws are drawn anew instead of recorded: they are pure, and a record of every delay would be as large as the
 * run.
 */
#include "harness/metric/stragglers_truth.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/metric/record.h"

/** What was injected, in full and without what singles workers out, and one worker's gradients under both. */
struct trial {
    const struct stragglers_run *run;
    struct inject entry[INJECT_ENTRIES_MAX]; /* those of `alike` */
    struct inject_set alike;
    uint64_t singles;     /* entries that single out, one bit each … */
    bool columns;         /* … and one of them by a column per worker */
    double *full, *plain; /* [count] times of one worker's gradients */
    uint32_t count, hits, longs, loads;
};

static bool is_of_compute(const struct inject *entry)
{
    return entry->what == INJECT_COMPUTE || entry->what == INJECT_NODE;
}

static bool has_columns(const struct inject *entry)
{
    return strcmp(entry->law->name, "trace") == 0;
}

static bool hits_everybody_alike(const struct inject *entry)
{
    return entry->select == SELECT_ALL || entry->select == SELECT_PERCENT_EACH ||
           entry->select == SELECT_COUNT_EACH;
}

static void part(struct trial *self)
{
    const struct inject_set *const set = self->run->injected;
    if (!set)
        return;
    CHECK(set->count <= INJECT_ENTRIES_MAX);
    self->alike = *set;
    self->alike.entry = self->entry;
    for (uint32_t i = 0; i < set->count; i++) {
        struct inject *const entry = &self->entry[i];
        *entry = set->entry[i];
        if (!is_of_compute(entry) || (hits_everybody_alike(entry) && !has_columns(entry)))
            continue;
        self->singles |= UINT64_C(1) << i;
        self->columns |= has_columns(entry);
        entry->select = SELECT_WORKERS; /* none of them */
        entry->worker_count = 0;
    }
}

static bool is_singled_out(const struct trial *self, uint32_t worker)
{
    const struct inject_set *const set = self->run->injected;
    for (uint32_t i = 0; set && i < set->count; i++)
        if ((self->singles >> i & 1) != 0 && inject_hits(set, i, worker, 0))
            return true;
    return false;
}

static double time_of(const struct inject_set *set, const struct record_iteration *row,
                      uint64_t base_ns)
{
    const struct inject_phase phase =
        inject_phase(set, INJECT_COMPUTE, row->worker, row->iteration, row->start_ns, base_ns);
    return (double)(phase.base_ns + phase.delay_ns);
}

static void try_gradient(struct trial *self, const struct record_iteration *row)
{
    const uint64_t base_ns =
        self->run->base_ns ? self->run->base_ns : 100 * (uint64_t)row->part_us10[PART_COMPUTE];
    const double full = time_of(self->run->injected, row, base_ns);
    const double plain = time_of(&self->alike, row, base_ns);
    self->full[self->count] = full;
    self->plain[self->count++] = plain;
    self->hits += full > plain;
    self->longs += full >= STRAGGLERS_RATIO * plain;
}

static bool waits_for_its_batch(const struct record_iteration *row)
{
    return row->part_us10[PART_LOAD] > 0 &&
           row->part_us10[PART_LOAD] >= (STRAGGLERS_RATIO - 1) * row->part_us10[PART_COMPUTE];
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *value, uint32_t count)
{
    qsort(value, count, sizeof(*value), by_value);
    return (value[(count - 1) / 2] + value[count / 2]) / 2;
}

static struct stragglers_truth conclude(struct trial *self)
{
    if (self->count < STRAGGLERS_GRADIENTS_MIN)
        return (struct stragglers_truth){.kind = STRAGGLER_PERMANENT,
                                         .factor = (double)INFINITY, /* as far as anybody knows */
                                         .open = self->hits < self->count};
    if (self->hits == 0)
        return (struct stragglers_truth){.kind = STRAGGLER_NONE};
    if (self->hits >= STRAGGLERS_PERMANENT_SHARE * self->count) {
        const double factor = median(self->full, self->count) / median(self->plain, self->count);
        if (factor >= STRAGGLERS_RATIO)
            return (struct stragglers_truth){.kind = STRAGGLER_PERMANENT, .factor = factor};
        return (struct stragglers_truth){.open = true};
    }
    const bool transient = self->longs >= STRAGGLERS_OUTLIERS_MIN &&
                           self->longs >= STRAGGLERS_SHARE * self->count &&
                           2 * self->longs <= self->count && !self->columns;
    return (struct stragglers_truth){.kind = STRAGGLER_TRANSIENT, .open = !transient};
}

/** row: [count] of this worker. */
static struct stragglers_truth judge(struct trial *self, uint32_t worker,
                                     const struct record_iteration *const *row, uint64_t count)
{
    const bool singled_out = worker >= self->run->serving && is_singled_out(self, worker);
    self->count = self->hits = self->longs = self->loads = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (row[i]->own_us10 == 0)
            continue;
        self->loads += waits_for_its_batch(row[i]);
        if (singled_out)
            try_gradient(self, row[i]);
        else
            self->count++;
    }
    if (self->loads > 0 && self->loads >= STRAGGLERS_SHARE * self->count)
        return (struct stragglers_truth){.open = true};
    if (singled_out)
        return conclude(self);
    return (struct stragglers_truth){.kind = STRAGGLER_NONE};
}

/** Rows by worker, otherwise in their order: those of w are [first[w], first[w + 1]). */
static void sort_rows(const struct stragglers_run *run, const struct record_iteration **row,
                      uint64_t *first)
{
    for (uint64_t i = 0; i < run->rows; i++) {
        CHECK(run->row[i].worker < run->workers);
        first[run->row[i].worker + 2]++;
    }
    for (uint32_t w = 0; w < run->workers; w++)
        first[w + 2] += first[w + 1];
    for (uint64_t i = 0; i < run->rows; i++)
        row[first[run->row[i].worker + 1]++] = &run->row[i];
}

/** Where more than half of those who computed are slow for good, nobody is usual. */
static void doubt_majority(struct stragglers_truth *out, uint32_t workers, uint32_t computed)
{
    uint32_t permanent = 0;
    for (uint32_t w = 0; w < workers; w++)
        permanent += !out[w].open && isfinite(out[w].factor) && out[w].factor > 1;
    for (uint32_t w = 0; w < workers && 2 * permanent > computed; w++)
        out[w].open = true;
}

int stragglers_truth(struct stragglers_truth *out, const struct stragglers_run *run,
                     struct err *err)
{
    struct trial *const trial = calloc(1, sizeof(*trial));
    const struct record_iteration **const row = malloc(run->rows * sizeof(*row) + 1);
    double *const time = malloc(2 * run->rows * sizeof(*time) + 1);
    uint64_t *const first = calloc(run->workers + 2u, sizeof(*first));
    int rc = 0;
    if (!trial || !row || !time || !first) {
        rc = err_set(err, -ENOMEM, "not enough memory to say who was slowed");
    } else {
        uint32_t computed = 0;
        *trial = (struct trial){.run = run, .full = time, .plain = time + run->rows};
        sort_rows(run, row, first);
        part(trial);
        for (uint32_t w = 0; w < run->workers; w++) {
            out[w] = judge(trial, w, row + first[w], first[w + 1] - first[w]);
            computed += trial->count >= STRAGGLERS_GRADIENTS_MIN;
        }
        doubt_majority(out, run->workers, computed);
    }
    free(trial);
    free(row);
    free(time);
    free(first);
    return rc;
}
