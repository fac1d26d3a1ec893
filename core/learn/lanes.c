/* SPDX-License-Identifier: BSD-3-Clause */
/* Layout and meaning of the lanes beside the parameters; the arithmetic on the parameters themselves is mix.c's. */
#include "core/learn/lanes.h"

#include <string.h>

#include "core/base/check.h"
#include "core/learn/mix.h"

#define WEIGHT_LANES 16u /* y and its padding: vectors stay whole cache lines */

uint32_t lanes_floats(enum lanes lanes, uint32_t dim)
{
    const uint32_t weighted = dim + WEIGHT_LANES;
    CHECK(dim % WEIGHT_LANES == 0);
    switch (lanes) {
    case LANES_PLAIN:
        return dim;
    case LANES_WEIGHT:
        return weighted;
    case LANES_CUMULATIVE:
        CHECK(weighted <= UINT32_MAX / 3);
        return 3 * weighted; /* a double is two floats long */
    }
    CHECK(lanes == LANES_PLAIN); /* no such layout */
    return dim;
}

void lanes_start(enum lanes lanes, float *vector, uint32_t dim)
{
    const uint32_t floats = lanes_floats(lanes, dim);
    memset(vector + dim, 0, (floats - dim) * sizeof(float)); /* all bits 0 is 0.0 as a double too */
    if (lanes != LANES_PLAIN)
        vector[dim] = 1.0f;
}

float lanes_weight(enum lanes lanes, const float *vector, uint32_t dim)
{
    return lanes == LANES_PLAIN ? 1.0f : vector[dim];
}

const float *lanes_model(enum lanes lanes, const float *vector, uint32_t dim, float *out)
{
    const float weight = lanes_weight(lanes, vector, dim);
    if (weight == 1.0f) /* x / 1 has the bits of x */
        return vector;
    for (uint32_t d = 0; d < dim; d++)
        out[d] = vector[d] / weight;
    return out;
}

double lanes_step(enum lanes lanes, enum apply_rule rule, float *out, const float *vector,
                  const float *gradient, float lr, uint32_t dim)
{
    const uint32_t floats = lanes_floats(lanes, dim);
    const float rate = rule == APPLY_SCALED ? lr * lanes_weight(lanes, vector, dim) : lr;
    memcpy(out + dim, vector + dim, (floats - dim) * sizeof(float));
    return mix_step(out, vector, gradient, rate, dim);
}
