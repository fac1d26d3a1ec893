/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One experiment as the profile describes it: a matrix of policies x seeds. A profile that sweeps a key is one such
 * experiment per value (profile_load_value), and one for itself.
 *
 * Filled by profile_load from YAML, `--set` and the key table; everything is checked, nothing is derived yet (plan.h
 * does that). Plain data: the struct owns all of it, except traces and origins, which profile_free releases. Key rows
 * that do not apply (degree on a ring, separation of a file) leave their field 0.
 */
#ifndef HARNESS_EXPERIMENT_EXPERIMENT_H
#define HARNESS_EXPERIMENT_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/inject/fault.h"
#include "core/inject/inject.h"
#include "core/learn/model.h"
#include "core/learn/shard.h"
#include "core/policy/policy.h"
#include "core/sim/sim.h"
#include "core/worker/loader.h"
#include "harness/metric/limits.h"
#include "harness/metric/target.h"

enum experiment_clock { CLOCK_LIVE, CLOCK_VIRTUAL };

enum experiment_jitter { JITTER_NONE, JITTER_LOGNORMAL, JITTER_LAW };

/** How `select` was written; inject.select is what it comes to. */
enum experiment_select {
    EXPERIMENT_SELECT_ALL,
    EXPERIMENT_SELECT_PERCENT,
    EXPERIMENT_SELECT_COUNT,
    EXPERIMENT_SELECT_WORKERS,
    EXPERIMENT_SELECT_GROUPS,
    EXPERIMENT_SELECT_CPUKIND, /* inject.workers are known once there is a placement: cell_inject */
};
enum experiment_each { EACH_ITERATION, EACH_RUN };
enum experiment_of { OF_WORKERS, OF_GROUPS };
enum experiment_draw { DRAW_WORKER, DRAW_GROUP };
enum experiment_cpukind { CPUKIND_EFFICIENT, CPUKIND_PERFORMANCE };

struct experiment_policy {
    const struct policy *row;
    char label[EXPERIMENT_NAME_MAX]; /* name in tables; default the row's name; unique */
    struct policy_options options;
    double lr;
    bool lr_own; /* the policy entry sets its own rate */
    struct {
        bool set;  /* train.tuned sets the rate */
        bool edge; /* it is the first or the last that was tried */
        double best, half,
            twice; /* metric at the rate, its half, its double; NaN: not tried; infinite: diverged */
    } tuned;
};

/** A law that varies something of itself, so that nobody stands out by it. */
struct experiment_law {
    const struct law *law; /* NULL: none */
    struct law_config config;
    bool rescale; /* config.absolute is the other way round */
    char trace_path[EXPERIMENT_PATH_MAX];
    char sample_path[EXPERIMENT_PATH_MAX];
    char sample_policy[EXPERIMENT_NAME_MAX];
};

struct experiment_inject {
    struct inject
        inject; /* its `workers` points into this struct: valid while the experiment is not moved */
    enum experiment_select select;
    enum experiment_each each;
    enum experiment_of of;
    enum experiment_draw draw;
    enum experiment_cpukind cpukind;
    bool rescale;                             /* inject.config.absolute is the other way round */
    bool reliable;                            /* inject.link.unreliable is the other way round */
    uint32_t workers[EXPERIMENT_WORKERS_MAX]; /* SELECT_WORKERS: of workers, or of groups */
    uint64_t schedule_ns[INJECT_STEPS_MAX];   /* inject.when.step, as two lists */
    double schedule_scale[INJECT_STEPS_MAX];
    uint32_t schedule_times, schedule_scales;
    char trace_path[EXPERIMENT_PATH_MAX];
    char sample_path[EXPERIMENT_PATH_MAX]; /* law empirical: a file, or a result directory … */
    char
        sample_policy[EXPERIMENT_NAME_MAX]; /* … of whose runs only those of this label; "" = all */
};

/** The same fault of each of some workers. */
struct experiment_fault {
    struct fault fault; /* all but its worker */
    uint32_t workers[EXPERIMENT_WORKERS_MAX];
    uint32_t worker_count;
};

struct experiment {
    char name[EXPERIMENT_NAME_MAX];
    char claim[1024]; /* the first comment block of the profile, for reports; may be empty */
    enum experiment_clock clock;
    uint64_t seed[EXPERIMENT_SEEDS_MAX];
    uint32_t seed_count;

    struct {
        uint32_t count;
        uint32_t
            groups; /* racks: worker w is in group w * groups / count; 0 = each is one of its own */
        char graph[EXPERIMENT_NAME_MAX];
        double degree;
        uint32_t
            cores; /* live: loops at most, 0 = all allowed; virtual: shared by the workers, 0 = one each */
    } workers;

    uint32_t processes;
    struct {
        char kind[EXPERIMENT_NAME_MAX]; /* auto, or a row of net/link.h */
        char interface[EXPERIMENT_NAME_MAX], address[EXPERIMENT_NAME_MAX]; /* "" = by themselves */
    } link;

    struct {
        char format[EXPERIMENT_NAME_MAX]; /* synthetic | idx | npy | none */
        char path[EXPERIMENT_PATH_MAX];
        bool quiet; /* no key: of --quiet, set before the plan */
        char labels[EXPERIMENT_PATH_MAX];
        char cache[EXPERIMENT_PATH_MAX]; /* "" = $XDG_CACHE_HOME/dawdle or ~/.cache/dawdle */
        uint32_t samples, classes, features;
        double separation;
        double split[3];
        enum shard_kind shards;
        uint32_t per_worker;
        enum loader_tier io;
        uint32_t prefetch;
    } data;

    struct {
        const struct model_ops *ops;
        uint32_t parameters;                 /* none, virtual: what a message is as large as */
        char path[EXPERIMENT_PATH_MAX];      /* plugin */
        char arguments[EXPERIMENT_PATH_MAX]; /* plugin */
        uint32_t hidden_count;
        uint32_t hidden[MODEL_HIDDEN_MAX];
    } model;

    struct {
        uint32_t batch;
        double lr;
        double decay_every; /* share of the budget; 0 = no decay */
        double decay_factor;
        char tuned[EXPERIMENT_PATH_MAX]; /* file of `dawdle tune`; "" = none */
        enum target_metric tuned_metric; /* by which it chose */
    } train;

    struct {
        uint64_t base_ns; /* 0: only the real gradient */
        enum experiment_jitter jitter;
        double jitter_cv; /* 0 unless jitter is lognormal */
        struct experiment_law jitter_law;
        uint64_t core_ns;  /* virtual: of base_ns, what keeps a shared core to itself … */
        uint64_t slice_ns; /* … and in slices of what length it does; 0: at one go */
    } compute;

    char edges[EXPERIMENT_NAME_MAX]; /* live: handle | null */
    bool models;                     /* keep what the runs end with, as arrays of numpy */
    bool trace;                      /* keep a trace of the runs for viewers */
    bool record;                     /* live: keep the journals of all agents for `dawdle replay` */

    struct sim_links links; /* virtual */
    enum experiment_jitter links_jitter;
    struct sim_costs costs; /* virtual */

    struct experiment_policy policy[EXPERIMENT_POLICIES_MAX];
    uint32_t policy_count;
    struct experiment_inject inject[EXPERIMENT_INJECT_MAX];
    uint32_t inject_count;
    struct experiment_fault
        fault[EXPERIMENT_FAULTS_MAX]; /* as written; cell_faults has the schedule */
    uint32_t fault_count;

    struct {
        uint64_t time_ns;
        uint64_t iterations; /* per worker; 0 = no limit. One of both must be set. */
    } stop;

    struct {
        bool set;
        enum target_metric metric;
        double value;
        char relative_to[EXPERIMENT_NAME_MAX]; /* policy label; "" = value is absolute */
        double factor;
        uint32_t hold;
    } target;

    struct {
        uint32_t points;          /* snapshots per run, 2..64 */
        uint32_t train_samples;   /* for the mean model */
        uint32_t heldout_samples; /* validation samples used */
        uint32_t local_samples;   /* training samples per local model */
        double stolen; /* share of its cores from which nothing about time is concluded */
    } judge;

    char check[EXPERIMENT_CHECKS_MAX][256];
    uint32_t check_count;
    char claims[EXPERIMENT_CLAIMS_MAX][256];
    uint32_t claims_count;

    struct {
        char key[EXPERIMENT_SWEEP_TEXT_MAX]; /* as in --set; "" = nothing is swept */
        char value[EXPERIMENT_SWEEP_MAX][EXPERIMENT_SWEEP_TEXT_MAX];
        uint32_t count;
        uint32_t metric[EXPERIMENT_SWEEP_METRICS_MAX]; /* enum metric */
        uint32_t metric_count;                         /* 0: the table chooses */
        uint32_t at; /* the value this experiment has; `count` for the profile as written */
        char written[EXPERIMENT_SWEEP_TEXT_MAX]; /* what the key has as written; "" = its default */
    } sweep;

    struct profile_origins
        *origins; /* where each value came from, for profile_write_resolved; owned */
};

/**
 * `inject.0.law.factor = 10`, what rates were tuned at where `value` of the swept key is another one, or "": it is the same, or
 * rates do not depend on the key, or none were tuned. Returns `out`.
 */
const char *experiment_tuned_at(const struct experiment *self, const char *value, char *out,
                                uint32_t bytes);

/** The value of the swept key that this experiment has, or NULL. */
const char *experiment_sweep_value(const struct experiment *self);

/**
 * By what rates are tuned: the target's metric, on held-out data where that is a training loss; without a target the
 * held-out loss of the mean model.
 */
enum target_metric experiment_tuning_metric(const struct experiment *self);

/** Where the policy's rate comes from: "shared" (train.lr), "own" or "tuned". */
const char *experiment_rate(const struct experiment_policy *policy);

/** The schedule of faults, ascending by time. How many there are; a loaded profile has no more than fit. */
uint32_t experiment_faults(const struct experiment *self, struct fault out[FAULT_SCHEDULE_MAX]);

/** The options of policy `index` as its instances get them: what is `auto` is decided. Only with a row. */
struct policy_options experiment_options(const struct experiment *self, uint32_t index);

#endif
