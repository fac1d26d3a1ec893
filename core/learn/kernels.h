/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The scalar functions under softmax cross-entropy, and the row that uses them.
 *
 * Our own exp and log, because those of the C library choose between fused and plain multiplication by processor, so
 * their last bit differs between machines. No branch depends on the data except selections, so loops vectorise.
 *
 * Source: the exponential is S. Moshier's expf (Cephes 2.8): two-part reduction by ln 2, polynomial of degree 5.
 */
#ifndef CORE_LEARN_KERNELS_H
#define CORE_LEARN_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

/** e^x for x <= 0, relative error below 2e-7; arguments below -87 count as -87; NaN stays NaN. */
float kernels_exp(float x);

/** Natural logarithm of a normal x > 0, absolute error below 1e-15 plus 1e-15 relative. NaN stays NaN. */
double kernels_log(double x);

/**
 * One sample of softmax cross-entropy. row: [classes] logits in, gradient out: scale * (softmax(row) - onehot(label)).
 * loss: its cross-entropy. Returns whether the first largest logit is the label's.
 */
bool kernels_softmax(float *row, uint32_t classes, uint32_t label, float scale, double *loss);

#endif
