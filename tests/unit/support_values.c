/* SPDX-License-Identifier: BSD-3-Clause */
#include "support_values.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/slots.h"
#include "core/learn/combine.h"
#include "core/learn/lanes.h"

#define SLOTS_USED 4u /* of a program: 0 is the current model */

static void *aligned(size_t bytes)
{
    const size_t lines = (bytes + 63) / 64 * 64;
    void *const at = aligned_alloc(64, lines);
    CHECK(at != NULL);
    memset(at, 0, lines);
    return at;
}

float *support_values_floats(size_t count)
{
    static void *kept[1024]; /* reachable until the end, or the leak checker would speak up */
    static uint32_t kept_count;
    CHECK(kept_count < 1024);
    return kept[kept_count++] = aligned(count * sizeof(float));
}

/* ------------------------------------------------------------------ memory */

static void *resize(void *context, void *old, size_t old_bytes, size_t bytes)
{
    struct support_memory *const self = context;
    CHECK((old == NULL) == (old_bytes == 0));
    if (self->limit_bytes > 0 && bytes > old_bytes &&
        self->now_bytes + bytes - old_bytes > self->limit_bytes)
        return NULL;
    void *const at = bytes > 0 ? aligned(bytes) : NULL;
    if (old && at)
        memcpy(at, old, old_bytes < bytes ? old_bytes : bytes);
    free(old);
    self->now_bytes += bytes - old_bytes;
    if (self->now_bytes > self->most_bytes)
        self->most_bytes = self->now_bytes;
    return at;
}

void support_memory_init(struct support_memory *self)
{
    *self = (struct support_memory){.memory = {.resize = resize, .context = self}};
}

/* ------------------------------------------------------------------ tasks */

static bool is_pending(const struct support_tasks *self, task_id id)
{
    for (uint32_t i = 0; i < self->pending; i++)
        if (self->queue[i]->id == id)
            return true;
    return false;
}

static bool may_run(const struct support_tasks *self, const struct support_task *task)
{
    for (uint32_t i = 0; i < task->task.after_count; i++)
        if (is_pending(self, task->after[i]))
            return false;
    return true;
}

void support_tasks_run_one(struct support_tasks *self)
{
    CHECK(self->pending > 0);
    uint32_t i = rng_below(&self->rng, self->pending);
    while (!may_run(self, self->queue[i]))
        i = (i + 1) % self->pending;
    struct support_task *const task = self->queue[i];
    task->task.run(&task->task, self->scratch);
    free(task);
    self->queue[i] = self->queue[--self->pending];
}

static task_id submit(struct tasks *tasks, const struct task *task)
{
    struct support_tasks *const self = (struct support_tasks *)tasks;
    CHECK(self->pending < SUPPORT_PENDING_MAX);
    CHECK(task->after_count <= SUPPORT_PENDING_MAX);
    struct support_task *const at = aligned(sizeof(*at));
    at->task = *task;
    at->id = ++self->last;
    for (uint32_t i = 0; i < task->after_count; i++)
        at->after[i] = task->after[i];
    self->queue[self->pending++] = at;
    if (self->pending > self->pending_most)
        self->pending_most = self->pending;
    return at->id;
}

static void wait_for(struct tasks *tasks, task_id task)
{
    struct support_tasks *const self = (struct support_tasks *)tasks;
    CHECK(task <= self->last);
    while (is_pending(self, task))
        support_tasks_run_one(self);
}

static int finished(struct tasks *tasks, task_id task)
{
    return !is_pending((struct support_tasks *)tasks, task);
}

void support_tasks_init(struct support_tasks *self, uint64_t seed, float *scratch)
{
    static const struct tasks_ops ops = {.submit = submit, .wait = wait_for, .finished = finished};
    *self = (struct support_tasks){
        .tasks = {.ops = &ops}, .rng = rng_start(seed, RNG_TEST, 1), .scratch = scratch};
}

/* ------------------------------------------------------------------ set-up */

void support_values_sample(uint32_t id, uint32_t features, float *x, uint8_t *label)
{
    const uint64_t key = rng_key(7, RNG_TEST, id);
    for (uint32_t f = 0; f < features; f++)
        x[f] = (float)(2.0 * rng_unit_at(key, f) - 1.0);
    *label = (uint8_t)(id % 4);
}

static void read_samples(const void *context, const uint32_t *ids, uint32_t count, float *x,
                         uint8_t *label)
{
    const struct support_values *const self = context;
    for (uint32_t i = 0; i < count; i++)
        support_values_sample(ids[i], self->model.features, x + i * self->model.features,
                              &label[i]);
}

void support_values_init(struct support_values *self, uint32_t workers, uint32_t slots,
                         enum lanes lanes, struct tasks *tasks)
{
    CHECK(workers <= SUPPORT_WORKERS_MAX);
    memset(self, 0, sizeof(*self));
    support_memory_init(&self->memory);
    self->model = (struct model_config){.ops = model_find("mlp"),
                                        .features = 7,
                                        .classes = 4,
                                        .hidden_count = 1,
                                        .hidden = {6},
                                        .batch = 3};
    CHECK(model_plan(&self->model) == 0);
    for (uint32_t w = 0; w < workers; w++) {
        self->begin[w + 1] = self->begin[w] + 5;
        for (uint32_t i = self->begin[w]; i < self->begin[w + 1]; i++)
            self->shard[i] = 1000 - i;
    }
    self->config = (struct values_config){.workers = workers,
                                          .slots = slots,
                                          .model = &self->model,
                                          .lanes = lanes,
                                          .seed = 3,
                                          .shard = self->shard,
                                          .shard_begin = self->begin,
                                          .data = {.read = read_samples, .context = self},
                                          .tasks = tasks,
                                          .memory = &self->memory.memory};
    if (!tasks) {
        self->scratch = support_values_floats(values_scratch_floats(&self->config));
        tasks_inline_init(&self->alone, self->scratch);
        self->config.tasks = &self->alone.tasks;
    }
}

struct values *support_values_open(const struct support_values *self)
{
    struct values *values;
    struct err err = {""};
    CHECK(values_open(&values, &self->config, &err) == 0);
    values_start(values, 0);
    return values;
}

/* ------------------------------------------------------------------ programs */

uint64_t support_hash_more(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *const at = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_vector(const struct support_values *setup, uint64_t hash, const float *vector)
{
    return support_hash_more(hash, vector,
                             lanes_floats(setup->config.lanes, setup->model.dim) * sizeof(float));
}

static void see_cut(void *context, uint32_t cut, const float *const *vector, float *scratch)
{
    struct support_program *const self = context;
    (void)scratch;
    CHECK(cut == self->cuts);
    self->cuts++;
    for (uint32_t w = 0; w < self->setup->config.workers; w++)
        self->hash = hash_vector(self->setup, self->hash, vector[w]);
}

struct draw {
    struct rng rng;
    uint32_t workers, cut;
    enum lanes lanes;
    struct values *values;
    bool filled[SUPPORT_WORKERS_MAX][SLOTS_USED];
};

static uint32_t below(struct draw *draw, uint32_t bound)
{
    return rng_below(&draw->rng, bound);
}

static enum mix_rule draw_rule(struct draw *draw)
{
    static const enum mix_rule plain[] = {MIX_MEAN,       MIX_METROPOLIS, MIX_WEIGHTED,
                                          MIX_SLICE_MEAN, MIX_SLICE_COPY, MIX_DELTA_OWN};
    static const enum mix_rule cumulative[] = {MIX_SPLIT, MIX_COLLECT, MIX_MEAN};
    if (draw->lanes == LANES_CUMULATIVE)
        return cumulative[below(draw, 3)];
    return draw->lanes == LANES_WEIGHT && below(draw, 2) ? MIX_SHARES : plain[below(draw, 6)];
}

static void draw_mix(struct draw *draw, uint32_t worker)
{
    struct values_row row[4];
    struct values_mix mix = {.rule = draw_rule(draw),
                             .worker = worker,
                             .to = below(draw, SLOTS_USED),
                             .degree = 1 + below(draw, 3),
                             .slice = below(draw, 4),
                             .slices = 4,
                             .row = row};
    const uint32_t count = mix.rule == MIX_SPLIT ? 0 : 1 + below(draw, 4);
    const bool based = mix.rule == MIX_DELTA_OWN || mix.rule == MIX_COLLECT;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t peer = below(draw, draw->workers), slot = below(draw, SLOTS_USED);
        const uint32_t base = below(draw, SLOTS_USED);
        if (peer == worker || !draw->filled[peer][slot])
            continue;
        row[mix.count++] =
            (struct values_row){.worker = peer,
                                .slot = slot,
                                .base_worker = peer,
                                .base_slot = based && draw->filled[peer][base] ? base : SLOTS_NONE,
                                .weight = 1 + below(draw, 3)};
    }
    values_mix(draw->values, &mix);
    draw->filled[worker][mix.to] = true;
}

static void draw_reduce(struct draw *draw)
{
    uint32_t member[SUPPORT_WORKERS_MAX], from[SUPPORT_WORKERS_MAX], to[SUPPORT_WORKERS_MAX];
    uint32_t count = 0;
    if (draw->lanes != LANES_PLAIN)
        return;
    for (uint32_t w = 0; w < draw->workers; w++) {
        if (w > 0 && below(draw, 2))
            continue;
        member[count] = w;
        from[count] = 0;
        to[count] = below(draw, SLOTS_USED);
        draw->filled[w][to[count++]] = true;
    }
    values_reduce(draw->values, member, from, to, count);
}

static void draw_call(struct draw *draw, struct support_program *program)
{
    const uint32_t worker = below(draw, draw->workers), slot = below(draw, SLOTS_USED);
    struct values_model current[SUPPORT_WORKERS_MAX];
    for (uint32_t w = 0; w < SUPPORT_WORKERS_MAX; w++)
        current[w] = (struct values_model){w, 0};
    switch (below(draw, 12)) {
    case 0:
    case 1:
    case 2:
        values_gradient(draw->values, worker, draw->filled[worker][slot] ? slot : 0);
        values_apply(draw->values, worker, 0, slot, APPLY_PLAIN, 0.1f);
        draw->filled[worker][slot] = true;
        return;
    case 3:
        values_gradient(draw->values, worker, 0); /* abandoned, or applied much later */
        return;
    case 4:
        if (slot != 0 && draw->filled[worker][slot])
            values_free(draw->values, worker, slot);
        draw->filled[worker][slot] &= slot == 0;
        return;
    case 5:
        if (below(draw, 8) == 0)
            values_cut(draw->values, &(struct values_evaluation){see_cut, program}, draw->cut++,
                       current);
        return;
    case 6:
        if (below(draw, 3) == 0)
            draw_reduce(draw);
        return;
    default:
        draw_mix(draw, worker);
    }
}

void support_program_run(struct support_program *self, struct values *values)
{
    const struct values_config *const config = &self->setup->config;
    struct draw draw = {.rng = rng_start(self->seed, RNG_TEST, 2),
                        .workers = config->workers,
                        .lanes = config->lanes,
                        .values = values};
    CHECK(config->slots == SLOTS_USED);
    self->hash = SUPPORT_HASH_START;
    for (uint32_t w = 0; w < config->workers; w++) {
        draw.filled[w][0] = true;
        values_gradient(values, w, 0);
    }
    for (uint32_t i = 0; i < self->steps; i++)
        draw_call(&draw, self);
    for (uint32_t w = 0; w < config->workers; w++) /* every slot names something, for the result */
        for (uint32_t s = 1; s < SLOTS_USED; s++)
            if (!draw.filled[w][s])
                values_apply(values, w, 0, s, APPLY_SCALED, 0.5f);
    values_join(values);
    CHECK(values_error(values) == 0);
}

uint64_t support_program_result(const struct support_program *self, const struct values *values)
{
    uint64_t hash = self->hash;
    for (uint32_t w = 0; w < self->setup->config.workers; w++) {
        const double sums[] = {values_sum_start(values, w), values_sum_applied(values, w)};
        const float loss = values_loss(values, w);
        hash = support_hash_more(hash, sums, sizeof(sums));
        hash = support_hash_more(hash, &loss, sizeof(loss));
        for (uint32_t s = 0; s < SLOTS_USED; s++)
            hash = hash_vector(self->setup, hash, values_vector(values, w, s));
    }
    return hash;
}
