/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Allocation-free latency histogram with the bucket layout of HdrHistogram (unit 1, 3 significant digits).
 *
 * Value v falls into one of 2048-wide log-linear buckets: relative error <= 1/1024 up to HIST_VALUE_MAX (1 hour in
 * ns); larger values are clipped and counted, never silent. Single writer, no atomics.
 *
 * Source: G. Tene, HdrHistogram (lowestDiscernibleValue 1, highestTrackable 3.6e12, 3 digits).
 */
#ifndef CORE_BASE_HIST_H
#define CORE_BASE_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 11u
#define HIST_SUB_HALF (1u << (HIST_SUB_BITS - 1u)) /* 1024 */
#define HIST_VALUE_MAX 3600000000000ull
#define HIST_BUCKETS 32u /* 2047 << 31 exceeds HIST_VALUE_MAX */
#define HIST_COUNTS ((HIST_BUCKETS + 1u) * HIST_SUB_HALF)

struct hist {
    uint64_t total;
    uint64_t clipped; /* values above HIST_VALUE_MAX, recorded as HIST_VALUE_MAX */
    uint64_t min;     /* exact; UINT64_MAX when empty */
    uint64_t max;     /* exact; 0 when empty */
    uint64_t sum;
    uint64_t count
        [HIST_COUNTS]; /* 64 bits: a loop period lands in one bucket a million times a second */
};

void hist_reset(struct hist *self);

/** The same for memory that is zero: half a megabyte that nothing may ever be recorded in is not written. */
static inline void hist_start(struct hist *zeroed)
{
    zeroed->min = UINT64_MAX;
}

static inline uint32_t hist_index(uint64_t value)
{
    const uint32_t bucket =
        (uint32_t)(64 - __builtin_clzll(value | (2 * HIST_SUB_HALF - 1))) - HIST_SUB_BITS;
    return (bucket << (HIST_SUB_BITS - 1u)) + (uint32_t)(value >> bucket);
}

/** About 2 ns. */
static inline void hist_record(struct hist *self, uint64_t value)
{
    if (__builtin_expect(value > HIST_VALUE_MAX, 0)) {
        self->clipped++;
        value = HIST_VALUE_MAX;
    }
    self->count[hist_index(value)]++;
    self->total++;
    self->sum += value;
    self->min = value < self->min ? value : self->min;
    self->max = value > self->max ? value : self->max;
}

/** Add `other` into `self`. */
void hist_merge(struct hist *self, const struct hist *other);

/** Smallest and largest value that share bucket `index`. */
uint64_t hist_low_at(uint32_t index);
uint64_t hist_high_at(uint32_t index);

/**
 * Value at percentile `p` in [0, 100]: highest equivalent value of the bucket that holds the ceil(p/100*total)-th
 * sample (HdrHistogram's definition), never above the exact maximum's bucket; p = 0: lowest equivalent value of the
 * minimum, as there. 0 when empty.
 */
uint64_t hist_percentile(const struct hist *self, double p);

double hist_mean(const struct hist *self);

#endif
