/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in that ends badly, in the way that its arguments name, in its hundredth gradient. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plugin/dawdle_plugin.h"

const uint32_t dawdle_abi = DAWDLE_PLUGIN_ABI;

static char way[64];
static _Atomic uint32_t gradients;
static _Atomic int given_up;

uint32_t dawdle_open(const struct dawdle_shape *shape, void **context, char *error,
                     uint32_t error_bytes)
{
    (void)error;
    (void)error_bytes;
    *context = way;
    strncpy(way, shape->arguments, sizeof(way) - 1);
    return shape->features;
}

void dawdle_close(void *context)
{
    (void)context;
}

void dawdle_init(void *context, uint64_t seed, float *param)
{
    (void)context;
    (void)seed;
    param[0] = 1;
}

const char *dawdle_failure(void *context)
{
    (void)context;
    return given_up ? "it gave up" : NULL;
}

static volatile uint32_t sink;

/* Not a tail call: the stack fills up. */
__attribute__((noinline)) static uint32_t recurse(uint32_t depth) // NOLINT(misc-no-recursion)
{
    volatile char room[4096];
    room[depth % 4096] = (char)depth;
    sink = depth;
    return depth == UINT32_MAX ? 0 : recurse(depth + 1) + (unsigned char)room[0];
}

static float end(void)
{
    static volatile uint32_t zero;
    static uint32_t *volatile nowhere;
    if (strcmp(way, "crash") == 0)
        *nowhere = 1;
    else if (strcmp(way, "divide") == 0)
        sink = gradients / zero;
    else if (strcmp(way, "recurse") == 0)
        sink = recurse(0);
    else if (strcmp(way, "abort") == 0)
        abort();
    else if (strcmp(way, "exit") == 0)
        exit(0);
    else if (strcmp(way, "give-up") == 0)
        given_up = 1;
    else if (strcmp(way, "nan") == 0)
        return NAN;
    return 1;
}

float dawdle_gradient(void *context, const float *param, const float *x, const uint8_t *label,
                      uint32_t count, float *gradient)
{
    (void)context;
    (void)x;
    (void)label;
    (void)count;
    gradient[0] = param[0] - 0.5f;
    const float loss = ++gradients >= 100 ? end() : 1;
    if (isnan(loss))
        gradient[0] = loss;
    return loss;
}

void dawdle_evaluate(void *context, const float *param, const float *x, const uint8_t *label,
                     uint32_t count, double *loss_sum, uint32_t *correct)
{
    (void)context;
    (void)x;
    (void)label;
    *loss_sum = (double)param[0] * count;
    *correct = strcmp(way, "count") == 0 ? count + 1 : count / 2;
}
