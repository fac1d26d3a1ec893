/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One profile on both clocks, with faults: what happened, how far the budget was, whom was waited for and why must agree,
 * and everything that was sent be accounted for. The profiles lie beside this file.
 */
#include "tests/live/support_clocks.h"

TestSuite(faults, .init = clocks_enter, .fini = clocks_leave, .timeout = 240);

static void every_run_ends_whole(const char *clock, const char *name)
{
    json_t *const result = clocks_result(clock, name);
    const json_t *const runs = json_object_get(result, "runs");
    cr_expect_gt(json_array_size(runs), 0u);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *const run = json_array_get(runs, i);
        cr_expect(json_is_true(json_object_get(run, "drained")), "%s %s, run %zu", clock, name, i);
    }
    json_decref(result);
}

Test(faults, who_leaves_over_a_lossy_link_leaves_nothing_behind)
{
    cr_expect_eq(clocks_run("virtual", "leave-lossy", "seeds=8"), 0);
    every_run_ends_whole("virtual", "leave-lossy");
    cr_expect_eq(clocks_run("live", "leave-lossy", "seeds=8"), 0);
    every_run_ends_whole("live", "leave-lossy");
}
