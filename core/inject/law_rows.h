/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the rows of law_table point at: a check and a delay per law, one file per family. Private to core/inject.
 */
#ifndef CORE_INJECT_LAW_ROWS_H
#define CORE_INJECT_LAW_ROWS_H

#include "core/inject/law.h"

#define LAW_ROW(name)                                                \
    const char *law_##name##_check(const struct law_config *config); \
    uint64_t law_##name##_ns(const struct law_config *config, const struct law_draw *draw)

LAW_ROW(slowdown);
LAW_ROW(const);
LAW_ROW(uniform);
LAW_ROW(bimodal);
LAW_ROW(normal);
LAW_ROW(paretonormal);
LAW_ROW(lognormal);
LAW_ROW(exp);
LAW_ROW(shifted_exp);
LAW_ROW(weibull);
LAW_ROW(gamma);
LAW_ROW(pareto);
LAW_ROW(markov);
LAW_ROW(trace);
LAW_ROW(empirical);

uint64_t law_trace_shorten(const struct law_config *config, const struct law_draw *draw);
/** The time that these bits stand for, in ns. */
uint64_t law_empirical_draw(const struct law_sample *sample, uint64_t bits);
uint64_t law_empirical_shorten(const struct law_config *config, const struct law_draw *draw);

#define LAW_RATE_ROW(name)                                                             \
    const char *law_##name##_check(const struct law_config *config);                   \
    struct law_piece law_##name##_piece(const struct law_config *config, uint64_t key, \
                                        uint64_t at_ns)

LAW_RATE_ROW(fail_slow);
LAW_RATE_ROW(pause);
LAW_RATE_ROW(duty);
LAW_RATE_ROW(ramp);

/** Of what repeats: so long that a phase meets a bounded number of pieces (inject.c), so short that nothing overflows. */
#define LAW_PERIOD_NS_MIN UINT64_C(1000)
#define LAW_PERIOD_NS_MAX UINT64_C(36000000000000000) /* 10000 h */

/** Nearest whole ns, between 0 and LAW_DELAY_NS_MAX. Nothing, negative or not a number: 0. */
static inline uint64_t law_saturate_ns(double ns)
{
    if (!(ns > 0.0))
        return 0;
    return ns < (double)LAW_DELAY_NS_MAX ? (uint64_t)(ns + 0.5) : LAW_DELAY_NS_MAX;
}

__extension__ typedef unsigned __int128 law_wide;

/** Uniform in [0, count), growing with the bits; count >= 1. */
static inline uint64_t law_below(uint64_t bits, uint64_t count)
{
    return (uint64_t)(((law_wide)bits * count) >> 64);
}

/** at_ns + by_ns, or the end of time. */
static inline uint64_t law_later_ns(uint64_t at_ns, uint64_t by_ns)
{
    return by_ns < UINT64_MAX - at_ns ? at_ns + by_ns : UINT64_MAX;
}

#endif
