/* SPDX-License-Identifier: BSD-3-Clause */
/* What the papers say of gossip between pairs, in groups and without waiting: adpsgd, swarm, prague, epidemic, swift, partial. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/policy/rows.h"
#include "tests/prop/support_published.h"
#include "tests/random/options.h"

static const uint32_t first_worker; /* 0 */

/** Gradients per second of everybody else with worker 0 `factor` times as slow, over the same with nobody slow. */
static double rate_beside_a_slow_worker(struct trial trial, double factor)
{
    trial.inject = (struct inject){0};
    const struct outcome alike = trial_run(&trial);
    trial.inject = trial_permanent(&first_worker, factor);
    const struct outcome slowed = trial_run(&trial);
    return trial_rate_without(&slowed, trial.workers, 0) /
           trial_rate_without(&alike, trial.workers, 0);
}

/* Lian et al., ICML 2018: with one worker 10 or 100 times as slow the others go on as before. */
Test(published_gossip, adpsgd_does_not_notice_a_slow_worker)
{
    const struct trial trial = {.policy = "adpsgd",
                                .options = options_read(&policy_adpsgd, "comm_thread: true"),
                                .workers = 16,
                                .degree = 2,
                                .seed = 1,
                                .stop_ns = 2000 * MS,
                                .latency_ns = 10 * US,
                                .jitter_cv = 0.05};
    expect_figure("others, worker 0 10 times as slow", rate_beside_a_slow_worker(trial, 10), 0.98,
                  1.02);
    expect_figure("others, worker 0 100 times as slow", rate_beside_a_slow_worker(trial, 100), 0.98,
                  1.02);
}

/* Lian et al., ICML 2018: averaging pairs keeps the mean, and the noise floor falls as 1/N. */
Test(published_gossip, adpsgd_noise_floor_falls_with_the_number_of_workers)
{
    double floor[2];
    for (uint32_t i = 0; i < 2; i++) {
        const struct trial trial = {.policy = "adpsgd",
                                    .options = options_read(&policy_adpsgd, "comm_thread: true"),
                                    .workers = i ? 32 : 8,
                                    .degree = 4,
                                    .seed = 1,
                                    .stop_ns = 1500 * MS,
                                    .jitter_cv = 0.05,
                                    .cuts = 300,
                                    .learns = true,
                                    .lr = 0.1f,
                                    .noise = 1};
        const struct outcome out = trial_run(&trial);
        floor[i] = trial_mean(out.error, 30, 300);
    }
    expect_figure("floor of 8 / of 32 workers", floor[0] / floor[1], 3, 5.3);
}

/* Nadiradze et al., NeurIPS 2021: H local steps save communication; the potential grows with H, the mean stays. */
Test(published_gossip, swarm_trades_bytes_for_distance)
{
    double bytes_before = 0, distance_before = 0;
    for (uint32_t h = 1; h <= 8; h *= 2) {
        const struct trial trial = {.policy = "swarm",
                                    .options = options_read(&policy_swarm, "steps: %u", h),
                                    .workers = 16,
                                    .degree = 4,
                                    .seed = 1,
                                    .stop_ns = 1000 * MS,
                                    .jitter_cv = 0.2,
                                    .cuts = 200,
                                    .learns = true,
                                    .lr = 0.05f,
                                    .noise = 1};
        const struct outcome out = trial_run(&trial);
        const double bytes = (double)out.bytes / (double)out.gradients / 4096;
        const double distance = trial_mean(out.distance, 50, 200);
        const double floor = 0.05 / (2 - 0.05) / 3 / 16;
        if (h > 1) {
            expect_figure("models per gradient, H / 2 over H", bytes_before / bytes, 1.5, 2.5);
            expect_figure("consensus distance, H over H / 2", distance / distance_before, 1.2, 4);
        }
        expect_figure("floor of the mean / of exact averaging",
                      trial_mean(out.error, 50, 200) / floor, 0.7, 1.4);
        bytes_before = bytes;
        distance_before = distance;
    }
}

/* Luo et al., ASPLOS 2020: the slowdown filter keeps a slow worker out of the others' groups; without it, some of them
 * always wait for it. 17 workers, not 16: groups of 4 that divide everybody stay in phase, and any slow worker ends that. */
Test(published_gossip, prague_tolerates_a_slow_worker_with_its_filter_and_not_without)
{
    struct trial trial = {.policy = "prague",
                          .options = options_read(&policy_prague, "group: 4, collective: modelled"),
                          .workers = 17,
                          .seed = 1,
                          .stop_ns = 2000 * MS,
                          .jitter_cv = 0.05};
    for (double factor = 5; factor <= 20; factor *= 2) {
        options_change(&policy_prague, &trial.options, "lag: 0");
        const double without = rate_beside_a_slow_worker(trial, factor);
        options_change(&policy_prague, &trial.options, "lag: 4");
        const double with = rate_beside_a_slow_worker(trial, factor);
        expect_figure("others with the filter", with, 0.97, 1.05);
        expect_figure("others without", without, 0, 0.9);
    }
}

/* De Vos et al., NeurIPS 2023, analysis of EL-Local: in a round without steps the expected square distance contracts by
 * beta = (1/s)(1 - (1 - s/(n-1))^n) - 1/(n-1), about 1/s. */
Test(published_gossip, epidemic_contracts_faster_the_more_receivers)
{
    const uint32_t n = 32, seeds = 20;
    for (uint32_t s = 1; s <= 8; s *= 2) {
        double ratio = 0;
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            const struct trial trial = {.policy = "epidemic",
                                        .options = options_read(&policy_epidemic,
                                                                "fanout: %u, timeout: %lluns", s,
                                                                (unsigned long long)(MS / 2)),
                                        .workers = n,
                                        .seed = seed,
                                        .stop_ns = 4 * MS,
                                        .cuts = 4,
                                        .learns = true,
                                        .scattered = true,
                                        .noise = 1};
            const struct outcome out = trial_run(&trial);
            ratio += out.distance[2] / out.distance[1] / seeds; /* the mean is taken at 1.5 ms */
        }
        const double beta = (1 - pow(1 - s / (n - 1.0), n)) / s - 1 / (n - 1.0);
        expect_figure("contraction / beta", ratio / beta, 0.96, 1.04);
    }
}

/* Bornstein et al., ICLR 2023: wait-free; not one iteration of the others depends on a slow client. */
Test(published_gossip, swift_is_wait_free)
{
    struct trial trial = {.policy = "swift",
                          .options = options_read(&policy_swift, "steps: 1"),
                          .workers = 16,
                          .degree = 2,
                          .seed = 1,
                          .stop_ns = 1000 * MS,
                          .latency_ns = 10 * US,
                          .jitter_cv = 0.05};
    const struct outcome alike = trial_run(&trial);
    trial.inject = trial_permanent(&first_worker, 4);
    const struct outcome slowed = trial_run(&trial);

    expect_figure("share of time waited", slowed.wait_share, 0, 0);
    for (uint32_t w = 1; w < trial.workers; w++)
        cr_expect_eq(slowed.computed[w], alike.computed[w], "worker %u", w);
}

/* The control of arXiv 2306.06559: whoever waits for fewer neighbours waits less. */
Test(published_gossip, partial_waits_less_for_fewer_neighbours)
{
    double before = 1;
    for (uint32_t k = 6; k >= 1; k--) {
        const struct trial trial = {.policy = "partial",
                                    .options = options_read(&policy_partial, "wait: k, k: %u", k),
                                    .workers = 24,
                                    .degree = 6,
                                    .seed = 1,
                                    .stop_ns = 3000 * MS,
                                    .jitter_cv = 0.05,
                                    .inject = trial_transient(0.1, 10)};
        const struct outcome out = trial_run(&trial);
        expect_figure("share of time waited", out.wait_share, 0, before);
        before = out.wait_share;
    }
}
