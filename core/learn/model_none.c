/* SPDX-License-Identifier: BSD-3-Clause */
/* No parameters, no work: what an experiment costs without any learning. It judges every class equally likely. */
#include "core/learn/model_rows.h"

#include <string.h>

#include "core/learn/kernels.h"

static double uniform_loss(const struct model_config *config)
{
    return config->classes > 1 ? kernels_log((double)config->classes) : 0.0;
}

static uint32_t none_dim(const struct model_config *config)
{
    (void)config;
    return 0;
}

static size_t none_floats(const struct model_config *config)
{
    (void)config;
    return 0;
}

static void none_init(const struct model_config *config, uint64_t key, float *param)
{
    (void)key;
    memset(param, 0, sizeof(float) * config->dim);
}

static bool none_slice(struct gradient *self)
{
    memset(self->out, 0, sizeof(float) * self->model->dim);
    self->loss = (float)uniform_loss(self->model);
    return true;
}

static void none_evaluate(const struct model_config *config, const float *param, const float *x,
                          const uint8_t *label, uint32_t count, float *scratch, double *loss_sum,
                          uint32_t *correct)
{
    (void)param, (void)x, (void)scratch;
    *loss_sum += count * uniform_loss(config);
    for (uint32_t i = 0; i < count; i++)
        *correct += label[i] == 0; /* the first of equal logits, as in the other models */
}

const struct model_ops model_none = {
    .name = "none",
    .help = "no parameters and no work: measures the harness",
    .dim = none_dim,
    .scratch_floats = none_floats,
    .init = none_init,
    .slice = none_slice,
    .evaluate = none_evaluate,
    .eval_floats = none_floats,
};
