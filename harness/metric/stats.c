/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantiles are found by bisection on the lower tail, where the probabilities are accurate however small they are. */
#include "harness/metric/stats.h"

#include <math.h>

#include "core/base/check.h"

#define FRACTION_STEPS_MAX 100000u
#define TINY 1e-300

static double away_from_zero(double x)
{
    return fabs(x) < TINY ? TINY : x;
}

/** The continued fraction of I_x(a, b), by Lentz's method; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
    for (uint32_t m = 1; m < FRACTION_STEPS_MAX; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        h *= c * d;
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        h *= c * d;
        if (fabs(c * d - 1) < 1e-15)
            break;
    }
    return h;
}

/** The regularised incomplete beta function I_x(a, b); `rest` is 1 - x, which the caller knows more exactly. */
static double beta_share(double a, double b, double x, double rest)
{
    if (x <= 0 || rest <= 0)
        return x <= 0 ? 0 : 1;
    const double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, rest) / b;
}

double stats_t_two_sided(double t, double freedom)
{
    if (isnan(t))
        return t;
    if (isinf(t))
        return 0;
    if (isinf(freedom))
        return erfc(fabs(t) / sqrt(2.0));
    const double square = t * t;
    return beta_share(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square));
}

double stats_t_quantile(double p, double freedom)
{
    CHECK(p > 0);
    CHECK(p < 1);
    if (p >= 0.5)
        return p > 0.5 ? -stats_t_quantile(1 - p, freedom) : 0;
    double high = 0, low = -1;
    while (stats_t_two_sided(low, freedom) / 2 > p)
        low *= 2;
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return middle;
        if (stats_t_two_sided(middle, freedom) / 2 > p)
            high = middle;
        else
            low = middle;
    }
}

struct stats_mean stats_mean(const double *value, uint32_t count, double null)
{
    struct stats_mean out = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, count};
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += value[i];
    if (count > 0)
        out.mean = sum / count;
    if (count < 2)
        return out;
    for (uint32_t i = 0; i < count; i++)
        squares += (value[i] - out.mean) * (value[i] - out.mean);
    const double freedom = count - 1.0;
    const double error = sqrt(squares / freedom / count);
    const double reach = error * stats_t_quantile(1 - (1 - STATS_LEVEL) / 2, freedom);
    const double off = out.mean - null;
    out.low = out.mean - reach;
    out.high = out.mean + reach;
    /* Equal values have no error: then the mean is `null` for certain, or certainly not. */
    if (error > 0)
        out.p = stats_t_two_sided(off / error, freedom);
    else
        out.p = off < 0 || off > 0 ? 0 : 1;
    return out;
}

void stats_holm(const double *p, uint32_t count, double *adjusted)
{
    for (uint32_t i = 0; i < count; i++) {
        adjusted[i] = p[i];
        if (isnan(p[i]))
            continue;
        /* The largest of (members with a p not below) * p over the p-values up to this one. */
        double worst = 0;
        for (uint32_t k = 0; k < count; k++) {
            if (isnan(p[k]) || p[k] > p[i])
                continue;
            uint32_t remaining = count;
            for (uint32_t j = 0; j < count; j++)
                remaining -= p[j] < p[k];
            worst = fmax(worst, remaining * p[k]);
        }
        adjusted[i] = fmin(worst, 1);
    }
}
