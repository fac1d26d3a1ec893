/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One snapshot is evaluated from pointers to the workers' vectors, wherever they lie. After a live run snapshots are
 * independent: threads take them by an atomic counter, each with a scratch area of its own.
 */
#include "harness/run/evaluate.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "core/worker/worker.h"

#define JUDGE_THREADS_MAX 64u

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static int read_part(const struct cell *cell, const uint32_t *ids, uint32_t count, float **x,
                     uint8_t **label, struct err *err)
{
    const struct dataset *const data = cell->common->dataset;
    *x = aligned_alloc(64,
                       (((size_t)count + 1) * data->features * sizeof(float) + 63) & ~(size_t)63);
    *label = aligned_alloc(64, ((size_t)count + 64) & ~(size_t)63);
    if (!*x || !*label)
        return err_set(err, -ENOMEM, "not enough memory to evaluate %u samples", count);
    for (uint32_t i = 0; i < count; i++)
        (*label)[i] = data->label[ids[i]];
    if (!*data->path) { /* sizes without a file */
        memset(*x, 0, (size_t)count * data->features * sizeof(float));
        return 0;
    }
    return dataset_read(data, ids, count, *x, err);
}

int evaluation_data_open(struct evaluation_data *out, const struct cell *cell, struct err *err)
{
    const struct experiment *const e = cell->common->experiment;
    *out = (struct evaluation_data){0};
    if (!cell->common->dataset)
        return 0;
    /* order[] is a random permutation, so its first training ids are a fair draw over all shards. */
    out->train = smaller(e->judge.train_samples, cell->split.train);
    out->heldout = smaller(e->judge.heldout_samples, cell->split.validation);
    out->local = smaller(e->judge.local_samples, out->train);
    int rc = read_part(cell, cell->order, out->train, &out->train_x, &out->train_label, err);
    if (rc == 0)
        rc = read_part(cell, cell->order + cell->split.train, out->heldout, &out->heldout_x,
                       &out->heldout_label, err);
    if (rc < 0)
        evaluation_data_close(out);
    return rc;
}

void evaluation_data_close(struct evaluation_data *self)
{
    free(self->train_x);
    free(self->train_label);
    free(self->heldout_x);
    free(self->heldout_label);
    *self = (struct evaluation_data){0};
}

static double mean_loss(const struct model_config *model, const float *param, const float *x,
                        const uint8_t *label, uint32_t count, float *scratch, double *accuracy)
{
    double loss = 0;
    uint32_t correct = 0;
    if (count == 0)
        return (double)NAN;
    model->ops->evaluate(model, param, x, label, count, scratch, &loss, &correct);
    if (accuracy)
        *accuracy = (double)correct / count;
    return loss / count;
}

/** mean = sum x / sum y; without weights y is 1. Sums run over one block of coordinates at a time, workers ascending. */
static void average(const struct evaluation_view *view, const float *const *vector, float *mean)
{
    double sum[MODEL_PAD], weight = 0;
    const uint32_t dim = view->model->dim;
    for (uint32_t w = 0; w < view->workers; w++)
        weight += vector[w] ? (double)lanes_weight(view->lanes, vector[w], dim) : 0.0;
    for (uint32_t begin = 0; begin < dim; begin += MODEL_PAD) {
        memset(sum, 0, sizeof(sum));
        for (uint32_t w = 0; w < view->workers; w++)
            for (uint32_t d = 0; d < MODEL_PAD && vector[w]; d++)
                sum[d] += (double)vector[w][begin + d];
        for (uint32_t d = 0; d < MODEL_PAD; d++)
            mean[begin + d] = (float)(sum[d] / weight);
    }
}

uint32_t evaluate_locals(uint32_t workers, bool central)
{
    const uint32_t locals = central && workers > 1 ? workers - 1 : workers;
    return smaller(locals, JUDGE_LOCALS_MAX);
}

/** Losses of the locals and the distance. own: [dim] for a model that is not stored as such. */
static void evaluate_models(const struct evaluation_view *view, const float *const *vector,
                            const float *mean, float *own, float *scratch, struct record_point *out)
{
    const struct evaluation_data *const data = view->data;
    const uint32_t dim = view->model->dim;
    const uint32_t first = view->central && view->workers > 1 ? 1 : 0;
    const uint32_t all = view->workers - first,
                   locals = evaluate_locals(view->workers, view->central);
    double sum = 0, worst = -(double)INFINITY, distance = 0;
    uint32_t judged = 0, number = 0, present = 0;
    for (uint32_t i = 0; i < all; i++) {
        /* the k-th local judged is number k * all / locals: every one, where there are few */
        const bool chosen = i == (uint64_t)number * all / locals;
        number += chosen;
        if (!vector[first + i])
            continue;
        const float *const local = lanes_model(view->lanes, vector[first + i], dim, own);
        distance += mix_distance2(local, mean, dim);
        present++;
        if (!chosen)
            continue;
        const double loss = mean_loss(view->model, local, data->train_x, data->train_label,
                                      data->local, scratch, NULL);
        sum += loss;
        worst = loss > worst || isnan(loss) ? loss : worst;
        judged++;
    }
    out->train_loss_local_mean = sum / judged;
    out->train_loss_local_worst = worst;
    out->consensus_distance = distance / present;
}

static double weight_least(const struct evaluation_view *view, const float *const *vector)
{
    double least = view->lanes == LANES_PLAIN ? 0 : (double)INFINITY;
    for (uint32_t w = 0; w < view->workers; w++)
        if (vector[w])
            least = fmin(least, (double)lanes_weight(view->lanes, vector[w], view->model->dim));
    return least;
}

size_t evaluate_scratch_floats(const struct model_config *model)
{
    return 2 * (size_t)model->dim + ((model->ops->eval_floats(model) + 15) & ~(size_t)15);
}

/** own: [dim] for a model that is not stored as such. */
static void keep_models(const struct evaluation_view *view, const float *const *vector,
                        const float *mean, float *own)
{
    models_file_mean(view->keep, mean);
    for (uint32_t w = 0; w < view->workers; w++)
        models_file_row(view->keep, vector[w]
                                        ? lanes_model(view->lanes, vector[w], view->model->dim, own)
                                        : NULL);
}

void evaluate_vectors(const struct evaluation_view *view, const float *const *vector,
                      float *scratch, struct record_point *out)
{
    const struct evaluation_data *const data = view->data;
    const struct model_config *const model = view->model;
    float *const mean = scratch, *const own = scratch + model->dim;
    float *const rest = own + model->dim;
    if (view->central)
        memcpy(mean, lanes_model(view->lanes, vector[0], model->dim, own),
               model->dim * sizeof(*mean));
    else
        average(view, vector, mean);
    if (view->keep)
        keep_models(view, vector, mean, own);
    out->heldout_accuracy_mean_model = (double)NAN;
    out->train_loss_mean_model =
        mean_loss(model, mean, data->train_x, data->train_label, data->train, rest, NULL);
    out->heldout_loss_mean_model =
        mean_loss(model, mean, data->heldout_x, data->heldout_label, data->heldout, rest,
                  &out->heldout_accuracy_mean_model);
    if (!isfinite(out->heldout_loss_mean_model)) /* what is no number still falls into some class */
        out->heldout_accuracy_mean_model = (double)NAN;
    evaluate_models(view, vector, mean, own, rest, out);
    out->weight_least = weight_least(view, vector);
}

struct job {
    struct record_run *run;
    struct evaluation_view view;
    const struct evaluation_snapshots *snapshots;
    _Atomic uint32_t next;
    _Atomic int error;
};

/** Snapshot of each worker, or NULL; where all share an exact mean, the newest one that any of them has. */
static void show(const struct job *job, uint32_t number, const float **vector)
{
    const struct evaluation_snapshots *const from = job->snapshots;
    const uint32_t workers = job->view.workers;
    const size_t floats = worker_snapshot_floats(job->run->row, job->view.model);
    const size_t first = (size_t)number * workers;
    const bool shared = from->average && matrix_keeps_average(job->run->row->matrix, workers);
    size_t newest = first;
    for (size_t at = first; shared && at < first + workers; at++)
        newest = from->average[at] > from->average[newest] ? at : newest;
    for (uint32_t w = 0; w < workers; w++) {
        const size_t at = shared ? newest : first + w;
        vector[w] = from->absent && from->absent[first + w] ? NULL : from->vector + at * floats;
    }
}

static void *evaluate_thread(void *argument)
{
    struct job *const job = argument;
    const uint32_t workers = job->view.workers;
    float *const scratch =
        aligned_alloc(64, evaluate_scratch_floats(job->view.model) * sizeof(*scratch));
    const float **const vector = calloc(workers, sizeof(*vector));
    if (!scratch || !vector)
        atomic_store(&job->error, -ENOMEM);
    while (scratch && vector) {
        const uint32_t number = atomic_fetch_add(&job->next, 1);
        if (number >= job->run->point_count)
            break;
        show(job, number, vector);
        struct evaluation_view view = job->view;
        view.keep = number + 1 == job->run->point_count ? job->snapshots->keep : NULL;
        evaluate_vectors(&view, vector, scratch, &job->run->point[number]);
    }
    free(scratch);
    free(vector);
    return NULL;
}

int evaluate_run(struct record_run *run, const struct model_config *model,
                 const struct evaluation_data *data, const struct evaluation_snapshots *snapshots,
                 uint32_t threads)
{
    struct job job = {.run = run,
                      .view = {.model = model,
                               .data = data,
                               .workers = run->workers,
                               .lanes = run->row->lanes,
                               .central = run->row->central},
                      .snapshots = snapshots};
    pthread_t helper[JUDGE_THREADS_MAX];
    uint32_t started = 0;
    threads = smaller(threads, JUDGE_THREADS_MAX);
    while (started + 1 < threads &&
           pthread_create(&helper[started], NULL, evaluate_thread, &job) == 0)
        started++;
    evaluate_thread(&job);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(helper[i], NULL);
    return atomic_load(&job.error);
}
