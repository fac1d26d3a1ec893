/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One random experiment, small enough to be simulated in a millisecond, as a pure function of (seed, policy).
 *
 * The policy is drawn from a stream of its own: naming the one that a seed would have drawn changes nothing else.
 */
#ifndef TESTS_RANDOM_SCENARIO_H
#define TESTS_RANDOM_SCENARIO_H

#include "core/sim/sim.h"
#include "harness/run/cell.h"

#define SCENARIO_WORKERS_MAX 24u
#define SCENARIO_INJECT_MAX 4u
#define SCENARIO_PAUSES_MAX 3u
#define SCENARIO_ABSENT_MAX 2u /* workers that are ever absent */
#define SCENARIO_FAULTS_MAX 16u
#define SCENARIO_CLASSES 2u

enum scenario_end {
    SCENARIO_PROGRESS,   /* stopped once everybody has shown progress after the last fault */
    SCENARIO_TIME,       /* stopped at some time, be it amid faults */
    SCENARIO_ITERATIONS, /* stopped after so many iterations */
};

/** What is computed besides time. */
enum scenario_values { SCENARIO_TIMING, SCENARIO_LINEAR, SCENARIO_SOFTMAX };

struct scenario {
    uint64_t seed;
    const struct policy *row;     /* as it was asked for */
    const struct policy *variant; /* as it runs */
    struct cell cell;             /* graph, edges and options of the policy */
    struct policy_config worker[SCENARIO_WORKERS_MAX];
    struct sim_config config; /* everything but values, watch, plants and memory */
    struct inject inject[SCENARIO_INJECT_MAX];
    uint32_t inject_worker[SCENARIO_INJECT_MAX][2];
    uint32_t core[SCENARIO_WORKERS_MAX];
    struct sim_faults faults;
    struct fault fault[SCENARIO_FAULTS_MAX]; /* config.fault_count of them */
    uint32_t absent[SCENARIO_ABSENT_MAX], absents;
    enum scenario_end end;
    enum scenario_values values;
    bool
        fair; /* compute times vary: where all run in lockstep the same worker may come too late each time */
    uint64_t calm_ns;     /* no fault from here on */
    uint64_t patience_ns; /* from then, within which everybody must have gone on */
};

/** What a test asks for instead of drawing it. */
struct scenario_plan {
    const struct policy *policy; /* as it runs: policy_variant is not asked */
    struct policy_options options;
    const char *graph; /* a kind of topo/graph.h, or "cliques": two with a bridge */
    uint32_t workers;
    uint64_t seed, base_ns;
};

/**
 * Without jitter, delays, faults, values or an end: the caller adds them to `out`, whose entries and workers' lists have
 * room, and then has its channels sized. 0 or -errno.
 */
int scenario_make(struct scenario *out, const struct scenario_plan *plan, struct err *err);
void scenario_size_channels(struct scenario *self);
/** In order of time, unless the schedule has no room for it or may not have it. */
void scenario_add_fault(struct scenario *self, const struct fault *fault);

/** policy NULL: drawn too. 0, or -ENOMEM, or -ENODEV: no options were found that the row takes. */
int scenario_open(struct scenario *out, uint64_t seed, const struct policy *policy,
                  struct err *err);
void scenario_close(struct scenario *self);

/** Name in the table, options that matter, size: for the line that tells of a failure. */
void scenario_describe(const struct scenario *self, char *text, uint32_t size);

#endif
