/* SPDX-License-Identifier: BSD-3-Clause */
/* Four workers on a ring, 1 ms of compute; worker 0 is made to take 4 ms in most of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

#define WORKERS 4u
#define ROUNDS 10u
#define ENDED \
    (ROUNDS - 1) /* the stop comes with the last gradient, before the message that it brings */

static const uint32_t slow_one[] = {0};
static const struct inject slow = {.law = NULL,
                                   .select = SELECT_WORKERS,
                                   .workers = slow_one,
                                   .worker_count = 1,
                                   .config = {.factor = 4}};

struct seen {
    uint64_t ns[WORKERS][WORKERS]; /* [receiver][sender] */
    uint64_t part[WORKERS][BLAME_COUNT];
    uint64_t wait_ns[WORKERS], total_ns, everybody_ns;
};

static void note(void *context, uint32_t receiver, uint32_t sender, uint64_t ns)
{
    struct seen *const seen = context;
    if (receiver == SIM_EVERYBODY)
        seen->everybody_ns += ns;
    else if (receiver < WORKERS && sender < WORKERS)
        seen->ns[receiver][sender] += ns;
    seen->total_ns += ns;
}

static struct seen run(struct cluster *cluster, bool injected)
{
    struct seen seen = {0};
    struct inject entry = slow;
    entry.law = law_find("slowdown");
    if (injected) {
        cluster->config.inject.entry = &entry;
        cluster->config.inject.count = 1;
    }
    cluster->config.stop_ns = 0;
    cluster->config.stop_iterations = ROUNDS;
    cluster_run(cluster);
    for (uint32_t w = 0; w < cluster->config.workers && w < WORKERS; w++) {
        memcpy(seen.part[w], sim_worker(cluster->sim, w)->wait_ns, sizeof(seen.part[w]));
        seen.wait_ns[w] = sim_worker(cluster->sim, w)->part_ns[PART_WAIT];
    }
    sim_waits(cluster->sim, &seen, note);
    cluster_close(cluster);
    return seen;
}

Test(sim_waits, blame_the_injected_part_of_the_peer_that_everybody_waits_for)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", WORKERS, 2, 3);

    const struct seen seen = run(&cluster, true);

    for (uint32_t w = 1; w < WORKERS;
         w += 2) { /* 0's neighbours: 3 ms in each round, all of it its doing */
        cr_expect_eq(seen.ns[w][0], ENDED * 3 * MS, "%lu", seen.ns[w][0]);
        cr_expect_eq(seen.part[w][BLAME_INJECTED], ENDED * 3 * MS);
    }
    cr_expect_eq(seen.wait_ns[0], 0u);
}

Test(sim_waits, blame_the_neighbour_that_waited_itself_further_away)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", WORKERS, 2, 3);

    const struct seen seen = run(&cluster, true);

    /* Worker 2 knows only 1 and 3. They are held, then compute for 1 ms while 2 already waits. */
    cr_expect_eq(seen.ns[2][0], 0u);
    cr_expect_eq(seen.ns[2][1] + seen.ns[2][3] + seen.part[2][BLAME_GONE], seen.wait_ns[2]);
    cr_expect_eq(seen.part[2][BLAME_INJECTED], 0u);
    cr_expect_geq(seen.part[2][BLAME_HELD], (ENDED - 1) * 2 * MS);
}

Test(sim_waits, are_for_the_wire_when_all_are_equally_fast)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", WORKERS, 2, 3);
    cluster.config.links.latency_ns = 250 * US;

    const struct seen seen = run(&cluster, false);

    for (uint32_t w = 0; w < WORKERS; w++) {
        cr_expect_eq(seen.wait_ns[w], ENDED * 250 * US, "%lu", seen.wait_ns[w]);
        cr_expect_eq(seen.part[w][BLAME_WIRE], seen.wait_ns[w]);
    }
}

Test(sim_waits, in_a_modelled_reduction_blame_who_asked_last)
{
    struct cluster cluster;
    cluster_plan(&cluster, "allreduce", WORKERS, 0, 3);
    for (uint32_t w = 0; w < WORKERS; w++)
        options_change(cluster.config.policy, &cluster.worker[w].options, "collective: modelled");

    const struct seen seen = run(&cluster, true);

    for (uint32_t w = 1; w < WORKERS; w++) {
        cr_expect_eq(seen.ns[w][0], ENDED * 3 * MS, "%lu", seen.ns[w][0]);
        cr_expect_eq(seen.part[w][BLAME_INJECTED], ENDED * 3 * MS);
    }
}

Test(sim_waits, in_a_chunked_reduction_blame_the_same_worker)
{
    struct cluster cluster;
    cluster_plan(&cluster, "allreduce", WORKERS, 0, 3);

    const struct seen seen = run(&cluster, true);

    for (uint32_t w = 1; w < WORKERS; w++) {
        cr_expect_eq(seen.ns[w][0], ENDED * 3 * MS, "%lu", seen.ns[w][0]);
        cr_expect_eq(seen.part[w][BLAME_INJECTED], ENDED * 3 * MS);
    }
}

Test(sim_waits, of_more_workers_than_pairs_are_kept_for_name_the_sender_only)
{
    struct cluster cluster;
    cluster_plan(&cluster, "allreduce", SIM_FAR_WORKERS_MAX + 1, 0, 3);
    for (uint32_t w = 0; w <= SIM_FAR_WORKERS_MAX; w++) {
        options_change(cluster.config.policy, &cluster.worker[w].options, "collective: modelled");
        cluster.worker[w].peer_count = 0; /* no edges: the driver takes everybody */
        cluster.worker[w].peers = NULL;
    }

    const struct seen seen = run(&cluster, true);

    cr_expect_eq(seen.everybody_ns, (uint64_t)SIM_FAR_WORKERS_MAX * ENDED * 3 * MS);
    cr_expect_eq(seen.total_ns, seen.everybody_ns);
}

Test(sim_waits, that_a_timer_ends_are_nobodys)
{
    struct cluster cluster;
    cluster_plan(&cluster, "partial", WORKERS, 2, 3);
    for (uint32_t w = 0; w < WORKERS; w++) {
        options_change(cluster.config.policy, &cluster.worker[w].options, "wait: timeout");
        options_change(cluster.config.policy, &cluster.worker[w].options, "timeout: %lluns",
                       (unsigned long long)(500 * US));
    }

    const struct seen seen = run(&cluster, true);

    cr_expect_gt(seen.part[1][BLAME_GONE], 0u);
    cr_expect_eq(seen.ns[1][0] + seen.ns[1][2] + seen.part[1][BLAME_GONE], seen.wait_ns[1]);
}

Test(sim_waits, the_end_of_the_run_cuts_off_are_nobodys)
{
    struct cluster cluster;
    cluster_plan(&cluster, "dsgd", WORKERS, 2, 3);

    const struct seen seen = run(&cluster, true);

    cr_expect_eq(seen.part[1][BLAME_GONE], 3 * MS, "the last round: %lu", seen.part[1][BLAME_GONE]);
}
