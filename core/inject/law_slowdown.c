/* SPDX-License-Identifier: BSD-3-Clause */
/* The field's favourite straggler: the same work, `factor` times slower. The delay follows the jitter of the work. */
#include <math.h>
#include <stddef.h>

#include "core/inject/law_rows.h"

const char *law_slowdown_check(const struct law_config *config)
{
    if (!isfinite(config->factor) || config->factor < 1.0)
        return "factor must be at least 1 (1 = not slower, 10 = ten times as long)";
    return NULL;
}

uint64_t law_slowdown_ns(const struct law_config *config, const struct law_draw *draw)
{
    return law_saturate_ns((config->factor - 1.0) * (double)draw->compute_ns);
}
