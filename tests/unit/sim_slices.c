/* SPDX-License-Identifier: BSD-3-Clause */
/* Cores that go round the gradients of their workers in slices: who has it when, and who waits for it. */
#include <criterion/criterion.h>

#include "tests/unit/support_sim.h"

static struct {
    uint64_t at_ns;
    uint32_t worker;
    uint8_t kind;
} seen[16];
static uint32_t seen_count;

static void note(uint32_t worker, const struct event *event)
{
    if (event->kind == EV_START || event->kind == EV_STOP)
        return;
    cr_assert_lt(seen_count, 16u);
    seen[seen_count].at_ns = event->now_ns;
    seen[seen_count].worker = worker;
    seen[seen_count++].kind = event->kind;
}

static void expect_seen(uint32_t number, uint64_t at_ns, uint32_t worker, uint8_t kind)
{
    cr_expect_eq(seen[number].at_ns, at_ns, "%u: at %llu ns", number,
                 (unsigned long long)seen[number].at_ns);
    cr_expect_eq(seen[number].worker, worker, "%u: worker %u", number, seen[number].worker);
    cr_expect_eq(seen[number].kind, kind, "%u: event %u", number, seen[number].kind);
}

/** Everybody on one core, in slices of 0.4 ms; a gradient takes `base_ns`, of which core_ns are real. */
static struct sim_totals run(cluster_script *script, uint32_t workers, uint64_t base_ns,
                             uint64_t core_ns, const struct law_sample *measured)
{
    static const uint32_t core[4];
    const struct policy row = cluster_row(script, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, workers, workers > 1 ? 2 : 0, 1);
    cluster.config.core = core;
    cluster.config.cores = 1;
    cluster.config.base_ns = base_ns;
    cluster.config.core_ns = core_ns;
    cluster.config.slice_ns = 400 * US;
    cluster.config.measured = measured;
    cluster_run(&cluster);
    const struct sim_totals totals = *sim_totals(cluster.sim);
    cluster_close(&cluster);
    return totals;
}

static void compute_once(uint32_t worker, const struct event *event, struct actions *out)
{
    note(worker, event);
    if (event->kind == EV_START)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
}

Test(sim_slices, go_round)
{
    run(compute_once, 3, MS, MS, NULL);

    /* 0 1 2, 0 1 2 of 0.4 ms, and 0.2 ms for each */
    cr_assert_eq(seen_count, 3u);
    expect_seen(0, 2600 * US, 0, EV_GRADIENT);
    expect_seen(1, 2800 * US, 1, EV_GRADIENT);
    expect_seen(2, 3000 * US, 2, EV_GRADIENT);
}

Test(sim_slices, are_a_part_of_what_is_emulated)
{
    run(compute_once, 3, 2 * MS, 600 * US, NULL);

    cr_assert_eq(seen_count, 3u);
    for (uint32_t i = 0; i < 3; i++)
        expect_seen(i, 2 * MS, i, EV_GRADIENT);
}

Test(sim_slices, last_as_long_as_each_worker_was_measured_to_take)
{
    static const struct law_bin bin[] = {{500e-6, 500e-6, 1}, {700e-6, 700e-6, 1}};
    static const struct law_sample measured[] = {{&bin[0], 1}, {&bin[1], 1}, {&bin[0], 1}};

    run(compute_once, 3, MS, MS, measured);

    cr_assert_eq(seen_count, 3u);
    expect_seen(0, 1300 * US, 0, EV_GRADIENT);
    expect_seen(1, 1600 * US, 1, EV_GRADIENT);
    expect_seen(2, 1700 * US, 2, EV_GRADIENT);
}

/* Worker 0 computes; worker 1 has a timer in the middle of its second slice. */
static void be_rung(uint32_t worker, const struct event *event, struct actions *out)
{
    note(worker, event);
    if (event->kind == EV_START && worker == 0)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    if (event->kind == EV_START && worker == 1)
        actions_push(out, (struct action){.kind = ACT_TIMER, .at_ns = 500 * US});
}

Test(sim_slices, are_not_interrupted)
{
    run(be_rung, 3, MS, MS, NULL);

    cr_assert_eq(seen_count, 2u);
    expect_seen(0, 800 * US, 1, EV_TIMER);
    expect_seen(1, MS, 0, EV_GRADIENT);
}

static void abandon(uint32_t worker, const struct event *event, struct actions *out)
{
    note(worker, event);
    if (worker != 0)
        return;
    if (event->kind == EV_START) {
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
        actions_push(out, (struct action){.kind = ACT_TIMER, .at_ns = 500 * US});
    }
    if (event->kind == EV_TIMER) {
        actions_push(out, (struct action){.kind = ACT_ABANDON});
        actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = 1});
    }
}

Test(sim_slices, of_an_abandoned_gradient_end_with_it)
{
    run(abandon, 3, MS, MS, NULL);

    cr_assert_eq(seen_count, 2u);
    expect_seen(0, 800 * US, 0, EV_TIMER);
    expect_seen(1, 1800 * US, 0, EV_GRADIENT);
}

Test(sim_slices, leave_the_books_whole)
{
    static const uint32_t core[] = {0, 0, 0, 0, 1, 1, 1, 1};
    static const char *const policy[] = {"dsgd", "adpsgd", "aau", "allreduce"};
    for (uint32_t i = 0; i < 4; i++) {
        struct cluster cluster;
        cluster_plan(&cluster, policy[i], 8, 2, 3 + i);
        cluster.config.core = core;
        cluster.config.cores = 2;
        cluster.config.core_ns = MS;
        cluster.config.jitter_cv = 0.1;
        cluster.config.slice_ns = 150 * US;
        cluster.config.costs = (struct sim_costs){.iteration_ns = 5 * US,
                                                  .apply_ns = 3 * US,
                                                  .send_ns = US,
                                                  .mix_ns = 2 * US,
                                                  .event_ns = US / 2,
                                                  .read_ns = 4 * US};

        cluster_run(&cluster); /* checks that the parts add up */

        cr_expect_gt(sim_totals(cluster.sim)->part_ns[PART_HELD], 0u, "%s", policy[i]);
        cr_expect_leq(sim_totals(cluster.sim)->count.gradients, 200u, "two cores for 100 ms");
        cr_expect_gt(sim_totals(cluster.sim)->count.gradients, 120u, "%s", policy[i]);
        cluster_close(&cluster);
    }
}
