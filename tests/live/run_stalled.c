/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker that is not polled for five compute times in every iteration: synchronous rounds wait, and nothing hangs. */
#include <criterion/criterion.h>

#include "tests/live/support_run.h"

#define PATH(policy)                                                                            \
    "name: t\nseeds: [1]\nworkers: {count: 3, graph: path}\n"                                   \
    "data: none\nmodel: {kind: none}\ncompute: {base: 500us, jitter: {kind: none}}\npolicies: " \
    "[" policy "]\n"                                                                            \
    "inject:\n  - {what: compute, scope: process, select: {workers: [1]}, "                     \
    "law: {kind: slowdown, factor: 6}}\nstop: {iterations: 40}\n"

static void expect_patience(const char *yaml)
{
    struct live *const live = live_run(yaml, (struct run_options){0});
    const struct record_run *const r = &live->record;
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t w = 0; w < 3; w++) {
        least = r->worker[w].iterations < least ? r->worker[w].iterations : least;
        most = r->worker[w].iterations > most ? r->worker[w].iterations : most;
    }

    cr_expect(r->drained);
    cr_expect_eq(r->count.exact_superseded, 0u);
    cr_expect_leq(most - least, 2u, "nobody runs ahead: %lu to %lu iterations",
                  (unsigned long)least, (unsigned long)most);
    cr_expect_geq(least, 38u, "all rounds of the budget, the last one perhaps unfinished");
    cr_expect_geq(r->series[SERIES_ITERATION].p50, 2900000u,
                  "each round takes the stalled worker's 3 ms");
    live_close(live);
}

Test(stalled, dsgd_waits_on_a_path_of_three)
{
    expect_patience(PATH("dsgd"));
}
Test(stalled, allreduce_waits_for_all_three)
{
    expect_patience(PATH("allreduce"));
}
