/* SPDX-License-Identifier: BSD-3-Clause */
/* `rest` is a finding, not a filler: time that nobody accounts for must show up there and nowhere else. */
#include <criterion/criterion.h>

#include "core/policy/rows.h"
#include "core/worker/clock.h"
#include "tests/live/support_run.h"

/* Both on one core and ten times as short as a scheduler's slice: on a busy host most iterations still run undisturbed. */
#define PROFILE                                                                   \
    "name: t\nseeds: [1]\nworkers: {count: 2, graph: ring, cores: 1}\n"           \
    "data: none\nmodel: {kind: none}\ncompute: {base: 100us}\npolicies: [dsgd]\n" \
    "stop: {iterations: 400}\n"

#define STALL_CYC 800000u /* 200 us at 4 GHz, and more where the clock is slower */

/* A policy that takes its time where no part is open: after a gradient, before the next. */
static void slow_step(void *state, const struct event *event, struct actions *out)
{
    const uint64_t until = clock_cyc() + (event->kind == EV_GRADIENT ? STALL_CYC : 0);
    while (clock_cyc() < until)
        ;
    policy_dsgd.step(state, event, out);
}

Test(rest, shows_a_stall_that_nobody_accounts_for)
{
    struct policy slow = policy_dsgd;
    slow.step = slow_step;
    struct live *const live = live_run_row(PROFILE, &slow, (struct run_options){0});

    cr_expect_geq(live->rest_us_median, 200.0);
    live_close(live);
}

Test(rest, is_far_smaller_without_the_stall)
{
    struct live *const live = live_run(PROFILE, (struct run_options){0});

    /* Not a speed limit: a busy host may preempt us, but not by the planted 200 us in most iterations. */
    cr_expect_lt(live->rest_us_median, 150.0);
    live_close(live);
}
