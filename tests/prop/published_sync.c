/* SPDX-License-Identifier: BSD-3-Clause */
/* What the papers say of policies with rounds: allreduce, local-sgd, dsgd, hop. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/policy/rows.h"
#include "tests/prop/support_published.h"
#include "tests/random/options.h"

static const uint32_t first_worker; /* 0 */

/* ------------------------------------------------------------------------------------------- allreduce, local-sgd */

/* Dutta et al., AISTATS 2018, with k = N: a fully synchronous round lasts as long as the slowest of N. */
Test(published_sync, an_allreduce_round_takes_the_expected_maximum)
{
    struct trial trial = {.policy = "allreduce",
                          .options = options_read(&policy_allreduce, "collective: modelled"),
                          .workers = 8,
                          .seed = 1,
                          .iterations = 10000,
                          .inject = trial_transient(0.1, 10)};
    const struct outcome all = trial_run(&trial);
    trial.policy = "none";
    const struct outcome none = trial_run(&trial);

    const double round = all.seconds * 1e3 * 8 / (double)all.gradients;
    const double alone = none.seconds * 1e3 * 8 / (double)none.gradients;
    const double expected = 1 + 9 * (1 - pow(0.9, 8)); /* 6.126 */
    expect_figure("round, base times", round, 0.98 * expected, 1.02 * expected);
    expect_figure("gradient of nobody who waits", alone, 0.98 * 1.9, 1.02 * 1.9);
}

/* Lian et al., ICML 2018: with one worker s times as slow, all-reduce is s times as slow. */
Test(published_sync, allreduce_is_as_slow_as_its_slowest_worker)
{
    struct trial trial = {.policy = "allreduce", .workers = 8, .seed = 1, .stop_ns = 1000 * MS};
    const double fast = (double)trial_run(&trial).gradients;
    for (double factor = 10; factor <= 100; factor *= 10) {
        trial.inject = trial_permanent(&first_worker, factor);
        const struct outcome slow = trial_run(&trial);
        expect_figure("times as slow", fast / (double)slow.gradients, 0.99 * factor, 1.12 * factor);
    }
}

/* Stich, ICLR 2019: H times less communication, and with identical data, small H and a small rate not one gradient more. */
Test(published_sync, local_sgd_needs_h_times_fewer_bytes_for_the_same_loss_per_gradient)
{
    struct trial trial = {.policy = "allreduce",
                          .workers = 8,
                          .seed = 1,
                          .iterations = 400,
                          .cuts = 1,
                          .learns = true,
                          .bent = true,
                          .lr = 0.02f,
                          .noise = 1};
    const float centre[8] = {2, 2, 2, 2, 2, 2, 2, 2};
    trial.centre = centre;
    const struct outcome all = trial_run(&trial);
    trial.policy = "local-sgd";
    for (uint32_t h = 1; h <= 8; h *= 2) {
        options_change(&policy_local_sgd, &trial.options, "steps: %u", h);
        const struct outcome local = trial_run(&trial);
        expect_figure("bytes of allreduce / of local-sgd / H",
                      (double)all.bytes / (double)local.bytes / h, 0.99, 1.01);
        expect_figure("loss of local-sgd / of allreduce", local.error[1] / all.error[1], 0.9, 1.1);
    }
}

/* Wang, Joshi, MLSys 2019 (AdaComm): H steps average the delays before the maximum is taken. */
Test(published_sync, local_sgd_waits_less_the_more_local_steps)
{
    struct trial trial = {.policy = "local-sgd",
                          .options = options_read(&policy_local_sgd, "collective: modelled"),
                          .workers = 16,
                          .seed = 1,
                          .iterations = 3200,
                          .inject = trial_transient(0.1, 10)};
    double before = 1e9;
    for (uint32_t h = 1; h <= 16; h *= 4) {
        options_change(&policy_local_sgd, &trial.options, "steps: %u", h);
        const struct outcome local = trial_run(&trial);
        expect_figure("ms per step", local.seconds * 1e3 / 3200, 1.9, 0.8 * before);
        before = local.seconds * 1e3 / 3200;
    }
}

/* ------------------------------------------------------------------------------------------------------ dsgd, hop */

struct gaps {
    const struct trial *trial;
    uint32_t begun[TRIAL_WORKERS_MAX];
    uint32_t most[TRIAL_WORKERS_MAX]; /* by steps apart */
};

static void note_gaps(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                      struct actions *actions)
{
    struct gaps *const self = context;
    (void)sim, (void)event;
    for (uint32_t i = 0; i < actions->count; i++) {
        if (actions->item[i].kind != ACT_COMPUTE)
            continue;
        self->begun[worker] = actions->item[i].round;
        for (uint32_t w = 0; w < self->trial->workers; w++) {
            const uint32_t apart = trial_steps_apart(self->trial, worker, w);
            if (self->begun[worker] > self->begun[w] + self->most[apart])
                self->most[apart] = self->begun[worker] - self->begun[w];
        }
    }
}

static struct gaps gaps_of(struct trial trial)
{
    struct gaps gaps = {.trial = &trial};
    const struct sim_watch watch = {.context = &gaps, .stepped = note_gaps};
    trial.watch = &watch;
    trial_run(&trial);
    gaps.trial = NULL;
    return gaps;
}

/* Luo et al., ASPLOS 2019 (Hop): standard decentralized training, gap at most the length of the path. A slow
 * worker's neighbour stays with it, but for the order of what happens in the same moment, the next one is 1 ahead, and so on. */
Test(published_sync, dsgd_workers_are_at_most_their_distance_apart)
{
    struct trial trial = {.policy = "dsgd", .workers = 12, .degree = 2, .seed = 3};
    trial.iterations = 400;
    trial.jitter_cv = 0.3;
    trial.inject = trial_transient(0.1, 10);
    struct gaps random = gaps_of(trial);
    trial.inject = trial_permanent(&first_worker, 100);
    trial.iterations = 40;
    const struct gaps behind = gaps_of(trial);

    for (uint32_t apart = 1; apart <= 6; apart++) {
        expect_figure("gap under transient stragglers", random.most[apart], 1, apart);
        expect_figure("gap behind one slow worker", behind.most[apart], apart - 1, apart);
    }
}

/* Hop: tokens bound the gap by max_ig times the length of the path. Next to a slow worker they are used up;
 * beyond it they are not, because whoever waits there lacks more models than it has backups for. */
Test(published_sync, hop_workers_are_at_most_their_tokens_apart)
{
    for (uint32_t staleness = 0; staleness <= 4; staleness += 2) {
        struct trial trial = {.policy = "hop",
                              .options =
                                  options_read(&policy_hop, "backup: 1, staleness: %u", staleness),
                              .workers = 12,
                              .degree = 4,
                              .seed = 3,
                              .iterations = 60,
                              .jitter_cv = 0.05,
                              .inject = trial_permanent(&first_worker, 200)};
        const struct gaps gaps = gaps_of(trial);

        for (uint32_t apart = 1; apart <= 3; apart++)
            expect_figure("gap", gaps.most[apart], staleness + apart, apart * (staleness + 1));
    }
}

/* Hop: random slowdown, 6 times with probability 1/n; backup workers shorten the iterations. */
Test(published_sync, hop_with_a_backup_worker_is_faster_under_random_slowdown)
{
    struct trial trial = {.policy = "hop",
                          .workers = 16,
                          .degree = 4,
                          .seed = 1,
                          .stop_ns = 4000 * MS,
                          .jitter_cv = 0.05,
                          .inject = trial_transient(1.0 / 16, 6)};
    const double standard = (double)trial_run(&trial).gradients;
    trial.options = options_read(&policy_hop, "staleness: 4");
    const double stale = (double)trial_run(&trial).gradients;
    options_change(&policy_hop, &trial.options, "backup: 1");
    const double backup = (double)trial_run(&trial).gradients;

    expect_figure("backup 1 / standard", backup / standard, 1.2, 10);
    expect_figure("staleness 4 / standard", stale / standard, 1.2, 10);
}

/* Hop: deterministic slowdown, one worker 4 times as slow; skipping iterations frees the others of it. */
Test(published_sync, hop_that_skips_is_faster_beside_a_slow_worker)
{
    struct trial trial = {.policy = "hop",
                          .options = options_read(&policy_hop, "staleness: 4, backup: 1"),
                          .workers = 16,
                          .degree = 4,
                          .seed = 1,
                          .stop_ns = 2000 * MS,
                          .jitter_cv = 0.05};
    const struct outcome alike = trial_run(&trial);
    trial.inject = trial_permanent(&first_worker, 4);
    const struct outcome held = trial_run(&trial);
    options_change(&policy_hop, &trial.options, "jump: 4");
    const struct outcome skips = trial_run(&trial);

    const double fast = trial_rate_without(&alike, 16, 0);
    expect_figure("others without skipping", trial_rate_without(&held, 16, 0) / fast, 0.2, 0.35);
    expect_figure("others with skipping", trial_rate_without(&skips, 16, 0) / fast, 0.6, 1.02);
}

/* Xiao, Boyd, 2004; Lian et al., NeurIPS 2017: consensus contracts by the second largest eigenvalue of W. */
Test(published_sync, dsgd_consensus_contracts_by_the_second_eigenvalue)
{
    for (uint32_t workers = 8; workers <= 32; workers *= 2) {
        const uint32_t rounds = 4 * workers;
        struct trial trial = {.policy = "dsgd",
                              .workers = workers,
                              .degree = 2,
                              .seed = 1,
                              .stop_ns = rounds * MS,
                              .cuts = rounds,
                              .learns = true,
                              .scattered = true,
                              .noise = 1};
        const struct outcome out = trial_run(&trial);

        const double lambda = (1 + 2 * cos(2 * M_PI / workers)) / 3;
        const double rate = pow(out.distance[rounds - 1] / out.distance[rounds / 2],
                                0.5 / (rounds - 1 - rounds / 2));
        expect_figure("contraction per round / |lambda_2|", rate / lambda, 0.999, 1.001);
        expect_figure("drift of the mean", fabs(out.mean[rounds] - out.mean[0]), 0, 1e-6);
    }
}

/* Lian et al., NeurIPS 2017: the noise of N workers averages out, the leading term falls as 1/N. */
Test(published_sync, dsgd_noise_floor_falls_with_the_number_of_workers)
{
    double floor[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct trial trial = {.policy = "dsgd",
                              .workers = i ? 32 : 8,
                              .degree = 2,
                              .seed = 1,
                              .iterations = 1500,
                              .cuts = 300,
                              .learns = true,
                              .lr = 0.1f,
                              .noise = 1};
        const struct outcome out = trial_run(&trial);
        floor[i] = trial_mean(out.error, 30, 300);
        const double predicted = 0.1 / (2 - 0.1) / 3 / trial.workers;
        expect_figure("floor / lr sigma^2 / ((2 - lr) N)", floor[i] / predicted, 0.8, 1.25);
    }
    expect_figure("floor of 8 / of 32 workers", floor[0] / floor[1], 3, 5.3);
}
