/* SPDX-License-Identifier: BSD-3-Clause */
/* Set-up: all books in one block, buffers as they are needed. */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "core/sim/values/values.h"
#include "core/sim/values/values_private.h"

#define WINDOW_MIN 32u
#define WINDOW_MAX 512u
#define ARGUMENT_BYTES 512u /* of a usual task: a mix with a dozen rows */

static uint32_t window_of(const struct values_config *config)
{
    const uint64_t window = 2 * (uint64_t)config->workers;
    return window < WINDOW_MIN ? WINDOW_MIN : window > WINDOW_MAX ? WINDOW_MAX : (uint32_t)window;
}

static size_t arguments_bytes(const struct values_config *config)
{
    const size_t mix = sizeof(struct combine) + MIX_ROWS_MAX * sizeof(struct combine_row);
    const size_t mean = config->workers * sizeof(float *);
    const size_t largest = ((mix > mean ? mix : mean) + 63) / 64 * 64;
    return 3 * largest + window_of(config) * ARGUMENT_BYTES;
}

static uint32_t samples_of(const struct values_config *config)
{
    return config->shard ? config->shard_begin[config->workers] : 0;
}

/* Everything but the buffers is one block; laid out twice, to measure and to place. */
static size_t lay_out(struct values *memory, const struct values_config *config)
{
    const uint32_t workers = config->workers;
    struct layout layout = {.base = (uint8_t *)memory};
    struct values *const self = layout_take(&layout, 1, sizeof(*self));
    struct values made = {.config = *config, .after_max = workers + 2 * MIX_ROWS_MAX + 4};
    made.worker = layout_take(&layout, workers, sizeof(*made.worker));
    made.work.sum_applied = layout_take(&layout, workers, sizeof(double));
    made.work.sum_gained = layout_take(&layout, workers, sizeof(double));
    made.slot = layout_take(&layout, (size_t)workers * config->slots, sizeof(*made.slot));
    made.after = layout_take(&layout, made.after_max, sizeof(*made.after));
    for (uint32_t i = 0; i < VALUES_CUTS; i++)
        made.showing[i].vector = layout_take(&layout, workers, sizeof(float *));
    void *const arguments = layout_take(&layout, arguments_bytes(config), 1);
    struct values_argument *const argument =
        layout_take(&layout, window_of(config), sizeof(struct values_argument));
    values_arguments_init(&made.arguments, arguments, arguments_bytes(config), argument,
                          window_of(config));
    made.order = layout_take(&layout, samples_of(config), sizeof(*made.order));
    made.bytes = layout.used;
    if (self)
        *self = made;
    return layout.used;
}

static void start_samplers(struct values *self)
{
    const struct values_config *const config = &self->config;
    for (uint32_t w = 0; w < config->workers; w++) {
        const uint32_t begin = config->shard_begin[w], count = config->shard_begin[w + 1] - begin;
        memcpy(self->order + begin, config->shard + begin, count * sizeof(*self->order));
        if (count > 0)
            sampler_init(&self->worker[w].sampler, config->seed, w, self->order + begin, count);
    }
}

static void set_up(struct values *self)
{
    const struct values_config *const config = &self->config;
    const struct values_layout layout = values_layout_of(config);
    self->memory = *config->memory;
    self->work.model = config->model;
    self->work.lanes = config->lanes;
    self->work.has_data = config->shard != NULL;
    self->work.data = config->data;
    self->work.layout = layout;
    self->pending = (struct values_pending){.tasks = config->tasks, .window = window_of(config)};
    values_pool_init(&self->vectors, &self->memory, lanes_floats(config->lanes, layout.dim));
    values_pool_init(&self->gradients, &self->memory, layout.loss + MODEL_PAD);
    for (uint32_t w = 0; w < config->workers; w++)
        self->worker[w].gradient = VALUES_POOL_NONE;
    for (size_t i = 0; i < (size_t)config->workers * config->slots; i++)
        self->slot[i] = VALUES_POOL_NONE;
    if (config->shard)
        start_samplers(self);
}

int values_open(struct values **out, const struct values_config *config, struct err *err)
{
    CHECK(config->workers >= 1);
    CHECK(config->slots >= 1);
    const struct sim_memory *const memory = config->memory;
    const size_t bytes = lay_out(NULL, config);
    struct values *const self = memory->resize(memory->context, NULL, 0, bytes);
    *out = self;
    if (!self)
        return err_set(err, -ENOMEM,
                       "not enough memory for the books of %u simulated workers (%zu MiB)",
                       config->workers, bytes >> 20);
    lay_out(self, config);
    set_up(self);
    return 0;
}

void values_close(struct values *self)
{
    if (!self)
        return;
    values_join(self);
    values_pool_fini(&self->vectors);
    values_pool_fini(&self->gradients);
    const struct sim_memory memory = self->memory;
    memory.resize(memory.context, self, self->bytes, 0);
}
