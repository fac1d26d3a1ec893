/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fully connected layers, forward and backward, cut into units.
 *
 * Stages of a gradient with L layers: 0..L-1 the layers forward, L the loss, then three per layer from the last to the
 * first: weights, bias, and the deltas of the layer below (which the first layer does not need, so stage 4L is the
 * end). The order of the arithmetic depends on the stage list alone, never on where a slice stopped.
 */
#include "core/learn/layers.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/learn/gemm.h"
#include "core/learn/kernels.h"

#define CLASSES_MAX 256u /* labels are bytes */
#define EVAL_ROWS 64u    /* samples judged at a time */
#define LOSS_COST 40u    /* one logit of the loss, counted in multiply-adds */

static const float one = 1.0f;

/* Width of layer boundary l: 0 is the input, hidden + 1 the logits. */
static uint32_t width(const struct model_config *config, uint32_t hidden, uint32_t l)
{
    return l == 0 ? config->features : l <= hidden ? config->hidden[l - 1] : config->classes;
}

static size_t pad(size_t floats)
{
    return (floats + MODEL_PAD - 1) / MODEL_PAD * MODEL_PAD;
}

/* Where the weights of layer l begin; its bias follows them. */
static size_t weights_at(const struct model_config *config, uint32_t hidden, uint32_t l)
{
    size_t at = 0;
    for (uint32_t i = 0; i < l; i++)
        at += ((size_t)width(config, hidden, i) + 1) * width(config, hidden, i + 1);
    return at;
}

/* Where boundary l >= 1 of `rows` samples begins among the activations; hidden + 2 is their end. */
static size_t boundary_at(const struct model_config *config, uint32_t hidden, uint32_t l,
                          size_t rows)
{
    size_t at = 0;
    for (uint32_t i = 1; i < l; i++)
        at += pad(rows * width(config, hidden, i));
    return at;
}

uint32_t layers_dim(const struct model_config *config, uint32_t hidden)
{
    if (hidden > MODEL_HIDDEN_MAX || config->classes > CLASSES_MAX || config->batch == 0)
        return UINT32_MAX;
    uint64_t dim = 0, widths = 0;
    for (uint32_t l = 0; l < hidden + 1; l++) {
        const uint64_t in = width(config, hidden, l), out = width(config, hidden, l + 1);
        if (in == 0 || out == 0)
            return UINT32_MAX;
        dim += (in + 1) * out; /* below 2^32 before, so no wrap */
        widths += in + out;
        if (dim > UINT32_MAX - MODEL_PAD)
            return UINT32_MAX;
    }
    /* Beyond these a batch no longer fits 32-bit unit numbers; both are far above what fits in memory and time. */
    if (widths * config->batch > UINT32_MAX || dim > (UINT64_C(1) << 40) / config->batch)
        return UINT32_MAX;
    return (uint32_t)dim;
}

/* Activations of every boundary, deltas of the hidden ones, one loss per sample. */
size_t layers_scratch_floats(const struct model_config *config, uint32_t hidden)
{
    return boundary_at(config, hidden, hidden + 2, config->batch) +
           boundary_at(config, hidden, hidden + 1, config->batch) + pad(config->batch);
}

size_t layers_eval_floats(const struct model_config *config, uint32_t hidden)
{
    return boundary_at(config, hidden, hidden + 2, EVAL_ROWS);
}

void layers_init(const struct model_config *config, uint32_t hidden, uint64_t key, float *param)
{
    uint64_t draw = 0;
    float *w = param;
    for (uint32_t l = 0; l <= hidden; l++) {
        const uint32_t in = width(config, hidden, l), out = width(config, hidden, l + 1);
        const double fan = l < hidden ? (double)in : (double)in + (double)out;
        const double limit = sqrt(6.0 / fan);
        for (size_t i = 0; i < (size_t)in * out; i++)
            *w++ = (float)((2.0 * rng_unit_at(key, draw++) - 1.0) * limit);
        memset(w, 0, sizeof(float) * out);
        w += out;
    }
    memset(w, 0, sizeof(float) * (size_t)(param + config->dim - w));
}

/* Layer l for `rows` samples: from boundary l (`in`) to boundary l + 1 (`out`). */
static struct gemm forward(const struct model_config *config, uint32_t hidden, uint32_t l,
                           uint32_t rows, const float *param, const float *in, float *out)
{
    const uint32_t k = width(config, hidden, l), n = width(config, hidden, l + 1);
    const float *const w = param + weights_at(config, hidden, l);
    return (struct gemm){.c = out,
                         .c_row = n,
                         .a = in,
                         .a_row = k,
                         .a_col = 1,
                         .b = w,
                         .b_row = n,
                         .b_col = 1,
                         .bias = w + (size_t)k * n,
                         .m = rows,
                         .n = n,
                         .k = k,
                         .relu = l < hidden};
}

static float *activation(const struct gradient *self, uint32_t hidden, uint32_t l)
{
    return self->scratch + boundary_at(self->model, hidden, l, self->model->batch);
}

/* dL/d(boundary l) per sample; of the logits it lies where they were. */
static float *delta(const struct gradient *self, uint32_t hidden, uint32_t l)
{
    return l == hidden + 1 ? activation(self, hidden, l)
                           : activation(self, hidden, hidden + 2) +
                                 boundary_at(self->model, hidden, l, self->model->batch);
}

static float *losses(const struct gradient *self, uint32_t hidden)
{
    return activation(self, hidden, hidden + 2) +
           boundary_at(self->model, hidden, hidden + 1, self->model->batch);
}

enum back { BACK_WEIGHTS, BACK_BIAS, BACK_DELTA, BACK_COUNT };

static struct gemm backward(const struct gradient *self, uint32_t hidden, uint32_t l,
                            enum back what)
{
    const struct model_config *const config = self->model;
    const uint32_t batch = config->batch;
    const uint32_t in = width(config, hidden, l), out = width(config, hidden, l + 1);
    const float *const above = delta(self, hidden, l + 1);
    const float *const below = l == 0 ? self->x : activation(self, hidden, l);
    const size_t at = weights_at(config, hidden, l);
    switch (what) {
    case BACK_WEIGHTS: /* below^T * above */
        return (struct gemm){.c = self->out + at,
                             .c_row = out,
                             .a = below,
                             .a_row = 1,
                             .a_col = in,
                             .b = above,
                             .b_row = out,
                             .b_col = 1,
                             .m = in,
                             .n = out,
                             .k = batch};
    case BACK_BIAS: /* the row under the weights: inputs that are always 1 */
        return (struct gemm){.c = self->out + at + (size_t)in * out,
                             .c_row = out,
                             .a = &one,
                             .b = above,
                             .b_row = out,
                             .b_col = 1,
                             .m = 1,
                             .n = out,
                             .k = batch};
    default: /* above * weights^T, where the ReLU let something through */
        return (struct gemm){.c = delta(self, hidden, l),
                             .c_row = in,
                             .a = above,
                             .a_row = out,
                             .a_col = 1,
                             .b = self->param + at,
                             .b_row = 1,
                             .b_col = out,
                             .gate = below,
                             .m = batch,
                             .n = in,
                             .k = out};
    }
}

static struct gemm product(const struct gradient *self, uint32_t hidden, uint32_t stage)
{
    const uint32_t layers = hidden + 1;
    if (stage < layers)
        return forward(self->model, hidden, stage, self->model->batch, self->param,
                       stage == 0 ? self->x : activation(self, hidden, stage),
                       activation(self, hidden, stage + 1));
    const uint32_t back = stage - layers - 1;
    return backward(self, hidden, hidden - back / BACK_COUNT, (enum back)(back % BACK_COUNT));
}

/* The loss of one more sample: logits become deltas, scaled so that the products above are means. */
static uint64_t loss_row(struct gradient *self, uint32_t hidden)
{
    const uint32_t classes = self->model->classes;
    double loss;
    kernels_softmax(activation(self, hidden, hidden + 1) + (size_t)self->row * classes, classes,
                    self->label[self->row], 1.0f / (float)self->model->batch, &loss);
    losses(self, hidden)[self->row++] = (float)loss;
    return (uint64_t)classes * LOSS_COST;
}

static void finish(struct gradient *self, uint32_t hidden)
{
    const struct model_config *const config = self->model;
    const float *const loss = losses(self, hidden);
    double sum = 0.0;
    for (uint32_t i = 0; i < config->batch; i++)
        sum += (double)loss[i];
    self->loss = (float)(sum / config->batch);
    for (size_t d = weights_at(config, hidden, hidden + 1); d < config->dim; d++)
        self->out[d] = 0.0f;
}

bool layers_slice(struct gradient *self, uint32_t hidden, uint64_t budget)
{
    const uint32_t layers = hidden + 1, end = 4 * layers;
    uint64_t spent = 0;
    for (; self->stage < end; self->stage++, self->row = 0) {
        if (self->stage == layers) {
            for (; self->row < self->model->batch; spent += loss_row(self, hidden))
                if (spent >= budget)
                    return false;
            continue;
        }
        const struct gemm g = product(self, hidden, self->stage);
        const uint32_t units = gemm_units(&g), cost = gemm_unit_cost(&g);
        for (; self->row < units; spent += cost) {
            if (spent >= budget)
                return false;
            gemm_unit(&g, self->row++);
        }
    }
    finish(self, hidden);
    return true;
}

void layers_evaluate(const struct model_config *config, uint32_t hidden, const float *param,
                     const float *x, const uint8_t *label, uint32_t count, float *scratch,
                     double *loss_sum, uint32_t *correct)
{
    float *const logits = scratch + boundary_at(config, hidden, hidden + 1, EVAL_ROWS);
    for (uint32_t first = 0; first < count; first += EVAL_ROWS) {
        const uint32_t rows = count - first < EVAL_ROWS ? count - first : EVAL_ROWS;
        const float *in = x + (size_t)first * config->features;
        for (uint32_t l = 0; l <= hidden; l++) {
            float *const out = scratch + boundary_at(config, hidden, l + 1, EVAL_ROWS);
            const struct gemm g = forward(config, hidden, l, rows, param, in, out);
            gemm_run(&g);
            in = out;
        }
        for (uint32_t i = 0; i < rows; i++) {
            double loss;
            *correct += kernels_softmax(logits + (size_t)i * config->classes, config->classes,
                                        label[first + i], 1.0f, &loss);
            *loss_sum += loss;
        }
    }
}
