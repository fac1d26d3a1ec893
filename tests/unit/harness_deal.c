/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers of several ranks: each rank deals for itself, and all come to the same. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/learn/model.h"
#include "core/policy/rows.h"
#include "harness/run/cell.h"
#include "tests/random/options.h"

static struct experiment experiment;
static struct cell_common common;
static struct policy row;
static struct ranks ranks;
static struct machine *machine;

static struct cell deal(uint32_t rank, uint32_t count, uint32_t cores, uint32_t processes,
                        uint32_t workers)
{
    struct cell cell;
    struct err err = {{0}};
    row = (struct policy){.name = "made-up",
                          .edges = POLICY_EDGES_GRAPH,
                          .tensor_class = DELIVERY_EXACT,
                          .options = policy_allreduce.options,
                          .slots_fixed = 3};
    experiment = (struct experiment){.clock = CLOCK_LIVE,
                                     .seed = {1},
                                     .seed_count = 1,
                                     .processes = processes,
                                     .workers = {.count = workers},
                                     .policy = {{.row = &row, .label = "made-up"}},
                                     .policy_count = 1};
    strcpy(experiment.workers.graph, "ring");
    ranks = (struct ranks){.rank = rank, .count = count};
    for (uint32_t r = 0; r < count; r++)
        ranks.member[r].cores = cores;
    if (!machine)
        cr_assert_eq(machine_open(&machine, &err), 0, "%s", err.text);
    common = (struct cell_common){.experiment = &experiment,
                                  .machine = machine,
                                  .ranks = &ranks,
                                  .model = {.ops = model_find("none")},
                                  .points = 2};
    cr_assert_eq(cell_open(&cell, &common, 0, 0, &err), 0, "%s", err.text);
    return cell;
}

/** Every worker is on a loop of its own process, every process has workers, and every worker is of one rank. */
static void expect_whole(const struct cell *cell, uint32_t count, uint32_t processes)
{
    uint32_t of[EXPERIMENT_PROCESSES_MAX] = {0};
    for (uint32_t w = 0; w < cell->graph.workers; w++) {
        const uint32_t process = cell->process[w], loop = cell->placement.loop[w];
        uint32_t first, end, owners = 0;
        cell_loops(cell, process, &first, &end);
        cr_expect(loop >= first && loop < end, "worker %u of process %u is on loop %u", w, process,
                  loop);
        for (uint32_t r = 0; r < count; r++)
            owners += cell_rank_has(cell, r, w);
        cr_expect_eq(owners, 1, "worker %u is of %u ranks", w, owners);
        of[process]++;
    }
    for (uint32_t p = 0; p < processes; p++)
        cr_expect_gt(of[p], 0, "process %u has no worker", p);
    cr_expect_leq(cell->placement.cores_used, CELL_LOOPS_MAX);
}

static void expect_same(uint32_t count, uint32_t cores, uint32_t processes, uint32_t workers)
{
    struct cell first = deal(0, count, cores, processes, workers);
    expect_whole(&first, count, processes);
    for (uint32_t r = 1; r < count; r++) {
        struct cell other = deal(r, count, cores, processes, workers);
        cr_expect_eq(other.placement.cores_used, first.placement.cores_used);
        cr_expect_eq(memcmp(other.process, first.process, workers * sizeof(*first.process)), 0);
        cr_expect_eq(memcmp(other.placement.loop, first.placement.loop, workers * sizeof(uint32_t)),
                     0);
        cell_close(&other);
    }
    cell_close(&first);
}

Test(deal, is_the_same_on_all_ranks)
{
    expect_same(2, 1, 2, 8);
    expect_same(3, 4, 3, 7);
    expect_same(2, 3, 4, 9);
    expect_same(4, 1, 8, 64);
}

Test(deal, has_no_more_loops_than_a_run_has_room_for)
{
    expect_same(16, 128, 16, 1024);
    expect_same(3, 200, 3, 1000);
}

Test(deal, has_a_loop_for_each_core_and_no_more)
{
    struct cell cell = deal(0, 2, 8, 2, 16);
    cr_expect_eq(cell.placement.cores_used, 16);
    cell_close(&cell);
    cell = deal(0, 2, 3, 2, 16);
    cr_expect_eq(cell.placement.cores_used, 6);
    cr_expect(cell.placement.cooperative);
    cell_close(&cell);
}
