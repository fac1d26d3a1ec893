/* SPDX-License-Identifier: BSD-3-Clause */
/* The curve is kept in order of rates, so the edge is where the index says. */
#include "harness/tune/tune_search.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"

_Static_assert(TUNE_GRID + TUNE_EXTENSIONS_MAX <= TUNED_RATES_MAX, "every rate has a place");

void tune_search_begin(struct tune_search *self, double centre, enum target_metric metric,
                       uint32_t seeds, struct tuned_policy *curve)
{
    CHECK(seeds >= 1);
    CHECK(seeds <= TUNED_SEEDS_MAX);
    *self = (struct tune_search){.curve = curve, .metric = metric, .seeds = seeds};
    curve->centre = centre;
    curve->points = 0;
}

static bool is_better(const struct tune_search *self, double a, double b)
{
    return tuned_is_better(self->metric, a, b);
}

static double octaves(const struct tune_search *self, uint32_t index)
{
    return fabs(log2(self->curve->point[index].lr / self->curve->centre));
}

static uint32_t best(const struct tune_search *self)
{
    const struct tuned_policy *const curve = self->curve;
    uint32_t at = 0;
    for (uint32_t i = 1; i < curve->points; i++) {
        const double here = tuned_median(&curve->point[i], self->seeds);
        const double there = tuned_median(&curve->point[at], self->seeds);
        const bool tie = !is_better(self, there, here) && !is_better(self, here, there);
        if (is_better(self, here, there) || (tie && octaves(self, i) < octaves(self, at) - 0.5))
            at = i;
    }
    return at;
}

static bool is_usable(const struct tune_search *self)
{
    return isfinite(tuned_median(&self->curve->point[best(self)], self->seeds));
}

bool tune_search_next(struct tune_search *self, double *lr)
{
    const struct tuned_policy *const curve = self->curve;
    self->below = false;
    if (curve->points <
        TUNE_GRID) { /* from below, so that the whole grid exists before it is judged */
        *lr = ldexp(curve->centre, (int)curve->points - (int)(TUNE_GRID / 2));
        return true;
    }
    if (curve->points == TUNE_GRID + TUNE_EXTENSIONS_MAX)
        return false;
    const uint32_t at = best(self);
    /* Where everything diverges, only lower rates can help. */
    self->below = !is_usable(self) || at == 0;
    if (!self->below && at + 1 < curve->points)
        return false;
    *lr = self->below ? curve->point[0].lr / 2 : curve->point[curve->points - 1].lr * 2;
    return *lr >= TUNE_RATE_MIN && *lr <= TUNE_RATE_MAX;
}

void tune_search_tell(struct tune_search *self, double lr, const double *value)
{
    struct tuned_policy *const curve = self->curve;
    CHECK(curve->points < TUNED_RATES_MAX);
    struct tuned_point *const at = &curve->point[self->below ? 0 : curve->points];
    if (self->below)
        memmove(at + 1, at, curve->points * sizeof(*at));
    memset(at, 0, sizeof(*at));
    at->lr = lr;
    for (uint32_t s = 0; s < self->seeds; s++)
        at->value[s] = tuned_value(self->metric, value[s]);
    curve->points++;
}

void tune_search_end(struct tune_search *self)
{
    struct tuned_policy *const curve = self->curve;
    CHECK(curve->points > 0);
    const uint32_t at = best(self);
    curve->usable = is_usable(self);
    curve->lr = curve->usable ? curve->point[at].lr : curve->centre;
    curve->edge = TUNED_INSIDE;
    if (!curve->usable || at == 0)
        curve->edge = TUNED_LOWER;
    else if (at + 1 == curve->points)
        curve->edge = TUNED_UPPER;
}
