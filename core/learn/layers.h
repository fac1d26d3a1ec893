/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Fully connected ReLU layers under softmax cross-entropy: what the rows `softmax` (no hidden layer) and `mlp` share.
 *
 * A gradient is a list of stages, each a matrix product (core/learn/gemm.h) or the loss; (stage, row) in struct
 * gradient says where it stands. `hidden` is passed because `softmax` ignores the profile's hidden layers.
 */
#ifndef CORE_LEARN_LAYERS_H
#define CORE_LEARN_LAYERS_H

#include "core/learn/model.h"

#define LAYERS_MAX (MODEL_HIDDEN_MAX + 1)

/** Multiply-adds of one slice, give or take one unit: 26-52 us at 10 GFLOP/s, a slow core. */
#define LAYERS_SLICE 131072u

/** Unpadded parameter count; UINT32_MAX when a size is 0, too large, or does not fit. */
uint32_t layers_dim(const struct model_config *config, uint32_t hidden);

size_t layers_scratch_floats(const struct model_config *config, uint32_t hidden);
size_t layers_eval_floats(const struct model_config *config, uint32_t hidden);

/** Uniform weights: He before a ReLU, Glorot before the softmax; biases and padding 0. */
void layers_init(const struct model_config *config, uint32_t hidden, uint64_t key, float *param);

/** Work on the gradient for about `budget` multiply-adds, at least one unit; true when finished. */
bool layers_slice(struct gradient *self, uint32_t hidden, uint64_t budget);

void layers_evaluate(const struct model_config *config, uint32_t hidden, const float *param,
                     const float *x, const uint8_t *label, uint32_t count, float *scratch,
                     double *loss_sum, uint32_t *correct);

#endif
