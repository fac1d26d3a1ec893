/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Time from the TSC, calibrated by us against CLOCK_MONOTONIC_RAW.
 *
 * rte_get_tsc_hz() rounds to 10 MHz where the CPU has no frequency leaf: up to 0.2 % of every figure. We fit the rate
 * over a bracketed interval and print the error bound. Raw cycles are what the loop handles; ns are for schedules and
 * reports.
 */
#ifndef CORE_WORKER_CLOCK_H
#define CORE_WORKER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
    double hz;
    double error_ppm; /* bound from the width of the calibration brackets */
    double ns_per_cyc;
    double cyc_per_ns;
    bool invariant;          /* constant and non-stop TSC, by CPUID */
    uint32_t stamp_cost_cyc; /* one empty pair of stamps, median */
};

/** Cheap stamp, not serialising: right for intervals of 100 ns and more inside one thread. */
static inline uint64_t clock_cyc(void)
{
    return __builtin_ia32_rdtsc();
}

/** Stamp that waits for earlier loads: the end of a measured one-way trip. */
static inline uint64_t clock_cyc_fenced(void)
{
    uint32_t aux;
    const uint64_t t = __builtin_ia32_rdtscp(&aux);
    __builtin_ia32_lfence();
    return t;
}

/** Calibrate over about `interval_ns` (at least 1 ms; 200 ms gives an error below 1 ppm on a quiet host). */
void clock_calibrate(struct clock *self, uint64_t interval_ns);

static inline uint64_t clock_ns(const struct clock *self, uint64_t cyc)
{
    return (uint64_t)((double)cyc * self->ns_per_cyc);
}
static inline uint64_t clock_to_cyc(const struct clock *self, uint64_t ns)
{
    return (uint64_t)((double)ns * self->cyc_per_ns);
}

/** Another host's counter: the moment `there` on it is `here` on ours, and each of its cycles is `scale` of ours. */
struct clock_shift {
    uint64_t there, here;
    double scale; /* 0: it is ours */
};

/** A length of time. */
static inline uint64_t clock_shift_length(const struct clock_shift *self, uint64_t cyc)
{
    return self->scale == 0 || cyc == UINT64_MAX ? cyc : (uint64_t)((double)cyc * self->scale);
}

/** A moment; 0 and UINT64_MAX are none. */
static inline uint64_t clock_shift_moment(const struct clock_shift *self, uint64_t moment)
{
    if (self->scale == 0 || moment == 0 || moment == UINT64_MAX)
        return moment;
    return moment >= self->there ? self->here + clock_shift_length(self, moment - self->there)
                                 : self->here - clock_shift_length(self, self->there - moment);
}

#endif
