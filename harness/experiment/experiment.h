/**
 * One experiment as the profile describes it: a matrix of policies x seeds.
 *
 * Filled by profile_load from YAML, `--set` and the key table; everything is checked, nothing is derived yet (plan.h
 * does that). Plain data: the struct owns all of it, except traces and origins, which profile_free releases. Key rows
 * that do not apply (degree on a ring, separation of a file) leave their field 0.
 */
#ifndef HARNESS_EXPERIMENT_EXPERIMENT_H
#define HARNESS_EXPERIMENT_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/inject/law.h"
#include "core/learn/model.h"
#include "core/learn/shard.h"
#include "core/policy/policy.h"
#include "core/worker/loader.h"

#define EXPERIMENT_NAME_MAX 64u
#define EXPERIMENT_PATH_MAX 1024u
#define EXPERIMENT_SEEDS_MAX 64u
#define EXPERIMENT_POLICIES_MAX 16u
#define EXPERIMENT_INJECT_MAX 16u
#define EXPERIMENT_CHECKS_MAX 16u
#define EXPERIMENT_WORKERS_MAX 1024u
#define EXPERIMENT_POINTS_MAX 64u

enum experiment_metric {
    METRIC_TRAIN_LOSS_MEAN_MODEL,
    METRIC_HELDOUT_LOSS_MEAN_MODEL,
    METRIC_HELDOUT_ACCURACY_MEAN_MODEL,
    METRIC_TRAIN_LOSS_LOCAL_MEAN,
};

enum experiment_jitter { JITTER_NONE, JITTER_LOGNORMAL };

/** How `select` was written; inject.select is what it comes to. */
enum experiment_select {
    EXPERIMENT_SELECT_ALL,
    EXPERIMENT_SELECT_PERCENT,
    EXPERIMENT_SELECT_WORKERS
};
enum experiment_each { EACH_ITERATION, EACH_RUN };

struct experiment_policy {
    const struct policy *row;
    char label[EXPERIMENT_NAME_MAX]; /* name in tables; default the row's name; unique */
    enum aau_release release;
    enum adpsgd_pairing pairing;
    bool comm_thread;
    double lr;
    bool lr_own; /* the policy entry sets its own rate */
};

struct experiment_inject {
    struct inject
        inject; /* its `workers` points into this struct: valid while the experiment is not moved */
    enum experiment_select select;
    enum experiment_each each;
    uint32_t workers[EXPERIMENT_WORKERS_MAX]; /* SELECT_WORKERS */
    char trace_path[EXPERIMENT_PATH_MAX];
};

struct experiment {
    char name[EXPERIMENT_NAME_MAX];
    char claim[1024]; /* the first comment block of the profile, for reports; may be empty */
    uint64_t seed[EXPERIMENT_SEEDS_MAX];
    uint32_t seed_count;

    struct {
        uint32_t count;
        char graph[EXPERIMENT_NAME_MAX];
        double degree;
        uint32_t cores; /* loops at most; 0 = all allowed */
    } workers;

    struct {
        char format[EXPERIMENT_NAME_MAX]; /* synthetic | idx | npy | none */
        char path[EXPERIMENT_PATH_MAX];
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
        uint32_t hidden_count;
        uint32_t hidden[MODEL_HIDDEN_MAX];
    } model;

    struct {
        uint32_t batch;
        double lr;
        double decay_every; /* share of the budget; 0 = no decay */
        double decay_factor;
    } train;

    struct {
        uint64_t base_ns; /* 0: only the real gradient */
        enum experiment_jitter jitter;
        double jitter_cv; /* 0 when jitter is none */
    } compute;

    char edges[EXPERIMENT_NAME_MAX]; /* handle | null */

    struct experiment_policy policy[EXPERIMENT_POLICIES_MAX];
    uint32_t policy_count;
    struct experiment_inject inject[EXPERIMENT_INJECT_MAX];
    uint32_t inject_count;

    struct {
        uint64_t time_ns;
        uint64_t iterations; /* per worker; 0 = no limit. One of both must be set. */
    } stop;

    struct {
        bool set;
        enum experiment_metric metric;
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
    } judge;

    char check[EXPERIMENT_CHECKS_MAX][256];
    uint32_t check_count;

    struct profile_origins
        *origins; /* where each value came from, for profile_write_resolved; owned */
};

#endif
