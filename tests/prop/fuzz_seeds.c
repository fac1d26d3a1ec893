/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two thousand random scenarios against every invariant (tests/random/shadow.h). DAWDLE_FUZZ_SEEDS says how many, where
 * two thousand would take too long or be too few.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "harness/run/interrupt.h"
#include "tests/prop/seeds.h"
#include "tests/random/fuzz.h"
#include "tests/random/fuzz_seed.h"
#include "tests/random/options.h"
#include "tests/random/scenario.h"

static uint64_t seeds(void)
{
    const char *const text = getenv("DAWDLE_FUZZ_SEEDS");
    return text ? strtoull(text, NULL, 10) : seeds_of(2000);
}

Test(fuzz_seeds, no_policy_breaks_an_invariant, .timeout = 280)
{
    const struct fuzz_config config = {.from = 1, .seeds = seeds()};
    struct fuzz_result result;

    const int code = fuzz_run(&config, stdout, &result);

    cr_expect_eq(code, 0, "%u findings, the first: seed %llu: %s", result.findings,
                 (unsigned long long)result.first_seed, result.first);
    cr_expect_eq(result.seeds, config.seeds);
    cr_expect_gt(result.events, 100 * config.seeds, "scenarios in which nothing happens");
    cr_expect_gt(result.values, config.seeds / 10, "hardly any scenario computed a model");
}

/* Scenarios that broke an invariant once. */
static const struct {
    uint64_t seed;
    const char *policy; /* NULL: as drawn */
    const char *what;
} once[] = {
    {900019335, NULL, "partial: a worker was passed over for ever"},
    {48848, NULL, "partial: the same, without jitter"},
    {900002333, NULL, "cb-dybw: more unread controls than any channel holds"},
    {1625109, "cb-dybw", "news of evictions kept all so busy that they evicted each other"},
    {990029759, "cb-dybw", "models of torn waves filled a channel behind one that came late"},
    {4244579, "cb-dybw", "the last word of a leaver was taken for a sign of life"},
};

Test(fuzz_seeds, no_scenario_breaks_an_invariant_again, .timeout = 60)
{
    for (uint32_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
        const struct fuzz_config config = {
            .from = once[i].seed, .seeds = 1, .policy = once[i].policy};
        struct fuzz_result result;
        cr_expect_eq(fuzz_run(&config, stdout, &result), 0, "%s: %s", once[i].what, result.first);
        cr_expect_eq(result.seeds, 1);
    }
}

static void *interrupt_parent(void *unused)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    nanosleep(&pause, NULL);
    atomic_store(&interrupt_flag,
                 1); /* as a signal does that reaches this process and not its child */
    return unused;
}

Test(fuzz_seeds, a_signal_that_only_the_parent_sees_ends_the_child_too, .timeout = 60)
{
    const struct fuzz_config config = {.from = 1, .seeds = 1000000000};
    struct fuzz_result result;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, interrupt_parent, NULL), 0);

    const int code = fuzz_run(&config, stdout, &result);

    pthread_join(thread, NULL);
    cr_expect_eq(code, 0);
    cr_expect_lt(result.seeds, config.seeds);
}

Test(fuzz_seeds, every_policy_has_scenarios)
{
    for (uint32_t i = 0; i < policy_count; i++) {
        struct scenario scenario;
        struct err err = {{0}};
        for (uint64_t seed = 1; seed <= 50; seed++) {
            cr_assert_eq(scenario_open(&scenario, seed, policy_table[i], &err), 0, "%s", err.text);
            scenario_close(&scenario);
        }
    }
}

Test(fuzz_seeds, the_same_seed_gives_the_same_run)
{
    const struct fuzz_config config = {0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct fuzz_outcome first, again;
        fuzz_seed(seed, NULL, &config, &first);
        fuzz_seed(seed, NULL, &config, &again);
        cr_expect_eq(first.events, again.events, "seed %llu", (unsigned long long)seed);
        cr_expect_str_eq(first.failure, again.failure);
        cr_expect_str_eq(first.scenario, again.scenario);
    }
}

Test(fuzz_seeds, naming_the_policy_that_a_seed_draws_changes_nothing)
{
    const struct fuzz_config config = {0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct scenario scenario;
        struct err err = {{0}};
        struct fuzz_outcome drawn, named;
        cr_assert_eq(scenario_open(&scenario, seed, NULL, &err), 0);
        fuzz_seed(seed, NULL, &config, &drawn);
        fuzz_seed(seed, scenario.row, &config, &named);
        scenario_close(&scenario);
        cr_expect_eq(drawn.events, named.events, "seed %llu", (unsigned long long)seed);
    }
}

Test(fuzz_seeds, an_unknown_policy_is_a_wrong_command_line)
{
    const struct fuzz_config config = {.from = 1, .seeds = 1, .policy = "none-such"};
    struct fuzz_result result;
    FILE *const out = tmpfile();

    cr_expect_eq(fuzz_run(&config, out, &result), 2);

    fclose(out);
}
