/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Prague's group generator: who averages with whom next. It lives in worker 0's policy and sees only requests.
 *
 * Each worker has a buffer of one group. A worker that asks with an empty buffer starts a *global division*: all workers
 * with empty buffers are split at random into groups, and each finds its group when it asks (or is told before). The lock
 * vector: a worker's buffer is empty again only when every member has left the group, so live groups are disjoint.
 * The slowdown filter: nobody is drafted who has asked `lag` times less than the asker, or fewer still.
 *
 * Source: Luo et al., ASPLOS 2020, arXiv 1909.08029 (group buffer, global division, filter).
 */
#ifndef CORE_POLICY_GROUPS_H
#define CORE_POLICY_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/policy/control.h"

struct group {
    uint32_t id; /* from 1 */
    uint32_t count, left;
    uint32_t member[PRAGUE_MEMBERS_MAX]; /* ids, ascending */
};

struct groups;

size_t groups_bytes(uint32_t workers);

/** `memory`: groups_bytes() zeroed bytes, 16-byte aligned, borrowed. size: members, 2 to PRAGUE_MEMBERS_MAX. lag 0: no filter. */
struct groups *groups_init(void *memory, uint32_t workers, uint32_t size, uint32_t lag,
                           uint64_t seed);

/* What a worker says. Groups that this forms can be read with groups_next until the next of these calls. */

/** It has a gradient applied. */
void groups_ask(struct groups *self, uint32_t worker);
/** It has the mean of its group. */
void groups_left(struct groups *self, uint32_t worker, uint32_t id);
/** It is stopped: draft it no more. If it is in no group it gets one of itself alone, so each asker is answered. */
void groups_quit(struct groups *self, uint32_t worker);
/** From now on every asker is alone. */
void groups_close(struct groups *self);

/** The groups formed by the last call, one by one; then NULL. */
const struct group *groups_next(struct groups *self);

#endif
