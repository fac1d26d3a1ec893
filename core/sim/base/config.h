/* SPDX-License-Identifier: BSD-3-Clause */
/** All that a simulation is told before it begins. */
#ifndef CORE_SIM_BASE_CONFIG_H
#define CORE_SIM_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/drive/progress.h"
#include "core/drive/time_parts.h"
#include "core/inject/fault.h"
#include "core/inject/inject.h"
#include "core/inject/link.h"
#include "core/policy/policy.h"
#include "core/sim/base/memory.h"

#define SIM_WORKERS_MAX 131072u
#define SIM_FAR_WORKERS_MAX 256u /* who waited for whom is kept without edges too */
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

/** The host took a core from its workers: nothing happens on it until the end. Without shared cores, core = worker. */
struct sim_stolen {
    uint32_t core;
    uint64_t begin_ns, end_ns;
};

struct sim;
struct values;
struct values_evaluation;

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
    struct values *values;                      /* NULL: timing only */
    const struct values_evaluation *evaluation; /* with values; NULL: cuts are not judged */

    const struct sim_watch *watch;
    const struct sim_faults *faults;
    const struct fault
        *fault; /* [fault_count] borrowed; as fault_check wants it, and policy_refuses allows */
    uint32_t fault_count;
    const struct sim_stolen *stolen; /* [stolen_count] borrowed; ascending by begin_ns */
    uint32_t stolen_count;
    const struct sim_memory *memory;
};

#endif
