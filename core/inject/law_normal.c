/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Normal, and netem's paretonormal: laws by mean and standard deviation.
 *
 * A delay cannot be negative, and each of them treats that in its own way. `normal` is the normal law *given* that it is
 * not negative, drawn exactly; so with mean < 3 sd its mean is larger than `mean` and its deviation smaller than `sd`.
 * `paretonormal` counts what is below 0 as 0, as a network that can do no better than not to delay; that takes less than
 * 1 % of the draws when mean >= 1.1 sd.
 */
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

static const char *moments_check(const struct law_config *config)
{
    if (config->sd_ns == 0)
        return "sd must be above 0 (without it, the law is `const`)";
    if (config->mean_ns > LAW_DELAY_NS_MAX || config->sd_ns > LAW_DELAY_NS_MAX)
        return "mean and sd must be at most 1h";
    return NULL;
}

const char *law_normal_check(const struct law_config *config)
{
    return moments_check(config);
}

/* Inversion from the upper end, where P(X > x) = u P(X > 0) loses no digits and never rounds to 0 or 1. */
uint64_t law_normal_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double mean_ns = (double)config->mean_ns, sd_ns = (double)config->sd_ns;
    const double above = draw_open(~draw->bits) * draw_normal_cdf(mean_ns / sd_ns);
    return law_saturate_ns(mean_ns - sd_ns * draw_normal_quantile(above));
}

const char *law_paretonormal_check(const struct law_config *config)
{
    return moments_check(config);
}

#define PARETO_MEAN 1.5 /* of a Pareto law of scale 1 and tail index 3 */
/* Var(Z/4 + X) = 1/16 + 3/4 + E[Z X] / 2 with X the same quantile as Z: E[Z (1 - Phi(Z))^(-1/3)] = 0.58747074847833. */
#define MIXED_SD 1.0517772455416423

/*
 * netem's table of this name is a sum of quantiles: Q(u) = 1/4 Z(u) + 3/4 P(u), Z the standard normal law's and
 * P(u) = 4/3 ((1 - u)^(-1/3) - 3/2) that of a centred Pareto law of index 3. Its standard deviation is 1.05, so netem
 * delays vary 5 % more than asked for; here that is divided out, and neither is the table cut off at 4 sd.
 *
 * Source: iproute2, netem/paretonormal.c, from NIST Net (M. Carson, D. Santay, "NIST Net: a Linux-based network emulation
 *         tool", ACM SIGCOMM Computer Communication Review 33, 2003).
 */
uint64_t law_paretonormal_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double above = draw_open(~draw->bits);
    const double normal = -draw_normal_quantile(above);
    const double pareto = draw_exp(-draw_ln(above) / 3.0) - PARETO_MEAN;
    const double standard = (normal / 4.0 + pareto) / MIXED_SD;
    return law_saturate_ns((double)config->mean_ns + (double)config->sd_ns * standard);
}
