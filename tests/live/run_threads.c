/* SPDX-License-Identifier: BSD-3-Clause */
/* Every policy for real: threads, EAL memory, io_uring, a real gradient. What must hold whatever the timing was. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/live/support_run.h"

#define PROFILE(policy)                                                                   \
    "name: t\nseeds: [3]\nworkers: {count: 6, graph: {kind: random, degree: 2.4}}\n"      \
    "data: {format: synthetic, samples: 2000, features: 16, classes: 4, "                 \
    "shards: {kind: labels, per_worker: 2}}\n"                                            \
    "model: {kind: mlp, hidden: [16]}\ntrain: {batch: 16, lr: 0.05}\n"                    \
    "compute: {base: 500us, jitter: {kind: lognormal, cv: 5%}}\npolicies: [" policy "]\n" \
    "inject:\n  - {what: compute, select: {percent: 10%, each: iteration}, "              \
    "law: {kind: slowdown, factor: 10}}\nstop: {iterations: 60}\njudge: {points: 8}\n"

static void expect_sound(const char *yaml)
{
    struct live *const live = live_run(yaml, (struct run_options){0});
    const struct record_run *const r = &live->record;

    cr_expect(r->drained, "every worker finished what was in flight");
    cr_expect_eq(r->count.incomplete, 0u);
    cr_expect(r->ledger.ok, "ledger error %g", r->ledger.error);
    cr_expect_eq(r->count.tensors_in_flight, 0u);
    cr_expect_eq(r->count.control_sent, r->count.control_delivered);
    cr_expect_eq(r->count.exact_superseded, 0u);
    cr_expect_geq(r->count.gradients, 6u * 60u, "training went on: %lu",
                  (unsigned long)r->count.gradients);
    cr_expect_geq(r->count.batches, r->count.gradients,
                  "every gradient consumed a batch of the loader");
    live_close(live);
}

Test(live, allreduce_trains_and_keeps_the_sum)
{
    expect_sound(PROFILE("allreduce"));
}
Test(live, dsgd_trains_and_keeps_the_sum)
{
    expect_sound(PROFILE("dsgd"));
}
Test(live, adpsgd_trains_and_keeps_the_sum)
{
    expect_sound(PROFILE("adpsgd"));
}
Test(live, adpsgd_without_communication_thread)
{
    expect_sound(PROFILE("{kind: adpsgd, comm_thread: false}"));
}
Test(live, adpsgd_on_a_bipartite_graph)
{
    expect_sound(PROFILE("{kind: adpsgd, pairing: bipartite}"));
}
Test(live, aau_cluster_trains_and_keeps_the_sum)
{
    expect_sound(PROFILE("aau"));
}
Test(live, aau_all_trains_and_keeps_the_sum)
{
    expect_sound(PROFILE("{kind: aau, release: all}"));
}
Test(live, aau_nbr_trains_and_keeps_the_sum)
{
    expect_sound(PROFILE("{kind: aau, release: nbr}"));
}
Test(live, aau_pair_trains_and_keeps_the_sum)
{
    expect_sound(PROFILE("{kind: aau, release: pair}"));
}

/* Gradients far longer than the emulated time, several workers to a core: late services and slices interleave. */
Test(live, overruns_on_a_shared_core_are_booked_once)
{
    struct live *const live = live_run(
        "name: t\nseeds: [3]\nworkers: {count: 6, graph: ring, cores: 2}\n"
        "data: {format: synthetic, samples: 2000, features: 256, classes: 10}\n"
        "model: {kind: mlp, hidden: [64]}\ntrain: {batch: 32, lr: 0.05}\ncompute: {base: 2us}\n"
        "policies: [adpsgd]\nstop: {iterations: 40}\n",
        (struct run_options){0});
    const struct record_run *const r = &live->record;

    cr_expect_gt(r->count.compute_overruns, r->count.gradients / 2);
    cr_expect_gt(r->part_ns[PART_HELD], 0u, "workers do compete for their cores");
    cr_expect(r->ledger.ok);
    live_close(live);
}
