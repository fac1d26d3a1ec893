/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pareto: P(delay > t) = (scale / t)^alpha for t >= scale, by the inverse distribution function. For alpha <= 2 the
 * variance, for alpha <= 1 even the mean is infinite; LAW_DELAY_NS_MAX cuts both, and makes the mean of a run depend on
 * its length.
 */
#include <math.h>
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

const char *law_pareto_check(const struct law_config *config)
{
    if (!isfinite(config->alpha) || config->alpha <= 0.0)
        return "alpha must be above 0 (heavy tails: 1.1 to 2.5)";
    if (config->scale_ns == 0 || config->scale_ns > LAW_DELAY_NS_MAX)
        return "scale, the smallest delay, must be above 0 and at most 1h";
    return NULL;
}

uint64_t law_pareto_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double exponent = draw_exponential(draw->bits) / config->alpha;
    return law_saturate_ns((double)config->scale_ns * draw_exp(exponent));
}
