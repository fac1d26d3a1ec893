/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Midpoints of a Markov process: between two known values the one half-way is normal, with a mean and a variance that
 * depend on the distance alone. So a value is found by halving the stretch around it, and every index has one draw of its
 * own, whoever asks and in whatever order. Stretches are so long that their ends, by then correlated by less than the
 * rounding of a double, are drawn independently.
 */
#include "core/inject/ar1.h"

#include <math.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/inject/draw.h"

#define LN2 0.69314718055994530942
#define FORGOTTEN 53.0 /* halvings after which nothing is left of a correlation */
#define LEVELS_MAX 48u /* half-lives up to 2^42 steps */

static double noise(uint64_t key, uint64_t index)
{
    return draw_normal(rng_at(key, index));
}

/** Half-way between two values that are 2 * half apart. */
static double midpoint(double left, double right, double half, double half_life, double normal)
{
    const double r = draw_exp(-half / half_life * LN2);
    const double both = 1.0 + r * r;
    return (left + right) * (r / both) + sqrt((1.0 - r * r) / both) * normal;
}

double ar1_normal(uint64_t key, uint64_t index, double half_life)
{
    CHECK(half_life > 0.0);
    uint32_t level = 0;
    while (level < LEVELS_MAX && ldexp(1.0, (int)level) < FORGOTTEN * half_life)
        level++;
    uint64_t at = index >> level << level;
    double left = noise(key, at);
    double right = at == index ? 0.0 : noise(key, at + (UINT64_C(1) << level));
    while (at != index) {
        const uint64_t half = UINT64_C(1) << --level;
        const double middle = midpoint(left, right, (double)half, half_life, noise(key, at + half));
        if (index >= at + half) {
            at += half;
            left = middle;
        } else {
            right = middle;
        }
    }
    return left;
}

uint64_t ar1_bits(uint64_t key, uint64_t index, double half_life)
{
    const double uniform = draw_normal_cdf(ar1_normal(key, index, half_life));
    return (uint64_t)(uniform * 0x1p52) << 12;
}
