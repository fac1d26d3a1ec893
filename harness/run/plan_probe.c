/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nobody can tell from a profile how many gradients a policy will compute, how many messages it will send, and how well its
 * arithmetic keeps several threads busy; the beginning of the run itself can.
 */
#include "harness/run/plan_probe.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/run/evaluate.h"

#define MEASURE_S 0.02
/* The piece: a twentieth of the run, unless that could be more gradients than these. */
#define PIECE 0.05
#define PIECE_GRADIENTS 50000.0

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int plan_measure(const struct model_config *model, struct plan_costs *out, struct err *err)
{
    const size_t features = (size_t)model->batch * model->features;
    const size_t scratch_floats =
        model->ops->scratch_floats(model) + model->ops->eval_floats(model);
    float *const param = aligned_alloc(64, model->dim * sizeof(float));
    float *const out_gradient = aligned_alloc(64, model->dim * sizeof(float));
    float *const x = aligned_alloc(64, (features * sizeof(float) + 127) & ~(size_t)63);
    float *const scratch = aligned_alloc(64, (scratch_floats * sizeof(float) + 127) & ~(size_t)63);
    uint8_t *const label = aligned_alloc(64, ((size_t)model->batch + 64) & ~(size_t)63);
    const bool enough = param && out_gradient && x && scratch && label;
    *out = (struct plan_costs){0};
    if (enough) {
        memset(x, 0, features * sizeof(float));
        memset(label, 0, model->batch);
        model->ops->init(model, 1, param);
        uint32_t gradients = 0, samples = 0, correct = 0;
        double loss = 0;
        const double start_s = now_s();
        for (; now_s() - start_s < MEASURE_S; gradients++) {
            struct gradient gradient;
            gradient_begin(&gradient, model, param, x, label, out_gradient, scratch);
            while (!gradient_slice(&gradient))
                ;
        }
        const double middle_s = now_s();
        for (; now_s() - middle_s < MEASURE_S; samples += model->batch)
            model->ops->evaluate(model, param, x, label, model->batch, scratch, &loss, &correct);
        out->gradient_s = (middle_s - start_s) / gradients;
        out->sample_s = (now_s() - middle_s) / samples;
    }
    free(param);
    free(out_gradient);
    free(x);
    free(scratch);
    free(label);
    return enough ? 0 : err_set(err, -ENOMEM, "not enough memory to time a gradient");
}

/** Samples of which the split leaves enough to train and to judge by; never more than there are. */
static uint32_t enough_samples(const struct experiment *e, uint32_t samples)
{
    const double train = fmax(e->judge.train_samples, (double)e->workers.count * e->train.batch);
    const double heldout = e->data.split[1] > 0 ? e->judge.heldout_samples / e->data.split[1] : 0;
    const double wanted = fmax(train / e->data.split[0], heldout) + 1;
    return wanted < samples ? (uint32_t)wanted : samples;
}

int plan_trial_open(struct plan_trial *out, const struct cell_common *common, uint32_t threads,
                    struct err *err)
{
    *out = (struct plan_trial){.common = *common};
    out->experiment = malloc(sizeof(*out->experiment));
    if (!out->experiment)
        return err_set(err, -ENOMEM, "not enough memory to try a run");
    *out->experiment = *common->experiment;
    out->experiment->data.shards = SHARD_IID;
    out->common.experiment = out->experiment;
    out->common.undealt = false;
    if (common->dataset) {
        out->dataset = *common->dataset;
        out->dataset.path[0] = '\0';
        out->dataset.samples = enough_samples(common->experiment, common->dataset->samples);
        out->dataset.label = calloc(out->dataset.samples, 1);
        out->common.dataset = &out->dataset;
        if (!out->dataset.label)
            return err_set(err, -ENOMEM, "not enough memory to try a run");
    }
    const int rc = virtual_buffers_open(&out->buffers, &out->common, threads, err);
    return rc < 0 || !common->dataset ? rc : plan_measure(&common->model, &out->costs, err);
}

void plan_trial_close(struct plan_trial *self)
{
    virtual_buffers_close(&self->buffers);
    free(self->dataset.label);
    free(self->experiment);
    *self = (struct plan_trial){0};
}

/** Gradients of one run if nobody ever waits. */
static double most_gradients(const struct experiment *e)
{
    const double by_time = (double)e->stop.time_ns / (double)e->compute.base_ns;
    const double by_count = (double)e->stop.iterations;
    const bool counted = by_count > 0 && (by_time <= 0 || by_count < by_time);
    return e->workers.count * (counted ? by_count : by_time);
}

/** What one snapshot takes on all threads. */
static double judge_s(const struct cell *cell, const struct plan_costs *costs, uint32_t threads)
{
    const struct experiment *const e = cell->common->experiment;
    const double locals = evaluate_locals(cell->graph.workers, cell->row->central);
    const double samples =
        (double)e->judge.train_samples + e->judge.heldout_samples + locals * e->judge.local_samples;
    return cell->common->dataset ? samples * costs->sample_s / threads : 0;
}

static double share_of(const struct experiment *e)
{
    const double gradients = most_gradients(e);
    const double share = gradients * PIECE > PIECE_GRADIENTS ? PIECE_GRADIENTS / gradients : PIECE;
    const double least = e->workers.count / gradients; /* one iteration each */
    return share > least ? share : least < 1 ? least : 1;
}

/** A cell that ends after `share` of its budget, with as few snapshots as can be. */
static int run_piece(struct virtual_buffers *buffers, const struct cell *cell, double share,
                     struct record_run *out, struct err *err)
{
    struct experiment *const piece = malloc(sizeof(*piece));
    struct cell_common common = *cell->common;
    struct cell inner = *cell;
    struct evaluation_data data = {0};
    if (!piece)
        return err_set(err, -ENOMEM, "not enough memory to try a run");
    *piece = *common.experiment;
    piece->stop.time_ns = (uint64_t)((double)piece->stop.time_ns * share);
    piece->stop.iterations = (uint64_t)((double)piece->stop.iterations * share + 0.5);
    common.experiment = piece;
    common.points = 2;
    inner.common = &common;
    int rc = evaluation_data_open(&data, &inner, err);
    if (rc == 0)
        rc = run_virtual(buffers, &inner, &data, out, err);
    evaluation_data_close(&data);
    free(piece);
    return rc;
}

int plan_probe(struct plan_trial *trial, const struct cell *cell, double *seconds, struct err *err)
{
    const double share = share_of(cell->common->experiment);
    const double point_s = judge_s(cell, &trial->costs, trial->buffers.threads);
    struct record_run run = {0};
    const int rc = run_piece(&trial->buffers, cell, share, &run, err);
    if (rc < 0)
        return rc;
    const double without_s = run.wall.seconds - 2 * point_s;
    *seconds = (without_s > 0 ? without_s : 0) / share + cell->common->points * point_s;
    record_free(&run);
    return 0;
}
