/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two thousand random worlds of processes and bad links against the promises of the wire (tests/random/wire_world.h), and
 * every planted fault, which must be found among as many. DAWDLE_FUZZ_SEEDS as for the policies.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/prop/seeds.h"
#include "tests/random/fuzz.h"
#include "tests/random/wire_world.h"

static uint64_t seeds(void)
{
    const char *const text = getenv("DAWDLE_FUZZ_SEEDS");
    return text ? strtoull(text, NULL, 10) : seeds_of(2000);
}

Test(wire_seeds, no_world_breaks_a_promise, .timeout = 280)
{
    const struct fuzz_config config = {.from = 1, .seeds = seeds(), .wire = true};
    struct fuzz_result result;

    const int code = fuzz_run(&config, stdout, &result);

    cr_expect_eq(code, 0, "%u findings, the first: seed %llu: %s", result.findings,
                 (unsigned long long)result.first_seed, result.first);
    cr_expect_eq(result.seeds, config.seeds);
    cr_expect_gt(result.events, 100 * config.seeds, "worlds in which nothing happens");
}

/** Among the first worlds: how much of what can go wrong there is. */
Test(wire_seeds, the_worlds_have_all_that_can_go_wrong)
{
    struct wire_world *const world = malloc(sizeof(*world));
    uint64_t lost = 0, twice = 0, spoilt = 0, deaths = 0, crowds = 0, frames = 0;
    cr_assert_not_null(world);
    for (uint64_t seed = 1; seed <= 100; seed++) {
        wire_world_run(world, seed, WIRE_PLANT_NONE);
        for (uint32_t p = 0; p < world->scenario.pairs; p++)
            for (uint32_t way = 0; way < 2; way++) {
                lost += world->link[p][way].lost;
                twice += world->link[p][way].twice;
                spoilt += world->link[p][way].spoilt;
            }
        deaths += world->scenario.mortal < WIRE_ENDS_MOST;
        crowds += world->scenario.ends > 4;
        frames += world->frames;
    }
    free(world);
    cr_expect_gt(lost, frames / 50);
    cr_expect_gt(twice, frames / 50);
    cr_expect_gt(spoilt, frames / 1000);
    cr_expect_gt(deaths, 5);
    cr_expect_gt(crowds, 5);
}

Test(wire_seeds, the_same_seed_gives_the_same_world)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct fuzz_outcome first, again;
        wire_world_seed(seed, WIRE_PLANT_NONE, &first);
        wire_world_seed(seed, WIRE_PLANT_NONE, &again);
        cr_expect_eq(first.events, again.events, "seed %llu", (unsigned long long)seed);
        cr_expect_str_eq(first.failure, again.failure);
    }
}

/* ------------------------------------------------------------------------------------------------------------- plants */

/** `mark`: what the first finding must speak of; NULL: it can show in many ways. */
static void find(enum wire_plant plant, const char *mark)
{
    const struct fuzz_config config = {
        .from = 1, .seeds = 2000, .findings_max = 1, .wire = true, .wire_plant = plant};
    struct fuzz_result result;
    FILE *const out = tmpfile();
    cr_assert_not_null(out);
    const int code = fuzz_run(&config, out, &result);
    fclose(out);
    cr_assert_eq(code, 4, "nothing was found");
    cr_log_info("%s: seed %llu: %s", wire_plant_name(plant), (unsigned long long)result.first_seed,
                result.first);
    if (mark)
        cr_expect_not_null(strstr(result.first, mark), "%s", result.first);
}

Test(wire_seeds, credit_by_frames_received_is_found, .timeout = 120)
{
    find(WIRE_PLANT_CREDIT, "W8");
}

Test(wire_seeds, preemption_of_what_is_under_way_is_found, .timeout = 120)
{
    find(WIRE_PLANT_PREEMPT, "no plan has");
}

Test(wire_seeds, one_wave_of_quiet_is_found, .timeout = 120)
{
    find(WIRE_PLANT_ONE_WAVE, "quiet");
}

Test(wire_seeds, books_behind_the_ack_are_found, .timeout = 120)
{
    find(WIRE_PLANT_LATE_BOOKS, "quiet");
}

Test(wire_seeds, a_bitmap_of_256_chunks_is_found, .timeout = 120)
{
    find(WIRE_PLANT_BITMAP, "sent again");
}

Test(wire_seeds, a_loan_that_ends_with_the_ack_is_found, .timeout = 120)
{
    find(WIRE_PLANT_LOAN, "ended before its reader's");
}

Test(wire_seeds, a_missing_look_at_the_session_is_found, .timeout = 120)
{
    find(WIRE_PLANT_SESSION, "W7");
}

Test(wire_seeds, a_missing_replay_window_is_found, .timeout = 120)
{
    find(WIRE_PLANT_REPLAY, "W7");
}

Test(wire_seeds, an_old_number_that_is_taken_for_the_next_is_found, .timeout = 120)
{
    find(WIRE_PLANT_NUMBER, NULL);
}
