/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Models: parameters are one padded float32 vector; gradients run as resumable slices.
 *
 * Rows (model_table): `none` (no parameters: measures the harness), `softmax` (linear classifier), `mlp` (ReLU hidden
 * layers, softmax cross-entropy). Kernels are our own, fixed order, portable: the same bytes on any x86-64, compiler
 * and optimisation level (needs -ffp-contract=off).
 *
 * Layout of a parameter vector: per layer the weights [in][out] row-major, then the bias [out]; at the end zeros up to
 * a multiple of 16 floats.
 */
#ifndef CORE_LEARN_MODEL_H
#define CORE_LEARN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_HIDDEN_MAX 4u
#define MODEL_PAD 16u

struct model_ops;
struct model_plugin;

struct model_config {
    const struct model_ops *ops;
    uint32_t features, classes;
    uint32_t hidden_count; /* hidden layers: read by mlp alone */
    uint32_t hidden[MODEL_HIDDEN_MAX];
    uint32_t batch;                    /* samples per gradient */
    const struct model_plugin *plugin; /* model plugin: borrowed; else NULL */
    uint32_t
        dim; /* padded parameter count, filled by model_plan; at least MODEL_PAD, also for `none` */
};

/** One gradient in progress. Buffers come from the caller: scratch [model_scratch_floats()]. */
struct gradient {
    const struct model_config *model;
    const float *param;   /* [dim], borrowed until finished */
    const float *x;       /* [batch][features] */
    const uint8_t *label; /* [batch] */
    float *out;           /* [dim]: mean gradient over the batch, padding 0 */
    float *scratch;
    uint32_t stage, row; /* where to resume */
    float loss;          /* mean cross-entropy of the batch, valid when finished */
};

struct model_ops {
    const char *name, *help;
    uint32_t (*dim)(const struct model_config *);          /* unpadded; UINT32_MAX: no such model */
    size_t (*scratch_floats)(const struct model_config *); /* for one gradient */
    void (*init)(const struct model_config *, uint64_t key, float *param);
    bool (*slice)(struct gradient *); /* at most about 50 us on a slow core; true when finished */
    /** Adds to loss_sum and correct over `count` samples. scratch: model_eval_floats(). */
    void (*evaluate)(const struct model_config *, const float *param, const float *x,
                     const uint8_t *label, uint32_t count, float *scratch, double *loss_sum,
                     uint32_t *correct);
    size_t (*eval_floats)(const struct model_config *);
};

extern const struct model_ops *const model_table[];
extern const uint32_t model_count;
const struct model_ops *model_find(const char *name);

/** Fill config->dim. 0 or -EINVAL (a size is 0, more than 256 classes, or sizes overflow). */
int model_plan(struct model_config *config);

void gradient_begin(struct gradient *self, const struct model_config *model, const float *param,
                    const float *x, const uint8_t *label, float *out, float *scratch);
static inline bool gradient_slice(struct gradient *self)
{
    return self->model->ops->slice(self);
}

#endif
