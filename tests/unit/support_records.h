/* SPDX-License-Identifier: BSD-3-Clause */
/* Made-up runs for the tests of everything that reads them: small, plausible, and the same on every call. */
#ifndef TESTS_UNIT_SUPPORT_RECORDS_H
#define TESTS_UNIT_SUPPORT_RECORDS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "harness/metric/record.h"

static const struct policy records_allreduce = {.name = "allreduce", .synchronous = true};
static const struct policy records_dsgd = {.name = "dsgd", .synchronous = true};
static const struct policy_option records_release[] = {{.name = "release"}, {.name = NULL}};
static const struct policy records_aau = {
    .name = "aau", .options = records_release, .caution = "our reconstruction"};
static const struct policy_option records_pairing[] = {
    {.name = "pairing"}, {.name = "comm_thread"}, {.name = NULL}};
static const struct policy records_adpsgd = {.name = "adpsgd", .options = records_pairing};

/* Lognormal-like: the product of a few uniform draws around `typical`. */
static inline struct hist *records_hist(uint64_t key, double typical, uint32_t samples)
{
    struct hist *hist = calloc(1, sizeof(*hist));
    hist_reset(hist);
    for (uint32_t i = 0; i < samples; i++) {
        double value = typical;
        for (uint32_t k = 0; k < 3; k++)
            value *= 0.7 + 0.75 * rng_unit_at(key, 4 * i + k);
        value *= rng_unit_at(key, 4 * i + 3) > 0.98 ? 8 : 1;
        hist_record(hist, (uint64_t)value);
    }
    return hist;
}

static inline struct record_figures records_figures(uint64_t key, double typical, uint32_t samples)
{
    struct hist *const hist = records_hist(key, typical, samples);
    const struct record_figures figures = record_figures(hist);
    free(hist);
    return figures;
}

/* A curve that falls from 2.3 like exp(-time/tau); 16 snapshots over 4 s. */
static inline void records_curve(struct record_run *run, double tau_s)
{
    run->point_count = 16;
    for (uint32_t i = 0; i < run->point_count; i++) {
        const double t = 4.0 * i / 15;
        const double loss = 0.2 + 2.1 * exp(-t / tau_s);
        run->point[i] = (struct record_point){
            .time_s = t,
            .gradients = (uint64_t)(run->gradients_per_s * t),
            .bytes = (uint64_t)(1e6 * t),
            .train_loss_mean_model = loss,
            .heldout_loss_mean_model = loss * 1.05,
            .heldout_accuracy_mean_model = 0.97 - 0.38 * loss,
            .train_loss_local_mean = loss * 1.02,
            .train_loss_local_worst = loss * 1.1,
            .consensus_distance = 0.01 * loss,
        };
    }
}

/* One run of `workers` = 4; `speed` scales its rate, `wait` is its waiting share. */
static inline struct record_run records_run(const char *label, const struct policy *row,
                                            uint64_t seed, double speed, double wait)
{
    const uint64_t key = rng_key(seed, RNG_TEST, (uint64_t)label[1]);
    const double iteration_ns = 1.2e6 / speed;
    struct record_run run = {
        .row = row,
        .seed = seed,
        .clock = "live",
        .judged = true,
        .workers = 4,
        .duration_s = 4,
        .drain_s = 0.002,
        .lr = 0.1,
        .count.gradients = (uint64_t)(13000 * speed),
        .count.iterations = (uint64_t)(13000 * speed),
        .gradients_per_s = 3250 * speed * (0.97 + 0.06 * rng_unit_at(key, 1)),
        .count.bytes_exchanged = (uint64_t)(6.1e8 * speed),
        .count.tensors_sent = 1000,
        .count.tensors_delivered = 990,
        .count.tensors_superseded = 8,
        .count.tensors_in_flight = 2,
        .count.control_sent = 5,
        .count.control_delivered = 5,
        .waits.share = wait * (0.95 + 0.1 * rng_unit_at(key, 2)),
        .ledger.error = 3.1e-7,
        .ledger.ok = true,
        .drained = true,
        .count.mixes = 900,
        .loader.tier = "io_uring direct",
    };
    snprintf(run.policy, sizeof(run.policy), "%s", label);
    run.iterations_per_s = run.gradients_per_s / 4;
    records_curve(&run, (0.9 + 0.2 * rng_unit_at(key, 3)) / speed);
    run.total_ns = 16000000000ull;
    run.part_ns[PART_WAIT] = (uint64_t)(run.waits.share * 16e9);
    run.part_ns[PART_REST] = 40000000;
    run.part_ns[PART_MIX] = 300000000;
    run.part_ns[PART_PUBLISH] = 200000000;
    run.part_ns[PART_INJECTED] = (uint64_t)(0.2 * (1 - run.waits.share) * 16e9);
    run.part_ns[PART_COMPUTE] =
        run.total_ns - run.part_ns[PART_WAIT] - 540000000 - run.part_ns[PART_INJECTED];
    run.series[SERIES_ITERATION] = records_figures(key + 1, iteration_ns, 2000);
    run.series[SERIES_READY] = records_figures(key + 2, iteration_ns * wait + 4000, 2000);
    run.series[SERIES_HANDLE] = records_figures(key + 3, 420, 2000);
    run.series[SERIES_STALENESS] = records_figures(key + 4, row->synchronous ? 0.5 : 2, 2000);
    run.series[SERIES_AGE] = records_figures(key + 7, 9000, 2000);
    run.series[SERIES_AGE_VERSIONS] = records_figures(key + 8, 1.5, 2000);
    run.series[SERIES_REQUESTED] = records_figures(key + 6, 9e6, 200);
    run.series[SERIES_ERROR] = records_figures(key + 5, 2000, 200);
    return run;
}

static inline void records_free(struct record_run *run)
{
    for (uint32_t w = 0; run->worker && w < run->workers; w++) {
        free((void *)run->worker[w].hist[SERIES_ITERATION]);
        free((void *)run->worker[w].hist[SERIES_HANDLE]);
    }
    free(run->worker);
}

#endif
