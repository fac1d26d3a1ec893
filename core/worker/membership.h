/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A live worker's presence: what the faults of its schedule (core/inject/fault.h) do to it, and how its peers learn of it.
 *
 * Everything a loop changes is its own workers'. What others must know goes through struct cohort_worker: `epoch` counts how
 * often a worker went (odd: it is gone) or came (even), after each change cohort.changes grows, and every loop looks at that
 * once per turn. So peers are told of each change once and in order, however late. Without faults nothing else of this is
 * touched.
 *
 * Whoever is gone keeps a loop that takes in what reaches it, gives every loan back and counts it as dropped, so that
 * nobody meets a full channel. Messages carry the incarnations of both their ends: what was meant for, or sent by, an
 * earlier incarnation is dropped by its receiver.
 *
 * Coming back takes a neighbour's parameters: the returning worker asks for it in its cohort_worker (WANTED), that
 * neighbour's loop copies its current model into the slot named there (TAKEN, then GIVEN), between two turns.
 *
 * Internal to core/worker, but for membership_open.
 */
#ifndef CORE_WORKER_MEMBERSHIP_H
#define CORE_WORKER_MEMBERSHIP_H

#include "core/drive/incarnation.h"
#include "core/worker/worker.h"

/** Memory that a worker with faults needs for its peers; 64-byte aligned when handed in. */
size_t membership_bytes(uint32_t peer_count, uint32_t slots);

/**
 * At set-up, before any thread: `memory` is membership_bytes() zeroed bytes; with it and `config`, `agent` and `agent_bytes` the
 * policy can begin anew. Workers that join later are absent from here on.
 */
void membership_open(struct worker *self, void *memory, const struct policy_config *config,
                     void *agent, size_t agent_bytes);

/** The worker's first moment: EV_PEER_DOWN for who is absent, EV_START. */
void membership_start(struct worker *self, uint64_t now_cyc);

/** What is due at `now`. True: the worker is not to be served in this turn. */
bool membership_turn(struct worker *self, uint64_t now_cyc);

/** Tell the policy what has happened to its peers, as far as its actions can be carried out. */
void membership_notify(struct worker *self);

/** All that had been sent when the policy's peers were last looked at has been handled: now departures may be told. */
void membership_drained(struct worker *self);

/** Copy the current model to whoever asks for it. */
void membership_give_model(struct worker *self);

/** HALT: faults are over. Who is stuck goes on, who is gone stays so, and everybody is told at once. */
void membership_halt(struct worker *self, uint64_t now_cyc);

/** What becomes of an arrival: that of a round which a leaving worker will not see is dropped, too. */
enum incarnation_verdict membership_judge(const struct worker *self,
                                          const struct port_arrival *arrival);

/** Book an arrival as dropped, and give it back. */
void membership_drop(struct worker *self, const struct port_arrival *arrival);

/** The policy has got this tensor … */
void membership_borrow(struct worker *self, uint32_t edge, slots_handle handle);
/** … and gives it back. */
void membership_repay(struct worker *self, uint32_t edge, slots_handle handle);

/** Gone, or not there yet. */
static inline bool membership_is_absent(const struct worker *self)
{
    return self->membership.state == MEMBER_GONE || self->membership.state == MEMBER_STATE_TRANSFER;
}

static inline bool membership_has_faults(const struct worker *self)
{
    return self->membership.known != NULL;
}

#endif
