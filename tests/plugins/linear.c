/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in for tests: one weight per feature, least squares against the label. Compile-time switches break it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plugin/dawdle_plugin.h"

#ifndef ABI
#define ABI DAWDLE_PLUGIN_ABI
#endif

const uint32_t dawdle_abi = ABI;

static uint32_t features;

/* As the header promises: the whole program stops at the first array that is not so. */
static void expect_line(const void *array)
{
#ifdef ALIGNED
    if ((uintptr_t)array % 64 != 0)
        abort();
#else
    (void)array;
#endif
}

uint32_t dawdle_open(const struct dawdle_shape *shape, void **context, char *error,
                     uint32_t error_bytes)
{
    if (strcmp(shape->arguments, "refuse") == 0) {
        snprintf(error, error_bytes, "it was told to refuse");
        return 0;
    }
    features = shape->features;
    *context = &features;
    return features;
}

void dawdle_close(void *context)
{
    (void)context;
}

void dawdle_init(void *context, uint64_t seed, float *param)
{
    const uint32_t n = *(const uint32_t *)context;
    expect_line(param);
    for (uint32_t i = 0; i < n; i++)
        param[i] = (float)(seed >> 40) * 0x1p-30f;
}

#ifndef NO_GRADIENT
float dawdle_gradient(void *context, const float *param, const float *x, const uint8_t *label,
                      uint32_t count, float *gradient)
{
    const uint32_t n = *(const uint32_t *)context;
    float loss = 0;
    expect_line(param);
    expect_line(x);
    expect_line(label);
    expect_line(gradient);
    memset(gradient, 0, n * sizeof(float));
    for (uint32_t s = 0; s < count; s++) {
        float error = -(float)label[s];
        for (uint32_t i = 0; i < n; i++)
            error += param[i] * x[(size_t)s * n + i];
        for (uint32_t i = 0; i < n; i++)
            gradient[i] += 2 * error * x[(size_t)s * n + i] / (float)count;
        loss += error * error / (float)count;
    }
    return loss;
}
#endif

void dawdle_evaluate(void *context, const float *param, const float *x, const uint8_t *label,
                     uint32_t count, double *loss_sum, uint32_t *correct)
{
    const uint32_t n = *(const uint32_t *)context;
    expect_line(param);
    expect_line(x);
    expect_line(label);
    for (uint32_t s = 0; s < count; s++) {
        float error = -(float)label[s];
        for (uint32_t i = 0; i < n; i++)
            error += param[i] * x[(size_t)s * n + i];
        *loss_sum += (double)(error * error);
        *correct += error > -0.5f && error < 0.5f;
    }
}
