/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Judging off the clock: what the snapshots of a run are worth, computed after it (live) or between its events (virtual).
 *
 * For each snapshot: training loss and held-out loss and accuracy of the mean model, the mean and the worst training
 * loss of the local models, and the consensus distance. The mean model is sum x_i / N; with push-sum weights it is
 * sum x_i / sum y_i, and the local ones are x_i / y_i; where worker 0 serves the others, it is worker 0's model.
 * Where the policy makes all models equal by an exact mean (allreduce, local-sgd), every worker is evaluated by the newest
 * mean that any of them has at that moment: what a worker holds until the next one is half of a step, or local steps
 * that nobody else has seen. The consensus distance is then 0.
 * Training losses are taken on fixed samples drawn once per seed from all shards together; held-out figures on the
 * validation split (the test split is never touched here).
 */
#ifndef HARNESS_RUN_EVALUATE_H
#define HARNESS_RUN_EVALUATE_H

#include "core/base/mix_rules.h"
#include "harness/metric/record.h"
#include "harness/record/models_file.h"
#include "harness/run/cell.h"

/** The samples that a seed is evaluated with, as floats. */
struct evaluation_data {
    uint32_t train, heldout, local; /* counts; local <= train */
    float *train_x, *heldout_x;     /* [count][features], owned */
    uint8_t *train_label, *heldout_label;
};

/** Reads the samples with plain preads. 0, or -errno with `err`. Model none: everything empty. */
int evaluation_data_open(struct evaluation_data *out, const struct cell *cell, struct err *err);
void evaluation_data_close(struct evaluation_data *self);

/** Local models evaluated per snapshot at most, evenly spread over the workers; the distance counts all of them. */
#define JUDGE_LOCALS_MAX 1024u

/** What stands behind the vectors that are evaluated. Borrows. */
struct evaluation_view {
    const struct model_config *model;
    const struct evaluation_data *data;
    uint32_t workers;
    enum lanes lanes;
    bool central;
    struct models_file
        *keep; /* the vectors are the last ones, and are kept there; NULL: they are not */
};

/** Floats of scratch that evaluate_vectors needs, 64-byte aligned. */
size_t evaluate_scratch_floats(const struct model_config *model);

/** Fill the losses and the distance of `out` from vector[workers] (with their lanes). */
void evaluate_vectors(const struct evaluation_view *view, const float *const *vector,
                      float *scratch, struct record_point *out);

/** How many local models each snapshot evaluates. */
uint32_t evaluate_locals(uint32_t workers, bool central);

/** Of all workers at each point of a live run. Borrowed. */
struct evaluation_snapshots {
    const float *vector;      /* [point][worker][worker_snapshot_floats] */
    const uint8_t *absent;    /* [point][worker] 1: was not there; NULL: nobody was away */
    const uint64_t *average;  /* [point][worker] worker.average_number; NULL: nobody asks */
    struct models_file *keep; /* where the last ones go; NULL: nowhere */
};

/**
 * Fill the figures of run->point[0 .. point_count), on `threads` threads. run->row says what the vectors hold, and whether
 * all workers share an exact mean. Times, gradients and bytes of the points are the caller's. 0 or -ENOMEM.
 */
int evaluate_run(struct record_run *run, const struct model_config *model,
                 const struct evaluation_data *data, const struct evaluation_snapshots *snapshots,
                 uint32_t threads);

#endif
