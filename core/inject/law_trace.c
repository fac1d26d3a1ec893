/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replay of measured compute times: worker w of iteration i takes seconds[i mod steps][w mod workers], scaled so that the
 * trace's median meets the compute time of the profile.
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

static double relative(const struct law_config *config, const struct law_draw *draw)
{
    const struct law_trace *const trace = &config->trace;
    if (config->once && draw->iteration >= trace->steps)
        return 1.0;
    const uint64_t row = draw->iteration % trace->steps, column = draw->worker % trace->workers;
    return trace->seconds[row * trace->workers + column] / trace->median_s;
}

uint64_t law_trace_shorten(const struct law_config *config, const struct law_draw *draw)
{
    const double share = relative(config, draw);
    return law_saturate_ns((double)draw->compute_ns * (share < 1.0 ? share : 1.0));
}

uint64_t law_trace_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double slowdown = relative(config, draw);
    return law_saturate_ns((slowdown - 1.0) * (double)draw->compute_ns);
}
