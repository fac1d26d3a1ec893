/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TSC calibration without DPDK: rte_get_tsc_hz rounds to 10 MHz, which is an error of up to 0.2 % in every figure.
 */
#include "bench_clock.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct moment {
    uint64_t cyc;
    uint64_t ns;
};

/* The tightest of several bracketed reads: the two clocks were read within the bracket. */
static struct moment moment_now(void)
{
    struct moment best = {0};
    uint64_t tightest = UINT64_MAX;

    for (int i = 0; i < 32; i++) {
        struct timespec at;
        const uint64_t before = bench_clock_start();
        clock_gettime(CLOCK_MONOTONIC_RAW, &at);
        const uint64_t after = bench_clock_end();
        if (after - before < tightest) {
            tightest = after - before;
            best.cyc = before + (after - before) / 2;
            best.ns = (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
        }
    }
    return best;
}

static double slope(struct moment from, struct moment to)
{
    return (double)(to.ns - from.ns) / (double)(to.cyc - from.cyc);
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

struct bench_clock bench_clock_calibrate(unsigned ms)
{
    const struct timespec half = {.tv_sec = ms / 2000, .tv_nsec = (long)(ms / 2 % 1000) * 1000000};
    uint64_t pair[101];

    const struct moment first = moment_now();
    nanosleep(&half, NULL);
    const struct moment middle = moment_now();
    nanosleep(&half, NULL);
    const struct moment last = moment_now();

    for (int i = 0; i < 101; i++) {
        const uint64_t from = bench_clock_start();
        pair[i] = bench_clock_end() - from;
    }
    qsort(pair, 101, sizeof(pair[0]), by_value);
    const double whole = slope(first, last);
    const double differ = slope(first, middle) - slope(middle, last);
    return (struct bench_clock){.ns_per_cyc = whole,
                                .spread_ppm = (differ < 0 ? -differ : differ) / whole * 1e6,
                                .stamps_cyc = pair[50]};
}

bool bench_clock_cores(unsigned *core, unsigned want)
{
    cpu_set_t allowed;
    unsigned found = 0;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
        return false;
    for (unsigned c = 0; c < CPU_SETSIZE && found < want; c++)
        if (CPU_ISSET(c, &allowed))
            core[found++] = c;
    return found == want;
}

bool bench_clock_pin(unsigned core)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return sched_setaffinity(0, sizeof(one), &one) == 0;
}

uint64_t bench_clock_preemptions(void)
{
    struct rusage used;

    getrusage(RUSAGE_THREAD, &used);
    return (uint64_t)used.ru_nivcsw;
}
