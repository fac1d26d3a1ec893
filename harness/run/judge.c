/* Snapshots are independent: threads take them by an atomic counter, each with a scratch area of its own. */
#include "harness/run/judge.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/learn/mix.h"

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
    *label = malloc((size_t)count + 1);
    if (!*x || !*label)
        return err_set(err, -ENOMEM, "not enough memory to judge %u samples", count);
    for (uint32_t i = 0; i < count; i++)
        (*label)[i] = data->label[ids[i]];
    return dataset_read(data, ids, count, *x, err);
}

int judge_data_open(struct judge_data *out, const struct cell *cell, struct err *err)
{
    const struct experiment *const e = cell->common->experiment;
    *out = (struct judge_data){0};
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
        judge_data_close(out);
    return rc;
}

void judge_data_close(struct judge_data *self)
{
    free(self->train_x);
    free(self->train_label);
    free(self->heldout_x);
    free(self->heldout_label);
    *self = (struct judge_data){0};
}

struct job {
    struct record_run *run;
    const struct model_config *model;
    const struct judge_data *data;
    const float *snapshots;
    _Atomic uint32_t next;
    _Atomic int error;
};

static double mean_loss(const struct job *job, const float *param, const float *x,
                        const uint8_t *label, uint32_t count, float *scratch, double *accuracy)
{
    double loss = 0;
    uint32_t correct = 0;
    if (count == 0)
        return (double)NAN;
    job->model->ops->evaluate(job->model, param, x, label, count, scratch, &loss, &correct);
    if (accuracy)
        *accuracy = (double)correct / count;
    return loss / count;
}

static void average(const struct job *job, const float *row, float *mean)
{
    const uint32_t dim = job->model->dim, workers = job->run->workers;
    for (uint32_t d = 0; d < dim; d++) {
        double sum = 0;
        for (uint32_t w = 0; w < workers; w++)
            sum += (double)row[(size_t)w * dim + d];
        mean[d] = (float)(sum / workers);
    }
}

static void judge_locals(const struct job *job, const float *row, const float *mean, float *scratch,
                         struct record_point *out)
{
    const uint32_t dim = job->model->dim, workers = job->run->workers;
    double sum = 0, worst = -(double)INFINITY, distance = 0;
    for (uint32_t w = 0; w < workers; w++) {
        const float *const local = row + (size_t)w * dim;
        const double loss = mean_loss(job, local, job->data->train_x, job->data->train_label,
                                      job->data->local, scratch, NULL);
        sum += loss;
        worst = loss > worst || isnan(loss) ? loss : worst;
        distance += mix_distance2(local, mean, dim);
    }
    out->train_loss_local_mean = sum / workers;
    out->train_loss_local_worst = worst;
    out->consensus_distance = distance / workers;
}

static void judge_point(const struct job *job, uint32_t number, float *mean, float *scratch)
{
    struct record_point *const out = &job->run->point[number];
    const struct judge_data *const data = job->data;
    const size_t rows = (size_t)job->run->workers * job->model->dim;
    const float *const row = job->snapshots + number * rows;
    average(job, row, mean);
    out->heldout_accuracy_mean_model = (double)NAN;
    out->train_loss_mean_model =
        mean_loss(job, mean, data->train_x, data->train_label, data->train, scratch, NULL);
    out->heldout_loss_mean_model =
        mean_loss(job, mean, data->heldout_x, data->heldout_label, data->heldout, scratch,
                  &out->heldout_accuracy_mean_model);
    judge_locals(job, row, mean, scratch, out);
}

static void *judge_thread(void *argument)
{
    struct job *const job = argument;
    const size_t dim = job->model->dim;
    const size_t floats = (dim + job->model->ops->eval_floats(job->model) + 31) & ~(size_t)15;
    float *const mean = aligned_alloc(64, floats * sizeof(float));
    if (!mean) {
        atomic_store(&job->error, -ENOMEM);
        return NULL;
    }
    for (;;) {
        const uint32_t number = atomic_fetch_add(&job->next, 1);
        if (number >= job->run->point_count)
            break;
        judge_point(job, number, mean, mean + dim);
    }
    free(mean);
    return NULL;
}

int judge_run(struct record_run *run, const struct model_config *model,
              const struct judge_data *data, const float *snapshots, uint32_t threads)
{
    struct job job = {.run = run, .model = model, .data = data, .snapshots = snapshots};
    pthread_t helper[JUDGE_THREADS_MAX];
    uint32_t started = 0;
    threads = smaller(threads, JUDGE_THREADS_MAX);
    while (started + 1 < threads && pthread_create(&helper[started], NULL, judge_thread, &job) == 0)
        started++;
    judge_thread(&job);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(helper[i], NULL);
    return atomic_load(&job.error);
}
