/* SPDX-License-Identifier: BSD-3-Clause */
/** A plain double-precision network to judge the kernels by, and small helpers for vectors. */
#ifndef TESTS_UNIT_SUPPORT_LEARN_H
#define TESTS_UNIT_SUPPORT_LEARN_H

#include <stddef.h>
#include <stdint.h>

#include "core/learn/model.h"

/** Zeroed, 64-byte aligned floats, kept to the end: every test is a process of its own. */
float *support_floats(size_t count);

/** count numbers in [-scale, scale), a function of `stream` alone. */
float *support_random(uint64_t stream, size_t count, float scale);

/** count labels below `classes`. */
uint8_t *support_labels(uint64_t stream, uint32_t count, uint32_t classes);

/** Summed cross-entropy of `count` samples in double, plain loops; correct may be NULL. */
double support_loss(const struct model_config *model, const double *param, const float *x,
                    const uint8_t *label, uint32_t count, uint32_t *correct);

/** The same for float parameters. */
double support_loss_float(const struct model_config *model, const float *param, const float *x,
                          const uint8_t *label, uint32_t count, uint32_t *correct);

/** 64-bit FNV-1a of the bytes: what a golden test compares. */
uint64_t support_hash(const void *data, size_t bytes);

#endif
