/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of models, and what all of them share. */
#include "core/learn/model_rows.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"

const struct model_ops *const model_table[] = {&model_none, &model_softmax, &model_mlp,
                                               &model_plugin};
const uint32_t model_count = sizeof(model_table) / sizeof(model_table[0]);

const struct model_ops *model_find(const char *name)
{
    for (uint32_t i = 0; i < model_count; i++)
        if (strcmp(model_table[i]->name, name) == 0)
            return model_table[i];
    return NULL;
}

int model_plan(struct model_config *config)
{
    const uint32_t dim = config->ops->dim(config);
    if (dim > UINT32_MAX - MODEL_PAD)
        return -EINVAL;
    const uint32_t blocks = (dim + MODEL_PAD - 1) / MODEL_PAD;
    config->dim = (blocks == 0 ? 1 : blocks) * MODEL_PAD;
    return 0;
}

void gradient_begin(struct gradient *self, const struct model_config *model, const float *param,
                    const float *x, const uint8_t *label, float *out, float *scratch)
{
    DCHECK(model->dim >= MODEL_PAD); /* planned */
    *self = (struct gradient){
        .model = model, .param = param, .x = x, .label = label, .out = out, .scratch = scratch};
}
