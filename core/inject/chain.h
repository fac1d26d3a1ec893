/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Two states that alternate: a stationary Markov chain by index, and one in continuous time.
 *
 * Its state at any index or time can be had without those before it. At random indices the chain is refreshed, that is,
 * drawn anew whatever it was before; so only the latest refresh counts, and finding it costs a few draws.
 */
#ifndef CORE_INJECT_CHAIN_H
#define CORE_INJECT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

struct chain {
    double share;   /* of indices in the second state */
    double refresh; /* chance that an index is drawn anew */
    double fresh;   /* chance of the second state then */
    double gap;     /* -1 / ln(1 - refresh): mean of the exponential law behind the gaps */
    uint32_t block_bits;
    bool alternates; /* without a refresh the state changes at every index instead of staying */
};

/**
 * The chain whose spells in the second state have mean length `second` and in the first `first`, geometric. Both >= 1,
 * in indices, at most 2^40.
 */
struct chain chain_of(double first, double second);

/** Is index `index` of the stream `key` in the second state? Pure; stationary from index 0 on; about ten draws. */
bool chain_at(const struct chain *self, uint64_t key, uint64_t index);

/** A state, and until when it holds at least: it may go on afterwards. */
struct chain_span {
    bool second;
    uint64_t until_ns;
};

/** In continuous time, with exponential spells of these mean lengths (>= 1 ns each). Pure; about ten draws. */
struct chain_span chain_time(uint64_t first_ns, uint64_t second_ns, uint64_t key, uint64_t at_ns);

#endif
