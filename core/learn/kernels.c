/* SPDX-License-Identifier: BSD-3-Clause */
/* Softmax cross-entropy, with an exponential and a logarithm that are the same bits everywhere. */
#include "core/learn/kernels.h"

#include <string.h>

#include "core/base/check.h"

static inline float exp_inline(float x)
{
    const float shift =
        0x1.8p23f; /* adding it leaves the nearest integer in the low mantissa bits */
    x = x < -87.0f ? -87.0f : x;
    const float shifted = x * 0x1.715476p0f + shift;
    const float n = shifted - shift;
    const float r = x - n * 0.693359375f - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;

    /* 2^n from the bits, not from a conversion, which would be undefined for NaN; n is in [-126, 0]. */
    uint32_t bits;
    float power;
    memcpy(&bits, &shifted, sizeof(bits));
    bits = (bits + 127u) << 23;
    memcpy(&power, &bits, sizeof(power));
    return p * power;
}

float kernels_exp(float x)
{
    return exp_inline(x);
}

double kernels_log(double x)
{
    /* x = 2^e * m with m in [sqrt(1/2), sqrt(2)), then ln m = 2 atanh(s), s = (m - 1)/(m + 1), |s| < 0.172. */
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    if (!(x - x == 0.0))
        return x;
    const uint64_t root = 0x3fe6a09e667f3bcdu, one = 0x3ff0000000000000u;
    const uint64_t moved = bits + (one - root);
    const double e = (double)((int64_t)(moved >> 52) - 1023);
    bits = (moved & 0xfffffffffffffu) + root;
    double m;
    memcpy(&m, &bits, sizeof(m));

    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    double p = 1.0 / 19.0;
    for (int d = 17; d >= 1; d -= 2)
        p = p * z + 1.0 / d;
    return e * 0x1.62e42fefa39efp-1 + 2.0 * s * p;
}

bool kernels_softmax(float *row, uint32_t classes, uint32_t label, float scale, double *loss)
{
    DCHECK(label < classes);
    uint32_t top = 0;
    for (uint32_t j = 1; j < classes; j++)
        top = row[j] > row[top] ? j : top;
    const float largest = row[top], own = row[label];

    double sum = 0.0;
    for (uint32_t j = 0; j < classes; j++)
        row[j] = exp_inline(row[j] - largest);
    for (uint32_t j = 0; j < classes; j++)
        sum += (double)row[j];
    *loss = kernels_log(sum) - ((double)own - (double)largest);

    const float share = (float)(1.0 / sum);
    for (uint32_t j = 0; j < classes; j++)
        row[j] = row[j] * share * scale;
    row[label] -= scale;
    return top == label;
}
