/* SPDX-License-Identifier: BSD-3-Clause */
/* Somebody else's workload. Its gradient is one slice, however long it takes: nobody can interrupt foreign code. */
#include "core/learn/model_plugin.h"

#include <string.h>

#include "core/learn/model_rows.h"

static uint32_t plugin_dim(const struct model_config *config)
{
    return config->plugin ? config->plugin->parameters : UINT32_MAX;
}

static size_t plugin_floats(const struct model_config *config)
{
    (void)config;
    return 0;
}

static void plugin_init(const struct model_config *config, uint64_t key, float *param)
{
    memset(param, 0, sizeof(float) * config->dim);
    config->plugin->init(config->plugin->context, key, param);
}

static bool plugin_slice(struct gradient *self)
{
    const struct model_plugin *const plugin = self->model->plugin;
    memset(self->out, 0,
           sizeof(float) * self->model->dim); /* the padding, and what it leaves out */
    self->loss = plugin->gradient(plugin->context, self->param, self->x, self->label,
                                  self->model->batch, self->out);
    return true;
}

static void plugin_evaluate(const struct model_config *config, const float *param, const float *x,
                            const uint8_t *label, uint32_t count, float *scratch, double *loss_sum,
                            uint32_t *correct)
{
    (void)scratch;
    double loss = 0;
    uint32_t right = 0;
    config->plugin->evaluate(config->plugin->context, param, x, label, count, &loss, &right);
    *loss_sum += loss;
    *correct += right;
}

const struct model_ops model_plugin = {
    .name = "plugin",
    .help = "your own: init, gradient and evaluate from a shared object",
    .dim = plugin_dim,
    .scratch_floats = plugin_floats,
    .init = plugin_init,
    .slice = plugin_slice,
    .evaluate = plugin_evaluate,
    .eval_floats = plugin_floats,
};
