/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The virtual driver: the same policies, slots, laws and arithmetic as the live one, in virtual nanoseconds.
 *
 * A discrete-event loop over (time, order of insertion). Compute phases come from the base time, its jitter and the
 * delay laws; messages from the links; cores, where workers share them, are exclusive. Pure: no thread, clock, file or
 * allocator of its own, so the same configuration gives the same events on any machine. With `values` NULL nothing is
 * computed but time.
 *
 * Delivery classes as live: `exact` and control messages arrive in order per directed edge and are never lost (a fault
 * costs retransmissions); of `newest` and `sum` messages a newer one supersedes an unread older one, and loss is real.
 */
#ifndef CORE_SIM_SIM_H
#define CORE_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/hist.h"
#include "core/base/slots.h"
#include "core/drive/series.h"
#include "core/policy/agent.h"
#include "core/sim/base/config.h"
#include "core/sim/base/results.h"
#include "core/sim/values/values.h"

/** 0, or -ENOMEM with err. */
int sim_open(struct sim **out, const struct sim_config *config, struct err *err);
void sim_close(struct sim *self);

/** Execute up to `events` policy steps. True: there is more to do. */
bool sim_run(struct sim *self, uint64_t events);

/** End early, in good order: as if stop_ns were now. */
void sim_stop(struct sim *self);

uint64_t sim_now_ns(const struct sim *self);
const struct sim_totals *sim_totals(const struct sim *self);
const struct sim_worker_record *sim_worker(const struct sim *self, uint32_t worker);
const struct agent *sim_agent(const struct sim *self, uint32_t worker);

#define SIM_EVERYBODY UINT32_MAX

/**
 * Who waited for whom until the stop: called once per pair that did. Of waits that came by no edge (modelled reductions,
 * wakes) among more than SIM_FAR_WORKERS_MAX workers only the sender is known: receiver SIM_EVERYBODY.
 */
void sim_waits(const struct sim *self, void *context,
               void (*each)(void *context, uint32_t receiver, uint32_t sender, uint64_t ns));

/**
 * What is judged, into model[workers]: each worker's current model. Where the policy keeps all models equal by an exact
 * mean, the newest mean that any worker has: what workers hold between two of them is half of a step.
 */
void sim_judged(const struct sim *self, struct values_model *model);
/** Slot of the worker's current model; SLOTS_NONE: it is absent. */
uint32_t sim_current(const struct sim *self, uint32_t worker);
/** What has become of fault number `fault` so far. */
struct sim_fault sim_fault(const struct sim *self, uint32_t fault);
const struct hist *sim_hist(const struct sim *self, enum series which);
struct sim_cut sim_cut(const struct sim *self, uint32_t cut);
/** Why workers did not come to an end though nothing broke (a link that stays cut), or "". */
const char *sim_stall(const struct sim *self);
/** What broke (a bound passed, an invariant of the loop), or "" */
const char *sim_failure(const struct sim *self);

#endif
