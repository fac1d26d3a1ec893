/* SPDX-License-Identifier: BSD-3-Clause */
/* Lognormal, given as people read it off a latency plot: median and 99th percentile. */
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

#define NORMAL_P99 2.3263478740408408 /* the standard normal law's 99th percentile */

const char *law_lognormal_check(const struct law_config *config)
{
    if (config->median_ns == 0)
        return "median must be above 0";
    if (config->p99_ns < config->median_ns)
        return "p99 must be at least the median";
    if (config->p99_ns > LAW_DELAY_NS_MAX)
        return "p99 must be at most 1h";
    return NULL;
}

uint64_t law_lognormal_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double median_ns = (double)config->median_ns;
    const double sigma = draw_ln((double)config->p99_ns / median_ns) / NORMAL_P99;
    return law_saturate_ns(median_ns * draw_exp(sigma * draw_normal(draw->bits)));
}
