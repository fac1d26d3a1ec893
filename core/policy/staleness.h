/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How old a gradient is when it is applied, and a received model when it is averaged: what both drivers count.
 *
 * Gradient staleness   how many times the model that a gradient steps has changed since the model that it was taken at.
 *                      Of a worker's own model: by averaging, and only where that goes on beside computing (AD-PSGD's
 *                      tau), or comes before the step (combine, then adapt: 1). Of a parameter server: by the other
 *                      workers' gradients between a worker's pull and the apply of its answer.
 * Age of a model       in time: since its sender published it (began to send it, the last time it did); in versions: how
 *                      many newer ones its sender has. A version is any change of a model: a step, an average. Of each
 *                      average one received model counts, each neighbour in turn.
 *
 * Neither is a difference of iteration counters, which grows with the length of a run where workers differ in speed.
 *
 * Sources: X. Lian et al., ICML 2018 (AD-PSGD); A. Koloskova et al., NeurIPS 2022 (delays of a server's updates).
 */
#ifndef CORE_POLICY_STALENESS_H
#define CORE_POLICY_STALENESS_H

#include "core/base/slots.h"
#include "core/policy/policy.h"

/** Does this worker's ACT_APPLY step a model that counts? Where one serves the others, they only wrap their gradients up. */
static inline bool staleness_counts_apply(const struct policy *row)
{
    return !row->central;
}

/** Are the terms of this worker's mixes gradients, made from its own model? */
static inline bool staleness_takes_gradients(const struct policy *row, uint32_t worker)
{
    return row->central && worker == 0;
}

/** Of such a term, when the model has `version`. Without a base it was made from the current model (rounds). */
static inline uint32_t staleness_of_term(const struct mix_term *term, uint32_t version)
{
    return term->base ? version - slots_version_of(term->base) : 0;
}

/** Are the terms of this mix whole models of peers, which have an age? Slices of a reduction in progress are not. */
static inline bool staleness_has_age(const struct policy *row, uint32_t worker,
                                     const struct action *mix)
{
    return mix->count > 0 && mix->rule != MIX_SLICE_MEAN && mix->rule != MIX_SLICE_COPY &&
           !staleness_takes_gradients(row, worker);
}

/**
 * The term whose age counts, in the worker's iteration number `iterations`: each in turn, so that an average of many costs
 * no more than one of few.
 */
static inline const struct mix_term *staleness_term(const struct action *mix, uint64_t iterations)
{
    return &mix->terms[(uint32_t)iterations % mix->count];
}

#endif
