/* SPDX-License-Identifier: BSD-3-Clause */
/* The multilayer perceptron: every hidden layer of the configuration. */
#include "core/learn/layers.h"
#include "core/learn/model_rows.h"

static uint32_t mlp_dim(const struct model_config *config)
{
    return layers_dim(config, config->hidden_count);
}

static size_t mlp_scratch_floats(const struct model_config *config)
{
    return layers_scratch_floats(config, config->hidden_count);
}

static size_t mlp_eval_floats(const struct model_config *config)
{
    return layers_eval_floats(config, config->hidden_count);
}

static void mlp_init(const struct model_config *config, uint64_t key, float *param)
{
    layers_init(config, config->hidden_count, key, param);
}

static bool mlp_slice(struct gradient *self)
{
    return layers_slice(self, self->model->hidden_count, LAYERS_SLICE);
}

static void mlp_evaluate(const struct model_config *config, const float *param, const float *x,
                         const uint8_t *label, uint32_t count, float *scratch, double *loss_sum,
                         uint32_t *correct)
{
    layers_evaluate(config, config->hidden_count, param, x, label, count, scratch, loss_sum,
                    correct);
}

const struct model_ops model_mlp = {
    .name = "mlp",
    .help = "ReLU hidden layers, softmax cross-entropy",
    .dim = mlp_dim,
    .scratch_floats = mlp_scratch_floats,
    .init = mlp_init,
    .slice = mlp_slice,
    .evaluate = mlp_evaluate,
    .eval_floats = mlp_eval_floats,
};
