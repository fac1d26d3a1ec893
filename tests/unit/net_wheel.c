/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers: whatever is added comes out once, when its time has come, the earliest first. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "net/wheel.h"

#define NODES 500u

/** The wheel, and beside it a plain list that is searched. */
static struct bench {
    struct wheel wheel;
    struct arena arena;
    bool in[NODES];
    uint64_t due[NODES], added[NODES], adds, now;
} b;

static void open_wheel(void)
{
    const size_t bytes = wheel_bytes(NODES);
    arena_init(&b.arena, aligned_alloc(64, bytes), bytes);
    wheel_init(&b.wheel, NODES, 512.0, 1.0, &b.arena); /* one cycle is a nanosecond */
}

static void close_wheel(void)
{
    free(b.arena.base);
}

static void add(uint32_t node, uint64_t due)
{
    b.in[node] = true;
    b.due[node] = due;
    b.added[node] = b.adds++;
    wheel_add(&b.wheel, node, due, b.now);
}

/** What must come out now: the earliest that is due, of several the first that was added. */
static uint32_t expected(void)
{
    uint32_t best = WHEEL_NONE;
    for (uint32_t n = 0; n < NODES; n++) {
        if (!b.in[n] || b.due[n] > b.now)
            continue;
        if (best == WHEEL_NONE || b.due[n] < b.due[best] ||
            (b.due[n] == b.due[best] && b.added[n] < b.added[best]))
            best = n;
    }
    return best;
}

static void take_all(void)
{
    for (;;) {
        const uint32_t want = expected(), got = wheel_take(&b.wheel, b.now);
        cr_assert_eq(got, want, "at %llu: %u instead of %u", (unsigned long long)b.now, got, want);
        if (got == WHEEL_NONE)
            return;
        b.in[got] = false;
    }
}

Test(wheel, takes_from_the_arena_what_it_announced)
{
    open_wheel();

    cr_expect_eq(b.arena.used_bytes, wheel_bytes(NODES));
    close_wheel();
}

Test(wheel, gives_a_node_back_at_its_time_and_not_before)
{
    open_wheel();
    add(7, 12345);

    cr_expect_eq(wheel_take(&b.wheel, 12344), WHEEL_NONE);
    cr_expect_eq(wheel_take(&b.wheel, 12345), 7u);
    cr_expect_eq(wheel_take(&b.wheel, UINT64_MAX), WHEEL_NONE);
    close_wheel();
}

Test(wheel, keeps_nodes_of_equal_time_in_their_order_even_if_the_first_was_far_away)
{
    const uint64_t due = 3ull * 512 * WHEEL_SLOTS;
    open_wheel();
    add(1, due);
    b.now = due - 512;
    add(2, due);
    add(0, due);

    cr_expect_eq(wheel_take(&b.wheel, due), 1u);
    cr_expect_eq(wheel_take(&b.wheel, due), 2u);
    cr_expect_eq(wheel_take(&b.wheel, due), 0u);
    close_wheel();
}

Test(wheel, sorts_nodes_of_one_slot_and_those_that_are_late_already)
{
    open_wheel();
    b.now = 10000000;
    add(0, b.now + 100);
    add(1, b.now + 50);
    add(2, 5);
    add(3, 4);
    b.now += 75;

    cr_expect_eq(wheel_take(&b.wheel, b.now), 3u);
    cr_expect_eq(wheel_take(&b.wheel, b.now), 2u);
    cr_expect_eq(wheel_take(&b.wheel, b.now), 1u);
    cr_expect_eq(wheel_take(&b.wheel, b.now), WHEEL_NONE, "not due yet");
    cr_expect_eq(wheel_take(&b.wheel, b.now + 25), 0u);
    close_wheel();
}

/* Delays from nothing to far beyond the window, of which every third is a multiple of a slot: equal times do occur. */
static uint64_t some_delay(struct rng *rng)
{
    const uint64_t bits = rng_next(rng);
    const uint64_t delay = (bits >> 8) % (UINT64_C(1) << bits % 26);
    return bits % 3 == 0 ? delay / 512 * 512 : delay;
}

Test(wheel, agrees_with_a_plain_list_over_many_laps)
{
    open_wheel();
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct rng rng = {.key = seed};
        for (uint32_t step = 0; step < 20000; step++) {
            const uint32_t node = (uint32_t)(rng_next(&rng) % NODES);
            if (!b.in[node])
                add(node, b.now + some_delay(&rng));
            if (rng_next(&rng) % 4 == 0) {
                b.now += some_delay(&rng) / 64;
                take_all();
            }
        }
    }
    b.now = UINT64_MAX;
    take_all();
    close_wheel();
}
