/* SPDX-License-Identifier: BSD-3-Clause */
/* What the papers say of parameter servers: k-sync, asgd, ssp. Worker 0 serves and computes nothing. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "tests/prop/support_published.h"
#include "tests/random/options.h"

static double harmonic(uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 1; i <= n; i++)
        sum += 1.0 / i;
    return sum;
}

/* Dutta et al., AISTATS 2018: a round of k-sync lasts as long as the k-th fastest of n; here for 1 + Exp(1). */
Test(published_server, a_k_sync_round_takes_the_expected_kth_order_statistic)
{
    const uint32_t n = 8;
    for (uint32_t k = 1; k <= n; k *= 2) {
        const struct trial trial = {
            .policy = "k-sync",
            .options = options_read(&policy_k_sync, "k: %u", k),
            .workers = n + 1,
            .seed = 1,
            .stop_ns = 10000 * MS,
            .inject = {.law = law_find("shifted-exp"), .config.mean_ns = MS, .select = SELECT_ALL}};
        const struct outcome out = trial_run(&trial);

        const double round = 10000.0 * k / (double)out.gradients;
        const double expected = 1 + harmonic(n) - harmonic(n - k);
        expect_figure("round / expected", round / expected, 0.98, 1.02);
    }
}

/* Dutta et al.: the error floor of k-sync falls as 1/k. */
Test(published_server, the_error_floor_of_k_sync_falls_with_k)
{
    for (uint32_t k = 1; k <= 8; k *= 2) {
        const struct trial trial = {
            .policy = "k-sync",
            .options = options_read(&policy_k_sync, "k: %u", k),
            .workers = 9,
            .seed = 1,
            .stop_ns = 4000 * MS,
            .inject = {.law = law_find("shifted-exp"), .config.mean_ns = MS, .select = SELECT_ALL},
            .cuts = 400,
            .learns = true,
            .lr = 0.1f,
            .noise = 1};
        const struct outcome out = trial_run(&trial);

        const double predicted = 0.1 / (2 - 0.1) / 3 / k;
        expect_figure("floor / (lr sigma^2 / ((2 - lr) k))",
                      trial_mean(out.error, 50, 400) / predicted, 0.85, 1.15);
    }
}

/* Dutta et al.: asynchronous SGD never waits, so its rate is n / E[X]; Lian et al., 2015: linear in n. */
Test(published_server, asgd_throughput_is_linear_in_the_workers)
{
    double one = 0;
    for (uint32_t n = 1; n <= 32; n *= 2) {
        const struct trial trial = {.policy = "asgd",
                                    .workers = n + 1,
                                    .seed = 1,
                                    .stop_ns = 2000 * MS,
                                    .inject = trial_transient(0.1, 10)};
        const struct outcome out = trial_run(&trial);

        one = n == 1 ? (double)out.gradients : one;
        expect_figure("gradients / (time / E[X]) / n", (double)out.gradients / 2000 * 1.9 / n, 0.93,
                      1.07);
    }
}

struct staleness {
    uint32_t given[TRIAL_WORKERS_MAX];
    uint32_t version, most;
    double sum;
};

static void note_staleness(void *context, struct sim *sim, uint32_t worker,
                           const struct event *event, struct actions *actions)
{
    struct staleness *const self = context;
    (void)sim;
    if (worker != 0)
        return;
    if (event->kind == EV_TENSOR) {
        const uint32_t staleness = self->version++ - self->given[event->peer];
        self->sum += staleness;
        self->most = staleness > self->most ? staleness : self->most;
    }
    for (uint32_t i = 0; i < actions->count; i++)
        for (uint32_t k = 0; actions->item[i].kind == ACT_SEND && k < actions->item[i].count; k++)
            self->given[actions->item[i].peers[k]] = self->version;
}

/* Koloskova, Stich, Jaggi, NeurIPS 2022: the mean delay is the concurrency less 1, however slow a worker is. */
Test(published_server, asgd_has_a_mean_staleness_of_the_other_workers)
{
    static const uint32_t slow = 1;
    for (uint32_t run = 0; run < 2; run++) {
        struct staleness staleness = {.most = 0};
        const struct sim_watch watch = {.context = &staleness, .stepped = note_staleness};
        const struct trial trial = {.policy = "asgd",
                                    .workers = 17,
                                    .seed = 1,
                                    .stop_ns = 4000 * MS,
                                    .jitter_cv = 0.1,
                                    .inject = trial_permanent(&slow, run ? 50 : 1),
                                    .watch = &watch};
        const struct outcome out = trial_run(&trial);

        expect_figure("mean staleness", staleness.sum / staleness.version, 14.7, 15.05);
        expect_figure("mean staleness, as results have it", out.staleness_mean, 14.7, 15);
        expect_figure("greatest staleness", staleness.most, run ? 700 : 15, run ? 1100 : 40);
    }
}

struct clocks {
    uint32_t workers, most;
    uint32_t clock[TRIAL_WORKERS_MAX];
};

/* A clock is the number of gradients finished; a worker computes when it was allowed to. */
static void note_clocks(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                        struct actions *actions)
{
    struct clocks *const self = context;
    (void)sim;
    self->clock[worker] += event->kind == EV_GRADIENT;
    for (uint32_t i = 0; i < actions->count; i++)
        for (uint32_t w = 1; actions->item[i].kind == ACT_COMPUTE && w < self->workers; w++)
            if (self->clock[worker] > self->clock[w] + self->most)
                self->most = self->clock[worker] - self->clock[w];
}

/* Ho et al., NeurIPS 2013: the fastest is at most s clocks ahead of the slowest; a larger s waits less. */
Test(published_server, ssp_bounds_the_gap_of_the_clocks_and_waits_less_with_a_wider_bound)
{
    double before = 1;
    for (uint32_t s = 0; s <= 8; s = s ? s * 2 : 2) {
        struct clocks clocks = {.workers = 9};
        const struct sim_watch watch = {.context = &clocks, .stepped = note_clocks};
        const struct trial trial = {.policy = "ssp",
                                    .options = options_read(&policy_ssp, "staleness: %u", s),
                                    .workers = 9,
                                    .seed = 1,
                                    .stop_ns = 2000 * MS,
                                    .jitter_cv = 0.05,
                                    .inject = trial_transient(0.1, 10),
                                    .watch = &watch};
        const struct outcome out = trial_run(&trial);

        expect_figure("gap", clocks.most, s, s);
        expect_figure("share of time waited", out.wait_share, 0, 0.9 * before);
        before = out.wait_share;
    }
}
