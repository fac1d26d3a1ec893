/**
 * What one run measured, and what the whole matrix adds up to: the data behind result.json, the table and the report.
 *
 * Filled by run.c (live) and judge.c; read by results_*.c and table.c. Of its histograms a run keeps only the figures, so
 * that a matrix of any length holds flat memory; the histograms of its workers go to latency.hlog before the next run.
 */
#ifndef HARNESS_RESULTS_RECORD_H
#define HARNESS_RESULTS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/hist.h"
#include "core/base/parts.h"
#include "harness/experiment/experiment.h"

/** What a histogram comes down to. All 0 when n is 0. */
struct record_figures {
    uint64_t n, p50, p99, p999, max, clipped;
};

struct record_figures record_figures(const struct hist *hist);

/** One judged snapshot. Losses are mean cross-entropies in nats. */
struct record_point {
    double time_s;      /* since the start of training */
    uint64_t gradients; /* computed by all workers until then */
    uint64_t bytes;     /* exchanged by all workers until then */
    double train_loss_mean_model;
    double heldout_loss_mean_model;
    double heldout_accuracy_mean_model;
    double train_loss_local_mean;
    double train_loss_local_worst;
    double consensus_distance; /* (1/N) sum ||x_i - mean||^2 */
};

struct record_worker {
    uint64_t iterations;
    uint64_t part_ns[PART_COUNT];
    uint64_t total_ns; /* of whole iterations: the parts must add up to it */
    uint32_t core;     /* OS index of its PU */
    struct record_figures iteration;
    /* Borrowed, valid until the next run begins; NULL after run_record_settle. */
    const struct hist *iteration_hist, *ready_to_mixed_hist, *handle_hist, *staleness_hist;
    const struct hist *requested_hist, *achieved_hist;
};

struct record_run {
    char policy[EXPERIMENT_NAME_MAX]; /* label */
    const struct policy *row;
    uint64_t seed;
    const char *clock; /* "live" */
    bool judged;       /* false: nothing to learn (model none), losses mean nothing */
    uint32_t workers;
    double duration_s; /* of training, stop included, drain not */
    double drain_s;
    double lr;

    uint64_t gradients, iterations;
    double gradients_per_s, iterations_per_s; /* all workers; iterations_per_s per worker */

    struct record_point point[EXPERIMENT_POINTS_MAX];
    uint32_t point_count; /* the last point is the end of the budget */

    bool has_target, target_reached, target_held_at_end;
    double target_value;
    double time_to_target_s;    /* valid if target_reached */
    double target_resolution_s; /* distance of snapshots */

    uint64_t bytes_exchanged, tensors_sent, tensors_delivered, tensors_superseded,
        tensors_in_flight;
    uint64_t control_sent, control_delivered, exact_superseded;
    double wait_share; /* wait / total of whole iterations */
    uint64_t part_ns[PART_COUNT];
    uint64_t total_ns;
    struct record_figures iteration, ready_to_mixed, handle, staleness; /* all workers */
    struct record_figures loop;                                         /* loop period, all cores */
    struct record_figures injected_error; /* |achieved - requested|, ns */
    double ledger_error;                  /* relative */
    bool ledger_ok, drained;
    uint64_t iterations_logged; /* rows of iterations.csv; fewer than iterations: the log was full */
    uint64_t compute_overruns;
    uint64_t accounted_twice; /* iterations whose parts add up to more than the whole: must be 0 */
    uint64_t slots_total, slots_free_min, slot_waits;
    uint64_t full_waits;                     /* sends that met a full channel */
    uint64_t left_in_channels; /* messages of any kind; 0 after a whole drain */
    uint64_t refused;                        /* adpsgd: refused requests */
    uint64_t mixes, unmixed;                 /* unmixed: releases without any neighbour */
    double core_busy_share;                  /* of the busiest core, all its workers together */
    bool contended;                          /* cooperative and busy share over 20 % */
    uint64_t batches, bytes_read;
    const char *loader_tier;
    char loader_reason[512];
    uint64_t involuntary_switches, page_faults; /* between seal and stop, all loops */
    uint32_t incomplete;                        /* 0 = ok; else workers that did not drain */

    struct record_worker *worker; /* [workers] */
};

/** iterations.csv rows, kept in a bounded buffer per run. */
struct record_iteration {
    uint32_t worker;
    uint32_t iteration;
    uint64_t start_ns, total_ns;
    uint32_t part_us10[PART_COUNT]; /* tenths of a microsecond, saturating */
    uint32_t mixed_with;
    float batch_loss;
};

#endif
