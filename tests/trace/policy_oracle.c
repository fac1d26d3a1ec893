/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy/oracle.h"
#include "core/policy/rows.h"
#include "tests/trace/support_policy.h"

/* The path 0 - 1 - 2 - 3, every worker a node of its own over one shared state. Wake-ups name ids, all else peers. */

static struct trace_node node[4];
static struct policy_config all[4];
static void *shared;
static const uint32_t path[4][3] = {
    {1, UINT32_MAX}, {0, 2, UINT32_MAX}, {1, 3, UINT32_MAX}, {2, UINT32_MAX}};

static void open_path(const char *options)
{
    for (uint32_t i = 0; i < 4; i++)
        all[i] = (struct policy_config){
            .self = i,
            .workers = 4,
            .peers = path[i],
            .peer_count = i == 0 || i == 3 ? 1 : 2,
            .options = options_read(&policy_aau_oracle, "%s", options),
        };
    const size_t bytes = policy_aau_oracle.shared_bytes(all, 4);
    shared = aligned_alloc(64, (bytes + 63) / 64 * 64);
    memset(shared, 0, bytes);
    policy_aau_oracle.shared_init(shared, all, 4);
    for (uint32_t i = 0; i < 4; i++) {
        all[i].shared = shared;
        struct policy_config config = all[i];
        config.peer_count = 0; /* trace_open counts them itself */
        trace_open(&node[i], &policy_aau_oracle, i, 4, path[i], &config);
        expect_trace(&node[i], "@0 start -> compute r0\n");
    }
}

static void close_all(void)
{
    for (uint32_t i = 0; i < 4; i++)
        trace_free(&node[i]);
    free(shared);
}
TestSuite(policy_oracle, .fini = close_all);

Test(policy_oracle, releases_a_worker_with_the_neighbour_that_waited_for_it)
{
    open_path("release: cluster");

    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[1], "@110 grad            -> apply, wake t1 {0}, send model t1 d1 {0}\n");
    expect_trace(&node[0], "@110 wake t1         -> send model t1 d1 {0}\n"
                           "@120 model p0 t1 d1 h10 -> mix metropolis d1 {0:h10:w1},"
                           " release {0:h10}, compute r1\n");
    expect_trace(&node[1], "@120 model p0 t1 d1 h11 -> mix metropolis d1 {0:h11:w1},"
                           " release {0:h11}, compute r1\n");
}

Test(policy_oracle, lets_nobody_exchange_twice_over_an_edge_of_the_epoch)
{
    open_path("release: cluster");

    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[1], "@110 grad            -> apply, wake t1 {0}, send model t1 d1 {0}\n"
                           "@120 model p0 t1 d1 h11 -> mix metropolis d1 {0:h11:w1},"
                           " release {0:h11}, compute r1\n");
    expect_trace(&node[0], "@110 wake t1         -> send model t1 d1 {0}\n"
                           "@120 model p0 t1 d1 h10 -> mix metropolis d1 {0:h10:w1},"
                           " release {0:h10}, compute r1\n"
                           "@200 grad            -> apply\n");
    expect_trace(&node[1], "@210 grad -> apply\n");
}

Test(policy_oracle, releases_the_ready_cluster_with_the_degrees_of_the_released)
{
    open_path("release: cluster");

    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[2], "@105 grad -> apply\n");
    expect_trace(&node[1], "@110 grad            -> apply, wake t1 {0 2}, send model t1 d2 {0 1}\n"
                           "@120 model p1 t1 d1 h12 ->\n"
                           "@130 model p0 t1 d1 h11 -> mix metropolis d2 {0:h11:w1 1:h12:w1},"
                           " release {0:h11 1:h12}, compute r1\n");
    expect_trace(&node[2], "@110 wake t1 -> send model t1 d1 {0}\n");
}

Test(policy_oracle, releases_one_edge_only_when_pairs_are_released)
{
    open_path("release: pair");

    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[2], "@105 grad -> apply\n");
    expect_trace(&node[1], "@110 grad -> apply, wake t1 {0}, send model t1 d1 {0}\n");
}

Test(policy_oracle, releases_those_without_an_active_neighbour_unmixed_when_all_are_released)
{
    open_path("release: all");

    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[3], "@105 grad -> apply\n");
    expect_trace(&node[1], "@110 grad -> apply, wake t1 {3 0}, send model t1 d1 {0}\n");
    expect_trace(&node[3], "@110 wake t1 -> compute r1\n");
    cr_expect_eq(agent_counters(&node[3].agent).unmixed, 1);
    cr_expect_eq(agent_counters(&node[1].agent).unmixed, 0);
}

Test(policy_oracle, looks_at_everybody_again_when_an_epoch_ends)
{
    /* 0-1 and 2-3 are connected and wait again; 1-2 ends the epoch, and then both outer edges are new */
    open_path("release: pair");
    struct oracle *const oracle = shared;

    oracle_ready(oracle, 0);
    oracle_ready(oracle, 1);
    oracle_ready(oracle, 2);
    oracle_ready(oracle, 3);
    for (uint32_t i = 0; i < 4; i++)
        oracle_leave(oracle, i);
    oracle_ready(oracle, 0);
    oracle_ready(oracle, 1);
    oracle_ready(oracle, 3);
    cr_expect_eq(oracle->released_count, 0);
    oracle_ready(oracle, 2); /* 1-2 is new, 2-3 is not */

    cr_expect_eq(oracle->path.epoch, 1);
    cr_expect_eq(oracle->epoch_longest, 3);
    cr_expect_eq(oracle->exchanges, 3);
    cr_expect_eq(oracle->worker[1].exchange, 3);
    cr_expect_eq(oracle->worker[2].exchange, 3);
    cr_expect_eq(oracle->worker[0].status, ORACLE_READY); /* its only neighbour has just gone on */

    oracle_leave(oracle, 1);
    oracle_leave(oracle, 2);
    oracle_ready(oracle, 2);
    cr_expect_eq(oracle->worker[3].exchange, 4); /* 2-3 is new again */
}

Test(policy_oracle, takes_a_model_that_overtakes_the_wake_up)
{
    open_path("release: cluster");

    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[1], "@110 grad -> apply, wake t1 {0}, send model t1 d1 {0}\n");
    expect_trace(&node[0], "@110 model p0 t1 d1 h10 ->\n"
                           "@110 wake t1         -> send model t1 d1 {0},"
                           " mix metropolis d1 {0:h10:w1}, release {0:h10}, compute r1\n");
}

Test(policy_oracle, stops_at_once_when_it_waits_and_finishes_an_exchange_that_has_begun)
{
    open_path("release: cluster");

    expect_trace(&node[3], "@90  grad -> apply\n"
                           "@95  stop -> done\n");
    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[1], "@110 grad -> apply, wake t1 {0}, send model t1 d1 {0}\n");
    expect_trace(&node[0], "@110 stop            ->\n"
                           "@110 wake t1         -> send model t1 d1 {0}\n"
                           "@120 model p0 t1 d1 h10 -> mix metropolis d1 {0:h10:w1},"
                           " release {0:h10}, done\n");
}

Test(policy_oracle, does_not_wait_for_the_model_of_a_lost_worker)
{
    open_path("release: cluster");

    expect_trace(&node[0], "@100 grad -> apply\n");
    expect_trace(&node[2], "@105 grad -> apply\n");
    expect_trace(&node[1], "@110 grad            -> apply, wake t1 {0 2}, send model t1 d2 {0 1}\n"
                           "@120 model p0 t1 d1 h11 ->\n"
                           "@150 down p1         -> evict 1, mix metropolis d2 {0:h11:w1},"
                           " release {0:h11}, compute r1\n");
    cr_expect_eq(agent_counters(&node[1].agent).torn, 1);
    cr_expect_eq(agent_counters(&node[1].agent).evicted, 1);
}

Test(policy_oracle, ends_the_epoch_of_those_that_are_left)
{
    /* without 2, worker 3 has nobody and is a part of its own */
    open_path("release: cluster");
    struct oracle *const oracle = shared;

    expect_trace(&node[0], "@90  grad -> apply\n");
    expect_trace(&node[1], "@100 grad -> apply, wake t1 {0}, send model t1 d1 {0}\n"
                           "@110 down p1 -> evict 1\n");
    expect_trace(&node[3], "@115 down p0 -> evict 0\n"
                           "@120 grad    -> apply, compute r1\n"
                           "@130 up p0   ->\n"
                           "@140 grad    -> apply\n");
    cr_expect_eq(oracle->path.epoch, 1);
    cr_expect_eq(oracle->path.parts, 1);
}

Test(policy_oracle, raises_one_alarm_when_a_model_has_missed_too_many_epochs)
{
    open_path("release: cluster, max_staleness: 2");
    struct oracle *const oracle = shared;

    oracle->path.epoch = 2;
    expect_trace(&node[0], "@100 grad -> apply\n");
    cr_expect_eq(agent_counters(&node[0].agent).alarms, 0);
    oracle->path.epoch = 3;
    expect_trace(&node[1], "@110 grad -> apply, wake t1 {0}, send model t1 d1 {0}\n");

    cr_expect_eq(agent_counters(&node[1].agent).alarms, 1);
}

Test(policy_oracle, is_chosen_by_the_options_or_by_the_number_of_workers)
{
    open_path("release: cluster");
    const struct policy_options by_auto = options_read(&policy_aau, "pathsearch: auto");
    const struct policy_options by_messages = options_read(&policy_aau, "pathsearch: messages");
    const struct policy_options by_oracle = options_read(&policy_aau, "pathsearch: oracle");
    const struct policy_options few = policy_settle(&policy_aau, by_auto, 1000, true);
    const struct policy_options many = policy_settle(&policy_aau, by_auto, 1001, true);
    const struct policy_options live = policy_settle(&policy_aau, by_auto, 1001, false);

    cr_expect_eq(policy_variant(&policy_aau, &few, 1000), &policy_aau);
    cr_expect_eq(policy_variant(&policy_aau, &many, 1001), &policy_aau_oracle);
    cr_expect_eq(policy_variant(&policy_aau, &live, 1001), &policy_aau);
    cr_expect_eq(policy_variant(&policy_aau, &by_messages, 65536), &policy_aau);
    cr_expect_eq(policy_variant(&policy_aau, &by_oracle, 2), &policy_aau_oracle);
    cr_expect_eq(policy_variant(&policy_dsgd, &by_oracle, 2), &policy_dsgd);
    cr_expect_eq(policy_find("aau"), &policy_aau);
}

Test(policy_oracle, says_that_it_evicts_nobody_by_time)
{
    open_path("release: cluster");
    const struct policy_config *const patient = OPTIONS(policy_aau, "evict_after: 1us");

    cr_expect_not_null(policy_aau_oracle.check(patient));
    cr_expect_null(policy_aau_oracle.check(&all[0]));
}
