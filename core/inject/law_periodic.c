/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes back with the clock: pause (garbage collection, a cron job), duty (a core that runs part of the time), ramp
 * (the load of a day).
 *
 * Aligned, the first period begins with the run; else each worker is somewhere in its period then. A period begins with
 * its undisturbed part: pause and duty work first and stand still at its end.
 */
#include <math.h>
#include <stddef.h>

#include "core/base/rng.h"
#include "core/inject/law_rows.h"

#define STEPS 64u /* of a period of `ramp` */

/** How far into its period a worker is. */
static uint64_t into_period(const struct law_config *config, uint64_t period_ns, uint64_t key,
                            uint64_t at_ns)
{
    const uint64_t phase_ns = config->aligned ? 0 : law_below(rng_at(key, 0), period_ns);
    return (at_ns % period_ns + phase_ns) % period_ns;
}

/** Works for the first work_ns of each period. */
static struct law_piece on_and_off(const struct law_config *config, uint64_t period_ns,
                                   uint64_t work_ns, uint64_t key, uint64_t at_ns)
{
    const uint64_t into_ns = into_period(config, period_ns, key, at_ns);
    if (into_ns < work_ns)
        return (struct law_piece){.rate = 1.0, .until_ns = law_later_ns(at_ns, work_ns - into_ns)};
    return (struct law_piece){.rate = 0.0, .until_ns = law_later_ns(at_ns, period_ns - into_ns)};
}

const char *law_pause_check(const struct law_config *config)
{
    if (config->every_ns < LAW_PERIOD_NS_MIN || config->every_ns > LAW_PERIOD_NS_MAX)
        return "every, from one pause to the next, must be from 1us to 10000h";
    if (config->length_ns == 0)
        return "length must be above 0";
    if (config->length_ns >= config->every_ns)
        return "length must be less than every: there must be time to work between two pauses";
    return NULL;
}

struct law_piece law_pause_piece(const struct law_config *config, uint64_t key, uint64_t at_ns)
{
    return on_and_off(config, config->every_ns, config->every_ns - config->length_ns, key, at_ns);
}

const char *law_duty_check(const struct law_config *config)
{
    if (config->period_ns < LAW_PERIOD_NS_MIN || config->period_ns > LAW_PERIOD_NS_MAX)
        return "period must be from 1us to 10000h";
    if (!(config->share >= 0.001 && config->share <= 1.0))
        return "share, of each period in which work goes on, must be from 0.1 to 100 %";
    return NULL;
}

/* To the nearest ns; at least 1 by the limits of period and share. */
struct law_piece law_duty_piece(const struct law_config *config, uint64_t key, uint64_t at_ns)
{
    const uint64_t work_ns = (uint64_t)(config->share * (double)config->period_ns + 0.5);
    return on_and_off(config, config->period_ns, work_ns, key, at_ns);
}

const char *law_ramp_check(const struct law_config *config)
{
    if (config->period_ns < LAW_PERIOD_NS_MIN || config->period_ns > LAW_PERIOD_NS_MAX)
        return "period must be from 1us to 10000h";
    if (!isfinite(config->factor) || config->factor < 1.0)
        return "factor must be at least 1 (1 = not slower, 3 = three times as long)";
    return NULL;
}

/* How long things take rises from 1 to `factor` at mid-period and falls again, by x^2 (3 - 2x), which is flat at both ends
 * and within 0.011 of half a cosine; a step holds its middle's value. */
struct law_piece law_ramp_piece(const struct law_config *config, uint64_t key, uint64_t at_ns)
{
    const uint64_t into_ns = into_period(config, config->period_ns, key, at_ns);
    const uint64_t step = into_ns * STEPS / config->period_ns;
    const uint64_t end_ns = ((step + 1) * config->period_ns + STEPS - 1) / STEPS;
    const double x = 2.0 * ((double)step + 0.5) / STEPS;
    const double up = x < 1.0 ? x : 2.0 - x;
    const double times = 1.0 + (config->factor - 1.0) * up * up * (3.0 - 2.0 * up);
    return (struct law_piece){.rate = 1.0 / times,
                              .until_ns = law_later_ns(at_ns, end_ns - into_ns)};
}
