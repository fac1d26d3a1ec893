/* SPDX-License-Identifier: BSD-3-Clause */
/* The small parts: bits, credit, the window of counters, round trips, the other clock, lines of streams. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/bitmap.h"
#include "core/wire/clocks.h"
#include "core/wire/credit.h"
#include "core/wire/replay.h"
#include "core/wire/rtt.h"
#include "core/wire/turns.h"

Test(wire_parts, bits_below_a_number)
{
    cr_expect_eq(bitmap_below(0, 0), 0);
    cr_expect_eq(bitmap_below(0, 1), 1);
    cr_expect_eq(bitmap_below(0, 63), UINT64_MAX >> 1);
    cr_expect_eq(bitmap_below(0, 64), UINT64_MAX);
    cr_expect_eq(bitmap_below(1, 64), 0);
    cr_expect_eq(bitmap_below(1, 66), 3);
    cr_expect_eq(bitmap_below(0, 66), UINT64_MAX);
    cr_expect_eq(bitmap_words(0), 0);
    cr_expect_eq(bitmap_words(64), 1);
    cr_expect_eq(bitmap_words(6242), 98);
}

Test(wire_parts, a_bit_is_set_and_cleared_alone)
{
    uint64_t word[3] = {0};
    for (uint32_t bit = 0; bit < 192; bit++) {
        bitmap_set(word, bit);
        cr_expect(bitmap_has(word, bit));
        cr_expect_eq(__builtin_popcountll(word[0]) + __builtin_popcountll(word[1]) +
                         __builtin_popcountll(word[2]),
                     1);
        bitmap_clear(word, bit);
    }
}

/* Credit is said in 32 bits of a counter that has 64: the same rule must hold on both sides of 2^32. */
Test(wire_parts, credit_holds_across_two_to_the_thirtysecond)
{
    for (uint64_t seen = (UINT64_C(1) << 32) - 600; seen < (UINT64_C(1) << 32) + 600; seen++) {
        const uint32_t credit = credit_of(seen, 16);
        cr_assert(credit_allows(credit, seen), "%llx", (unsigned long long)seen);
        cr_assert(credit_allows(credit, seen + 15));
        cr_assert_not(credit_allows(credit, seen + 16));
        cr_assert_not(credit_allows(credit, seen + 17));
        cr_assert_not(credit_allows(credit, seen + 1000000));
    }
}

Test(wire_parts, an_older_word_takes_no_credit_back)
{
    uint32_t credit = UINT32_MAX - 3;
    credit_raise(&credit, 5);
    cr_expect_eq(credit, 5, "5 is 9 further");
    credit_raise(&credit, UINT32_MAX);
    cr_expect_eq(credit, 5);
}

/* ------------------------------------------------------------------------------------------------------------ replay */

Test(wire_parts, each_counter_is_new_once)
{
    static struct replay window;
    cr_expect_not(replay_is_new(&window, 0), "there is no frame 0");
    for (uint64_t counter = 1; counter <= 3 * REPLAY_WINDOW; counter++) {
        cr_assert(replay_is_new(&window, counter));
        replay_note(&window, counter);
        cr_assert_not(replay_is_new(&window, counter));
    }
}

Test(wire_parts, what_is_a_window_old_is_refused_and_what_is_younger_is_known)
{
    static struct replay window;
    const uint64_t top = 10 * REPLAY_WINDOW + 17;
    replay_note(&window, top);

    cr_expect_not(replay_is_new(&window, top - REPLAY_WINDOW));
    for (uint64_t counter = top - REPLAY_WINDOW + 1; counter < top; counter++) {
        cr_assert(replay_is_new(&window, counter), "%llu", (unsigned long long)counter);
        replay_note(&window, counter);
        cr_assert_not(replay_is_new(&window, counter));
    }
    cr_expect_eq(window.top, top);
}

/* Against a plain list, with jumps of all sizes. */
Test(wire_parts, the_window_is_the_set_of_what_came)
{
    enum { SPAN = 60000 };
    static struct replay window;
    static bool came[SPAN];
    struct rng {
        uint64_t state;
    } rng = {1};
    uint64_t top = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        rng.state = rng.state * 6364136223846793005u + 1442695040888963407u;
        const uint64_t draw = rng.state >> 33;
        const uint64_t back = draw % (REPLAY_WINDOW + 50), jump = draw % 7 == 0 ? draw % 90 : 1;
        uint64_t counter = draw % 3 == 0 && back < top ? top - back : top + jump;
        if (counter == 0 || counter >= SPAN)
            continue;
        const bool is_new = counter + REPLAY_WINDOW > top && !came[counter];
        cr_assert_eq(replay_is_new(&window, counter), is_new, "%llu of %llu",
                     (unsigned long long)counter, (unsigned long long)top);
        if (!is_new)
            continue;
        replay_note(&window, counter);
        came[counter] = true;
        top = counter > top ? counter : top;
    }
    cr_expect_gt(top, 5 * REPLAY_WINDOW);
}

/* -------------------------------------------------------------------------------------------------------------- time */

Test(wire_parts, round_trips_are_smoothed_as_the_standard_says)
{
    struct rtt rtt = {.floor_ns = 1000};
    cr_expect_eq(rtt_timeout(&rtt, 0, 0), 4000, "four floors before the first sample");

    rtt_take(&rtt, 80000);
    cr_expect_eq(rtt.smoothed_ns, 80000);
    cr_expect_eq(rtt.spread_ns, 40000);
    cr_expect_eq(rtt_timeout(&rtt, 0, 0), 240000);

    rtt_take(&rtt, 160000);
    cr_expect_eq(rtt.smoothed_ns, 90000, "7/8 and 1/8");
    cr_expect_eq(rtt.spread_ns, 50000, "3/4 and 1/4 of 80000");
    cr_expect_eq(rtt.least_ns, 80000);
}

Test(wire_parts, patience_has_a_floor_doubles_and_has_an_end)
{
    struct rtt rtt = {.floor_ns = 1000000};
    for (uint32_t i = 0; i < 200; i++)
        rtt_take(&rtt, 16000);

    cr_expect_eq(rtt_timeout(&rtt, 0, 0), 1016000);
    cr_expect_eq(rtt_timeout(&rtt, 1, 0), 2032000);
    cr_expect_eq(rtt_timeout(&rtt, 3, 0), 8128000);
    cr_expect_eq(rtt_timeout(&rtt, 40, 0), RTT_TIMEOUT_MAX_NS);
    cr_expect_eq(rtt_timeout(&rtt, 0, 127), 1016000 + 127 * (1016000 / 1024), "up to an eighth");
    cr_expect_eq(rtt_timeout(&rtt, 0, 128), 1016000);

    const struct rtt slow = {.floor_ns = 1, .smoothed_ns = 300000000, .is_known = true};
    cr_expect_eq(rtt_timeout(&slow, 5, 0), 300000001, "never less than one round trip");
}

Test(wire_parts, the_offset_of_a_clock_lies_within_its_bound_however_unequal_the_ways)
{
    for (int64_t there = 0; there <= 1000; there += 100)
        for (int64_t back = 0; back <= 1000; back += 100) {
            struct clocks clocks = {0};
            const int64_t offset = -5000000;
            const uint64_t t1 = 10000000, t4 = t1 + (uint64_t)(there + 50 + back);
            const uint64_t t2 = (uint64_t)((int64_t)t1 + there + offset), t3 = t2 + 50;
            cr_assert(clocks_take(&clocks, t1, t2, t3, t4));
            cr_assert_leq(llabs(clocks.best.offset_ns - offset), (int64_t)clocks.best.bound_ns);
            cr_assert_leq(clocks.best.bound_ns, (uint64_t)(there + back) / 2 + 1);
        }
}

Test(wire_parts, the_shortest_echo_of_ten_seconds_counts_and_two_give_the_drift)
{
    struct clocks clocks = {0};
    const uint64_t second = 1000000000;
    clocks_take(&clocks, second, second + 500, second + 500, second + 1000);
    clocks_take(&clocks, 2 * second, 2 * second + 50, 2 * second + 50, 2 * second + 100);
    clocks_take(&clocks, 3 * second, 3 * second + 900, 3 * second + 900, 3 * second + 1000);
    cr_expect_eq(clocks.best.at_ns, 2 * second + 100);
    cr_expect_eq(clocks_drift_ppb(&clocks), 0);

    const uint64_t later = 12 * second, ahead = 20000;
    clocks_take(&clocks, later, later + ahead + 50, later + ahead + 50, later + 100);
    cr_expect_eq(clocks.best.offset_ns, 20000);
    cr_expect_eq(clocks_drift_ppb(&clocks), 2000, "20 us in 10 s");
}

Test(wire_parts, an_echo_before_its_question_is_refused)
{
    struct clocks clocks = {0};
    cr_expect_not(clocks_take(&clocks, 100, 0, 0, 99));
    cr_expect_not(clocks_take(&clocks, 100, 60, 50, 200));
    cr_expect_not(clocks_take(&clocks, 100, 50, 151, 200));
    cr_expect_not(clocks.best.is_known);
}

/* ------------------------------------------------------------------------------------------------------------- turns */

Test(wire_parts, streams_wait_in_line_and_each_once)
{
    static unsigned char memory[4096];
    struct layout layout = {.base = memory};
    struct turns turns = turns_lay_out(130, &layout);
    turns_clear(&turns);
    turns_push(&turns, 129);
    turns_push(&turns, 0);
    turns_push(&turns, 129);
    turns_push(&turns, 64);

    cr_expect_eq(turns.count, 3);
    cr_expect_eq(turns_pop(&turns), 129);
    turns_push(&turns, 129);
    cr_expect_eq(turns_pop(&turns), 0);
    cr_expect_eq(turns_pop(&turns), 64);
    cr_expect_eq(turns_pop(&turns), 129);
    cr_expect_eq(turns.count, 0);
}
