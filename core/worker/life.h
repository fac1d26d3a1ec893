/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A live worker's presence: what the faults of its schedule (core/inject/fault.h) do to it, and how its peers learn of it.
 *
 * Everything a loop changes is its own workers'. What others must know goes through struct cohort_worker: `news` counts how
 * often a worker went (odd: it is gone) or came (even), after each change the cohort's epoch grows, and every loop looks
 * at the epoch once per turn. So peers hear of each change once and in order, however late. Without faults nothing of
 * this is touched but the epoch.
 *
 * Whoever is gone keeps a loop that takes in what reaches it, gives every loan back and counts it as dropped, so that
 * nobody meets a full channel. Messages carry the incarnations of both their ends: what was meant for, or sent by, an
 * earlier life than the present one is dropped by its receiver.
 *
 * Coming back takes a neighbour's parameters: the returning worker writes a wish into its cohort_worker (WANTED), that
 * neighbour's loop copies its current model into the slot named there (TAKEN, then GIVEN), between two turns.
 *
 * Internal to core/worker, but for life_open.
 */
#ifndef CORE_WORKER_LIFE_H
#define CORE_WORKER_LIFE_H

#include "core/drive/incarnation.h"
#include "core/worker/worker.h"

/** Memory that a worker with faults needs for its peers; 64-byte aligned when handed in. */
size_t life_bytes(uint32_t peer_count, uint32_t slots);

/**
 * At set-up, before any thread: `memory` is life_bytes() zeroed bytes; with it and `config`, `agent` and `agent_bytes` the
 * policy can begin anew. Workers that join later are absent from here on.
 */
void life_open(struct worker *self, void *memory, const struct policy_config *config, void *agent,
               size_t agent_bytes);

/** The worker's first moment: EV_PEER_DOWN for who is absent, EV_START. */
void life_start(struct worker *self, uint64_t now_cyc);

/** What is due at `now`. True: the worker is not to be served in this turn. */
bool life_turn(struct worker *self, uint64_t now_cyc);

/** Tell the policy what has happened to its peers, as far as its actions can be carried out. */
void life_listen(struct worker *self);

/** All that had been sent when the policy's peers were last looked at has been handled: now departures may be told. */
void life_emptied(struct worker *self);

/** Copy the current model to whoever wishes for it. */
void life_give(struct worker *self);

/** HALT: faults are over. Who is stuck goes on, who is gone stays so, and everybody is told at once. */
void life_halt(struct worker *self, uint64_t now_cyc);

/** What becomes of an arrival: that of a round which a leaving worker will not see is dropped, too. */
enum incarnation_verdict life_judge(const struct worker *self, const struct port_arrival *arrival);

/** Book an arrival as dropped, and give it back. */
void life_drop(struct worker *self, const struct port_arrival *arrival);

/** The policy has got this tensor … */
void life_borrow(struct worker *self, uint32_t edge, slots_handle handle);
/** … and gives it back. */
void life_repay(struct worker *self, uint32_t edge, slots_handle handle);

/** Gone, or not there yet. */
static inline bool life_is_absent(const struct worker *self)
{
    return self->life.state == LIFE_GONE || self->life.state == LIFE_WISHING;
}

static inline bool life_has_faults(const struct worker *self)
{
    return self->life.heard != NULL;
}

#endif
