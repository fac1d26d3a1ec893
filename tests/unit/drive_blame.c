/* SPDX-License-Identifier: BSD-3-Clause */
/* The phase in most tests: computes from 100, is injected from 160, ends at 200. */
#include <criterion/criterion.h>

#include "core/base/rng.h"
#include "core/drive/blame.h"

static const struct blame_phase phase = {.begin = 100, .injected = 160, .end = 200};

static uint64_t sum(const struct blame_split *split)
{
    uint64_t all = 0;
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        all += split->part[b];
    return all;
}

static void expect(struct blame_split split, uint64_t wire, uint64_t computing, uint64_t injected,
                   uint64_t held)
{
    cr_expect_eq(split.part[BLAME_WIRE], wire, "wire %lu", split.part[BLAME_WIRE]);
    cr_expect_eq(split.part[BLAME_COMPUTING], computing, "computing %lu",
                 split.part[BLAME_COMPUTING]);
    cr_expect_eq(split.part[BLAME_INJECTED], injected, "injected %lu", split.part[BLAME_INJECTED]);
    cr_expect_eq(split.part[BLAME_HELD], held, "held %lu", split.part[BLAME_HELD]);
    cr_expect_eq(split.part[BLAME_GONE], 0u);
}

Test(blame, says_what_the_peer_did_while_it_was_waited_for)
{
    expect(blame_wait(120, 210, 200, &phase), 10, 40, 40, 0);
}

Test(blame, is_all_wire_when_the_message_was_sent_before_the_wait_began)
{
    expect(blame_wait(300, 350, 200, &phase), 50, 0, 0, 0);
    expect(blame_wait(150, 180, 140, &phase), 30, 0, 0, 0);
}

Test(blame, is_held_between_the_end_of_the_phase_and_the_message)
{
    expect(blame_wait(250, 320, 300, &phase), 20, 0, 0, 50);
    expect(blame_wait(180, 320, 300, &phase), 20, 0, 20, 100);
}

Test(blame, is_held_before_the_phase_began)
{
    expect(blame_wait(40, 200, 200, &phase), 0, 60, 40, 60);
}

Test(blame, finds_the_injected_part_inside_the_wait)
{
    expect(blame_wait(10, 500, 400, &phase), 100, 60, 40, 290);
}

Test(blame, is_all_injected_when_the_wait_lies_in_the_injected_part)
{
    expect(blame_wait(170, 190, 200, &phase), 0, 0, 20, 0);
}

Test(blame, counts_a_phase_only_until_a_message_that_left_in_the_middle_of_it)
{
    expect(blame_wait(90, 150, 130, &phase), 20, 30, 0, 10);
}

Test(blame, counts_no_phase_that_began_after_the_message)
{
    expect(blame_wait(20, 90, 50, &phase), 40, 0, 0, 30);
}

Test(blame, holds_an_idle_peer_responsible)
{
    const struct blame_phase none = {0};

    expect(blame_wait(20, 90, 70, &none), 20, 0, 0, 50);
}

Test(blame, of_nothing_is_nothing)
{
    expect(blame_wait(150, 150, 200, &phase), 0, 0, 0, 0);
}

Test(blame, knows_the_phase_before_the_latest)
{
    const struct blame_phase both[2] = {{.begin = 300, .injected = 380, .end = 400}, phase};

    /* 190..200 injected, 200..300 held, 300..380 computing, 380..400 injected, then 7 on the wire */
    expect(blame_wait_recent(190, 407, 400, both), 7, 80, 30, 100);
}

Test(blame, takes_the_phase_before_when_the_latest_began_after_the_message)
{
    const struct blame_phase both[2] = {phase, {.begin = 203, .injected = 280, .end = 300}};

    expect(blame_wait_recent(120, 210, 200, both), 10, 40, 40, 0);
}

Test(blame, has_only_one_phase_in_the_first_iteration)
{
    const struct blame_phase both[2] = {{0}, phase};

    expect(blame_wait_recent(40, 210, 200, both), 10, 60, 40, 60);
}

Test(blame, parts_add_up_to_any_wait)
{
    struct rng rng = {.key = 7};

    for (uint32_t i = 0; i < 20000; i++) {
        const uint64_t from = rng_below(&rng, 300), to = from + rng_below(&rng, 300);
        const uint64_t sent = rng_below(&rng, 600), begin = rng_below(&rng, 300);
        const uint64_t second = rng_below(&rng, 500);
        const struct blame_phase both[2] = {
            {.begin = begin,
             .injected = begin + rng_below(&rng, 100),
             .end = begin + 100 + rng_below(&rng, 100)},
            {.begin = second, .injected = second + rng_below(&rng, 50), .end = second + 60}};
        const struct blame_split one = blame_wait(from, to, sent, &both[0]);
        const struct blame_split two = blame_wait_recent(from, to, sent, both);

        cr_assert_eq(sum(&one), to - from, "wait %lu..%lu sent %lu", from, to, sent);
        cr_assert_eq(sum(&two), to - from, "wait %lu..%lu sent %lu", from, to, sent);
    }
}

Test(blame, names_every_part)
{
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        cr_expect(blame_name[b] && *blame_name[b]);
}
