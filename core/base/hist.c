/* SPDX-License-Identifier: BSD-3-Clause */
/* The cold half of the histogram: everything that reads it. Recording is inline in the header. */
#include "core/base/hist.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"

_Static_assert((2048ull << (HIST_BUCKETS - 1u)) > HIST_VALUE_MAX,
               "the last bucket holds HIST_VALUE_MAX");
_Static_assert((2048ull << (HIST_BUCKETS - 2u)) <= HIST_VALUE_MAX, "and no bucket is superfluous");

void hist_reset(struct hist *self)
{
    memset(self, 0, sizeof(*self));
    self->min = UINT64_MAX;
}

void hist_merge(struct hist *self, const struct hist *other)
{
    for (uint32_t i = 0; i < HIST_COUNTS; i++)
        self->count[i] += other->count[i];
    self->total += other->total;
    self->clipped += other->clipped;
    self->sum += other->sum;
    self->min = other->min < self->min ? other->min : self->min;
    self->max = other->max > self->max ? other->max : self->max;
}

/* The first 2048 indexes are the values themselves; from there each 1024 indexes double the step. */
static uint32_t shift_at(uint32_t index)
{
    return index < 2 * HIST_SUB_HALF ? 0 : index / HIST_SUB_HALF - 1;
}

uint64_t hist_low_at(uint32_t index)
{
    CHECK(index < HIST_COUNTS);
    const uint32_t shift = shift_at(index);
    return (uint64_t)(index - shift * HIST_SUB_HALF) << shift;
}

uint64_t hist_high_at(uint32_t index)
{
    return hist_low_at(index) + (1ull << shift_at(index)) - 1;
}

uint64_t hist_percentile(const struct hist *self, double p)
{
    CHECK(p >= 0.0);
    CHECK(p <= 100.0);
    if (self->total == 0)
        return 0;

    /* One step down before the ceiling, as HdrHistogram does: 99.9 % of 1000 is 999 samples and not, by the rounding
     * of 99.9/100, 1000. */
    const double fraction = nextafter(p, 0.0) / 100.0;
    const uint64_t rank = (uint64_t)ceil(fraction * (double)self->total);
    uint64_t seen = 0;
    for (uint32_t i = hist_index(self->min); i < HIST_COUNTS; i++) {
        seen += self->count[i];
        if (seen >= rank && seen > 0)
            return p > 0.0 ? hist_high_at(i) : hist_low_at(i);
    }
    return hist_high_at(hist_index(self->max));
}

double hist_mean(const struct hist *self)
{
    return self->total == 0 ? 0.0 : (double)self->sum / (double)self->total;
}
