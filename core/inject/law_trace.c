/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replay of measured compute times: worker w of iteration i takes seconds[i mod steps][w mod workers], scaled so that the
 * trace's median meets the compute time of the profile, or, `absolute`, as it stands.
 *
 * Steps below the median shorten the emulated compute time, steps above it add a delay, so the whole distribution is
 * replayed. (A real gradient cannot be shortened: with a base time of 0 the fast steps take as long as it does.) Profiles
 * that replay a trace set `jitter: none`; jitter would multiply with the trace's own. With `once` the steps after the last
 * are undisturbed.
 */
#include <stddef.h>

#include "core/inject/law_rows.h"

const char *law_trace_check(const struct law_config *config)
{
    const struct law_trace *trace = &config->trace;
    if (!trace->seconds || trace->steps == 0 || trace->workers == 0)
        return "the trace is empty";
    if (!(trace->median_s > 0.0))
        return "the trace's median must be above 0";
    return NULL;
}

/** NULL: the trace is over, the iteration undisturbed. */
static const double *entry(const struct law_config *config, const struct law_draw *draw)
{
    const struct law_trace *const trace = &config->trace;
    if (config->once && draw->iteration >= trace->steps)
        return NULL;
    const uint64_t row = draw->iteration % trace->steps, column = draw->worker % trace->workers;
    return &trace->seconds[row * trace->workers + column];
}

uint64_t law_trace_shorten(const struct law_config *config, const struct law_draw *draw)
{
    const double *const seconds = entry(config, draw);
    if (!seconds)
        return draw->compute_ns;
    if (config->absolute) {
        const uint64_t ns = law_saturate_ns(*seconds * 1e9);
        return ns < draw->compute_ns ? ns : draw->compute_ns;
    }
    const double share = *seconds / config->trace.median_s;
    return law_saturate_ns((double)draw->compute_ns * (share < 1.0 ? share : 1.0));
}

uint64_t law_trace_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double *const seconds = entry(config, draw);
    if (!seconds)
        return 0;
    if (config->absolute) {
        const uint64_t ns = law_saturate_ns(*seconds * 1e9);
        return ns > draw->compute_ns ? ns - draw->compute_ns : 0;
    }
    const double slowdown = *seconds / config->trace.median_s;
    return law_saturate_ns((slowdown - 1.0) * (double)draw->compute_ns);
}
