/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/support_inject.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

double ks_rounded(uint64_t *sample, uint32_t count, stats_cdf *cdf, const void *parameters)
{
    qsort(sample, count, sizeof(sample[0]), ascending);
    double worst = 0.0;
    for (uint32_t i = 0; i < count;) {
        uint32_t end = i;
        while (end < count && sample[end] == sample[i])
            end++;
        const double value = (double)sample[i];
        worst = fmax(worst, fabs(cdf(parameters, value + 0.5) - (double)end / count));
        if (value > 0.0)
            worst = fmax(worst, fabs(cdf(parameters, value - 0.5) - (double)i / count));
        i = end;
    }
    return worst * sqrt(count);
}

double ks_two(uint64_t *left, uint64_t *right, uint32_t count)
{
    qsort(left, count, sizeof(left[0]), ascending);
    qsort(right, count, sizeof(right[0]), ascending);
    double worst = 0.0;
    for (uint32_t i = 0, k = 0; i < count && k < count;) {
        const uint64_t value = left[i] < right[k] ? left[i] : right[k];
        while (i < count && left[i] == value)
            i++;
        while (k < count && right[k] == value)
            k++;
        worst = fmax(worst, fabs((double)i - (double)k) / count);
    }
    return worst * sqrt(count);
}

double uniform_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    const double values = (double)(c->high_ns - c->low_ns + 1);
    return fmin(1.0, fmax(0.0, (floor(x) - (double)c->low_ns + 1.0) / values));
}

double chi_square(const uint32_t *seen, const double *share, uint32_t cells, uint32_t count)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < cells; i++)
        sum += pow(seen[i] - share[i] * count, 2) / (share[i] * count);
    return sum;
}

/* Wilson and Hilferty's cube root of the chi-square law is nearly normal; its 1e-4 point is 3.719. */
double chi_square_limit(uint32_t freedom)
{
    const double v = 2.0 / (9.0 * freedom);
    return freedom * pow(1.0 - v + 3.719 * sqrt(v), 3);
}

double normal_cdf(double z)
{
    return erfc(-z / sqrt(2.0)) / 2.0;
}
