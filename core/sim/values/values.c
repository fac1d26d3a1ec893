/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From program order to tasks. A call looks up the nodes behind its slots, takes a node for the result, submits a task
 * that runs after those that write its inputs, and only then lets the slot name the new node. A result never goes
 * where somebody may still read, so writing needs no further dependency.
 *
 * The newest gradient of a worker is a node as well: while an abandoned one is still being computed, the next has a
 * buffer of its own.
 */
#include "core/sim/values/values.h"

#include <errno.h>

#include "core/base/check.h"
#include "core/base/slots.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "core/sim/values/values_private.h"

#define NONE VALUES_POOL_NONE
#define MEAN_FLOATS (1u << 21) /* rows * dim of one part of a mean: about a millisecond */
#define MEAN_PARTS_MAX 16u

/* ------------------------------------------------------------------ slots and nodes */

static uint32_t *slot_at(const struct values *self, uint32_t worker, uint32_t slot)
{
    CHECK(worker < self->config.workers);
    CHECK(slot < self->config.slots);
    return &self->slot[(size_t)worker * self->config.slots + slot];
}

static struct values_node *vector_at(const struct values *self, uint32_t worker, uint32_t slot)
{
    const uint32_t index = *slot_at(self, worker, slot);
    CHECK(index != NONE);
    return &self->vectors.node[index];
}

/* The slot names another node; `index` brings its reference along. */
static void bind_slot(struct values *self, uint32_t worker, uint32_t slot, uint32_t index)
{
    uint32_t *const at = slot_at(self, worker, slot);
    if (*at != NONE)
        values_pool_drop(&self->vectors, *at);
    *at = index;
}

/* After a failure nothing is submitted any more, and no slot changes. */
static uint32_t take(struct values *self, struct values_pool *pool)
{
    if (self->error < 0)
        return NONE;
    const uint32_t index = values_pool_take(pool, &self->pending);
    if (index == NONE)
        self->error = -ENOMEM;
    return index;
}

static void depend_on(struct values *self, task_id task)
{
    if (task <= self->pending.watermark)
        return;
    CHECK(self->after_count < self->after_max);
    self->after[self->after_count++] = task;
}

/* `watermark` passes over cuts, so it does not tell whether one has finished. */
static void depend_on_newest_cut(struct values *self)
{
    if (self->pending.cuts > 0)
        self->after[self->after_count++] = values_pending_cut(&self->pending);
}

static task_id submit(struct values *self, struct task task)
{
    task.after = self->after;
    task.after_count = self->after_count;
    self->after_count = 0;
    return values_pending_submit(&self->pending, &task);
}

/* ------------------------------------------------------------------ the program */

void values_start(struct values *self, uint32_t slot)
{
    const struct model_config *const model = self->config.model;
    const uint32_t index = take(self, &self->vectors);
    if (index == NONE)
        return;
    struct values_node *const node = &self->vectors.node[index];
    model->ops->init(model, rng_key(self->config.seed, RNG_INIT, 0), node->data);
    lanes_start(self->config.lanes, node->data, model->dim);
    self->sum_start = mix_ledger(node->data, model->dim);
    for (uint32_t w = 0; w < self->config.workers; w++)
        bind_slot(self, w, slot, index);
    node->refs = self->config.workers;
}

void values_gradient(struct values *self, uint32_t worker, uint32_t slot)
{
    const uint32_t index = take(self, &self->gradients);
    if (index == NONE)
        return;
    struct values_worker *const at = &self->worker[worker];
    struct values_node *const out = &self->gradients.node[index];
    struct values_node *const in = vector_at(self, worker, slot);
    if (self->work.has_data)
        sampler_next(&at->sampler, (uint32_t *)(void *)(out->data + self->work.layout.ids),
                     self->work.layout.batch);
    depend_on(self, in->written);
    out->written = out->last = in->last =
        submit(self, values_task_gradient(&self->work, in->data, out->data));
    if (at->gradient != NONE)
        values_pool_drop(&self->gradients, at->gradient);
    at->gradient = index;
}

void values_apply(struct values *self, uint32_t worker, uint32_t from, uint32_t to,
                  enum apply_rule rule, float rate)
{
    const uint32_t index = take(self, &self->vectors);
    if (index == NONE)
        return;
    struct values_worker *const at = &self->worker[worker];
    CHECK(at->gradient != NONE);
    struct values_node *const in = vector_at(self, worker, from);
    struct values_node *const gradient = &self->gradients.node[at->gradient];
    struct values_node *const out = &self->vectors.node[index];
    depend_on(self, in->written);
    depend_on(self, gradient->written);
    depend_on(self, at->applied);
    at->applied = out->written = out->last = in->last = gradient->last =
        submit(self, values_task_apply(&self->work, in->data, gradient->data, out->data, worker,
                                       rule, rate));
    bind_slot(self, worker, to, index);
}

/* The rows of a mix as the arithmetic wants them: buffers instead of slots. */
static struct combine *mix_arguments(struct values *self, const struct values_mix *mix)
{
    const struct values_node *const own = vector_at(self, mix->worker, mix->from);
    struct combine *const arguments =
        values_arguments_take(&self->arguments, &self->pending,
                              sizeof(*arguments) + mix->count * sizeof(struct combine_row));
    *arguments = (struct combine){.rule = mix->rule,
                                  .lanes = self->config.lanes,
                                  .dim = self->config.model->dim,
                                  .self = own->data,
                                  .self_id = mix->worker,
                                  .degree = mix->degree,
                                  .slice = mix->slice,
                                  .slices = mix->slices,
                                  .row = (struct combine_row *)(void *)(arguments + 1),
                                  .count = mix->count};
    depend_on(self, own->written);
    for (uint32_t i = 0; i < mix->count; i++) {
        const struct values_row *const row = &mix->row[i];
        const struct values_node *const node = vector_at(self, row->worker, row->slot);
        arguments->row[i] =
            (struct combine_row){.row = node->data, .id = row->worker, .weight = row->weight};
        depend_on(self, node->written);
        if (row->base_slot == SLOTS_NONE)
            continue;
        const struct values_node *const base = vector_at(self, row->base_worker, row->base_slot);
        arguments->row[i].base = base->data;
        depend_on(self, base->written);
    }
    return arguments;
}

/* Who reads what: after the submission, which says when. */
static void book_readers(struct values *self, const struct values_mix *mix, task_id task)
{
    vector_at(self, mix->worker, mix->from)->last = task;
    for (uint32_t i = 0; i < mix->count; i++) {
        const struct values_row *const row = &mix->row[i];
        vector_at(self, row->worker, row->slot)->last = task;
        if (row->base_slot != SLOTS_NONE)
            vector_at(self, row->base_worker, row->base_slot)->last = task;
    }
}

void values_mix(struct values *self, const struct values_mix *mix)
{
    CHECK(mix->count < MIX_ROWS_MAX);
    const uint32_t index = take(self, &self->vectors);
    if (index == NONE)
        return;
    struct values_node *const out = &self->vectors.node[index];
    const task_id task = submit(self, values_task_mix(mix_arguments(self, mix), out->data));
    values_arguments_keep(&self->arguments, task);
    book_readers(self, mix, task);
    out->written = out->last = task;
    bind_slot(self, mix->worker, mix->to, index);
}

static const float **member_arguments(struct values *self, const uint32_t *member,
                                      const uint32_t *from, uint32_t count)
{
    const float **const row =
        values_arguments_take(&self->arguments, &self->pending, count * sizeof(float *));
    for (uint32_t i = 0; i < count; i++) {
        CHECK(i == 0 || member[i] > member[i - 1]);
        row[i] = vector_at(self, member[i], from[i])->data;
    }
    return row;
}

static uint32_t mean_parts(const struct values *self, uint32_t count)
{
    const uint64_t parts = 1 + (uint64_t)count * self->config.model->dim / MEAN_FLOATS;
    return parts < MEAN_PARTS_MAX ? (uint32_t)parts : MEAN_PARTS_MAX;
}

void values_reduce(struct values *self, const uint32_t *member, const uint32_t *from,
                   const uint32_t *to, uint32_t count)
{
    CHECK(count >= 1);
    CHECK(self->config.lanes == LANES_PLAIN);
    const uint32_t index = take(self, &self->vectors);
    if (index == NONE)
        return;
    struct values_node *const out = &self->vectors.node[index];
    const float **const row = member_arguments(self, member, from, count);
    const uint32_t parts = mean_parts(self, count);
    task_id part[MEAN_PARTS_MAX];
    for (uint32_t p = 0; p < parts; p++) {
        for (uint32_t i = 0; i < count; i++)
            depend_on(self, vector_at(self, member[i], from[i])->written);
        part[p] = submit(self, values_task_mean(&self->work, row, count, out->data, p, parts));
    }
    for (uint32_t p = 0; p < parts; p++)
        depend_on(self, part[p]);
    const task_id whole = submit(self, values_task_join());
    values_arguments_keep(&self->arguments, whole);
    for (uint32_t i = 0; i < count; i++)
        vector_at(self, member[i], from[i])->last = whole;
    out->written = out->last = whole;
    out->refs = count; /* all members have the same bytes: one buffer */
    for (uint32_t i = 0; i < count; i++)
        bind_slot(self, member[i], to[i], index);
}

/* In the chain of the worker's steps: the ledger is summed in order. */
static void book(struct values *self, uint32_t worker, struct values_node *node, bool gained)
{
    struct values_worker *const at = &self->worker[worker];
    depend_on(self, node->written);
    depend_on(self, at->applied);
    at->applied = node->last =
        submit(self, values_task_book(&self->work, node->data, worker, gained));
}

void values_lose(struct values *self, uint32_t worker, uint32_t slot)
{
    if (self->error < 0)
        return;
    book(self, worker, vector_at(self, worker, slot), false);
}

void values_adopt(struct values *self, uint32_t worker, uint32_t slot, uint32_t from,
                  uint32_t from_slot)
{
    if (self->error < 0)
        return;
    const uint32_t index = *slot_at(self, from, from_slot);
    struct values_node *const node = vector_at(self, from, from_slot);
    book(self, worker, node, true);
    node->refs++; /* nobody writes where others read: one buffer is enough */
    bind_slot(self, worker, slot, index);
}

void values_free(struct values *self, uint32_t worker, uint32_t slot)
{
    if (self->error < 0)
        return;
    CHECK(*slot_at(self, worker, slot) != NONE);
    bind_slot(self, worker, slot, NONE);
}

void values_cut(struct values *self, const struct values_evaluation *evaluation, uint32_t cut,
                const struct values_model *model)
{
    if (self->error < 0)
        return;
    values_pending_wait_cut(&self->pending);
    struct values_showing *const showing = &self->showing[self->pending.cuts % VALUES_CUTS];
    showing->evaluation = *evaluation;
    showing->cut = cut;
    depend_on_newest_cut(self);
    for (uint32_t w = 0; w < self->config.workers; w++) {
        showing->vector[w] = NULL;
        if (model[w].slot == SLOTS_NONE)
            continue;
        const struct values_node *const node = vector_at(self, model[w].worker, model[w].slot);
        showing->vector[w] = node->data;
        depend_on(self, node->written);
    }
    struct task task = values_task_cut(showing);
    task.after = self->after;
    task.after_count = self->after_count;
    self->after_count = 0;
    const task_id id = values_pending_submit_cut(&self->pending, &task);
    for (uint32_t w = 0; w < self->config.workers; w++)
        if (model[w].slot != SLOTS_NONE)
            vector_at(self, model[w].worker, model[w].slot)->cut = id;
}

void values_join(struct values *self)
{
    while (values_pending_wait(&self->pending))
        ;
    if (self->pending.cuts > 0)
        self->pending.tasks->ops->wait(self->pending.tasks, values_pending_cut(&self->pending));
}

/* ------------------------------------------------------------------ what came out */

int values_error(const struct values *self)
{
    return self->error;
}

const float *values_vector(const struct values *self, uint32_t worker, uint32_t slot)
{
    return vector_at(self, worker, slot)->data;
}

float values_loss(const struct values *self, uint32_t worker)
{
    const uint32_t index = self->worker[worker].gradient;
    CHECK(index != NONE);
    return self->gradients.node[index].data[self->work.layout.loss];
}

double values_sum_start(const struct values *self, uint32_t worker)
{
    CHECK(worker < self->config.workers);
    return self->sum_start;
}

double values_sum_applied(const struct values *self, uint32_t worker)
{
    CHECK(worker < self->config.workers);
    return self->work.sum_applied[worker];
}

double values_sum_gained(const struct values *self, uint32_t worker)
{
    CHECK(worker < self->config.workers);
    return self->work.sum_gained[worker];
}
