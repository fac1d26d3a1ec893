/* SPDX-License-Identifier: BSD-3-Clause */
/* Calibration: two bracketed readings of (TSC, CLOCK_MONOTONIC_RAW), each the tightest of many tries. */
#include "core/worker/clock.h"

#include <cpuid.h>
#include <stdlib.h>
#include <time.h>

#define BRACKET_TRIES 64
#define STAMP_TRIES 255

struct reading {
    uint64_t cyc, width_cyc, ns;
};

static uint64_t raw_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/** The clock is read between two stamps; the narrowest bracket was disturbed least. */
static struct reading read_both(void)
{
    struct reading best = {.width_cyc = UINT64_MAX};
    for (int i = 0; i < BRACKET_TRIES; i++) {
        const uint64_t before = clock_cyc_fenced();
        const uint64_t ns = raw_ns();
        const uint64_t after = clock_cyc_fenced();
        if (after - before < best.width_cyc)
            best = (struct reading){before + (after - before) / 2, after - before, ns};
    }
    return best;
}

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t stamp_cost(void)
{
    uint32_t cost[STAMP_TRIES];
    for (int i = 0; i < STAMP_TRIES; i++) {
        const uint64_t before = clock_cyc();
        cost[i] = (uint32_t)(clock_cyc() - before);
    }
    qsort(cost, STAMP_TRIES, sizeof(cost[0]), ascending);
    return cost[STAMP_TRIES / 2];
}

/** Invariant TSC: AMD APM vol. 3 and Intel SDM vol. 2, CPUID 8000_0007h EDX bit 8. */
static bool tsc_is_invariant(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8));
}

void clock_calibrate(struct clock *self, uint64_t interval_ns)
{
    const struct timespec pause = {.tv_sec = (time_t)(interval_ns / 1000000000u),
                                   .tv_nsec = (long)(interval_ns % 1000000000u)};
    const struct reading first = read_both();
    nanosleep(&pause, NULL);
    const struct reading last = read_both();

    const double cyc = (double)(last.cyc - first.cyc), ns = (double)(last.ns - first.ns);
    self->hz = cyc / ns * 1e9;
    self->ns_per_cyc = ns / cyc;
    self->cyc_per_ns = cyc / ns;
    self->error_ppm = (double)(first.width_cyc + last.width_cyc) / 2 / cyc * 1e6;
    self->invariant = tsc_is_invariant();
    self->stamp_cost_cyc = stamp_cost();
}
