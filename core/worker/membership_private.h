/* SPDX-License-Identifier: BSD-3-Clause */
/** What membership.c and membership_peers.c have in common. */
#ifndef CORE_WORKER_MEMBERSHIP_PRIVATE_H
#define CORE_WORKER_MEMBERSHIP_PRIVATE_H

#include "core/worker/membership.h"

struct cohort_worker *membership_public(const struct worker *self, uint32_t id);

/** Drop everything in progress; the worker counts as done. */
void membership_stand_down(struct worker *self, uint64_t now_cyc);

/** A pause is over. */
void membership_resume(struct worker *self, uint64_t now_cyc);

/** Give back what the policy had, and let the peers know. */
void membership_tell_gone(struct worker *self);

/** Has left in good order: let the peers know, once all that it sent has left its links. */
void membership_part(struct worker *self);

/** One turn of a worker that is not there: discard, and come back when it is time. */
void membership_turn_gone(struct worker *self, uint64_t now_cyc);

#endif
