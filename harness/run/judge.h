/**
 * Judging off the clock: what the snapshots of a run are worth, computed after it.
 *
 * For each snapshot: training loss and held-out loss and accuracy of the mean model (1/N) sum x_i, the mean and the
 * worst training loss of the local models, and the consensus distance. Training losses are taken on fixed samples drawn
 * once per seed from all shards together; held-out figures on the validation split (the test split is never touched
 * here).
 */
#ifndef HARNESS_RUN_JUDGE_H
#define HARNESS_RUN_JUDGE_H

#include "harness/run/cell.h"
#include "harness/results/record.h"

/** The samples that judge a seed, as floats. */
struct judge_data {
    uint32_t train, heldout, local; /* counts; local <= train */
    float *train_x, *heldout_x;     /* [count][features], owned */
    uint8_t *train_label, *heldout_label;
};

/** Reads the samples with plain preads. 0, or -errno with `err`. Model none: everything empty. */
int judge_data_open(struct judge_data *out, const struct cell *cell, struct err *err);
void judge_data_close(struct judge_data *self);

/**
 * Fill the figures of run->point[0 .. point_count) from snapshots [point][worker][dim], on `threads` threads.
 * Times, gradients and bytes of the points are the caller's. 0 or -ENOMEM.
 */
int judge_run(struct record_run *run, const struct model_config *model,
              const struct judge_data *data, const float *snapshots, uint32_t threads);

#endif
