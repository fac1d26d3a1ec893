/* SPDX-License-Identifier: BSD-3-Clause */
/* Laws per iteration against their distribution functions, computed with libm, each for itself. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/base/rng.h"
#include "core/inject/draw.h"
#include "tests/unit/support_inject.h"

#define MS 1000000ull
#define US 1000ull
#define DRAWS 20000u
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static double truncated_normal_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    const double mean = (double)c->mean_ns, sd = (double)c->sd_ns;
    const double cut = normal_cdf(-mean / sd);
    return x < 0.0 ? 0.0 : (normal_cdf((x - mean) / sd) - cut) / (1.0 - cut);
}

static double exponential_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    return x < (double)c->shift_ns ? 0.0 : -expm1(-(x - (double)c->shift_ns) / (double)c->mean_ns);
}

static double weibull_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    return x <= 0.0 ? 0.0 : -expm1(-pow(x / (double)c->scale_ns, c->shape));
}

static double pareto_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    return x < (double)c->scale_ns ? 0.0 : 1.0 - pow((double)c->scale_ns / x, c->alpha);
}

static double lognormal_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    const double sigma = log((double)c->p99_ns / (double)c->median_ns) / 2.3263478740408408;
    return x <= 0.0 ? 0.0 : normal_cdf(log(x / (double)c->median_ns) / sigma);
}

/* The power series has positive terms only, so it may be summed at any x; terms grow until n is about x - a. */
static double gamma_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    const long double a = (long double)c->shape, t = (long double)(x / (double)c->scale_ns);
    if (t <= 0.0L)
        return 0.0;
    if (t > a + 60.0L + 12.0L * sqrtl(a))
        return 1.0;
    long double term = expl(a * logl(t) - t - lgammal(a + 1.0L)), sum = term;
    for (uint32_t n = 1; n < 10000 && (term > 1e-20L * sum || n < t); n++) {
        term *= t / (a + n);
        sum += term;
    }
    return (double)sum;
}

/* The quantile is a formula, its inverse is not: bisect for the normal deviate. */
static double paretonormal_cdf(const void *parameters, double x)
{
    const struct law_config *const c = parameters;
    const double wanted =
        (x - (double)c->mean_ns) / (double)c->sd_ns * sqrt(0.8125 + 0.5 * 0.5874707484783277);
    double low = -30.0, high = 30.0;
    if (x < 0.0)
        return 0.0;
    for (uint32_t i = 0; i < 60; i++) {
        const double z = (low + high) / 2.0;
        const double mixed = z / 4.0 + pow(normal_cdf(-z), -1.0 / 3.0) - 1.5;
        *(mixed < wanted ? &low : &high) = z;
    }
    return normal_cdf(low);
}

struct marginal {
    const char *law;
    struct law_config config;
    stats_cdf *cdf;
};

// clang-format off
static const struct marginal marginals[] = {
    {"uniform", {.low_ns = 3, .high_ns = 9}, uniform_cdf},
    {"uniform", {.low_ns = MS, .high_ns = 7 * MS}, uniform_cdf},
    {"uniform", {.low_ns = 0, .high_ns = LAW_DELAY_NS_MAX}, uniform_cdf},
    {"normal", {.mean_ns = 10 * MS, .sd_ns = MS}, truncated_normal_cdf},
    {"normal", {.mean_ns = 500 * US, .sd_ns = MS}, truncated_normal_cdf},
    {"normal", {.mean_ns = 0, .sd_ns = MS}, truncated_normal_cdf},
    {"normal", {.mean_ns = 0, .sd_ns = 2}, truncated_normal_cdf},
    {"lognormal", {.median_ns = 5 * MS, .p99_ns = 40 * MS}, lognormal_cdf},
    {"exp", {.mean_ns = 3 * MS}, exponential_cdf},
    {"exp", {.mean_ns = 3}, exponential_cdf},
    {"shifted-exp", {.mean_ns = 3 * MS, .shift_ns = 2 * MS}, exponential_cdf},
    {"weibull", {.scale_ns = MS, .shape = 0.5}, weibull_cdf},
    {"weibull", {.scale_ns = MS, .shape = 3.0}, weibull_cdf},
    {"gamma", {.scale_ns = MS, .shape = 0.1}, gamma_cdf},
    {"gamma", {.scale_ns = MS, .shape = 0.5}, gamma_cdf},
    {"gamma", {.scale_ns = MS, .shape = 1.0}, gamma_cdf},
    {"gamma", {.scale_ns = MS, .shape = 3.7}, gamma_cdf},
    {"gamma", {.scale_ns = MS, .shape = 40.0}, gamma_cdf},
    {"gamma", {.scale_ns = MS, .shape = 1000.0}, gamma_cdf},
    {"pareto", {.scale_ns = MS, .alpha = 1.1}, pareto_cdf},
    {"paretonormal", {.mean_ns = 10 * MS, .sd_ns = 2 * MS}, paretonormal_cdf},
    {"paretonormal", {.mean_ns = MS / 10, .sd_ns = MS}, paretonormal_cdf},
};
// clang-format on

Test(distributions, of_each_law_are_those_of_its_formula)
{
    static uint64_t sample[DRAWS];
    for (uint32_t k = 0; k < COUNT(marginals); k++) {
        const struct inject entry = {.law = law_find(marginals[k].law),
                                     .config = marginals[k].config};
        cr_assert_null(entry.law->check(&entry.config), "%u", k);
        for (uint32_t i = 0; i < DRAWS; i++)
            sample[i] = adds_ns(&entry, 0, 11, 8, i % 8, i / 8, MS);

        const double distance = ks_rounded(sample, DRAWS, marginals[k].cdf, &marginals[k].config);

        cr_expect_lt(distance, KS_LIMIT, "%s (case %u): %f", marginals[k].law, k, distance);
    }
}

/* What a sample of 20000 cannot see: the tails, where one draw decides a round. Exact to the rounding of a ns. */
Test(distributions, are_exact_far_into_both_tails)
{
    const uint64_t upper[] = {0, 1, 3, 1u << 10, 1u << 30, UINT64_C(1) << 45}; /* of 2^52 steps */
    for (uint32_t k = 0; k < COUNT(marginals); k++)
        for (uint32_t i = 0; i < 2 * COUNT(upper); i++) {
            const uint64_t from_end = upper[i / 2];
            const uint64_t step = i % 2 ? (UINT64_C(1) << 52) - 1 - from_end : from_end;
            const struct law_draw draw = {.bits = step << 12};
            const double ns =
                (double)law_find(marginals[k].law)->delay_ns(&marginals[k].config, &draw);
            if (ns >= (double)LAW_DELAY_NS_MAX)
                continue; /* heavy tails end there */

            const double below = marginals[k].cdf(&marginals[k].config, ns - 0.5 - ns * 1e-9);
            const double upto = marginals[k].cdf(&marginals[k].config, ns + 0.5 + ns * 1e-9);

            const double up = ((double)step + 0.5) * 0x1p-52,
                         down = 1.0 - up; /* laws run either way */
            const bool rising = below <= up * (1 + 1e-9) + 1e-15 && up <= upto * (1 + 1e-9) + 1e-15;
            const bool falling =
                below <= down * (1 + 1e-9) + 1e-15 && down <= upto * (1 + 1e-9) + 1e-15;
            cr_expect(rising || falling, "%s (case %u), step %#lx: %g not in [%g, %g]",
                      marginals[k].law, k, step, up, below, upto);
        }
}

Test(distributions, of_const_and_bimodal_are_points)
{
    const struct inject one = {.law = law_find("const"), .config = {.delay_ns = 5}};
    const struct inject two = {.law = law_find("bimodal"),
                               .config = {.low_ns = MS, .high_ns = 9 * MS, .share = 0.03}};
    uint32_t seen[2] = {0, 0};
    for (uint32_t i = 0; i < DRAWS; i++) {
        const uint64_t ns = adds_ns(&two, 0, 1, 8, i % 8, i / 8, MS);
        cr_assert(ns == MS || ns == 9 * MS);
        seen[ns == MS]++;
        cr_assert_eq(adds_ns(&one, 0, 1, 8, i % 8, i / 8, MS), 5);
    }

    cr_expect_lt(chi_square(seen, (const double[]){0.03, 0.97}, 2, DRAWS), chi_square_limit(1));
    struct inject never = two, always = two;
    never.config.share = 0.0;
    always.config.share = 1.0;
    for (uint32_t i = 0; i < 1000; i++) {
        cr_assert_eq(adds_ns(&never, 0, 1, 8, i % 8, i / 8, MS), MS);
        cr_assert_eq(adds_ns(&always, 0, 1, 8, i % 8, i / 8, MS), 9 * MS);
    }
}

/* netem's shape, its standard deviation made what was asked for. The variance of a variance is infinite here, so the
 * moments are integrated over the law's own quantiles. */
Test(distributions, of_paretonormal_has_the_mean_and_the_deviation_asked_for)
{
    const struct law_config config = {.mean_ns = 1000 * MS, .sd_ns = 10 * MS};
    const struct law *const law = law_find("paretonormal");
    const uint32_t steps = 1u << 20;
    double sum = 0.0, squares = 0.0;
    for (uint32_t i = 0; i < steps; i++) {
        const struct law_draw draw = {.bits = ((uint64_t)i << 44) + (UINT64_C(1) << 43)};
        const double ns = (double)law->delay_ns(&config, &draw) - 1e9;
        sum += ns;
        squares += ns * ns;
    }

    cr_expect_float_eq(sum / steps / 1e7, 0.0, 1e-3);
    cr_expect_float_eq(sqrt(squares / steps) / 1e7, 1.0, 0.01, "the last step's tail is missing");
}

Test(distributions, of_laws_that_invert_are_monotone_in_the_bits)
{
    for (uint32_t k = 0; k < COUNT(marginals); k++) {
        const struct law *const law = law_find(marginals[k].law);
        cr_assert(law->inverts, "%s", law->name);
        uint64_t before = 0;
        int direction = 0;
        for (uint64_t i = 0; i < 4096; i++) {
            const struct law_draw draw = {.bits = i << 52 | 0x8000000000000};
            const uint64_t ns = law->delay_ns(&marginals[k].config, &draw);
            if (i > 0 && ns != before) {
                const int now = ns > before ? 1 : -1;
                cr_assert(direction == 0 || now == direction, "%s (case %u) at %lu", law->name, k,
                          i);
                direction = now;
            }
            before = ns;
        }
        cr_expect_neq(direction, 0, "%s", law->name);
    }
}

Test(distributions, never_change_their_bits)
{
    /* Pinned: these must come out on every CPU, compiler and optimization level. */
    uint64_t hash = 0;
    for (uint32_t k = 0; k < COUNT(marginals); k++)
        for (uint64_t i = 0; i < 500; i++) {
            const struct law_draw draw = {.bits = rng_at(1, i)};
            hash =
                rng_at(hash ^ law_find(marginals[k].law)->delay_ns(&marginals[k].config, &draw), 0);
        }

    cr_expect_eq(hash, 0x9daf94e3777f9469ull, "hash %#lx", hash);
}
