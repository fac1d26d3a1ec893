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
#include "core/drive/blame.h"
#include "core/drive/counts.h"
#include "core/drive/progress.h"
#include "core/drive/series.h"
#include "core/drive/time_parts.h"
#include "core/inject/fault.h"
#include "core/inject/inject.h"
#include "core/policy/agent.h"
#include "core/sim/memory.h"
#include "core/sim/values.h"

#define SIM_WORKERS_MAX 131072u
#define SIM_TIMERS_MAX 4u
#define SIM_DEPTH_MAX 65535u /* of exact_depth and control_depth: messages are counted in 16 bits */
#define SIM_NEWEST_DEPTH \
    4u /* messages of class newest or sum on their way per directed edge; a further one waits and is superseded */

/** Every directed edge: a message arrives at (when the sender's port is free + bytes / rate) + latency * jitter. */
struct sim_links {
    uint64_t latency_ns;
    double jitter_cv;     /* lognormal of mean 1 */
    double bytes_per_s;   /* of the sender's port, shared by its edges; 0 = unlimited */
    bool control_is_free; /* control messages arrive at once, before anything timed */
};

/** What the worker's own thread spends, besides computing; it is busy meanwhile. */
struct sim_costs {
    uint64_t iteration_ns; /* once per iteration: loading, polling, all that is not named below */
    uint64_t apply_ns;
    uint64_t send_ns; /* per message */
    uint64_t mix_ns;  /* per vector read */
    uint64_t
        event_ns; /* per message, timer or own gradient that it deals with, before anything that follows from it */
    uint64_t
        read_ns; /* per batch, of a shared core: reading ahead for one worker is held against all */
};

/** Mishaps on the way; none of them after `until_ns`. Used by property runs. */
struct sim_faults {
    uint64_t until_ns;
    double loss, duplicate, reorder; /* probability per message */
    uint64_t
        retransmit_ns; /* what a loss costs an exact or control message; a reordered one is late by up to this */
};

/** What became of a fault. */
struct sim_fault {
    bool happened;                       /* else the run ended before */
    uint64_t at_ns, noticed_ns, back_ns; /* 0: the latter two did not happen */
};

/** The host took a core from its workers: nothing happens on it until the end. Without shared cores, core = worker. */
struct sim_stolen {
    uint32_t core;
    uint64_t begin_ns, end_ns;
};

struct sim;

/** One finished iteration, as a line of iterations.csv. */
struct sim_iteration {
    uint32_t worker, iteration, mixed_with;
    uint64_t start_ns, total_ns;
    uint64_t part_ns[PART_COUNT];
    uint64_t
        own_ns; /* load, compute and injected of the gradient that it ends with; not of those abandoned before */
};

/** Called by the loop; every member may be NULL. */
struct sim_watch {
    void *context;
    /** After every step of a policy, before its actions are executed: as this leaves them. */
    void (*stepped)(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                    struct actions *actions);
    void (*iteration)(void *context, const struct sim_iteration *iteration);
    /** At cut number `cut`, before anything else at that time. */
    void (*cut)(void *context, struct sim *sim, uint32_t cut);
};

struct sim_config {
    const struct policy *policy;
    struct policy_config *
        worker; /* [workers] borrowed; the loop fills in `shared` where the row has one, and `late` */
    uint32_t workers;
    uint64_t seed;

    uint64_t base_ns; /* > 0 */
    double jitter_cv;
    struct inject_jitter jitter; /* instead, if it has a law */
    struct inject_set inject;    /* its seed and its workers are this configuration's */
    uint32_t prefetch;           /* batches asked for ahead, where `inject` delays them */
    struct sim_links links;
    struct sim_costs costs;
    const uint32_t *core; /* [workers] core of each worker; NULL: each has its own */
    uint32_t cores;
    uint64_t
        core_ns; /* of base_ns, what occupies the core exclusively; the rest passes beside other workers */
    uint64_t
        slice_ns; /* cores go round their workers' gradients in slices so long; 0: one gradient after the other */
    const double *
        cost_ratio; /* [workers] borrowed; costs are so many times as large for this worker; NULL: equal */
    const struct law_sample *
        measured; /* [workers] borrowed; base times are drawn from these, instead of base_ns and its jitter */

    uint64_t payload_bytes;                     /* of one whole vector, unpadded, lanes included */
    uint32_t slots, exact_depth, control_depth; /* bounds: passing one is a failure */
    uint32_t
        control_bound; /* above so many unread controls their sender is told EV_FULL; 0: never */

    uint64_t stop_ns;         /* 0 = none */
    uint64_t stop_iterations; /* per worker, as in the profile; 0 = none */
    uint32_t
        cuts; /* evenly spaced over stop_ns (or, without one, over iterations), the first at 0 */

    float lr;
    struct progress_decay decay;
    struct values *values;            /* NULL: timing only */
    const struct values_judge *judge; /* with values; NULL: cuts are not judged */

    const struct sim_watch *watch;
    const struct sim_faults *faults;
    const struct fault
        *fault; /* [fault_count] borrowed; as fault_check wants it, and policy_refuses allows */
    uint32_t fault_count;
    const struct sim_stolen *stolen; /* [stolen_count] borrowed; ascending by begin_ns */
    uint32_t stolen_count;
    const struct sim_memory *memory;
};

/** What the run counted, all workers together. */
struct sim_totals {
    struct counts count;
    uint64_t part_ns[PART_COUNT], total_ns;
    uint64_t stop_ns, end_ns;
};

/** Public part of one worker. */
struct sim_worker_record {
    uint64_t gradients, iterations; /* until the stop */
    uint64_t part_ns[PART_COUNT], total_ns;
    uint64_t wait_ns[BLAME_COUNT]; /* adds up to part_ns[PART_WAIT] */
    bool done, crashed;            /* crashed: absent, for whatever reason */
    uint32_t lives;    /* how often it came, or came back, among workers that had gone on */
    uint32_t model_of; /* whose model it took then */
};

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
#define SIM_FAR_WORKERS_MAX 256u

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
/** Time, gradients and bytes of a cut that has passed; cut number `cuts` is the end. */
struct sim_cut {
    uint64_t ns, gradients, bytes;
};
struct sim_cut sim_cut(const struct sim *self, uint32_t cut);
/** Why workers did not come to an end though nothing broke (a link that stays cut), or "". */
const char *sim_stall(const struct sim *self);
/** What broke (a bound passed, an invariant of the loop), or "" */
const char *sim_failure(const struct sim *self);

#endif
