/* SPDX-License-Identifier: BSD-3-Clause */
/* Cells in virtual time: which edges each kind gives, which tree, and what is refused in which words. */
#include "harness/run/cell.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/learn/model.h"
#include "core/learn/model_plugin.h"
#include "core/policy/rows.h"
#include "tests/random/options.h"

static struct experiment experiment;
static struct cell_common common;
static struct policy row;

static void prepare(uint32_t workers, const char *graph, enum policy_edges edges)
{
    row = (struct policy){.name = "made-up",
                          .edges = edges,
                          .tensor_class = DELIVERY_EXACT,
                          .synchronous = true,
                          .options = policy_allreduce.options,
                          .slots_fixed = 3};
    experiment = (struct experiment){.clock = CLOCK_VIRTUAL,
                                     .seed = {1},
                                     .seed_count = 1,
                                     .workers = {.count = workers, .degree = 3},
                                     .policy = {{.row = &row, .label = "made-up"}},
                                     .policy_count = 1};
    strcpy(experiment.workers.graph, graph);
    common = (struct cell_common){
        .experiment = &experiment, .model = {.ops = model_find("none")}, .points = 2};
}

static void expect_peers(const struct cell *cell, uint32_t w, const char *expected)
{
    char found[256] = "";
    for (uint32_t k = cell->peer_begin[w]; k < cell->peer_begin[w + 1]; k++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%u", *found ? " " : "",
                 cell->peer[k]);
    cr_expect_str_eq(found, expected, "worker %u has [%s]", w, found);
}

static void expect_refused(const char *piece)
{
    struct cell cell;
    struct err err = {{0}};
    cr_expect_eq(cell_open(&cell, &common, 0, 0, &err), -EINVAL);
    cr_expect_not_null(strstr(err.text, piece), "%s", err.text);
}

static struct cell open_cell(void)
{
    struct cell cell;
    struct err err = {{0}};
    cr_assert_eq(cell_open(&cell, &common, 0, 0, &err), 0, "%s", err.text);
    return cell;
}

Test(cell, a_star_joins_worker_0_with_each_other_one)
{
    prepare(4, "ring", POLICY_EDGES_STAR);

    struct cell cell = open_cell();

    expect_peers(&cell, 0, "1 2 3");
    expect_peers(&cell, 1, "0");
    expect_peers(&cell, 3, "0");
    cr_expect_eq(cell.degree_max, 3u);
    cell_close(&cell);
}

Test(cell, exponential_edges_reach_powers_of_two_both_ways)
{
    prepare(8, "ring", POLICY_EDGES_EXPONENTIAL);

    struct cell cell = open_cell();

    expect_peers(&cell, 0, "1 2 4 6 7");
    expect_peers(&cell, 3, "1 2 4 5 7");
    cell_close(&cell);
    prepare(5, "ring", POLICY_EDGES_EXPONENTIAL);
    cell = open_cell();
    expect_peers(&cell, 4, "0 1 2 3");
    cell_close(&cell);
    prepare(1, "ring", POLICY_EDGES_EXPONENTIAL);
    cell = open_cell();
    expect_peers(&cell, 0, "");
    cell_close(&cell);
}

Test(cell, a_modelled_collective_has_no_edges)
{
    prepare(100000, "ring", POLICY_EDGES_ALL);
    experiment.policy[0].options = options_read(&row, "collective: modelled");

    struct cell cell = open_cell();

    cr_expect_eq(cell.peer_begin[cell.graph.workers], 0u);
    cr_expect_eq(cell.degree_max, 0u);
    cell_close(&cell);
}

Test(cell, a_row_without_rounds_keeps_the_edges_that_it_agrees_on_its_groups_by)
{
    prepare(4, "ring", POLICY_EDGES_ALL);
    experiment.policy[0].options = options_read(&row, "collective: modelled");
    row.synchronous = false;

    struct cell cell = open_cell();

    expect_peers(&cell, 1, "0 2 3");
    cell_close(&cell);
}

Test(cell, a_simulated_mailbox_has_slots_for_what_its_link_delays)
{
    prepare(4, "ring", POLICY_EDGES_GRAPH);
    row.slots_per_edge = 4;
    struct cell exact = open_cell();
    row.tensor_class = DELIVERY_SUM;
    struct cell sum = open_cell();

    cr_expect_eq(exact.slots, 1u + 3 + 4 * 2);
    cr_expect_eq(sum.slots, 1u + 3 + (4 + SIM_NEWEST_DEPTH + 1) * 2);

    cell_close(&exact);
    cell_close(&sum);
}

Test(cell, the_tree_spans_the_graph_and_is_marked_at_both_ends)
{
    prepare(50, "random", POLICY_EDGES_GRAPH);
    row.needs_tree = true;

    struct cell cell = open_cell();

    uint32_t marks = 0;
    for (uint32_t w = 0; w < 50; w++) {
        const struct policy_config config = cell_policy_config(&cell, w);
        for (uint32_t k = 0; k < config.peer_count; k++) {
            const struct policy_config peer = cell_policy_config(&cell, config.peers[k]);
            uint32_t back = 0;
            while (peer.peers[back] != w)
                back++;
            cr_expect_eq(config.tree[k], peer.tree[back]);
            marks += config.tree[k];
        }
    }
    cr_expect_eq(marks, 2u * 49, "a tree of n workers has n - 1 edges");
    cell_close(&cell);
}

Test(cell, a_ring_loses_one_edge_to_its_tree)
{
    prepare(4, "ring", POLICY_EDGES_GRAPH);
    row.needs_tree = true;

    struct cell cell = open_cell();

    /* from 0 to 1 and 3, from 1 to 2; 2 - 3 closes the circle */
    const uint8_t *const of_2 = cell_policy_config(&cell, 2).tree;
    cr_expect_eq(of_2[0], 1, "2 - 1");
    cr_expect_eq(of_2[1], 0, "2 - 3");
    cell_close(&cell);
}

Test(cell, more_peers_than_a_policy_can_name_are_refused_before_anything_is_made)
{
    prepare(100000, "ring", POLICY_EDGES_STAR);
    expect_refused("worker 0 of 100000 would have 99999 peers, a policy can name 1023 at most");

    prepare(1025, "ring", POLICY_EDGES_ALL);
    row.reduces = true;
    expect_refused("1024 peers, a policy can name 1023 at most; in virtual time `collective: "
                   "modelled` needs no edges");

    prepare(1025, "star", POLICY_EDGES_GRAPH);
    expect_refused("choose a sparser graph");
}

Test(cell, a_graph_that_is_not_connected_is_refused)
{
    prepare(4, "none", POLICY_EDGES_GRAPH);

    expect_refused("policy made-up needs a connected graph, and 'none' is not");
}

static const char *odd_ones_refuse(const struct policy_config *config)
{
    return config->self == 3 ? "threes are unlucky" : NULL;
}

Test(cell, a_row_may_refuse_any_of_its_workers)
{
    prepare(4, "ring", POLICY_EDGES_GRAPH);
    row.check = odd_ones_refuse;

    expect_refused("policy made-up cannot run as worker 3 of 4: threes are unlucky");
}

Test(cell, more_slots_than_handles_can_name_are_refused)
{
    prepare(1000, "star", POLICY_EDGES_GRAPH);
    row.slots_per_edge = 100;

    expect_refused("needs 99904 slots per worker with 999 peers, at most 65536");
}

Test(cell, counts_the_bytes_of_the_largest_plug_in_whole)
{
    const struct model_plugin plugin = {.parameters = 1u << 30};
    struct cell cell = {.common = &common, .row = &row};
    prepare(2, "ring", POLICY_EDGES_GRAPH);
    common.model = (struct model_config){.ops = model_find("plugin"), .plugin = &plugin};

    cr_expect_eq(cell_payload_bytes(&cell), 4ull << 30);
    row.lanes = LANES_CUMULATIVE;
    cr_expect_eq(cell_payload_bytes(&cell), (8ull << 30) + 8);
}

/* ------------------------------------------------------------------------------------------- what is injected */

static void on_machine(const char *variable, const char *value)
{
    struct machine *machine = NULL;
    struct err err = {{0}};
    setenv(variable, value, 1);
    cr_assert_eq(machine_open(&machine, &err), 0, "%s", err.text);
    experiment.clock = CLOCK_LIVE;
    common.machine = machine;
}

static void on_hybrid(void)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/machines/hybrid.xml", getenv("DAWDLE_SOURCE"));
    on_machine("HWLOC_XMLFILE", path);
}

static void leave_machine(void)
{
    machine_close((struct machine *)(uintptr_t)common.machine);
}

static void inject_on(enum experiment_cpukind kind)
{
    experiment.inject_count = 1;
    experiment.inject[0] =
        (struct experiment_inject){.select = EXPERIMENT_SELECT_CPUKIND,
                                   .cpukind = kind,
                                   .inject = {.law = law_find("none"), .select = SELECT_WORKERS}};
}

Test(cell, groups_are_contiguous_blocks_of_nearly_equal_size)
{
    prepare(7, "ring", POLICY_EDGES_GRAPH);
    experiment.workers.groups = 3;
    struct inject entry[EXPERIMENT_INJECT_MAX];

    struct cell cell = open_cell();
    const struct inject_set set = cell_inject(&cell, entry);

    const uint32_t expected[] = {0, 0, 0, 1, 1, 2, 2};
    cr_expect_eq(set.groups, 3u);
    cr_expect_arr_eq(set.group, expected, sizeof(expected));
    cell_close(&cell);
}

Test(cell, without_groups_each_worker_is_one_of_its_own)
{
    prepare(4, "ring", POLICY_EDGES_GRAPH);
    struct inject entry[EXPERIMENT_INJECT_MAX];

    struct cell cell = open_cell();

    cr_expect_null(cell_inject(&cell, entry).group);
    cell_close(&cell);
}

Test(cell, a_kind_of_cores_means_the_workers_that_are_placed_on_them)
{
    prepare(6, "ring", POLICY_EDGES_GRAPH);
    on_hybrid();
    inject_on(CPUKIND_PERFORMANCE);
    struct inject entry[EXPERIMENT_INJECT_MAX];

    struct cell cell = open_cell();
    const struct inject_set set = cell_inject(&cell, entry);

    cr_expect_eq(entry[0].worker_count, 2u);
    for (uint32_t w = 0; w < 6; w++)
        cr_expect_eq(inject_hits(&set, 0, w, 0),
                     machine_pu_at(common.machine, cell.placement.pu[w])->os_index < 2);
    cell_close(&cell);
    leave_machine();
}

Test(cell, a_kind_of_cores_that_holds_nobody_is_refused)
{
    prepare(2, "ring", POLICY_EDGES_GRAPH);
    on_hybrid();
    inject_on(CPUKIND_EFFICIENT);

    expect_refused("inject[0].select.cpukind: efficient selects nobody: no worker is placed");
    leave_machine();
}

Test(cell, a_kind_of_cores_is_refused_where_all_are_alike)
{
    prepare(2, "ring", POLICY_EDGES_GRAPH);
    on_machine("HWLOC_SYNTHETIC", "package:1 core:4 pu:1");
    inject_on(CPUKIND_PERFORMANCE);

    expect_refused("selects nobody: the cores of this machine are all of one kind");
    leave_machine();
}

Test(cell, a_crash_that_the_policy_does_not_survive_is_refused)
{
    prepare(8, "ring", POLICY_EDGES_GRAPH);
    experiment.fault_count = 1;
    experiment.fault[0] = (struct experiment_fault){
        .fault = {.kind = FAULT_CRASH, .at_ns = 100}, .workers = {4}, .worker_count = 1};

    expect_refused("policy made-up cannot run with fault 'crash' of worker 4");
}

Test(cell, faults_of_all_entries_are_one_schedule_in_order_of_time)
{
    prepare(8, "ring", POLICY_EDGES_GRAPH);
    row.survives_loss = true;
    experiment.fault_count = 2;
    experiment.fault[0] =
        (struct experiment_fault){.fault = {.kind = FAULT_PAUSE, .at_ns = 500, .for_ns = 10},
                                  .workers = {6, 2},
                                  .worker_count = 2};
    experiment.fault[1] =
        (struct experiment_fault){.fault = {.kind = FAULT_CRASH, .at_ns = 100, .notice_ns = 7},
                                  .workers = {4},
                                  .worker_count = 1};
    struct fault fault[FAULT_SCHEDULE_MAX];

    struct cell cell = open_cell();

    cr_assert_eq(cell_faults(&cell, fault), 3u);
    cr_expect_eq(fault[0].kind, FAULT_CRASH);
    cr_expect_eq(fault[0].worker, 4u);
    cr_expect_eq(fault[0].notice_ns, 7u);
    cr_expect_eq(fault[1].worker, 2u);
    cr_expect_eq(fault[2].worker, 6u);
    cr_expect_eq(fault[2].for_ns, 10u);
    cell_close(&cell);
}

/* Five classes, one per worker that trains; the fifth class, which nobody holds for himself, is dealt to all of them. */
Test(cell, of_a_server_holds_no_shard_and_the_others_all_samples)
{
    static uint8_t label[100];
    static const struct dataset data = {.classes = 5, .samples = 100, .label = label};
    uint32_t held[5] = {0};
    for (uint32_t i = 0; i < 100; i++)
        label[i] = (uint8_t)(i % 5);
    for (uint32_t central = 0; central < 2; central++) {
        prepare(5, "ring", POLICY_EDGES_STAR);
        row.central = central;
        common.dataset = &data;
        experiment.data.split[0] = 1;
        experiment.data.shards = SHARD_LABELS;
        experiment.data.per_worker = 1;
        struct cell cell = open_cell();

        cr_expect_eq(cell.shard_begin[1], central ? 0u : 20u, "worker 0 trains unless it serves");
        cr_expect_eq(cell.shard_begin[5], 100u, "every sample is somebody's");
        for (uint32_t w = central; w < 5; w++)
            cr_expect_gt(cell.shard_begin[w + 1], cell.shard_begin[w], "worker %u trains", w);
        memset(held, 0, sizeof(held));
        for (uint32_t i = 0; i < 100; i++)
            held[label[cell.shard[i]]]++;
        for (uint32_t c = 0; c < 5; c++)
            cr_expect_eq(held[c], 20u, "class %u", c);
        cell_close(&cell);
    }
}

Test(cell, a_server_needs_no_sample_of_its_own)
{
    static uint8_t label[4] = {0, 1, 0, 1};
    static const struct dataset data = {.classes = 2, .samples = 4, .label = label};
    prepare(5, "ring", POLICY_EDGES_STAR);
    row.central = true;
    common.dataset = &data;
    experiment.data.split[0] = 1;
    struct cell cell = open_cell();
    cell_close(&cell);

    row.central = false;
    struct err err = {{0}};
    cr_expect_eq(cell_open(&cell, &common, 0, 0, &err), -ENODATA);
    cr_expect_str_eq(err.text, "4 training samples are too few for 5 workers that compute: some "
                               "would get none");
}
