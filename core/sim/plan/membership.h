/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Workers that go, and come back or come later. Internal to core/sim.
 *
 * An absent worker has no model, hears nothing, and what reaches it is lost. Who comes (back) begins empty: a new
 * incarnation with a fresh policy state and a copy of a neighbour's current model. A message on
 * its way belongs to the lives of the two ends of its edge when it was sent; once either is over it is dropped (sim_life). What peers still read of
 * an earlier life stays in its slots until they give it back.
 */
#ifndef CORE_SIM_PLAN_MEMBERSHIP_H
#define CORE_SIM_PLAN_MEMBERSHIP_H

#include "core/sim/plan/plan_state.h"

/** Not there from the start. */
void sim_membership_await(struct sim_plan *self, uint32_t worker);

/** Gone without a word. */
void sim_membership_crash(struct sim_plan *self, uint32_t worker);

/** The peers of a crashed worker hear of it, if they have not. */
void sim_membership_notice(struct sim_plan *self, uint32_t worker);

/** Ask the worker to go in good order; it is gone once its policy is done. */
void sim_membership_leave(struct sim_plan *self, uint32_t worker);

/** MESSAGE_LEAVE. False: the run ends before it has gone. True: its policy is to stop after the round it is in. */
bool sim_membership_stops(struct sim_plan *self, uint32_t worker);

/** It is done: gone as soon as its thread is. */
void sim_membership_end(struct sim_plan *self, uint32_t worker);

/** Come (back). False: not yet, try again at *again_ns. */
bool sim_membership_return(struct sim_plan *self, uint32_t worker, uint64_t *again_ns);

/** MESSAGE_GONE: it is, and its last word follows all that it sent. */
void sim_membership_depart(struct sim_plan *self, uint32_t worker);

/** MESSAGE_DOWN, MESSAGE_UP: the receiver's edge to this peer carries nothing more, or does again. */
void sim_membership_lost(struct sim_plan *self, const struct sim_message *notice);
void sim_membership_found(struct sim_plan *self, const struct sim_message *notice);

#endif
