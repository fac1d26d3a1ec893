/* SPDX-License-Identifier: BSD-3-Clause */
/* The linear classifier: layers without a hidden one, whatever the configuration lists. */
#include "core/learn/layers.h"
#include "core/learn/model_rows.h"

static uint32_t softmax_dim(const struct model_config *config)
{
    return layers_dim(config, 0);
}

static size_t softmax_scratch_floats(const struct model_config *config)
{
    return layers_scratch_floats(config, 0);
}

static size_t softmax_eval_floats(const struct model_config *config)
{
    return layers_eval_floats(config, 0);
}

static void softmax_init(const struct model_config *config, uint64_t key, float *param)
{
    layers_init(config, 0, key, param);
}

static bool softmax_slice(struct gradient *self)
{
    return layers_slice(self, 0, LAYERS_SLICE);
}

static void softmax_evaluate(const struct model_config *config, const float *param, const float *x,
                             const uint8_t *label, uint32_t count, float *scratch, double *loss_sum,
                             uint32_t *correct)
{
    layers_evaluate(config, 0, param, x, label, count, scratch, loss_sum, correct);
}

const struct model_ops model_softmax = {
    .name = "softmax",
    .help = "linear classifier, softmax cross-entropy",
    .dim = softmax_dim,
    .scratch_floats = softmax_scratch_floats,
    .init = softmax_init,
    .slice = softmax_slice,
    .evaluate = softmax_evaluate,
    .eval_floats = softmax_eval_floats,
};
