/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tasks do. They run on any thread, in any order that their dependencies allow, and touch only the buffers they
 * were given, so the result is the same as if each had run when it was submitted.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "core/sim/values/values.h"
#include "core/sim/values/values_private.h"

#define MEAN_BLOCK 1024u /* floats of a long mean's running sum, which stays in L1 */

static uint32_t pad(size_t floats)
{
    const size_t padded = (floats + 15u) & ~(size_t)15u;
    CHECK(padded < UINT32_MAX / 4);
    return (uint32_t)padded;
}

struct values_layout values_layout_of(const struct values_config *config)
{
    const struct model_config *const model = config->model;
    struct values_layout out = {.dim = model->dim};
    if (config->shard) {
        out.features = model->features;
        out.batch = model->batch;
    }
    out.ids = pad(model->dim);
    out.loss = out.ids + pad(out.batch);
    out.label = out.x + pad((size_t)out.batch * out.features);
    out.model = out.label + pad((out.batch + sizeof(float) - 1) / sizeof(float));
    out.gradient = out.model + (config->lanes == LANES_PLAIN ? 0 : pad(model->dim));
    return out;
}

/** Of a long mean: rows, their weights, two blocks. */
struct mean_scratch {
    const float *row[MIX_ROWS_MAX];
    float weight[MIX_ROWS_MAX];
    _Alignas(64) float sum[2][MEAN_BLOCK];
};

uint32_t values_scratch_floats(const struct values_config *config)
{
    const size_t mean = sizeof(struct mean_scratch) / sizeof(float);
    const size_t gradient =
        values_layout_of(config).gradient + config->model->ops->scratch_floats(config->model);
    return pad(gradient > mean ? gradient : mean);
}

static void *unpack(uint64_t argument)
{
    return (void *)(uintptr_t)argument;
}

static void run_gradient(const struct task *task, float *scratch)
{
    const struct values_work *const work = task->context;
    const struct values_layout *const at = &work->layout;
    float *const out = unpack(task->argument[1]);
    float *const x = scratch + at->x;
    uint8_t *const label = (uint8_t *)(scratch + at->label);
    struct gradient gradient;
    if (work->has_data)
        work->data.read(work->data.context, (const uint32_t *)(out + at->ids), at->batch, x, label);
    gradient_begin(
        &gradient, work->model,
        lanes_model(work->lanes, unpack(task->argument[0]), at->dim, scratch + at->model), x, label,
        out, scratch + at->gradient);
    while (!gradient_slice(&gradient))
        ;
    out[at->loss] = gradient.loss;
}

struct task values_task_gradient(const struct values_work *work, const float *vector, float *out)
{
    return (struct task){.run = run_gradient,
                         .context = (void *)(uintptr_t)work,
                         .argument = {values_pack(vector), values_pack(out)}};
}

static void run_apply(const struct task *task, float *scratch)
{
    const struct values_work *const work = task->context;
    const uint32_t bits = (uint32_t)task->argument[5];
    float rate;
    (void)scratch;
    memcpy(&rate, &bits, sizeof(rate));
    work->sum_applied[task->argument[3]] +=
        lanes_step(work->lanes, (enum apply_rule)task->argument[4], unpack(task->argument[2]),
                   unpack(task->argument[0]), unpack(task->argument[1]), rate, work->layout.dim);
}

struct task values_task_apply(const struct values_work *work, const float *from,
                              const float *gradient, float *to, uint32_t worker,
                              enum apply_rule rule, float rate)
{
    uint32_t bits;
    memcpy(&bits, &rate, sizeof(bits));
    return (struct task){.run = run_apply,
                         .context = (void *)(uintptr_t)work,
                         .argument = {values_pack(from), values_pack(gradient), values_pack(to),
                                      worker, (uint64_t)rule, bits}};
}

static void run_book(const struct task *task, float *scratch)
{
    const struct values_work *const work = task->context;
    const double sum = mix_ledger(unpack(task->argument[0]), work->layout.dim);
    (void)scratch;
    work->sum_gained[task->argument[1]] += task->argument[2] ? sum : -sum;
}

struct task values_task_book(const struct values_work *work, const float *vector, uint32_t worker,
                             bool gained)
{
    return (struct task){.run = run_book,
                         .context = (void *)(uintptr_t)work,
                         .argument = {values_pack(vector), worker, gained}};
}

static void run_mix(const struct task *task, float *scratch)
{
    (void)scratch;
    combine(task->context, unpack(task->argument[0]));
}

struct task values_task_mix(struct combine *mix, float *to)
{
    return (struct task){.run = run_mix, .context = mix, .argument = {values_pack(to)}};
}

/* More rows than mix_rows() takes: the running sum is the first row of the next call, times exactly 1. */
static void long_mean(const float *const *row, uint32_t count, uint32_t begin, uint32_t end,
                      struct mean_scratch *scratch, float *out)
{
    const float weight = 1.0f / (float)count;
    uint32_t turn = 0;
    for (uint32_t done = 0; done < count; turn ^= 1) {
        uint32_t rows = 0;
        if (done > 0) {
            scratch->row[0] = scratch->sum[turn ^ 1];
            scratch->weight[rows++] = 1.0f;
        }
        for (; done < count && rows < MIX_ROWS_MAX; done++) {
            scratch->row[rows] = row[done] + begin;
            scratch->weight[rows++] = weight;
        }
        mix_rows(scratch->sum[turn], scratch->row, scratch->weight, rows, end - begin);
    }
    memcpy(out + begin, scratch->sum[turn ^ 1], (end - begin) * sizeof(float));
}

static void short_mean(const float *const *row, uint32_t count, uint32_t begin, uint32_t end,
                       struct mean_scratch *scratch, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        scratch->row[i] = row[i] + begin;
        scratch->weight[i] = 1.0f / (float)count;
    }
    mix_rows(out + begin, scratch->row, scratch->weight, count, end - begin);
}

static void run_mean(const struct task *task, float *memory)
{
    const struct values_work *const work = task->context;
    struct mean_scratch *const scratch = (struct mean_scratch *)(void *)memory;
    const float *const *const row = unpack(task->argument[0]);
    const uint32_t count = (uint32_t)task->argument[1];
    float *const out = unpack(task->argument[2]);
    uint32_t begin, end;
    mix_slice(work->layout.dim, (uint32_t)task->argument[3], (uint32_t)task->argument[4], &begin,
              &end);
    if (begin == end)
        return;
    if (count <= MIX_ROWS_MAX) {
        short_mean(row, count, begin, end, scratch, out);
        return;
    }
    for (uint32_t d = begin; d < end; d += MEAN_BLOCK)
        long_mean(row, count, d, end - d < MEAN_BLOCK ? end : d + MEAN_BLOCK, scratch, out);
}

struct task values_task_mean(const struct values_work *work, const float *const *row,
                             uint32_t count, float *to, uint32_t part, uint32_t parts)
{
    return (struct task){.run = run_mean,
                         .context = (void *)(uintptr_t)work,
                         .argument = {values_pack(row), count, values_pack(to), part, parts}};
}

static void run_nothing(const struct task *task, float *scratch)
{
    (void)task;
    (void)scratch;
}

struct task values_task_join(void)
{
    return (struct task){.run = run_nothing};
}

static void run_cut(const struct task *task, float *scratch)
{
    const struct values_showing *const showing = task->context;
    showing->evaluation.evaluate(showing->evaluation.context, showing->cut, showing->vector,
                                 scratch);
}

struct task values_task_cut(const struct values_showing *showing)
{
    return (struct task){.run = run_cut, .context = (void *)(uintptr_t)showing};
}
