/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a gradient takes, on whose core, and what the worker hears meanwhile. */
#include <criterion/criterion.h>

#include "tests/unit/support_sim.h"

static const uint32_t first[] = {0};
static struct {
    uint64_t at_ns;
    uint8_t kind;
} seen[16];
static uint32_t seen_count;

static void note(const struct event *event)
{
    if (event->kind == EV_START || event->kind == EV_STOP)
        return;
    cr_assert_lt(seen_count, 16);
    seen[seen_count].at_ns = event->now_ns;
    seen[seen_count++].kind = event->kind;
}

/* Worker 0 sends at 1 ms (its gradient) and 3 ms; worker 1 computes for 5 ms and has a timer at 2 ms. */
static void talk_to_the_deaf(uint32_t worker, const struct event *event, struct actions *out)
{
    if (worker == 1)
        note(event);
    if (event->kind == EV_START)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    if (event->kind == EV_START && worker == 1)
        actions_push(out, (struct action){.kind = ACT_TIMER, .type = 2, .tag = 9, .at_ns = 2 * MS});
    if (worker == 0 && (event->kind == EV_GRADIENT || event->kind == EV_TIMER))
        actions_push(out,
                     (struct action){.kind = ACT_CONTROL, .type = 1, .peers = first, .count = 1});
    if (worker == 0 && event->kind == EV_GRADIENT)
        actions_push(out, (struct action){.kind = ACT_TIMER, .at_ns = 3 * MS});
}

static void run_deaf(enum inject_scope scope, uint64_t pause_end_ns)
{
    static const uint32_t slow[] = {1};
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 5,
                                  .select = SELECT_WORKERS,
                                  .workers = slow,
                                  .worker_count = 1,
                                  .scope = scope};
    const struct fault pause = {
        .kind = FAULT_PAUSE, .worker = 1, .at_ns = MS / 2, .for_ns = pause_end_ns - MS / 2};
    const struct policy row = cluster_row(talk_to_the_deaf, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.fault = &pause;
    cluster.config.fault_count = pause_end_ns > 0;
    cluster_run(&cluster);
    cluster_close(&cluster);
}

static void expect_seen(uint32_t index, uint64_t at_ns, enum event_kind kind)
{
    cr_assert_lt(index, seen_count);
    cr_expect_eq(seen[index].at_ns, at_ns, "event %u at %llu", index,
                 (unsigned long long)seen[index].at_ns);
    cr_expect_eq(seen[index].kind, kind, "event %u is %u", index, seen[index].kind);
}

Test(sim_compute, a_worker_slow_in_scope_compute_answers_meanwhile)
{
    run_deaf(SCOPE_COMPUTE, 0);

    expect_seen(0, 1 * MS, EV_CONTROL);
    expect_seen(1, 2 * MS, EV_TIMER);
    expect_seen(2, 3 * MS, EV_CONTROL);
    expect_seen(3, 5 * MS, EV_GRADIENT);
}

Test(sim_compute, a_worker_slow_in_scope_process_hears_arrivals_then_timers_then_its_gradient)
{
    run_deaf(SCOPE_PROCESS, 0);

    expect_seen(0, 5 * MS, EV_CONTROL);
    expect_seen(1, 5 * MS, EV_CONTROL);
    expect_seen(2, 5 * MS, EV_TIMER);
    expect_seen(3, 5 * MS, EV_GRADIENT);
}

Test(sim_compute, a_pause_outlasts_the_gradient)
{
    run_deaf(SCOPE_COMPUTE, 8 * MS);

    expect_seen(0, 8 * MS, EV_CONTROL);
    expect_seen(1, 8 * MS, EV_CONTROL);
    expect_seen(2, 8 * MS, EV_TIMER);
    expect_seen(3, 8 * MS, EV_GRADIENT);
}

/* Nobody measures the drain: a stop at 2.5 ms opens the ears. */
Test(sim_compute, a_stop_ends_deafness)
{
    static const uint32_t slow[] = {1};
    const struct inject inject = {.law = law_find("slowdown"),
                                  .config.factor = 5,
                                  .select = SELECT_WORKERS,
                                  .workers = slow,
                                  .worker_count = 1,
                                  .scope = SCOPE_PROCESS};
    const struct policy row = cluster_row(talk_to_the_deaf, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 2, 2, 1);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.stop_ns = 2 * MS + MS / 2;

    cluster_run(&cluster);

    expect_seen(0, 2 * MS + MS / 2, EV_CONTROL);
    expect_seen(1, 2 * MS + MS / 2, EV_TIMER);
    expect_seen(2, 3 * MS, EV_CONTROL);
    cr_expect_eq(seen_count, 3, "its gradient was dropped");
    cluster_close(&cluster);
}

/* ----------------------------------------------------------------------------------------------------------- load */

static void compute_thrice(uint32_t worker, const struct event *event, struct actions *out)
{
    note(event);
    (void)worker;
    if (event->kind == EV_START || (event->kind == EV_GRADIENT && seen_count < 3))
        actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = seen_count});
}

/** One worker computes for 1 ms per batch, each of which takes the disk delay_ns; two are asked for ahead. */
static void run_from_disk(uint64_t delay_ns)
{
    const struct inject inject = {
        .law = law_find("const"), .config.delay_ns = delay_ns, .what = INJECT_LOAD};
    const struct policy row = cluster_row(compute_thrice, DELIVERY_EXACT);
    struct cluster cluster;
    seen_count = 0;
    cluster_plan_row(&cluster, &row, 1, 0, 1);
    cluster.config.inject.entry = &inject;
    cluster.config.inject.count = 1;
    cluster.config.prefetch = 2;
    cluster.config.stop_ns = 100 * MS;
    cluster_run(&cluster);
    cluster_close(&cluster);
}

Test(sim_compute, a_disk_slower_than_the_gradient_sets_the_pace)
{
    run_from_disk(5 * MS);

    expect_seen(0, 6 * MS, EV_GRADIENT);
    expect_seen(1, 11 * MS, EV_GRADIENT);
    expect_seen(2, 16 * MS, EV_GRADIENT);
}

Test(sim_compute, prefetching_hides_a_disk_that_is_faster_than_the_gradient)
{
    run_from_disk(MS / 2);

    expect_seen(0, MS + MS / 2, EV_GRADIENT);
    expect_seen(1, 2 * MS + MS / 2, EV_GRADIENT);
    expect_seen(2, 3 * MS + MS / 2, EV_GRADIENT);
}

/* -------------------------------------------------------------------------------------------------------- abandon */

static void abandon(uint32_t worker, const struct event *event, struct actions *out)
{
    note(event);
    (void)worker;
    if (event->kind == EV_START) {
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
        actions_push(out, (struct action){.kind = ACT_TIMER, .at_ns = MS / 4});
    }
    if (event->kind == EV_TIMER) {
        actions_push(out, (struct action){.kind = ACT_ABANDON});
        actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = 1});
    }
}

Test(sim_compute, an_abandoned_gradient_never_comes)
{
    const struct policy row = cluster_row(abandon, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 1, 0, 1);

    cluster_run(&cluster);

    cr_expect_eq(seen_count, 2);
    expect_seen(1, MS / 4 + MS, EV_GRADIENT);
    cr_expect_eq(sim_totals(cluster.sim)->count.abandoned, 1);
    cr_expect_eq(sim_totals(cluster.sim)->count.gradients, 1);
    cr_expect_eq(sim_totals(cluster.sim)->part_ns[PART_COMPUTE], MS / 4 + MS);
    cluster_close(&cluster);
}

static struct sim_iteration first_row;

static void note_row(void *context, const struct sim_iteration *row)
{
    (void)context;
    first_row = *row;
}

static void abandon_and_go_on(uint32_t worker, const struct event *event, struct actions *out)
{
    abandon(worker, event, out);
    if (event->kind == EV_GRADIENT && event->tag == 1)
        actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = 2});
}

Test(sim_compute, the_log_has_the_own_time_of_the_gradient_that_came)
{
    const struct policy row = cluster_row(abandon_and_go_on, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 1, 0, 1);
    cluster.watch.iteration = note_row;

    cluster_run(&cluster);

    cr_expect_eq(first_row.iteration, 1u, "the second that was begun");
    cr_expect_eq(first_row.part_ns[PART_COMPUTE], MS / 4 + MS);
    cr_expect_eq(first_row.own_ns, MS, "without what was abandoned");
    cluster_close(&cluster);
}

/* ----------------------------------------------------------------------------------------------------------- wake */

static void wake(uint32_t worker, const struct event *event, struct actions *out)
{
    static const uint32_t others[] = {2, 1};
    static uint32_t order;
    if (event->kind == EV_START)
        actions_push(out, (struct action){.kind = ACT_COMPUTE});
    if (event->kind == EV_GRADIENT && worker == 0)
        actions_push(out, (struct action){.kind = ACT_WAKE, .tag = 5, .peers = others, .count = 2});
    if (event->kind == EV_GRADIENT && worker == 1)
        cr_expect_eq(order, 2, "before any other event at that time");
    if (event->kind != EV_WAKE)
        return;
    cr_expect_eq(event->now_ns, MS);
    cr_expect_eq(event->tag, 5);
    cr_expect_eq(worker, others[order]);
    order++;
}

Test(sim_compute, a_wake_comes_before_anything_else_of_its_moment)
{
    const struct policy row = cluster_row(wake, DELIVERY_EXACT);
    struct cluster cluster;
    cluster_plan_row(&cluster, &row, 3, 2, 1);

    cluster_run(&cluster);

    cr_expect_eq(sim_totals(cluster.sim)->count.events, 3 * 3 + 2);
    cluster_close(&cluster);
}

/* ---------------------------------------------------------------------------------------------------------- cores */

static struct sim_totals run_none(const uint32_t *core, uint32_t cores, uint64_t core_ns,
                                  struct sim_costs costs)
{
    struct cluster cluster;
    cluster_plan(&cluster, "none", 2, 0, 1);
    cluster.config.core = core;
    cluster.config.cores = cores;
    cluster.config.core_ns = core_ns;
    cluster.config.costs = costs;
    cluster.config.stop_ns = 40 * MS;
    cluster_run(&cluster);
    const struct sim_totals totals = *sim_totals(cluster.sim);
    cluster_close(&cluster);
    return totals;
}

Test(sim_compute, two_workers_on_one_core_compute_in_turn)
{
    static const uint32_t core[] = {0, 0};

    const struct sim_totals t = run_none(core, 1, MS, (struct sim_costs){0});

    cr_expect_eq(t.count.gradients, 39,
                 "one each millisecond; the one due at the stop does not count");
    cr_expect_eq(t.part_ns[PART_COMPUTE], 40 * MS);
    cr_expect_eq(t.part_ns[PART_HELD], 40 * MS);
    cr_expect_eq(t.part_ns[PART_WAIT], 0);
}

Test(sim_compute, workers_on_cores_of_their_own_are_never_held)
{
    static const uint32_t core[] = {1, 0};

    const struct sim_totals t = run_none(core, 2, MS, (struct sim_costs){0});

    cr_expect_eq(t.count.gradients, 78);
    cr_expect_eq(t.part_ns[PART_HELD], 0);
}

Test(sim_compute, real_gradients_of_others_pass_during_the_emulated_time)
{
    static const uint32_t core[] = {0, 0};

    const struct sim_totals t = run_none(core, 1, MS / 4, (struct sim_costs){0});

    cr_expect_eq(t.count.gradients, 78, "two quarters of a millisecond fit into one");
    cr_expect_eq(t.part_ns[PART_HELD], 0);
    cr_expect_eq(t.part_ns[PART_COMPUTE], 80 * MS);
}

Test(sim_compute, real_gradients_that_do_not_fit_into_the_emulated_time_hold_each_other)
{
    static const uint32_t core[] = {0, 0};

    const struct sim_totals t = run_none(core, 1, 3 * MS / 4, (struct sim_costs){0});

    cr_expect_eq(t.count.gradients, 53, "at 1 ms, 1.5 ms, and then each 0.75 ms");
    cr_expect_eq(t.part_ns[PART_COMPUTE] + t.part_ns[PART_HELD], 80 * MS);
}

Test(sim_compute, a_service_displaces_the_gradients_of_its_core)
{
    static const uint32_t core[] = {0, 0};
    const struct sim_costs costs = {.apply_ns = MS / 8};

    const struct sim_totals t = run_none(core, 1, MS, costs);

    /* gradients end at 1 ms and, displaced by a step, at 2.125 ms; then one each 1.125 ms */
    cr_expect_eq(t.count.gradients, 35);
    cr_expect_eq(t.part_ns[PART_WAIT], 0);
}

Test(sim_compute, costs_lengthen_the_iteration_and_are_booked)
{
    const struct sim_costs costs = {.iteration_ns = 30 * US, .apply_ns = 20 * US};

    const struct sim_totals t = run_none(NULL, 0, 0, costs);

    /* 1.05 ms each: 38 whole ones and 100 us: loading 30 us, computing 70 us */
    cr_expect_eq(t.count.iterations, 2 * 38);
    cr_expect_eq(t.part_ns[PART_LOAD], 2 * 39 * 30 * US);
    cr_expect_eq(t.part_ns[PART_PUBLISH], 2 * 38 * 20 * US);
    cr_expect_eq(t.part_ns[PART_COMPUTE], 2 * (38 * MS + 70 * US));
    cr_expect_eq(t.total_ns, 80 * MS);
}

Test(sim_compute, costs_occupy_a_shared_core_too)
{
    static const uint32_t core[] = {0, 0};
    const struct sim_costs costs = {.apply_ns = MS};

    const struct sim_totals t = run_none(core, 1, MS, costs);

    cr_expect_eq(t.part_ns[PART_COMPUTE] + t.part_ns[PART_PUBLISH], 40 * MS,
                 "the core is never idle");
    cr_expect_eq(t.part_ns[PART_HELD], 40 * MS);
}

static struct sim_totals run_stolen(const struct sim_stolen *stolen, uint32_t count)
{
    static const uint32_t core[] = {0, 0};
    struct cluster cluster;
    cluster_plan(&cluster, "none", 2, 0, 1);
    cluster.config.core = core;
    cluster.config.cores = 1;
    cluster.config.core_ns = MS / 10;
    cluster.config.stop_ns = 40 * MS;
    cluster.config.stolen = stolen;
    cluster.config.stolen_count = count;
    cluster_run(&cluster);
    const struct sim_totals totals = *sim_totals(cluster.sim);
    cluster_close(&cluster);
    return totals;
}

Test(sim_compute, what_ends_on_a_stolen_core_is_seen_when_it_is_back)
{
    static const struct sim_stolen stolen[] = {{0, MS / 2, MS}, {0, 3 * MS / 2, 9 * MS / 2}};

    const struct sim_totals t = run_stolen(stolen, 2);

    /* at 1 ms, at 4.5 ms instead of 2 ms, and from there on each millisecond */
    cr_expect_eq(t.count.gradients, 2 * (2 + 35));
    cr_expect_eq(t.part_ns[PART_REST], 2 * 5 * MS / 2);
    cr_expect_eq(t.part_ns[PART_WAIT], 0);
}

Test(sim_compute, nobody_starts_on_a_core_that_is_stolen)
{
    static const struct sim_stolen stolen[] = {{0, 0, 2 * MS}};

    const struct sim_totals t = run_stolen(stolen, 1);

    cr_expect_eq(t.count.gradients, 2 * 37,
                 "at 3 ms first; the one due at the stop does not count");
}

Test(sim_compute, stolen_time_displaces_real_gradients)
{
    static const struct sim_stolen stolen[] = {{0, MS / 20, 19 * MS / 20}};

    const struct sim_totals t = run_stolen(stolen, 1);

    /* real work: 50 us before, 150 us after: until 1.1 ms, of which worker 0's is done at 1 ms */
    cr_expect_eq(t.part_ns[PART_HELD], MS / 10);
}

/* Sends after a mix leave later than the mix began, and a message met by a busy worker waits. */
Test(sim_compute, costs_delay_what_a_worker_sends_and_hears)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", 3, 2, 1);
    cluster.config.costs = (struct sim_costs){.apply_ns = 5 * US, .send_ns = US, .mix_ns = 10 * US};
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 10;

    cluster_run(&cluster);

    /* 1 ms, apply 5, two sends 1 each: the second one leaves, and is heard, at 7; two rows mixed: 27 */
    cr_expect_eq(sim_hist(cluster.sim, SERIES_ITERATION)->max, MS + 27 * US);
    cr_expect_eq(sim_hist(cluster.sim, SERIES_READY)->max, 27 * US);
    cluster_close(&cluster);
}

/* Two messages and the own gradient: each is an event, before anything that follows from it. */
Test(sim_compute, events_cost_the_thread_that_deals_with_them)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", 3, 2, 1);
    cluster.config.costs = (struct sim_costs){.event_ns = 5 * US, .mix_ns = 10 * US};
    cluster.config.stop_ns = 0;
    cluster.config.stop_iterations = 10;

    cluster_run(&cluster);

    /* 1 ms and the gradient 5; at 1.005 ms both messages are there: 5 each, two rows mixed: 20 */
    cr_expect_eq(sim_hist(cluster.sim, SERIES_ITERATION)->max, MS + 35 * US);
    cr_expect_eq(sim_totals(cluster.sim)->part_ns[PART_REST], 3 * 9 * 15 * US,
                 "the run ends with the tenth gradient");
    cluster_close(&cluster);
}

Test(sim_compute, costs_are_those_of_the_workers_core)
{
    static const double ratio[] = {0.5, 3.0};
    struct cluster cluster;
    cluster_plan(&cluster, "none", 2, 0, 1);
    cluster.config.costs = (struct sim_costs){.iteration_ns = 100 * US};
    cluster.config.cost_ratio = ratio;

    cluster_run(&cluster);

    cr_expect_eq(sim_worker(cluster.sim, 0)->gradients, 95, "1.05 ms each");
    cr_expect_eq(sim_worker(cluster.sim, 1)->gradients, 76, "1.3 ms each");
    cluster_close(&cluster);
}

/* With one core for all, what is read for one is held against the others; with cores of their own nobody notices. */
static uint64_t gradients_of_two(uint64_t read_ns, bool shared, uint64_t slice_ns)
{
    static const uint32_t core[] = {0, 0};
    struct cluster cluster;
    cluster_plan(&cluster, "none", 2, 0, 1);
    cluster.config.core = shared ? core : NULL;
    cluster.config.cores = shared;
    cluster.config.core_ns = shared ? MS : 0;
    cluster.config.slice_ns = shared ? slice_ns : 0;
    cluster.config.costs = (struct sim_costs){.read_ns = read_ns};
    cluster.config.stop_ns =
        101 * MS - 1; /* the first batches are read before anything else: half a millisecond */
    cluster_run(&cluster);
    const uint64_t gradients = sim_totals(cluster.sim)->count.gradients;
    cluster_close(&cluster);
    return gradients;
}

Test(sim_compute, reading_ahead_costs_a_shared_core_and_nobody_else)
{
    cr_expect_eq(gradients_of_two(0, false, 0), 200);
    cr_expect_eq(gradients_of_two(MS / 4, false, 0), 200);
    cr_expect_eq(gradients_of_two(0, true, 0), 100);
    cr_expect_eq(gradients_of_two(MS / 4, true, 0), 80, "1.25 ms each");
    cr_expect_eq(gradients_of_two(0, true, MS / 8), 100);
    cr_expect_eq(gradients_of_two(MS / 4, true, MS / 8), 80);
}
