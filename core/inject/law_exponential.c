/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exponential and its kin: delay = Exp(mean), or shift + Exp(mean), drawn anew each iteration. With compute time a, the
 * slowest of N workers takes a + mean * H_N on average (H_N the harmonic number): the standard model of coded computing.
 * Weibull is an exponential raised to 1/shape: P(delay > t) = exp(-(t / scale)^shape); shape below 1 has a heavier tail.
 *
 * Source: K. Lee et al., "Speeding up distributed machine learning using codes", IEEE Trans. Inf. Theory 64 (2018).
 */
#include <math.h>
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

const char *law_exp_check(const struct law_config *config)
{
    if (config->mean_ns == 0)
        return "mean must be above 0";
    return config->mean_ns > LAW_DELAY_NS_MAX ? "mean must be at most 1h" : NULL;
}

uint64_t law_exp_ns(const struct law_config *config, const struct law_draw *draw)
{
    return law_saturate_ns((double)config->mean_ns * draw_exponential(draw->bits));
}

const char *law_shifted_exp_check(const struct law_config *config)
{
    if (config->mean_ns == 0)
        return "mean must be above 0";
    if (config->mean_ns > LAW_DELAY_NS_MAX || config->shift_ns > LAW_DELAY_NS_MAX)
        return "mean and shift must be at most 1h";
    return NULL;
}

uint64_t law_shifted_exp_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double excess_ns = (double)config->mean_ns * draw_exponential(draw->bits);
    return law_saturate_ns((double)config->shift_ns + excess_ns);
}

const char *law_weibull_check(const struct law_config *config)
{
    if (!isfinite(config->shape) || config->shape <= 0.0)
        return "shape must be above 0 (heavy tails: 0.5 to 0.8; 1 is exponential)";
    if (config->scale_ns == 0 || config->scale_ns > LAW_DELAY_NS_MAX)
        return "scale must be above 0 and at most 1h";
    return NULL;
}

uint64_t law_weibull_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double exponent = draw_ln(draw_exponential(draw->bits)) / config->shape;
    return law_saturate_ns((double)config->scale_ns * draw_exp(exponent));
}
