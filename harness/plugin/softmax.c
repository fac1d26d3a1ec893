/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A linear softmax classifier, as a workload for Dawdle. Copy it and change the functions; build and run the copy with
 *
 *   gcc -std=c11 -O2 -fPIC -shared $(pkg-config --cflags dawdle-plugin) softmax.c -o softmax.so -lm
 *   dawdle sim plugin-python --set 'model={kind: plugin, path: ./softmax.so}'
 *
 * The context holds what never changes after dawdle_open, so several threads may read it at once.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dawdle_plugin.h"

#define CLASSES_MAX 256u

const uint32_t dawdle_abi = DAWDLE_PLUGIN_ABI;

/* Parameters: [features][classes] weights, then [classes] biases. */
struct shape {
    uint32_t features, classes;
};

uint32_t dawdle_open(const struct dawdle_shape *wanted, void **context, char *error,
                     uint32_t error_bytes)
{
    if (wanted->classes > CLASSES_MAX)
        return snprintf(error, error_bytes, "at most %u classes", CLASSES_MAX), 0;
    struct shape *const self = malloc(sizeof(*self));
    if (!self)
        return snprintf(error, error_bytes, "not enough memory"), 0;
    *self = (struct shape){wanted->features, wanted->classes};
    *context = self;
    return (self->features + 1) * self->classes;
}

void dawdle_close(void *context)
{
    free(context);
}

/* The same numbers for the same seed: a counter, scrambled. The biases stay zero. */
void dawdle_init(void *context, uint64_t seed, float *param)
{
    const struct shape *const self = context;
    for (uint32_t i = 0; i < self->features * self->classes; i++) {
        uint64_t x = (seed << 32 | i) * 0x9E3779B97F4A7C15u;
        x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9u;
        param[i] = ((float)(x >> 40) * 0x1p-24f - 0.5f) * 0.02f;
    }
}

/* Probabilities of the classes for one sample. Returns its loss. */
static float forward(const struct shape *self, const float *param, const float *x, uint8_t label,
                     float *probability)
{
    const uint32_t classes = self->classes;
    float most = -INFINITY, sum = 0;
    memcpy(probability, param + (size_t)self->features * classes, classes * sizeof(float));
    for (uint32_t f = 0; f < self->features; f++)
        for (uint32_t c = 0; c < classes; c++)
            probability[c] += x[f] * param[(size_t)f * classes + c];
    for (uint32_t c = 0; c < classes; c++)
        most = fmaxf(most, probability[c]);
    for (uint32_t c = 0; c < classes; c++)
        sum += probability[c] = expf(probability[c] - most);
    for (uint32_t c = 0; c < classes; c++)
        probability[c] /= sum;
    return -logf(fmaxf(probability[label], 1e-30f));
}

float dawdle_gradient(void *context, const float *param, const float *x, const uint8_t *label,
                      uint32_t count, float *gradient)
{
    const struct shape *const self = context;
    const uint32_t features = self->features, classes = self->classes;
    float p[CLASSES_MAX], loss = 0;
    memset(gradient, 0, (size_t)(features + 1) * classes * sizeof(float));
    for (uint32_t i = 0; i < count; i++, x += features) {
        loss += forward(self, param, x, label[i], p);
        p[label[i]] -= 1;
        for (uint32_t f = 0; f < features; f++)
            for (uint32_t c = 0; c < classes; c++)
                gradient[(size_t)f * classes + c] += x[f] * p[c] / (float)count;
        for (uint32_t c = 0; c < classes; c++)
            gradient[(size_t)features * classes + c] += p[c] / (float)count;
    }
    return loss / (float)count;
}

void dawdle_evaluate(void *context, const float *param, const float *x, const uint8_t *label,
                     uint32_t count, double *loss_sum, uint32_t *correct)
{
    const struct shape *const self = context;
    float p[CLASSES_MAX];
    *loss_sum = 0;
    *correct = 0;
    for (uint32_t i = 0; i < count; i++, x += self->features) {
        uint32_t best = 0;
        *loss_sum += (double)forward(self, param, x, label[i], p);
        for (uint32_t c = 1; c < self->classes; c++)
            best = p[c] > p[best] ? c : best;
        *correct += best == label[i];
    }
}
