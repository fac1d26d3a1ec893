/* SPDX-License-Identifier: BSD-3-Clause */
/* What the papers say of push-sum: sgp, agp, and the scaled step of agp-yscaled. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/policy/rows.h"
#include "tests/prop/support_published.h"
#include "tests/random/options.h"

/* Assran et al., ICML 2019: on the one-peer exponential graph with N = 2^p everybody has the exact mean
 * after p iterations. */
Test(published_push, sgp_averages_exactly_after_log2_n_iterations)
{
    for (uint32_t p = 2; p <= 6; p++) {
        const struct trial trial = {.policy = "sgp",
                                    .workers = 1u << p,
                                    .degree = 1u << p,
                                    .seed = 1,
                                    .stop_ns = 10 * MS,
                                    .cuts = 10,
                                    .learns = true,
                                    .scattered = true,
                                    .noise = 1};
        const struct outcome out = trial_run(&trial);

        expect_figure("distance after p - 1 iterations", out.distance[p] / out.distance[0], 1e-4,
                      1);
        expect_figure("distance after p iterations", out.distance[p + 1] / out.distance[0], 0,
                      1e-12);
        expect_figure("drift of the mean", fabs(out.mean[10] - out.mean[0]), 0, 1e-6);
    }
}

/* Assran et al.; Kempe et al., 2003: with late messages x alone is biased, x / y is the mean of the start. */
Test(published_push, sgp_weights_debias_what_late_messages_bias)
{
    const struct trial trial = {.policy = "sgp",
                                .options = options_read(&policy_sgp, "overlap: 2"),
                                .workers = 12,
                                .degree = 12,
                                .seed = 1,
                                .stop_ns = 400 * MS,
                                .jitter_cv = 0.05,
                                .inject = trial_transient(0.1, 10),
                                .cuts = 1,
                                .learns = true,
                                .scattered = true,
                                .noise = 1};
    const struct outcome out = trial_run(&trial);

    expect_figure("distance of x / y", sqrt(out.distance[1]), 0, 1e-6);
    expect_figure("distance of x", sqrt(out.raw_distance[1]), 1e-3, 1);
    expect_figure("drift of the mean", fabs(out.mean[1] - out.mean[0]), 0, 1e-6);
}

/* Assran et al.: with stragglers SGP is faster than all-reduce, and faster yet with overlap. */
Test(published_push, sgp_is_faster_than_allreduce_under_transient_stragglers)
{
    struct trial trial = {.policy = "allreduce",
                          .options = options_read(&policy_allreduce, "collective: modelled"),
                          .workers = 32,
                          .degree = 32,
                          .seed = 1,
                          .stop_ns = 4000 * MS,
                          .jitter_cv = 0.05,
                          .inject = trial_transient(0.1, 10)};
    const double all = (double)trial_run(&trial).gradients;
    trial.policy = "sgp";
    trial.options = (struct policy_options){0};
    const double sgp = (double)trial_run(&trial).gradients;
    options_change(&policy_sgp, &trial.options, "overlap: 1");
    const double late = (double)trial_run(&trial).gradients;

    expect_figure("gradients, sgp / allreduce", sgp / all, 1.3, 4);
    expect_figure("gradients, overlap 1 / 0", late / sgp, 1.05, 2);
}

/* ------------------------------------------------------------------------------------------------------------ agp */

static float centre[12];
static uint32_t slow[6];

/** Half of the workers is 4 times as slow and wants +1, the others want -1. */
static struct trial two_speeds(const char *policy, double factor)
{
    for (uint32_t w = 0; w < 12; w++)
        centre[w] = w % 2 ? 1 : -1;
    for (uint32_t i = 0; i < 6; i++)
        slow[i] = 2 * i + 1;
    return (struct trial){.policy = policy,
                          .workers = 12,
                          .degree = 4,
                          .seed = 1,
                          .stop_ns = 6000 * MS,
                          .latency_ns = 10 * US,
                          .jitter_cv = 0.05,
                          .inject = {.law = law_find("slowdown"),
                                     .config.factor = factor,
                                     .select = SELECT_WORKERS,
                                     .workers = slow,
                                     .worker_count = 6},
                          .cuts = 100,
                          .learns = true,
                          .lr = 0.002f,
                          .centre = centre};
}

/** Where everybody's steps cancel when each counts as often as it is taken. */
static double rate_weighted(const struct outcome *out)
{
    double sum = 0, all = 0;
    for (uint32_t w = 0; w < 12; w++) {
        sum += (double)centre[w] * (double)out->computed[w];
        all += (double)out->computed[w];
    }
    return sum / all;
}

/* Assran, Rabbat, TAC 2021: the limit is off the optimum as the update rates differ; exact when they are equal. */
Test(published_push, agp_converges_to_the_optimum_weighted_by_update_rates)
{
    const struct trial trial = two_speeds("agp", 4);
    const struct outcome out = trial_run(&trial);
    const double weighted = rate_weighted(&out);
    expect_figure("weighted optimum", weighted, -0.61, -0.59);
    expect_figure("limit", trial_mean(out.mean, 60, 100), weighted - 0.03, weighted + 0.03);

    const struct trial equal = two_speeds("agp", 1);
    const struct outcome fair = trial_run(&equal);
    expect_figure("limit at equal rates", trial_mean(fair.mean, 60, 100), -0.02, 0.02);
}

/* Ours: a step of y times the gradient takes the rates out again where all degrees are equal (mass balance). */
Test(published_push, agp_yscaled_is_not_biased_by_update_rates)
{
    const struct trial trial = two_speeds("agp-yscaled", 4);
    const struct outcome out = trial_run(&trial);

    expect_figure("limit", trial_mean(out.mean, 60, 100), -0.05, 0.05);
}

/* Assran, Rabbat: nobody waits, so a slow agent costs its own gradients and no others. */
Test(published_push, agp_does_not_notice_a_slow_worker)
{
    static const uint32_t first_worker;
    struct trial trial = {.policy = "agp",
                          .workers = 12,
                          .degree = 4,
                          .seed = 1,
                          .stop_ns = 1000 * MS,
                          .jitter_cv = 0.05};
    const struct outcome alike = trial_run(&trial);
    trial.inject = trial_permanent(&first_worker, 100);
    const struct outcome slowed = trial_run(&trial);

    for (uint32_t w = 1; w < trial.workers; w++)
        cr_expect_eq(slowed.computed[w], alike.computed[w], "worker %u", w);
    expect_figure("share of time waited", slowed.wait_share, 0, 0);
}
