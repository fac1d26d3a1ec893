/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elementary functions in a fixed order of IEEE operations (compiled with -ffp-contract=off). frexp, ldexp, floor and
 * sqrt may come from libm: their results are exact or correctly rounded, hence the same everywhere.
 */
#include "core/inject/draw.h"

#include <math.h>
#include <stdbool.h>

#include "core/base/check.h"

/* ln 2 in two parts; the high one has 21 trailing zero bits, so k * LN2_HIGH is exact for every exponent k. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define INV_SQRT_2PI 0.39894228040143267794

/* x = m * 2^e with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172. */
double draw_ln(double x)
{
    DCHECK(x > 0.0);
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2.0;
        exponent--;
    }
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double series = 0.0;
    for (int k = 10; k >= 1; k--) /* the first term left out is below 1e-18 */
        series = (series + 1.0 / (2 * k + 1)) * z;
    return exponent * LN2_HIGH + (2.0 * s + (2.0 * s * series + exponent * LN2_LOW));
}

/* x = k ln 2 + r with |r| <= 0.347, Taylor series of e^r. */
double draw_exp(double x)
{
    if (x > 709.0)
        return HUGE_VAL;
    if (x < -745.0)
        return 0.0;
    const double k = floor(x / (LN2_HIGH + LN2_LOW) + 0.5);
    const double r = (x - k * LN2_HIGH) - k * LN2_LOW;
    double series = 1.0;
    for (int n = 14; n >= 1; n--)
        series = 1.0 + series * r / n;
    return ldexp(series, (int)k);
}

/* The divisions of one series wait for each other; those of four series fill the time. */
void draw_exp_lanes(double value[DRAW_LANES])
{
    bool in_range = true; /* where the scaling at the end meets normal numbers only */
    for (uint32_t i = 0; i < DRAW_LANES; i++)
        in_range &= fabs(value[i]) <= 700.0;
    if (!in_range) {
        for (uint32_t i = 0; i < DRAW_LANES; i++)
            value[i] = draw_exp(value[i]);
        return;
    }
    double r[DRAW_LANES], series[DRAW_LANES];
    int exponent[DRAW_LANES];
    for (uint32_t i = 0; i < DRAW_LANES; i++) {
        const double k = floor(value[i] / (LN2_HIGH + LN2_LOW) + 0.5);
        exponent[i] = (int)k;
        r[i] = (value[i] - k * LN2_HIGH) - k * LN2_LOW;
        series[i] = 1.0;
    }
    for (int n = 14; n >= 1; n--)
        for (uint32_t i = 0; i < DRAW_LANES; i++)
            series[i] = 1.0 + series[i] * r[i] / n;
    for (uint32_t i = 0; i < DRAW_LANES; i++)
        value[i] = ldexp(series[i], exponent[i]);
}

double draw_unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

double draw_open(uint64_t bits)
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double draw_exponential(uint64_t bits)
{
    return -draw_ln(draw_open(bits));
}

double draw_normal(uint64_t bits)
{
    return draw_normal_quantile(draw_open(bits));
}

static double polynomial(const double coefficient[8], double x)
{
    double sum = coefficient[7];
    for (int i = 6; i >= 0; i--)
        sum = sum * x + coefficient[i];
    return sum;
}

/* M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988),
 * routine PPND16: three rational approximations, for the centre, the flanks and the far tails. */
double draw_normal_quantile(double p)
{
    // clang-format off
    static const double centre_up[8] = {
        3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
        4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double centre_down[8] = {
        1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
        2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3};
    static const double flank_up[8] = {
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double flank_down[8] = {
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9};
    static const double tail_up[8] = {
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double tail_down[8] = {
        1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15};
    // clang-format on
    DCHECK(p > 0.0 && p < 1.0);
    const double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * polynomial(centre_up, r) / polynomial(centre_down, r);
    }
    const double r = sqrt(-draw_ln(q < 0.0 ? p : 1.0 - p));
    const double magnitude = r <= 5.0
                                 ? polynomial(flank_up, r - 1.6) / polynomial(flank_down, r - 1.6)
                                 : polynomial(tail_up, r - 5.0) / polynomial(tail_down, r - 5.0);
    return q < 0.0 ? -magnitude : magnitude;
}

/** P(Z > z) for z >= 5, by the continued fraction of Mills' ratio. */
static double upper_tail(double z)
{
    double fraction = z;
    for (int n = 40; n >= 1; n--)
        fraction = z + n / fraction;
    return INV_SQRT_2PI * draw_exp(-0.5 * z * z) / fraction;
}

/* G. Marsaglia, "Evaluating the normal distribution", Journal of Statistical Software 11 (2004): the Taylor series of the
 * ratio of distribution and density. */
static double below_by_series(double z)
{
    double sum = z, term = z;
    for (double n = 3.0; term > 1e-18 * sum; n += 2.0) {
        term *= z * z / n;
        sum += term;
    }
    return 0.5 + INV_SQRT_2PI * sum * draw_exp(-0.5 * z * z);
}

double draw_normal_cdf(double z)
{
    const double size = fabs(z);
    const double above = size < 5.0 ? 1.0 - below_by_series(size) : upper_tail(size);
    const double p = z < 0.0 ? above : 1.0 - above;
    return p < 1.0 ? p : 1.0 - 0x1p-53;
}
