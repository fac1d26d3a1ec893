/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/results/stragglers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "harness/results/record.h"

#define MAD_TO_SIGMA 1.4826 /* of a normal distribution */
#define OUTLIERS_MIN 3u

const char *const straggler_kind_name[] = {[STRAGGLER_NONE] = "none",
                                           [STRAGGLER_TRANSIENT] = "transient",
                                           [STRAGGLER_PERMANENT] = "permanent"};

/** Own times of one worker, and what was injected into it. */
struct own {
    uint64_t first; /* of its times */
    uint32_t count;
    uint32_t hits;  /* iterations that an entry made STRAGGLERS_RATIO times as long … */
    uint32_t loads; /* … and that waiting for the batch did, whoever's doing that was */
    double median;
};

struct search {
    struct own *own; /* [workers] */
    uint32_t *time;  /* [rows] by worker, then ascending */
    double *median;  /* [workers] of those that have enough iterations, ascending */
    uint32_t medians;
    uint32_t workers;
    double centre, scale; /* of the medians: their median, their MAD */
    uint32_t permanent;   /* workers injected permanently */
};

static uint32_t own_time(const struct record_iteration *row)
{
    const uint64_t sum = (uint64_t)row->part_us10[PART_LOAD] + row->part_us10[PART_COMPUTE] +
                         row->part_us10[PART_INJECTED];
    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

static bool is_hit(const struct record_iteration *row)
{
    return row->part_us10[PART_INJECTED] > 0 &&
           row->part_us10[PART_INJECTED] >= (STRAGGLERS_RATIO - 1) * row->part_us10[PART_COMPUTE];
}

static bool is_load(const struct record_iteration *row)
{
    return row->part_us10[PART_LOAD] > 0 &&
           row->part_us10[PART_LOAD] >= (STRAGGLERS_RATIO - 1) * row->part_us10[PART_COMPUTE];
}

static int by_time(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort_times(struct search *self, const struct record_iteration *row, uint64_t rows)
{
    uint64_t first = 0;
    for (uint64_t i = 0; i < rows; i++) {
        CHECK(row[i].worker < self->workers);
        self->own[row[i].worker].count++;
    }
    for (uint32_t w = 0; w < self->workers; w++) {
        self->own[w].first = first;
        first += self->own[w].count;
        self->own[w].count = 0;
    }
    for (uint64_t i = 0; i < rows; i++) {
        struct own *const own = &self->own[row[i].worker];
        self->time[own->first + own->count++] = own_time(&row[i]);
        own->hits += is_hit(&row[i]);
        own->loads += is_load(&row[i]);
    }
    for (uint32_t w = 0; w < self->workers; w++)
        qsort(self->time + self->own[w].first, self->own[w].count, sizeof(*self->time), by_time);
}

static double middle(const uint32_t *time, uint32_t count)
{
    return ((double)time[(count - 1) / 2] + (double)time[count / 2]) / 2;
}

static double middle_value(const double *value, uint32_t count)
{
    return (value[(count - 1) / 2] + value[count / 2]) / 2;
}

/** Median distance from `centre`: the nearest half of ascending values lies around it, so it is walked to from there. */
static double distance(const uint32_t *time, uint32_t count, double centre)
{
    uint32_t low = 0, high;
    double far = 0;
    while (low < count && time[low] < centre)
        low++;
    high = low; /* nearest so far: [low, high) */
    while (high - low < (count + 1) / 2) {
        const double down = low > 0 ? centre - time[low - 1] : (double)INFINITY;
        const double up = high < count ? time[high] - centre : (double)INFINITY;
        far = down < up ? down : up;
        if (down < up)
            low--;
        else
            high++;
    }
    return far;
}

static double spread_of(const double *median, double *away, uint32_t count, double centre)
{
    for (uint32_t i = 0; i < count; i++)
        away[i] = fabs(median[i] - centre);
    qsort(away, count, sizeof(*away), by_value);
    return middle_value(away, count);
}

static void measure(struct search *self, double *away)
{
    for (uint32_t w = 0; w < self->workers; w++) {
        struct own *const own = &self->own[w];
        if (own->count < STRAGGLERS_ITERATIONS_MIN)
            continue;
        own->median = middle(self->time + own->first, own->count);
        self->median[self->medians++] = own->median;
        self->permanent += own->hits >= STRAGGLERS_PERMANENT_SHARE * own->count;
    }
    if (self->medians == 0)
        return;
    qsort(self->median, self->medians, sizeof(*self->median), by_value);
    self->centre = middle_value(self->median, self->medians);
    self->scale = fmax(spread_of(self->median, away, self->medians, self->centre),
                       STRAGGLERS_FLOOR * self->centre);
}

/** Iterations from `least` on; they are the last ones. */
static uint32_t slower(const struct search *self, const struct own *own, double least)
{
    uint32_t count = 0;
    while (count < own->count && self->time[own->first + own->count - 1 - count] >= least)
        count++;
    return count;
}

static struct straggler look(const struct search *self, uint32_t worker)
{
    const struct own *const own = &self->own[worker];
    struct straggler out = {.worker = worker};
    if (own->count < STRAGGLERS_ITERATIONS_MIN)
        return out;
    const double z = 0.6745 * (own->median - self->centre) / self->scale;
    if (z >= STRAGGLERS_Z && own->median >= STRAGGLERS_RATIO * self->centre) {
        const uint32_t slow = slower(self, own, STRAGGLERS_RATIO * self->centre);
        out.kind = STRAGGLER_PERMANENT;
        out.factor = own->median / self->centre;
        out.share = (double)slow / own->count;
        return out;
    }
    const uint32_t *const time = self->time + own->first;
    const double sigma = MAD_TO_SIGMA * fmax(distance(time, own->count, own->median),
                                             STRAGGLERS_FLOOR * own->median);
    const double least =
        fmax(STRAGGLERS_RATIO * own->median, own->median + STRAGGLERS_SIGMAS * sigma);
    const uint32_t slow = slower(self, own, least);
    if (slow < OUTLIERS_MIN || slow < STRAGGLERS_SHARE * own->count)
        return out;
    out.kind = STRAGGLER_TRANSIENT;
    out.factor = middle(time + own->count - slow, slow) / own->median;
    out.share = (double)slow / own->count;
    return out;
}

/** What was injected. False: too little or too much of it to say, or it may be hidden in the loading. */
static bool truth(const struct search *self, uint32_t worker, enum straggler_kind *out)
{
    const struct own *const own = &self->own[worker];
    const bool outstanding = 2 * self->permanent < self->medians;
    *out = STRAGGLER_NONE;
    if (own->loads > 0 && own->loads >= STRAGGLERS_SHARE * own->count)
        return false;
    if (own->hits == 0)
        return true;
    if (own->count < STRAGGLERS_ITERATIONS_MIN)
        return false;
    if (own->hits >= STRAGGLERS_PERMANENT_SHARE * own->count) {
        *out = outstanding ? STRAGGLER_PERMANENT : STRAGGLER_NONE;
        return true;
    }
    *out = STRAGGLER_TRANSIENT;
    return own->hits >= OUTLIERS_MIN && own->hits >= STRAGGLERS_SHARE * own->count &&
           2 * own->hits <= own->count;
}

static void judge(struct stragglers *out, const struct search *self)
{
    for (uint32_t w = 0; w < self->workers; w++) {
        const struct straggler seen = look(self, w);
        enum straggler_kind is;
        if (seen.kind != STRAGGLER_NONE)
            out->found[out->count++] = seen;
        if (!truth(self, w, &is))
            continue;
        out->injected += is != STRAGGLER_NONE;
        out->hits += seen.kind != STRAGGLER_NONE && seen.kind == is;
        out->wrong += seen.kind != STRAGGLER_NONE && seen.kind != is;
    }
    const uint32_t decided = out->hits + out->wrong;
    out->precision = decided ? (double)out->hits / decided : (double)NAN;
    out->recall = out->injected ? (double)out->hits / out->injected : (double)NAN;
}

int stragglers_find(struct stragglers *out, const struct record_iteration *row, uint64_t rows,
                    uint32_t workers, struct err *err)
{
    struct search self = {.workers = workers};
    double *const away = malloc(workers * sizeof(*away) + 1);
    *out = (struct stragglers){.precision = (double)NAN, .recall = (double)NAN};
    self.own = calloc(workers + 1, sizeof(*self.own));
    self.time = malloc(rows * sizeof(*self.time) + 1);
    self.median = malloc(workers * sizeof(*self.median) + 1);
    out->found = malloc(workers * sizeof(*out->found) + 1);
    int rc = 0;
    if (!away || !self.own || !self.time || !self.median || !out->found) {
        stragglers_free(out);
        rc = err_set(err, -ENOMEM, "not enough memory to look for stragglers");
    } else {
        sort_times(&self, row, rows);
        measure(&self, away);
        judge(out, &self);
    }
    free(away);
    free(self.own);
    free(self.time);
    free(self.median);
    return rc;
}

void stragglers_free(struct stragglers *self)
{
    free(self->found);
    *self = (struct stragglers){0};
}
