/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What every model must be, by the actions alone: a shadow of a simulation in linear algebra.
 *
 * Worker i begins as unit vector i, and each of its gradients adds one to a second coordinate i. So a model is a row of
 * 2N doubles that says how much of whose start and of whose steps it holds. The shadow executes every action on these
 * rows and looks after every event:
 *
 *   channels    exact tensors and controls arrive once and in order, of newest ones never an older after a newer
 *   loans       only lent snapshots are read and given back, each exactly once; after the drain none is out
 *   gradients   one step per gradient, none without, none for an abandoned one
 *   matrix      rows sum to 1; doubly: both ends of an exchange mix the same two versions with the same weight;
 *               column: what is in the models and on its way adds up to N; exact mean: a reduction gives its members'
 *               mean
 *   snapshots   of a policy with exact channels: never more alive than its row says
 *   rounds      neighbours are never further apart than the policy allows
 *   epochs      aau, cb-dybw: an epoch is over only after its own edges have connected everybody
 *   values      where something is computed: the floats are what the row says
 */
#ifndef TESTS_RANDOM_SHADOW_H
#define TESTS_RANDOM_SHADOW_H

#include "core/sim/sim.h"

struct shadow;

/** How to know a vector of floats from a row: x[d] = start[d] * (sum of starts) - rate * sum over j of steps_j * gradient_j[d]. */
struct shadow_floats {
    const struct values *values;
    enum lanes lanes;
    uint32_t dim;
    const float *start;    /* [dim] */
    const float *gradient; /* [workers][dim]; NULL: unknown, only sums in order of id are checked */
    double rate;
};

struct shadow_config {
    const struct sim_config *sim; /* borrowed, as what it points to */
    struct shadow_floats floats;  /* values NULL: none */
    bool trusts_channels;         /* do not look at controls: only what they lead to is checked */
};

/** Out of memory is the end of the program: nothing is lost but a search. */
struct shadow *shadow_open(const struct shadow_config *config);
void shadow_close(struct shadow *self);

/** To be called as sim_watch.stepped with the shadow as context. */
void shadow_stepped(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                    struct actions *actions);

/** After the last event of a run that ended in good order: everything that must be over is over. */
void shadow_ended(struct shadow *self, struct sim *sim);

/** What broke first, with worker, time and event, or "". */
const char *shadow_failure(const struct shadow *self);

/** Gradients that came to this worker or that it abandoned. */
uint64_t shadow_gradients(const struct shadow *self, uint32_t worker);
/** Those that it asked for, and when it asked for the last one. */
struct shadow_begun {
    uint64_t count, last_ns;
};
struct shadow_begun shadow_begun(const struct shadow *self, uint32_t worker);

/** What came nearest to a bound. */
struct shadow_extremes {
    uint32_t gap;   /* iterations ahead of a neighbour when one began */
    uint32_t depth; /* exact tensors on their way over one edge */
    double y_least; /* of push-sum */
};
struct shadow_extremes shadow_extremes(const struct shadow *self);
/** Of push-sum: weight that was lost, or sent and never taken in. */
double shadow_weight_lost(const struct shadow *self);

/** Of the first `epochs` epochs of AAU or cb-dybw, each for itself: most waves committed, and most that established an edge. */
struct shadow_waves {
    uint32_t committed, merged;
};
struct shadow_waves shadow_waves(const struct shadow *self, uint32_t epochs);

/** The latest event, in words: "worker 3 at 1200 ns, tensor 1 from worker 2". */
void shadow_latest(const struct shadow *self, char *text, uint32_t size);

#endif
