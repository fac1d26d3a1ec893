/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The chunked all-reduce behind ACT_REDUCE: a transpose over direct edges, 2 (n-1)/n of a model per worker and round.
 *
 * Every member owns one of n slices, numbered by the rank of its id in the group. First half: everybody sends its
 * model to everybody, the receiver reads its own slice of it and averages. Second half: everybody sends that slice
 * back, the receivers copy it in. All members end with the same bytes, since each slice is averaged in one place.
 *
 * Messages are told apart by (type, tag), so those of the next round, or of a group that this worker has yet to be
 * told of, may arrive early: they are kept, at most COLLECTIVE_HELD per peer.
 *
 * Source: transpose all-reduce, as in OptiReduce (NSDI 2025, arXiv 2310.06993); a reduce-scatter and an all-gather.
 */
#ifndef CORE_POLICY_COLLECTIVE_H
#define CORE_POLICY_COLLECTIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/policy/policy.h"

#define COLLECTIVE_HELD 4u

struct collective;

size_t collective_bytes(const struct policy_config *config);

/** `memory`: collective_bytes() zeroed bytes, 16-byte aligned, borrowed. `config`: borrowed. */
struct collective *collective_init(void *memory, const struct policy_config *config);

/** Begin the reduction that `reduce` (ACT_REDUCE) asks for. True: it is already over. One at a time. */
bool collective_begin(struct collective *self, const struct action *reduce, struct actions *out);

/** Take a TENSOR_PART or TENSOR_SLICE. True: it completed the reduction. */
bool collective_tensor(struct collective *self, const struct event *event, struct actions *out);

/** Tag of the reduction that ended last. */
uint64_t collective_tag(const struct collective *self);

#endif
