/*
 * Shifted exponential: delay = shift + Exp(mean), drawn anew each iteration. With compute time a and shift 0, the slowest
 * of N workers takes a + mean * H_N on average (H_N the harmonic number): the standard model of coded computing.
 *
 * Source: K. Lee et al., "Speeding up distributed machine learning using codes", IEEE Trans. Inf. Theory 64 (2018).
 */
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

const char *law_exponential_check(const struct law_config *config)
{
    if (config->mean_ns == 0)
        return "mean must be above 0";
    if (config->mean_ns > LAW_DELAY_NS_MAX || config->shift_ns > LAW_DELAY_NS_MAX)
        return "mean and shift must be at most 1h";
    return NULL;
}

uint64_t law_exponential_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double excess_ns = (double)config->mean_ns * draw_exponential(draw->bits);
    return law_saturate_ns((double)config->shift_ns + excess_ns);
}
