/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Time stamps and pinned threads for benchmarks.
 */
#ifndef TESTS_BENCH_BENCH_CLOCK_H
#define TESTS_BENCH_BENCH_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <x86intrin.h>

/** Start stamp: nothing before it is still running. */
static inline uint64_t bench_clock_start(void)
{
    _mm_lfence();
    return __rdtsc();
}

/** End stamp: everything before it has been executed, nothing after it has begun. */
static inline uint64_t bench_clock_end(void)
{
    unsigned core;
    const uint64_t now = __rdtscp(&core);
    _mm_lfence();
    return now;
}

struct bench_clock {
    double ns_per_cyc;
    double spread_ppm;   /* between the two halves of the calibration */
    uint64_t stamps_cyc; /* what an empty pair of stamps measures, median */
};

/** Measure the TSC against CLOCK_MONOTONIC_RAW for about `ms` milliseconds (sleeping, not spinning). */
struct bench_clock bench_clock_calibrate(unsigned ms);

/** First `want` cores this process may use; false when there are fewer. */
bool bench_clock_cores(unsigned *core, unsigned want);

/** Pin the calling thread. False when the host does not allow it. */
bool bench_clock_pin(unsigned core);

/** How often the calling thread was switched out against its will. */
uint64_t bench_clock_preemptions(void);

#endif
