/* SPDX-License-Identifier: BSD-3-Clause */
/* Laws between two numbers: const, uniform, bimodal. */
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

const char *law_const_check(const struct law_config *config)
{
    return config->delay_ns > LAW_DELAY_NS_MAX ? "delay must be at most 1h" : NULL;
}

uint64_t law_const_ns(const struct law_config *config, const struct law_draw *draw)
{
    (void)draw;
    return config->delay_ns;
}

static const char *bounds_check(const struct law_config *config)
{
    if (config->high_ns < config->low_ns)
        return "high must be at least low";
    if (config->high_ns > LAW_DELAY_NS_MAX)
        return "high must be at most 1h";
    return NULL;
}

const char *law_uniform_check(const struct law_config *config)
{
    return bounds_check(config);
}

/* Every whole ns from low to high, both included, with the same chance (to 2^-22 of it: an hour has 2^42 ns). */
uint64_t law_uniform_ns(const struct law_config *config, const struct law_draw *draw)
{
    const uint64_t values = config->high_ns - config->low_ns + 1;
    return config->low_ns + law_below(draw->bits, values);
}

const char *law_bimodal_check(const struct law_config *config)
{
    if (!(config->share >= 0.0 && config->share <= 1.0))
        return "share, the probability of high, must be from 0 to 100 %";
    return bounds_check(config);
}

/* The upper end of the bits means high, so that the delay grows with them. */
uint64_t law_bimodal_ns(const struct law_config *config, const struct law_draw *draw)
{
    return draw_unit(~draw->bits) < config->share ? config->high_ns : config->low_ns;
}
