/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fail-slow: a machine that works at 1 / factor of its speed for an episode. Starts are a Poisson process, lengths
 * log-uniform; episodes may overlap, and two are not worse than one. What has begun before the run is there from its first
 * moment on, so early and late iterations are alike.
 *
 * Time is cut into cells of `every_ns`, the starts of a cell are walked by exponential gaps from its beginning (a gap that
 * leaves the cell says nothing about the next one). An episode is at most LOOK_BACK cells long.
 *
 * Source: T. Wu et al., "Greyhound: hunting fail-slows in hybrid-parallel training at scale", USENIX ATC 2025: episodes of
 *         tens of seconds to ten hours, 1.1 to 3 times as slow.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/rng.h"
#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

#define LOOK_BACK 64u

const char *law_fail_slow_check(const struct law_config *config)
{
    if (!isfinite(config->factor) || config->factor < 1.0)
        return "factor must be at least 1 (1 = not slower, 3 = three times as long)";
    if (config->every_ns < LAW_PERIOD_NS_MIN || config->every_ns > LAW_PERIOD_NS_MAX)
        return "every, the mean time between starts, must be from 1us to 10000h";
    if (config->shortest_ns == 0)
        return "shortest must be above 0";
    if (config->longest_ns < config->shortest_ns)
        return "longest must be at least shortest";
    if (config->longest_ns / config->every_ns >= LOOK_BACK)
        return "longest must be less than 64 times every: such a machine would hardly ever be "
               "healthy";
    return NULL;
}

/** What can be seen from one moment, in ns from it. */
struct sight {
    uint64_t slow_ns; /* to the end of the last episode that covers it; 0: none does */
    uint64_t next_ns; /* to the first start after it */
};

static uint64_t length_of(const struct law_config *config, uint64_t bits)
{
    const double shortest = (double)config->shortest_ns;
    const double ratio = draw_ln((double)config->longest_ns / shortest);
    return (uint64_t)(shortest * draw_exp(ratio * draw_unit(bits)) + 0.5);
}

/** The episodes that begin in one cell, asked for `asked_ns` after its beginning. */
static void look_at(const struct law_config *config, uint64_t key, uint64_t asked_ns,
                    struct sight *sight)
{
    const double cell_ns = (double)config->every_ns;
    double at = 0.0;
    for (uint64_t k = 0;; k += 2) {
        at += cell_ns * draw_exponential(rng_at(key, k));
        if (at >= cell_ns)
            return;
        const uint64_t start_ns = (uint64_t)at;
        if (start_ns > asked_ns) {
            sight->next_ns = start_ns - asked_ns;
            return;
        }
        const uint64_t end_ns = start_ns + length_of(config, rng_at(key, k + 1));
        if (end_ns > asked_ns && end_ns - asked_ns > sight->slow_ns)
            sight->slow_ns = end_ns - asked_ns;
    }
}

/* Nothing that begins in an earlier cell is still to come, so only the cell of at_ns itself tells of a next start. */
struct law_piece law_fail_slow_piece(const struct law_config *config, uint64_t key, uint64_t at_ns)
{
    const uint64_t every_ns = config->every_ns, into_ns = at_ns % every_ns;
    const uint64_t cell = at_ns / every_ns + LOOK_BACK + 1; /* there are some before the run */
    const uint64_t reach = config->longest_ns / every_ns + 1;
    struct sight sight = {.next_ns = every_ns - into_ns};
    for (uint64_t back = 0; back <= reach; back++)
        look_at(config, rng_at(~key, cell - back), into_ns + back * every_ns, &sight);
    if (sight.slow_ns == 0)
        return (struct law_piece){.rate = 1.0, .until_ns = law_later_ns(at_ns, sight.next_ns)};
    return (struct law_piece){.rate = 1.0 / config->factor,
                              .until_ns = law_later_ns(at_ns, sight.slow_ns)};
}
