/* SPDX-License-Identifier: BSD-3-Clause */
/* Models, samples and books for one scenario. Tasks run at once: a mix has happened when the next event comes. */
#include "tests/random/learner.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/sim/values/tasks.h"
#include "harness/run/ledger.h"

#define FEATURES 5u /* softmax */
#define SAMPLES_EACH 4u
#define UNIT 16u

enum stream { STREAM_START = 32, STREAM_DATA };

struct learner {
    struct tasks tasks; /* first: where the plant sees them, before the executor */
    struct tasks_inline executor;
    const struct plant *plant;
    const struct scenario *scenario;
    struct model_config model;
    struct values *values;
    uint32_t shard[SCENARIO_WORKERS_MAX * SAMPLES_EACH], shard_begin[SCENARIO_WORKERS_MAX + 1];
    float *start;  /* linear: [dim] */
    float *sample; /* [samples][features] */
    float *scratch;
};

static float coordinate(uint64_t seed, enum stream stream, uint64_t index)
{
    return (float)(2.0 * rng_unit_at(rng_key(seed, RNG_TEST, stream), index) - 1.0);
}

/* ------------------------------------------------------------------------------------------- the linear model */

static uint32_t linear_dim(const struct model_config *config)
{
    return config->features;
}

static size_t linear_scratch(const struct model_config *config)
{
    (void)config;
    return 0;
}

static void linear_init(const struct model_config *config, uint64_t key, float *param)
{
    for (uint32_t d = 0; d < config->dim; d++)
        param[d] = (float)(2.0 * rng_unit_at(key, d) - 1.0);
}

static bool linear_slice(struct gradient *gradient)
{
    for (uint32_t d = 0; d < gradient->model->dim; d++)
        gradient->out[d] = gradient->x[d];
    gradient->loss = 0;
    return true;
}

static const struct model_ops linear = {.name = "linear",
                                        .dim = linear_dim,
                                        .scratch_floats = linear_scratch,
                                        .init = linear_init,
                                        .slice = linear_slice,
                                        .eval_floats = linear_scratch};

/* ------------------------------------------------------------------------------------------------- open, close */

static void read_samples(const void *context, const uint32_t *ids, uint32_t count, float *x,
                         uint8_t *label)
{
    const struct learner *const self = context;
    const uint32_t features = self->model.features;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t f = 0; f < features; f++)
            x[i * features + f] = self->sample[ids[i] * features + f];
        label[i] = (uint8_t)(ids[i] % SCENARIO_CLASSES);
    }
}

static bool is_linear(const struct learner *self)
{
    return self->scenario->values == SCENARIO_LINEAR;
}

/** One unit of 16 per slice of a chunked reduction. */
static uint32_t units_of(const struct scenario *scenario)
{
    const bool chunked = scenario->variant->reduces &&
                         !policy_models_reduction(scenario->variant, &scenario->cell.options);
    return chunked ? scenario->config.workers : 1;
}

static void deal(struct learner *self, uint32_t each)
{
    const uint32_t workers = self->scenario->config.workers;
    for (uint32_t i = 0; i < workers * each; i++)
        self->shard[i] = i;
    for (uint32_t w = 0; w <= workers; w++)
        self->shard_begin[w] = w * each;
    const uint32_t floats = workers * each * self->model.features;
    self->sample = malloc(floats * sizeof(float));
    CHECK(self->sample);
    for (uint32_t i = 0; i < floats; i++)
        self->sample[i] = coordinate(self->scenario->seed, STREAM_DATA, i);
}

static void choose_model(struct learner *self)
{
    if (is_linear(self))
        self->model = (struct model_config){
            .ops = &linear, .features = units_of(self->scenario) * UNIT, .classes = 2, .batch = 1};
    else
        self->model = (struct model_config){.ops = model_find("softmax"),
                                            .features = FEATURES,
                                            .classes = SCENARIO_CLASSES,
                                            .batch = 2};
    CHECK(model_plan(&self->model) == 0);
}

static task_id submit(struct tasks *tasks, const struct task *task)
{
    struct learner *const self = (struct learner *)tasks;
    plant_disorder(self->plant, task);
    return self->executor.tasks.ops->submit(&self->executor.tasks, task);
}

static void wait_for(struct tasks *tasks, task_id task)
{
    struct learner *const self = (struct learner *)tasks;
    self->executor.tasks.ops->wait(&self->executor.tasks, task);
}

static int finished(struct tasks *tasks, task_id task)
{
    struct learner *const self = (struct learner *)tasks;
    return self->executor.tasks.ops->finished(&self->executor.tasks, task);
}

static const struct tasks_ops tasks_ops = {
    .submit = submit, .wait = wait_for, .finished = finished};

struct learner *learner_open(const struct scenario *scenario, const struct sim_memory *memory,
                             const struct plant *plant)
{
    struct err err;
    if (scenario->values == SCENARIO_TIMING)
        return NULL;
    struct learner *const self = calloc(1, sizeof(*self));
    CHECK(self);
    self->scenario = scenario;
    choose_model(self);
    deal(self, is_linear(self) ? 1 : SAMPLES_EACH);
    struct values_config config = {.workers = scenario->config.workers,
                                   .slots = scenario->config.slots,
                                   .model = &self->model,
                                   .lanes = scenario->variant->lanes,
                                   .seed = scenario->seed,
                                   .shard = self->shard,
                                   .shard_begin = self->shard_begin,
                                   .data = {.read = read_samples, .context = self},
                                   .tasks = &self->tasks,
                                   .memory = memory};
    self->scratch = aligned_alloc(64, values_scratch_floats(&config) * sizeof(float));
    self->start = calloc(self->model.dim, sizeof(float));
    CHECK(self->scratch && self->start);
    self->model.ops->init(&self->model, rng_key(scenario->seed, RNG_INIT, 0), self->start);
    self->tasks.ops = &tasks_ops;
    self->plant = plant;
    tasks_inline_init(&self->executor, self->scratch);
    CHECK(values_open(&self->values, &config, &err) == 0);
    return self;
}

void learner_close(struct learner *self)
{
    if (!self)
        return;
    values_close(self->values);
    free(self->scratch);
    free(self->start);
    free(self->sample);
    free(self);
}

struct values *learner_values(const struct learner *self)
{
    return self ? self->values : NULL;
}

struct shadow_floats learner_floats(const struct learner *self)
{
    if (!self)
        return (struct shadow_floats){0};
    return (struct shadow_floats){.values = self->values,
                                  .lanes = self->scenario->variant->lanes,
                                  .dim = self->model.dim,
                                  .start = self->start,
                                  .gradient = is_linear(self) ? self->sample : NULL,
                                  .rate = (double)self->scenario->config.lr};
}

bool learner_balances(const struct learner *self, struct sim *sim, char *text, uint32_t size)
{
    static struct record_run record;
    struct ledger ledger = {.lanes = self->scenario->variant->lanes, .dim = self->model.dim};
    for (uint32_t w = 0; w < self->scenario->config.workers; w++) {
        const uint32_t slot = sim_current(sim, w);
        ledger_add(&ledger, slot == SLOTS_NONE ? NULL : values_vector(self->values, w, slot),
                   values_sum_start(self->values, w) + values_sum_gained(self->values, w),
                   values_sum_applied(self->values, w));
    }
    ledger_close(&ledger, self->scenario->variant, &record);
    if (!record.ledger.ok)
        snprintf(text, size, "the ledger is off by %.3g of the models", record.ledger.error);
    return record.ledger.ok;
}
