/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gamma: a sum of `shape` exponentials of mean `scale`, for any shape; mean shape * scale.
 *
 * Drawn by inverting the regularised incomplete gamma function in u = ln x. Both ln P and ln Q (= 1 - P) are concave
 * functions of u, because the density of ln x is log-concave; so Newton's tangents lie above the curve, and from any
 * start the second step and all after it approach the root from one side.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

#define SHAPE_MIN 0.01   /* below it most draws are under 1e-70 of the scale: nothing, or a spike */
#define SHAPE_MAX 1000.0 /* above it the law is normal to within 1 %, and the series become long */
#define TERMS_MAX 2000u
#define STEPS_MAX 60u
#define PRECISION 1e-15
#define SETTLED 1e-9 /* the next step would be as small as the square of this */
#define STRIDE 3.0   /* to the right, where the tangent of ln Q can lead far beyond the root */
#define HALF_LN_2PI 0.91893853320467274178

const char *law_gamma_check(const struct law_config *config)
{
    if (!(config->shape >= SHAPE_MIN && config->shape <= SHAPE_MAX))
        return "shape must be from 0.01 to 1000 (1 is exponential, 4 a mild tail)";
    if (config->scale_ns == 0 || config->scale_ns > LAW_DELAY_NS_MAX)
        return "scale must be above 0 and at most 1h";
    return NULL;
}

/* ln Gamma(a + 1), by C. Lanczos, "A precision approximation of the gamma function", SIAM J. Numer. Anal. 1 (1964), with
 * the nine coefficients for g = 7 (error below 1e-14). */
static double ln_factorial(double a)
{
    static const double coefficient[9] = {
        0.99999999999980993,  676.5203681218851,     -1259.1392167224028,
        771.32342877765313,   -176.61502916214059,   12.507343278686905,
        -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7};
    double sum = coefficient[0];
    for (int i = 1; i < 9; i++)
        sum += coefficient[i] / (a + i);
    const double t = a + 7.5;
    return HALF_LN_2PI + (a + 0.5) * draw_ln(t) - t + draw_ln(sum);
}

/* One place: ln P and ln Q of x = e^u, and the logarithm of P's derivative by u. */
struct place {
    double ln_p, ln_q, ln_slope;
};

/* Power series of P, good up to x = a + 1: P = x^a e^-x / Gamma(a+1) (1 + x/(a+1) + x^2/((a+1)(a+2)) + …). */
static double series(double a, double x)
{
    double term = 1.0, sum = 1.0;
    for (uint32_t n = 1; n < TERMS_MAX && term > PRECISION * sum; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return sum;
}

/* Continued fraction of Q beyond, by Lentz's method: Q = x^a e^-x / Gamma(a) 1/(x+1-a- 1(1-a)/(x+3-a- …)). */
static double fraction(double a, double x)
{
    double b = x + 1.0 - a;
    double c = 1e300, d = 1.0 / b, h = d;
    for (uint32_t n = 1; n < TERMS_MAX; n++) {
        const double up = n * (a - n);
        b += 2.0;
        d = 1.0 / (up * d + b);
        c = b + up / c;
        const double factor = d * c;
        h *= factor;
        if (fabs(factor - 1.0) < PRECISION)
            break;
    }
    return h;
}

static struct place place_of(double a, double ln_factorial_a, double u)
{
    const double x = draw_exp(u);
    const double ln_front = a * u - x - ln_factorial_a; /* of x^a e^-x / Gamma(a+1) */
    struct place place = {.ln_slope = draw_ln(a) + ln_front};
    if (x < a + 1.0) {
        place.ln_p = ln_front + draw_ln(series(a, x));
        const double q = 1.0 - draw_exp(place.ln_p);
        place.ln_q = q > 0.0 ? draw_ln(q) : -745.0;
    } else {
        place.ln_q = ln_front + draw_ln(a * fraction(a, x));
        place.ln_p = draw_ln(1.0 - draw_exp(place.ln_q));
    }
    return place;
}

/* E. B. Wilson, M. M. Hilferty, "The distribution of chi-square", PNAS 17 (1931): the cube root is nearly normal; where
 * that fails, the first term of the series. */
static double first_guess(double a, double ln_factorial_a, double above)
{
    const double root =
        1.0 - 1.0 / (9.0 * a) - draw_normal_quantile(above) / (3.0 * __builtin_sqrt(a));
    if (a > 0.5 && root > 0.3)
        return draw_ln(a * root * root * root);
    const double u = (draw_ln(1.0 - above) + ln_factorial_a) / a;
    return u < 0.0 ? u : 0.0;
}

/** ln of the quantile that is exceeded with probability `above`, scale 1. */
static double ln_quantile(double a, double above)
{
    const bool upper = above < 0.5; /* the smaller of both tails has the digits */
    const double wanted = draw_ln(upper ? above : 1.0 - above);
    const double ln_factorial_a = ln_factorial(a);
    double u = first_guess(a, ln_factorial_a, above);
    for (uint32_t i = 0; i < STEPS_MAX; i++) {
        const struct place at = place_of(a, ln_factorial_a, u);
        const double have = upper ? at.ln_q : at.ln_p;
        const double step = (have - wanted) / draw_exp(at.ln_slope - have) * (upper ? 1.0 : -1.0);
        u += step < STRIDE ? step : STRIDE;
        if (fabs(step) < SETTLED)
            break;
    }
    return u;
}

uint64_t law_gamma_ns(const struct law_config *config, const struct law_draw *draw)
{
    const double u = ln_quantile(config->shape, draw_open(~draw->bits));
    return law_saturate_ns((double)config->scale_ns * draw_exp(u));
}
