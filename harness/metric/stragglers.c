/* SPDX-License-Identifier: BSD-3-Clause */
/* Medians throughout: what is looked for, a few workers that are far off, is what spoils a mean. */
#include "harness/metric/stragglers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "harness/metric/record.h"
#include "harness/metric/stragglers_truth.h"

#define MAD_TO_SIGMA 1.4826  /* of a normal distribution */
#define MEDIAN_ERROR 1.2533  /* standard error of its median, times sigma / sqrt(n) */
#define HALF_TO_SIGMA 1.4826 /* half the length of its shortest half */
#define POWER_SIGMAS 2.0     /* one in forty is missed at STRAGGLERS.least */
#define CHANCE_SIGMAS 5.0    /* of the number of outliers, against a share that everybody has */

const char *const straggler_kind_name[] = {[STRAGGLER_NONE] = "none",
                                           [STRAGGLER_TRANSIENT] = "transient",
                                           [STRAGGLER_PERMANENT] = "permanent"};

const char *const stragglers_doubt_text[] = {[STRAGGLERS_NO_DOUBT] = NULL,
                                             [STRAGGLERS_FEW] = "too few gradients",
                                             [STRAGGLERS_NO_USUAL] =
                                                 "no usual speed to compare with"};

/** Own times of one worker. */
struct own {
    uint64_t first; /* of its times */
    uint32_t count;
    uint32_t slow; /* outliers among them */
    double median; /* in tenths of a microsecond … */
    double log;    /* … its logarithm … */
    double error;  /* … and the standard error of that */
};

struct search {
    struct own *own; /* [workers] */
    uint32_t *time;  /* by worker, then ascending */
    double *log,
        *scratch; /* [known] of workers that finished enough gradients, ascending; room for as many */
    const struct own **order; /* room for as many */
    uint32_t known;
    uint32_t workers;
    enum stragglers_doubt doubt;
    double usual, spread; /* logarithm of the usual time, and its natural standard deviation */
    double error;         /* of the median worker's median */
    double share;         /* of outliers, of the median worker … */
    double common;        /* … and of all who have no more of them than chance makes */
};

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

static void sort_times(struct search *self, const struct stragglers_run *run)
{
    uint64_t first = 0;
    for (uint64_t i = 0; i < run->rows; i++) {
        CHECK(run->row[i].worker < self->workers);
        self->own[run->row[i].worker].count += run->row[i].own_us10 > 0;
    }
    for (uint32_t w = 0; w < self->workers; w++) {
        self->own[w].first = first;
        first += self->own[w].count;
        self->own[w].count = 0;
    }
    for (uint64_t i = 0; i < run->rows; i++) {
        struct own *const own = &self->own[run->row[i].worker];
        if (run->row[i].own_us10 > 0)
            self->time[own->first + own->count++] = run->row[i].own_us10;
    }
    for (uint32_t w = 0; w < self->workers; w++)
        qsort(self->time + self->own[w].first, self->own[w].count, sizeof(*self->time), by_time);
}

static bool is_known(const struct own *own)
{
    return own->count >= STRAGGLERS_GRADIENTS_MIN;
}

static double middle(const uint32_t *time, uint32_t count)
{
    return ((double)time[(count - 1) / 2] + (double)time[count / 2]) / 2;
}

/** Ascending values, one at least. */
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

/** Of the ascending times, how many are `least` or longer. */
static uint32_t slower(const struct search *self, const struct own *own, double least)
{
    uint32_t count = 0;
    while (count < own->count && self->time[own->first + own->count - 1 - count] >= least)
        count++;
    return count;
}

static void measure(struct search *self, struct own *own)
{
    const uint32_t *const time = self->time + own->first;
    own->median = middle(time, own->count);
    const double away = distance(time, own->count, own->median);
    const double sigma = MAD_TO_SIGMA * fmax(away, STRAGGLERS_FLOOR * own->median);
    own->log = log(own->median);
    own->error = MEDIAN_ERROR * sigma / own->median / sqrt(own->count);
    own->slow = slower(
        self, own, fmax(STRAGGLERS_RATIO * own->median, own->median + STRAGGLERS_SIGMAS * sigma));
}

/** Median of what `field` says of all known workers. */
static double median_of(struct search *self, double (*field)(const struct own *))
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        if (is_known(&self->own[w]))
            self->scratch[n++] = field(&self->own[w]);
    qsort(self->scratch, n, sizeof(*self->scratch), by_value);
    return middle_value(self->scratch, n);
}

static double error_field(const struct own *own)
{
    return own->error;
}

static double share_field(const struct own *own)
{
    return (double)own->slow / own->count;
}

static double length_of(const double *value, uint32_t at, uint32_t half)
{
    return value[at + half - 1] - value[at];
}

/**
 * Where the usual half of the ascending values begins: it is the shortest of those that share a value with the fastest one
 * that is short enough, or, without such a one, of all.
 */
static uint32_t usual_half(const double *value, uint32_t count, uint32_t half)
{
    const double enough = log(STRAGGLERS_RATIO);
    uint32_t fastest = 0;
    while (fastest + half < count && length_of(value, fastest, half) > enough)
        fastest++;
    const bool is_short = length_of(value, fastest, half) <= enough;
    const uint32_t end = is_short ? fastest + half : count;
    uint32_t best = is_short ? fastest : 0;
    for (uint32_t i = best; i < end && i + half <= count; i++)
        if (length_of(value, i, half) < length_of(value, best, half))
            best = i;
    return best;
}

/** Few workers may be close together by chance: of two in three that says next to nothing. */
static double spread_of(double length, uint32_t half)
{
    return HALF_TO_SIGMA * length / 2 * (1 + 2.0 / (half - 1));
}

static void find_usual(struct search *self)
{
    const uint32_t half = self->known > 3 ? (self->known + 1) / 2 : 2;
    if (self->known < 2) {
        self->doubt = STRAGGLERS_FEW;
        return;
    }
    const uint32_t at = usual_half(self->log, self->known, half);
    const double length = length_of(self->log, at, half);
    self->usual = middle_value(self->log + at, half);
    self->spread = fmax(spread_of(length, half), STRAGGLERS_FLOOR);
    if (length > log(STRAGGLERS_USUAL))
        self->doubt = STRAGGLERS_NO_USUAL;
}

/** May that many outliers come of a share that everybody has? Of none at all, a few always may. */
static bool is_chance(const struct own *own, double share)
{
    const double expected = share * own->count;
    return own->slow < expected + CHANCE_SIGMAS * sqrt(expected) + STRAGGLERS_OUTLIERS_MIN;
}

static int by_share(const void *a, const void *b)
{
    const double x = share_field(*(const struct own *const *)a);
    const double y = share_field(*(const struct own *const *)b);
    return (x > y) - (x < y);
}

/** Outliers among all gradients of those who have the fewest, half of the workers and on as long as chance explains the next. */
static double common_share(const struct search *self, const struct own **own)
{
    uint32_t n = 0, i;
    double slow = 0, count = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        if (is_known(&self->own[w]))
            own[n++] = &self->own[w];
    qsort(own, n, sizeof(*own), by_share);
    for (i = 0; i < n && (2 * i < n || is_chance(own[i], slow / count)); i++) {
        slow += own[i]->slow;
        count += own[i]->count;
    }
    return slow / count;
}

static void measure_all(struct search *self)
{
    for (uint32_t w = 0; w < self->workers; w++) {
        struct own *const own = &self->own[w];
        if (!is_known(own))
            continue;
        measure(self, own);
        self->log[self->known++] = own->log;
    }
    qsort(self->log, self->known, sizeof(*self->log), by_value);
    find_usual(self);
    if (self->known == 0)
        return;
    self->error = median_of(self, error_field);
    self->share = median_of(self, share_field);
    self->common = common_share(self, self->order);
}

static double transient_factor(const struct search *self, const struct own *own)
{
    const uint32_t *const last = self->time + own->first + own->count - own->slow;
    return middle(last, own->slow) / own->median;
}

static bool is_transient(const struct search *self, const struct own *own)
{
    return own->slow >= STRAGGLERS_OUTLIERS_MIN && own->slow >= STRAGGLERS_SHARE * own->count &&
           !is_chance(own, self->common);
}

static struct straggler look(const struct search *self, uint32_t worker)
{
    const struct own *const own = &self->own[worker];
    struct straggler out = {.worker = worker};
    if (!is_known(own))
        return out;
    const double slower_by = own->log - self->usual;
    if (self->doubt == STRAGGLERS_NO_DOUBT && slower_by >= log(STRAGGLERS_RATIO) &&
        slower_by >= STRAGGLERS_Z * fmax(self->spread, own->error)) {
        const uint32_t slow = slower(self, own, STRAGGLERS_RATIO * exp(self->usual));
        out.kind = STRAGGLER_PERMANENT;
        out.factor = exp(slower_by);
        out.share = (double)slow / own->count;
    } else if (is_transient(self, own)) {
        out.kind = STRAGGLER_TRANSIENT;
        out.factor = transient_factor(self, own);
        out.share = (double)own->slow / own->count;
    }
    return out;
}

static struct straggler look_at_everybody(struct search *self)
{
    uint32_t n = 0;
    if (self->known == 0 || self->share < STRAGGLERS_SHARE)
        return (struct straggler){.kind = STRAGGLER_NONE};
    for (uint32_t w = 0; w < self->workers; w++)
        if (self->own[w].slow > 0)
            self->scratch[n++] = transient_factor(self, &self->own[w]);
    qsort(self->scratch, n, sizeof(*self->scratch), by_value);
    return (struct straggler){.kind = STRAGGLER_TRANSIENT,
                              .share = self->share,
                              .factor = middle_value(self->scratch, n)};
}

/** The slowdown that is seen with its error, and the others' spread, against it. */
static double least_seen(const struct search *self)
{
    const double sigma = fmax(self->spread, self->error);
    return exp(fmax(log(STRAGGLERS_RATIO), STRAGGLERS_Z * sigma) + POWER_SIGMAS * self->error);
}

static void compare(struct stragglers *out, const struct search *self, const struct straggler *seen,
                    const struct stragglers_truth *is)
{
    const bool known = is_known(&self->own[seen->worker]);
    if (is->open)
        return;
    out->injected += is->kind != STRAGGLER_NONE;
    if (seen->kind != STRAGGLER_NONE) {
        out->hits += seen->kind == is->kind;
        out->wrong += seen->kind != is->kind;
    } else if (!known || (is->kind == STRAGGLER_PERMANENT && !(is->factor >= out->least))) {
        out->unknown += is->kind != STRAGGLER_NONE;
    }
}

static void judge(struct stragglers *out, struct search *self, const struct stragglers_run *run,
                  const struct stragglers_truth *truth)
{
    out->doubt = self->doubt;
    out->least = self->doubt == STRAGGLERS_NO_DOUBT ? least_seen(self) : (double)NAN;
    out->everybody = look_at_everybody(self);
    for (uint32_t w = run->serving; w < self->workers; w++) {
        const struct straggler seen = look(self, w);
        if (seen.kind != STRAGGLER_NONE)
            out->found[out->count++] = seen;
        out->silent += !is_known(&self->own[w]);
        compare(out, self, &seen, &truth[w]);
    }
    const uint32_t decided = out->hits + out->wrong, findable = out->injected - out->unknown;
    out->precision = decided ? (double)out->hits / decided : (double)NAN;
    out->recall = findable ? (double)out->hits / findable : (double)NAN;
}

int stragglers_find(struct stragglers *out, const struct stragglers_run *run, struct err *err)
{
    const size_t workers = run->workers;
    struct search self = {.workers = run->workers};
    struct stragglers_truth *const truth = calloc(workers + 1, sizeof(*truth));
    *out = (struct stragglers){.precision = (double)NAN, .recall = (double)NAN};
    self.own = calloc(workers + 1, sizeof(*self.own));
    self.time = malloc(run->rows * sizeof(*self.time) + 1);
    self.log = malloc(workers * sizeof(*self.log) + 1);
    self.order = malloc(workers * sizeof(*self.order) + 1);
    self.scratch = malloc(workers * sizeof(*self.scratch) + 1);
    out->found = malloc(workers * sizeof(*out->found) + 1);
    int rc = 0;
    if (!truth || !self.own || !self.time || !self.log || !self.order || !self.scratch ||
        !out->found)
        rc = err_set(err, -ENOMEM, "not enough memory to look for stragglers");
    if (rc == 0)
        rc = stragglers_truth(truth, run, err);
    if (rc == 0) {
        sort_times(&self, run);
        measure_all(&self);
        judge(out, &self, run, truth);
    } else {
        stragglers_free(out);
    }
    free(truth);
    free(self.own);
    free(self.time);
    free(self.log);
    free(self.order);
    free(self.scratch);
    return rc;
}

void stragglers_free(struct stragglers *self)
{
    free(self->found);
    *self = (struct stragglers){0};
}
