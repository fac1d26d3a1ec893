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
LAW_ROW(exponential);
LAW_ROW(pareto);
LAW_ROW(lognormal);
LAW_ROW(trace);
LAW_ROW(empirical);

/** Nearest whole ns, between 0 and LAW_DELAY_NS_MAX. Nothing, negative or not a number: 0. */
static inline uint64_t law_saturate_ns(double ns)
{
    if (!(ns > 0.0))
        return 0;
    return ns < (double)LAW_DELAY_NS_MAX ? (uint64_t)(ns + 0.5) : LAW_DELAY_NS_MAX;
}

uint64_t law_trace_shorten(const struct law_config *config, const struct law_draw *draw);
uint64_t law_empirical_shorten(const struct law_config *config, const struct law_draw *draw);

#endif
