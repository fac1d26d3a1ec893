/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker that is slow for spells: a two-state chain over iterations, with spells of geometric length. */
#include <math.h>
#include <stddef.h>

#include "core/inject/chain.h"
#include "core/inject/law_rows.h"

#define SPELL_MAX 1e9 /* iterations */

const char *law_markov_check(const struct law_config *config)
{
    if (!isfinite(config->factor) || config->factor < 1.0)
        return "factor must be at least 1 (1 = not slower, 10 = ten times as long)";
    if (!(config->slow >= 1.0 && config->slow <= SPELL_MAX))
        return "slow, the mean length of a slow spell, must be from 1 to 1e9 iterations";
    if (!(config->fast >= 1.0 && config->fast <= SPELL_MAX))
        return "fast, the mean length of a fast spell, must be from 1 to 1e9 iterations";
    return NULL;
}

uint64_t law_markov_ns(const struct law_config *config, const struct law_draw *draw)
{
    const struct chain chain = chain_of(config->fast, config->slow);
    if (!chain_at(&chain, draw->key, draw->iteration))
        return 0;
    return law_saturate_ns((config->factor - 1.0) * (double)draw->compute_ns);
}
