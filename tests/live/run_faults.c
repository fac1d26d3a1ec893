/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults of live workers: whoever is left goes on, whoever comes back computes again, and the books stay whole. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/support_run.h"

#define MS UINT64_C(1000000)

#define PROFILE(policy, stop)                                             \
    "name: t\nseeds: [1]\nworkers: {count: 4, graph: ring}\n"             \
    "data: {format: synthetic, samples: 512, features: 16, classes: 4}\n" \
    "model: {kind: softmax}\ntrain: {batch: 8}\n"                         \
    "compute: {base: 1ms, jitter: {kind: none}}\npolicies: [" policy "]\nstop: {" stop "}\n"
#define FAULT(fault) "faults: [{" fault "}]\n"

/** The profile, in which %s is that word. */
static struct live *run_of(const char *profile, const char *word)
{
    char yaml[640];
    snprintf(yaml, sizeof(yaml), profile, word);
    return live_run(yaml, (struct run_options){0});
}

/** Iterations of a worker that began in [from, to). */
static uint64_t begun_in(const struct live *live, uint32_t w, uint64_t from_ns, uint64_t to_ns)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < live->buffers.rows; i++) {
        const struct record_iteration *const row = &live->buffers.row[i];
        count += row->worker == w && row->start_ns >= from_ns && row->start_ns < to_ns;
    }
    return count;
}

/** It ended in good order, and nothing is unaccounted for. */
static void expect_whole(const struct live *live)
{
    const struct record_run *const r = &live->record;
    cr_expect(r->drained);
    cr_expect_eq(r->count.loans, 0u, "%lu loans", (unsigned long)r->count.loans);
    cr_expect_eq(r->left_in_channels, 0u);
    cr_expect_eq(r->count.incomplete, 0u);
    cr_expect_eq(r->count.tensors_sent, r->count.tensors_delivered + r->count.tensors_superseded +
                                            r->count.tensors_dropped + r->count.tensors_in_flight);
    cr_expect_eq(r->count.control_sent, r->count.control_delivered + record_control_ended(r));
}

/** Gone from `from` to `to` (to somebody who looks a moment later); the others went on. */
static void expect_absence(const struct live *live, uint32_t gone, uint64_t from_ns, uint64_t to_ns)
{
    cr_expect_eq(begun_in(live, gone, from_ns + 60 * MS, to_ns), 0u);
    for (uint32_t w = 0; w < 4; w++)
        if (w != gone)
            cr_expect_gt(begun_in(live, w, from_ns, UINT64_MAX), 0u, "worker %u", w);
}

static void a_crash_is_survived(const char *policy)
{
    struct live *const live = run_of(
        PROFILE("%s", "time: 800ms") FAULT("kind: crash, workers: [1], at: 100ms, notice: 20ms"),
        policy);

    expect_whole(live);
    expect_absence(live, 1, 100 * MS, 800 * MS);
    live_close(live);
}

Test(faults, a_crash_is_survived_by_dsgd)
{
    a_crash_is_survived("dsgd");
}
Test(faults, a_crash_is_survived_by_adpsgd)
{
    a_crash_is_survived("adpsgd");
}
Test(faults, a_crash_is_survived_by_aau)
{
    a_crash_is_survived("aau");
}
Test(faults, a_crash_is_survived_by_partial)
{
    a_crash_is_survived("partial");
}
Test(faults, a_crash_is_survived_by_epidemic)
{
    a_crash_is_survived("epidemic");
}
Test(faults, a_crash_is_survived_by_swarm)
{
    a_crash_is_survived("swarm");
}

static void who_crashed_comes_back_and_computes_again(const char *policy)
{
    struct live *const live =
        run_of(PROFILE("%s", "time: 800ms")
                   FAULT("kind: crash, workers: [2], at: 50ms, restart: 100ms, notice: 20ms"),
               policy);

    expect_whole(live);
    cr_expect_eq(live->record.count.returns, 1u);
    expect_absence(live, 2, 50 * MS, 150 * MS);
    cr_expect_gt(begun_in(live, 2, 150 * MS, UINT64_MAX), 0u);
    live_close(live);
}

Test(faults, who_crashed_comes_back_to_adpsgd)
{
    who_crashed_comes_back_and_computes_again("adpsgd");
}
Test(faults, who_crashed_comes_back_to_aau)
{
    who_crashed_comes_back_and_computes_again("aau");
}
Test(faults, who_crashed_comes_back_to_swarm)
{
    who_crashed_comes_back_and_computes_again("swarm");
}

Test(faults, who_joins_later_starts_with_the_parameters_of_a_neighbour)
{
    struct live *const live =
        run_of(PROFILE("aau", "time: 800ms") FAULT("kind: join, workers: [0], at: 200ms"), "");

    expect_whole(live);
    cr_expect_eq(live->record.count.returns, 1u);
    cr_expect_eq(begun_in(live, 0, 0, 200 * MS), 0u);
    cr_expect_gt(begun_in(live, 0, 200 * MS, UINT64_MAX), 0u);
    cr_expect(live->record.ledger.ok, "error %g", live->record.ledger.error);
    live_close(live);
}

static void who_leaves_finishes_its_exchange_first(const char *policy)
{
    struct live *const live =
        run_of(PROFILE("%s", "time: 800ms") FAULT("kind: leave, workers: [3], at: 100ms"), policy);

    expect_whole(live);
    expect_absence(live, 3, 100 * MS, 800 * MS);
    cr_expect_eq(live->record.count.policy.torn, 0u, "%s", policy);
    cr_expect(live->record.ledger.ok, "%s: error %g", policy, live->record.ledger.error);
    live_close(live);
}

Test(faults, who_leaves_finishes_its_exchange_in_dsgd)
{
    who_leaves_finishes_its_exchange_first("dsgd");
}
Test(faults, who_leaves_finishes_its_exchange_in_adpsgd)
{
    who_leaves_finishes_its_exchange_first("adpsgd");
}
Test(faults, who_leaves_finishes_its_exchange_in_aau)
{
    who_leaves_finishes_its_exchange_first("aau");
}
Test(faults, who_leaves_finishes_its_exchange_in_partial)
{
    who_leaves_finishes_its_exchange_first("partial");
}

Test(faults, somebody_who_is_stuck_is_waited_for_and_goes_on)
{
    struct live *const live = run_of(PROFILE("dsgd", "time: 800ms")
                                         FAULT("kind: pause, workers: [1], at: 100ms, for: 150ms"),
                                     "");

    expect_whole(live);
    cr_expect_gt(live->record.worker[1].part_ns[PART_INJECTED], 0u);
    cr_expect_eq(live->record.worker[0].part_ns[PART_INJECTED], 0u, "its neighbour waited");
    cr_expect_gt(live->record.worker[0].part_ns[PART_WAIT], 0u);
    for (uint32_t w = 0; w < 4; w++)
        cr_expect_gt(begun_in(live, w, 250 * MS, UINT64_MAX), 0u, "worker %u", w);
    cr_expect(live->record.ledger.ok);
    live_close(live);
}

Test(faults, a_budget_in_rounds_ends_without_those_who_are_gone)
{
    struct live *const live = run_of(PROFILE("dsgd", "iterations: 100")
                                         FAULT("kind: crash, workers: [1], at: 20ms, notice: 0ms"),
                                     "");

    expect_whole(live);
    cr_expect_geq(live->record.count.gradients, 3u * 99u);
    cr_expect_lt(live->record.count.gradients, 400u);
    live_close(live);
}

Test(faults, replays_a_run_in_which_somebody_went_and_came_back, .timeout = 60)
{
    char text[4096] = "";
    struct recorded *const recorded =
        recorded_open(PROFILE("aau", "time: 800ms") FAULT(
                          "kind: join, workers: [3], at: 40ms}, "
                          "{kind: crash, workers: [2], at: 50ms, restart: 100ms, notice: 20ms}, "
                          "{kind: leave, workers: [0], at: 100ms"),
                      (struct run_options){0}, 0);

    cr_expect_eq(recorded_replay(recorded, false, text, sizeof(text)), 0, "%s", text);
    cr_expect(strstr(text, "identical actions"), "%s", text);
    cr_expect_eq(recorded_replay(recorded, true, text, sizeof(text)), 2, "%s", text);
    cr_expect(strstr(text, "came back with parameters that no journal holds"), "%s", text);
    recorded_close(recorded);
}

/* ---- disks and slots */

/* For so long that a worker whose core others have reads in that time, too: batches are read ahead. */
static void reads_that_fail_for_a_while_are_repeated(const char *error)
{
    struct live *const live =
        run_of(PROFILE("adpsgd", "time: 800ms")
                   FAULT("kind: disk, workers: [2], at: 50ms, for: 300ms, error: %s"),
               error);

    expect_whole(live);
    cr_expect_gt(live->record.count.load_retries, 0u);
    cr_expect_gt(begun_in(live, 2, 350 * MS, UINT64_MAX), 0u);
    live_close(live);
}

Test(faults, repeats_reads_that_fail)
{
    reads_that_fail_for_a_while_are_repeated("eio");
}
Test(faults, repeats_reads_that_come_back_short)
{
    reads_that_fail_for_a_while_are_repeated("short");
}
Test(faults, repeats_reads_that_are_to_come_again)
{
    reads_that_fail_for_a_while_are_repeated("eagain");
}

static char said[4][512];
static _Atomic uint32_t said_count;

static void listen(const char *sentence)
{
    const uint32_t i = said_count++;
    if (i < 4)
        snprintf(said[i], sizeof(said[i]), "%s", sentence);
}

Test(faults, a_disk_that_stays_broken_ends_the_run_and_is_named)
{
    struct live *const live = live_run(PROFILE("adpsgd", "time: 20s")
                                           FAULT("kind: disk, workers: [2], at: 50ms, for: 15s"),
                                       (struct run_options){.say = listen, .patience_ns = 50 * MS});

    cr_expect_not(live->record.drained);
    cr_expect_gt(live->record.count.gradients, 0u, "what was trained until then is not lost");
    cr_assert_eq(said_count, 1u);
    cr_expect(strncmp(said[0], "worker 2: /", 11) == 0, "%s", said[0]);
    cr_expect(strstr(said[0], "failed: Input/output error"), "%s", said[0]);
    live_close(live);
}

Test(faults, a_worker_without_free_snapshots_waits_and_goes_on)
{
    struct live *const live =
        run_of(PROFILE("dsgd", "time: 800ms")
                   FAULT("kind: slots, workers: [1], at: 50ms, for: 300ms, keep: 0"),
               "");

    expect_whole(live);
    cr_expect_gt(live->record.count.slot_waits, 0u);
    cr_expect_gt(begun_in(live, 1, 350 * MS, UINT64_MAX), 0u);
    live_close(live);
}

/* ---- stalls */

/* A policy that asks for one gradient and then for nothing, even when it is told to stop. */
static size_t mute_lay_out(void *state, const struct policy_config *config)
{
    (void)state, (void)config;
    return 64;
}

static void mute_step(void *state, const struct event *event, struct actions *out)
{
    (void)state;
    if (event->kind == EV_START)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
}

static const struct policy mute = {.name = "mute",
                                   .waits_for = "a word that nobody says",
                                   .edges = POLICY_EDGES_GRAPH,
                                   .tensor_class = DELIVERY_EXACT,
                                   .exact_depth = 2,
                                   .slots_fixed = 4,
                                   .lay_out = mute_lay_out,
                                   .step = mute_step};

Test(faults, a_run_in_which_nothing_happens_says_why_and_ends)
{
    struct live *const live =
        live_run_row(PROFILE("dsgd", "time: 60s"), &mute,
                     (struct run_options){.say = listen, .stalled_ns = 60 * MS});

    cr_expect_not(live->record.drained);
    cr_expect_lt(live->record.duration_s, 20.0);
    cr_assert_eq(said_count, 4u, "every worker, once");
    cr_expect(strstr(said[0], "(mute) waits for: a word that nobody says; nobody was heard"), "%s",
              said[0]);
    live_close(live);
}
