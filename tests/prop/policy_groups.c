/* SPDX-License-Identifier: BSD-3-Clause */
/* Policies that agree on groups and pairs: partial, prague, swarm, and epidemic's lack of them, on random graphs. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "core/policy/groups.h"
#include "core/policy/rows.h"
#include "tests/prop/seeds.h"
#include "tests/prop/support_shadow.h"
#include "tests/random/options.h"

#define COMPUTE_NS 100000u

static struct cluster_config drawn(const struct policy *policy, uint64_t seed,
                                   struct policy_options options)
{
    return (struct cluster_config){
        .policy = policy,
        .seed = seed,
        .graph = cluster_graphs[seed % CLUSTER_GRAPHS],
        .workers = 2 + (uint32_t)(seed * 7 / 3 % 9),
        .options = options,
        .compute_ns = COMPUTE_NS,
        .deaf = seed % 3 == 0,
        .delay_ns = seed % 5 == 0   ? 300000
                    : seed % 4 == 1 ? 150000
                                    : 5000,
        .control_is_free = seed % 4 == 0,
        .stop_ns = COMPUTE_NS * (100 + seed % 190),
        .values = seed % 4 == 0,
    };
}

/* Sums kept, ends agree, loans come back, nobody hangs, everything drains: all checked by the shadow. */
static struct policy_counters expect_sound(const struct policy *policy,
                                           struct policy_options options, uint64_t seeds)
{
    struct policy_counters sum = {0};
    for (uint64_t seed = 1; seed <= seeds_of(seeds); seed++) {
        const struct cluster_config config = drawn(policy, seed, options);
        const struct cluster_result result = cluster_run(&config);
        cr_assert(result.failure[0] == 0, "%s", result.failure);
        sum.committed += result.sum.committed;
        sum.aborted += result.sum.aborted;
        sum.unmixed += result.sum.unmixed;
    }
    return sum;
}

static void expect_drain(const struct policy *policy, struct policy_options options)
{
    for (uint64_t seed = 1; seed <= seeds_of(400); seed++) {
        struct cluster_config config = drawn(policy, seed, options);
        config.delay_ns = COMPUTE_NS / 2;
        config.control_is_free = false;
        config.stop_ns = seed * 7919 % (40 * COMPUTE_NS);

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
    }
}

static void expect_recovery(const struct policy *policy, struct policy_options options)
{
    for (uint64_t seed = 1; seed <= seeds_of(60); seed++) {
        struct cluster_config config = drawn(policy, seed, options);
        config.graph = "path";
        config.workers = 3;
        config.delay_ns = 5000;
        config.control_is_free = true;
        config.stop_ns = 400 * COMPUTE_NS;
        config.fault[0] = (struct fault){.kind = FAULT_PAUSE,
                                         .worker = (uint32_t)(seed % 3),
                                         .at_ns = 100 * COMPUTE_NS + seed * 1000,
                                         .for_ns = 5 * COMPUTE_NS};

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.computed_min > 40, "%s: %u gradients", cluster_describe(&config),
                  result.computed_min);
    }
}

/* ------------------------------------------------------------------------------------------------------- partial */

static const char *const rules[] = {
    "wait: k, k: 1",
    "wait: k, k: 2",
    "wait: k, k: 100, weights: uniform",
    "wait: fraction, fraction: 50%",
    "wait: fraction, fraction: 100%",
    "wait: timeout, timeout: 20us, weights: uniform",
    "wait: timeout, timeout: 1ns",
    "wait: random",
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

static struct policy_options rule(uint32_t i)
{
    return options_read(&policy_partial, "%s", rules[i]);
}

/* Each rule meets each graph with each kind of link: 8 rules, 6 graphs, periods 4 and 5 of the delays. */
Test(policy_groups, partial_keeps_the_mean_and_goes_on_with_every_wait_rule)
{
    for (uint32_t i = 0; i < RULES; i++) {
        const struct policy_counters sum = expect_sound(&policy_partial, rule(i), 240);
        cr_expect_gt(sum.committed, 0, "rule %u never exchanged", i);
        cr_expect((sum.unmixed > 0) == (strstr(rules[i], "wait: timeout") != NULL),
                  "rule %u: %llu iterations unmixed", i, (unsigned long long)sum.unmixed);
    }
}

Test(policy_groups, partial_drains_at_any_moment)
{
    for (uint32_t i = 0; i < RULES; i++)
        expect_drain(&policy_partial, rule(i));
}

Test(policy_groups, partial_survives_a_worker_that_is_not_polled)
{
    for (uint32_t i = 0; i < RULES; i++)
        expect_recovery(&policy_partial, rule(i));
}

Test(policy_groups, partial_that_waits_for_all_aborts_and_still_goes_on)
{
    const struct policy_options all = options_read(&policy_partial, "wait: fraction, fraction: 100%%");

    const struct policy_counters sum = expect_sound(&policy_partial, all, 120);

    cr_expect_gt(sum.aborted, 0, "no two invitations ever met: the test tests nothing");
}

Test(policy_groups, partial_is_seen_to_drift_when_one_end_does_not_mix)
{
    struct cluster_config config = drawn(&policy_partial, 8, rule(0));
    config.plant = PLANT_ONE_SIDED_MIX;

    const struct cluster_result result = cluster_run(&config);

    cr_expect(cluster_has_drifted(&result), "%s", result.failure);
}

/* ----------------------------------------------------------------------------------------------------- a lost peer */

/* The survivors agree on what they exchange among each other, go on, and drain; sums with the lost one are not kept. */
static void expect_survival(const struct policy *policy, struct policy_options options)
{
    uint64_t evicted = 0;
    for (uint64_t seed = 1; seed <= seeds_of(200); seed++) {
        struct cluster_config config = drawn(policy, seed, options);
        config.workers += 2;
        config.fault[0] = (struct fault){.kind = FAULT_CRASH,
                                         .worker = (uint32_t)(seed % config.workers),
                                         .at_ns = 20 * COMPUTE_NS + seed * 7919 % (10 * COMPUTE_NS),
                                         .notice_ns = 1 + seed * 37 % (2 * COMPUTE_NS)};

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        evicted += result.sum.evicted;
    }
    cr_assert_geq(evicted, seeds_of(200), "not every loss was noticed");
}

Test(policy_groups, partial_goes_on_without_a_worker_that_is_lost)
{
    for (uint32_t i = 0; i < RULES; i++)
        expect_survival(&policy_partial, rule(i));
}

Test(policy_groups, epidemic_goes_on_without_a_worker_that_is_lost)
{
    expect_survival(&policy_epidemic, options_read(&policy_epidemic, "fanout: 2, timeout: 20us"));
}

/* --------------------------------------------------------------------------------------------------------- swarm */

Test(policy_groups, swarm_keeps_the_mean_and_goes_on)
{
    for (uint32_t steps = 1; steps <= 7; steps += 3) {
        const struct policy_options options = options_read(&policy_swarm, "steps: %u", steps);
        expect_sound(&policy_swarm, options, 150);
        expect_drain(&policy_swarm, options);
        expect_recovery(&policy_swarm, options);
    }
}

/* ------------------------------------------------------------------------------------------------------ epidemic */

/* Rows of its matrix sum to one, columns do not: only what is not about sums can hold. */
Test(policy_groups, epidemic_gives_back_what_it_was_lent_and_never_waits_for_anybody)
{
    for (uint64_t seed = 1; seed <= seeds_of(200); seed++) {
        const struct policy_options options =
            options_read(&policy_epidemic, "fanout: %u, timeout: %uns", 1 + (uint32_t)(seed % 3),
                         1 + (uint32_t)(seed * 977 % 30000));
        struct cluster_config config = drawn(&policy_epidemic, seed, options);
        config.workers += 2;

        const struct cluster_result result = cluster_run(&config);

        cr_assert(result.failure[0] == 0, "%s", result.failure);
        cr_assert(result.sum.committed > 0, "%s: nothing was averaged", cluster_describe(&config));
    }
}

/* -------------------------------------------------------------------------------------------------------- prague */

Test(policy_groups, prague_keeps_the_mean_and_goes_on)
{
    static const char *const lines[] = {"group: 2", "group: 3, lag: 1", "group: 4, lag: 3",
                                        "group: 6"};
    for (uint32_t i = 0; i < 4; i++) {
        const struct policy_options options = options_read(&policy_prague, "%s", lines[i]);
        const struct policy_counters sum = expect_sound(&policy_prague, options, 120);
        cr_expect_gt(sum.committed, 3 * sum.unmixed, "%llu iterations were unmixed, %llu were not",
                     (unsigned long long)sum.unmixed, (unsigned long long)sum.committed);
        expect_drain(&policy_prague, options);
        expect_recovery(&policy_prague, options);
    }
}

/* The generator alone, against workers that ask, join and leave in any order that their protocol allows. */
#define CROWD 16u
#define CROWD_GROUPS 8192u

enum phase { COMPUTING, ASKED, QUITTING, GONE };

struct crowd {
    struct groups *groups;
    struct rng rng;
    uint32_t workers, size, lag;
    enum phase phase[CROWD];
    struct group told[CROWD]; /* the group it is in; id 0: none */
    uint32_t locked[CROWD];   /* id of the group that not all have left */
    uint32_t requests[CROWD];
    uint32_t inside[CROWD_GROUPS]; /* by group: members that have not left */
    uint32_t drafted, spared;      /* spared: free and not drafted, because it lags */
};

/* Fewest requests of those that wait for a group now: nobody who lags behind all of them may be drafted. */
static uint32_t bar_of(const struct crowd *self)
{
    uint32_t bar = UINT32_MAX;
    for (uint32_t i = 0; i < self->workers; i++)
        if (self->phase[i] == ASKED && self->locked[i] == 0 && self->requests[i] < bar)
            bar = self->requests[i];
    return bar;
}

static void meet(struct crowd *self, const struct group *group, uint32_t bar)
{
    cr_assert_leq(group->count, self->size);
    cr_assert_lt(group->id, CROWD_GROUPS);
    self->inside[group->id] = group->count;
    for (uint32_t i = 0; i < group->count; i++) {
        const uint32_t id = group->member[i];
        const bool waits = self->phase[id] == ASKED || self->phase[id] == QUITTING;
        cr_assert(i == 0 || id > group->member[i - 1], "members are not in ascending order");
        cr_assert_eq(self->locked[id], 0, "worker %u is in two groups at once", id);
        cr_assert(self->phase[id] != GONE && (self->phase[id] != QUITTING || group->count == 1),
                  "worker %u was drafted after it had quit", id);
        cr_assert(waits || group->count > 1, "worker %u was drafted to be alone", id);
        cr_assert(waits || self->lag == 0 || self->requests[id] + self->lag >= bar,
                  "worker %u with %u requests was drafted, the asker had %u", id,
                  self->requests[id], bar);
        self->drafted += !waits;
        self->told[id] = *group;
        self->locked[id] = group->id;
    }
}

static void meet_all(struct crowd *self, uint32_t bar)
{
    bool any = false;
    for (const struct group *g = groups_next(self->groups); g; g = groups_next(self->groups)) {
        meet(self, g, bar);
        any = true;
    }
    for (uint32_t i = 0; i < self->workers; i++)
        self->spared += any && self->phase[i] == COMPUTING && self->locked[i] == 0 &&
                        self->requests[i] + self->lag < bar;
}

static void speak(struct crowd *self, uint32_t id, bool last)
{
    self->phase[id] = last ? QUITTING : ASKED;
    self->requests[id] += !last;
    const uint32_t bar = bar_of(self);
    if (last)
        groups_quit(self->groups, id);
    else
        groups_ask(self->groups, id);
    meet_all(self, bar);
}

static void leave(struct crowd *self, uint32_t id)
{
    const struct group group = self->told[id];
    for (uint32_t i = 0; i < group.count; i++)
        if (self->told[group.member[i]].id == group.id && self->phase[group.member[i]] == COMPUTING)
            return; /* the reduction waits for that one */
    self->phase[id] = self->phase[id] == QUITTING ? GONE : COMPUTING;
    self->told[id] = (struct group){0};
    if (--self->inside[group.id] == 0)
        for (uint32_t i = 0; i < group.count; i++)
            self->locked[group.member[i]] = 0;
    const uint32_t bar = bar_of(self);
    groups_left(self->groups, id, group.id);
    meet_all(self, bar);
}

static void run_crowd(uint64_t seed, uint32_t *drafted, uint32_t *spared)
{
    struct crowd self = {.rng = rng_start(seed, RNG_TEST, 0)};
    self.workers = 1 + rng_below(&self.rng, CROWD);
    self.size = 2 + rng_below(&self.rng, 5);
    self.lag = rng_below(&self.rng, 4);
    void *memory = calloc(1, groups_bytes(self.workers));
    self.groups = groups_init(memory, self.workers, self.size, self.lag, seed);
    uint32_t gone = 0;
    for (uint32_t step = 0; gone < self.workers; step++) {
        /* the lower the id the more often it is its turn, so that some lag */
        const uint32_t id = rng_below(&self.rng, 1 + rng_below(&self.rng, self.workers));
        cr_assert_lt(step, 400000, "seed %llu: somebody waits for ever", (unsigned long long)seed);
        if (self.phase[id] == COMPUTING)
            speak(&self, id, step > 2000);
        else if (self.phase[id] != GONE && self.told[id].id != 0)
            leave(&self, id);
        gone = 0;
        for (uint32_t i = 0; i < self.workers; i++)
            gone += self.phase[i] == GONE;
    }
    *drafted += self.drafted;
    *spared += self.spared;
    free(memory);
}

Test(policy_groups, prague_forms_disjoint_groups_and_drafts_no_laggard)
{
    uint32_t drafted = 0, spared = 0;

    for (uint64_t seed = 1; seed <= seeds_of(200); seed++)
        run_crowd(seed, &drafted, &spared);

    cr_expect_gt(drafted, seeds_of(1000));
    cr_expect_gt(spared, seeds_of(1000), "hardly anybody lagged: the filter was not tested");
}
