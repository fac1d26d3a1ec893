/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/base/slots.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "core/base/rng.h"

#define COUNT 6u
#define EDGES 3u

static _Alignas(8) unsigned char memory[1024];
static struct slots slots;

static void start(void)
{
    memset(memory, 0xa5, sizeof(memory));
    slots_init(&slots, memory, COUNT, EDGES, 1);
}

/* A snapshot held by its owner. */
static slots_handle publish(uint32_t version)
{
    return slots_seal(&slots, slots_take(&slots), version);
}

TestSuite(slots, .init = start);

Test(slots, packs_and_unpacks_the_three_parts_of_a_handle)
{
    const slots_handle h = slots_pack(0xabcd, 65535, 0xdeadbeef);

    cr_expect_eq(slots_incarnation_of(h), 0xabcd);
    cr_expect_eq(slots_slot_of(h), 65535u);
    cr_expect_eq(slots_version_of(h), 0xdeadbeefu);
}

Test(slots, needs_the_bytes_that_it_says)
{
    cr_expect_leq(slots_bytes(COUNT, EDGES), sizeof(memory));

    for (uint64_t i = slots_bytes(COUNT, EDGES); i < sizeof(memory); i++)
        cr_assert_eq(memory[i], 0xa5, "byte %lu was written", i);
    cr_expect_eq(slots_bytes(COUNT, EDGES) % 8, 0u);
}

Test(slots, are_all_free_at_first)
{
    cr_expect_eq(slots.free_count, COUNT);
    cr_expect_eq(slots.free_count_min, COUNT);
}

Test(slots, hands_out_each_slot_once_and_then_none)
{
    uint32_t seen = 0;

    for (uint32_t i = 0; i < COUNT; i++)
        seen |= 1u << slots_take(&slots);

    cr_expect_eq(seen, (1u << COUNT) - 1);
    cr_expect_eq(slots_take(&slots), SLOTS_NONE);
    cr_expect_eq(slots.free_count, 0u);
}

Test(slots, spreads_reuse_over_the_pool)
{
    const uint32_t first = slots_take(&slots);
    slots_drop(&slots, first);

    cr_expect_neq(slots_take(&slots), first, "a reader may still be looking at it");
}

Test(slots, frees_a_slot_lent_to_k_edges_after_k_returns_and_the_drop)
{
    const slots_handle h = publish(7);
    const uint32_t slot = slots_slot_of(h);
    for (uint32_t edge = 0; edge < EDGES; edge++)
        slots_lend(&slots, slot, edge);

    slots_drop(&slots, slot);
    for (uint32_t edge = 0; edge < EDGES; edge++) {
        cr_expect_eq(slots.free_count, COUNT - 1, "still lent");
        cr_expect(slots_return(&slots, h, edge));
    }

    cr_expect_eq(slots.free_count, COUNT);
}

Test(slots, keeps_a_slot_that_all_edges_returned_until_the_drop)
{
    const slots_handle h = publish(7);
    slots_lend(&slots, slots_slot_of(h), 0);
    slots_return(&slots, h, 0);
    cr_expect_eq(slots.free_count, COUNT - 1);

    slots_drop(&slots, slots_slot_of(h));

    cr_expect_eq(slots.free_count, COUNT);
}

Test(slots, counts_several_loans_of_one_slot_to_one_edge)
{
    const slots_handle h = publish(7);
    slots_lend(&slots, slots_slot_of(h), 1);
    slots_lend(&slots, slots_slot_of(h), 1);
    slots_drop(&slots, slots_slot_of(h));

    cr_expect(slots_return(&slots, h, 1));
    cr_expect_eq(slots.free_count, COUNT - 1);
    cr_expect(slots_return(&slots, h, 1));
    cr_expect_not(slots_return(&slots, h, 1), "there were only two");

    cr_expect_eq(slots.free_count, COUNT);
}

Test(slots, reclaims_exactly_what_the_lost_peer_held)
{
    const slots_handle a = publish(1), b = publish(2);
    slots_lend(&slots, slots_slot_of(a), 0);
    slots_lend(&slots, slots_slot_of(a), 1);
    slots_lend(&slots, slots_slot_of(b), 0);
    slots_lend(&slots, slots_slot_of(b), 0);
    slots_drop(&slots, slots_slot_of(a));
    slots_drop(&slots, slots_slot_of(b));

    cr_expect_eq(slots_reclaim(&slots, 0), 3u);

    cr_expect_eq(slots.free_count, COUNT - 1, "edge 1 still reads a");
    cr_expect_not(slots_return(&slots, a, 0), "edge 0 holds nothing any more");
    cr_expect(slots_return(&slots, a, 1));
    cr_expect_eq(slots_reclaim(&slots, 0), 0u);
    cr_expect_eq(slots.free_count, COUNT);
}

Test(slots, recognises_a_handle_that_outlived_its_slot)
{
    const slots_handle old = publish(1);
    const uint32_t slot = slots_slot_of(old);
    cr_expect_eq(slots_current_handle(&slots, slot), old);
    slots_drop(&slots, slot);
    uint32_t taken = slots_take(&slots);
    while (taken != slot)
        taken = slots_take(&slots);

    cr_expect_neq(slots_current_handle(&slots, slot), old, "it is being overwritten");
    const slots_handle fresh = slots_seal(&slots, slot, 2);

    cr_expect_eq(slots_current_handle(&slots, slot), fresh);
    cr_expect_neq(fresh, old);
}

Test(slots, refuses_a_late_return_of_an_earlier_life)
{
    const slots_handle old = publish(1);
    const uint32_t slot = slots_slot_of(old);
    slots_lend(&slots, slot, 0);
    slots_reclaim(&slots, 0);
    slots_drop(&slots, slot);
    while (slots_take(&slots) != slot)
        ;
    const slots_handle fresh = slots_seal(&slots, slot, 2);
    slots_lend(&slots, slot, 0);

    cr_expect_not(slots_return(&slots, old, 0));
    cr_expect(slots_return(&slots, fresh, 0), "the loan of the new life is untouched");
}

Test(slots, refuses_the_return_of_another_incarnation_or_of_no_slot)
{
    const slots_handle h = publish(1);
    slots_lend(&slots, slots_slot_of(h), 0);

    cr_expect_not(slots_return(&slots, slots_pack(2, slots_slot_of(h), 1), 0));
    cr_expect_not(slots_return(&slots, slots_pack(1, COUNT, 1), 0));
    cr_expect_not(slots_return(&slots, 0, 0));
    cr_expect(slots_return(&slots, h, 0));
}

Test(slots, remembers_the_low_water_mark)
{
    const uint32_t a = slots_take(&slots), b = slots_take(&slots);
    slots_drop(&slots, a);
    slots_drop(&slots, b);

    cr_expect_eq(slots.free_count, COUNT);
    cr_expect_eq(slots.free_count_min, COUNT - 2);
}

Test(slots, aborts_on_sealing_a_free_slot, .signal = SIGABRT)
{
    slots_seal(&slots, 0, 1);
}

Test(slots, aborts_on_sealing_twice, .signal = SIGABRT)
{
    const slots_handle h = publish(1);

    slots_seal(&slots, slots_slot_of(h), 2);
}

Test(slots, aborts_on_dropping_twice, .signal = SIGABRT)
{
    const uint32_t slot = slots_take(&slots);
    slots_drop(&slots, slot);

    slots_drop(&slots, slot);
}

Test(slots, aborts_on_lending_what_is_being_written, .signal = SIGABRT)
{
    slots_lend(&slots, slots_take(&slots), 0);
}

Test(slots, aborts_on_lending_what_was_dropped, .signal = SIGABRT)
{
    const slots_handle h = publish(1);
    slots_drop(&slots, slots_slot_of(h));

    slots_lend(&slots, slots_slot_of(h), 0);
}

Test(slots, aborts_on_an_edge_out_of_range, .signal = SIGABRT)
{
    slots_lend(&slots, slots_slot_of(publish(1)), EDGES);
}

Test(slots, aborts_on_a_slot_out_of_range, .signal = SIGABRT)
{
    slots_drop(&slots, COUNT);
}

Test(slots, aborts_on_incarnation_zero, .signal = SIGABRT)
{
    slots_init(&slots, memory, COUNT, EDGES, 0);
}

/* The same rules, written down as naively as possible: no counters, everything recounted. */
struct naive {
    bool held[COUNT], sealed[COUNT];
    uint32_t version[COUNT];
    uint32_t loans[COUNT][EDGES];
};

static bool naive_free(const struct naive *n, uint32_t slot)
{
    uint32_t loans = 0;
    for (uint32_t e = 0; e < EDGES; e++)
        loans += n->loans[slot][e];
    return !n->held[slot] && loans == 0;
}

static uint32_t naive_free_count(const struct naive *n)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < COUNT; s++)
        count += naive_free(n, s);
    return count;
}

/* One random legal operation on both; what they answer must agree. */
static void step_both(struct naive *n, struct rng *rng, uint32_t version, uint64_t seed)
{
    const uint32_t slot = rng_below(rng, COUNT), edge = rng_below(rng, EDGES);
    switch (rng_below(rng, 6)) {
    case 0: {
        const bool any = naive_free_count(n) > 0;
        const uint32_t got = slots_take(&slots);
        cr_assert_eq(got != SLOTS_NONE, any, "seed %lu", seed);
        if (!any)
            return;
        cr_assert(naive_free(n, got), "seed %lu: slot %u is in use", seed, got);
        n->held[got] = true;
        n->sealed[got] = false;
        return;
    }
    case 1:
        if (!n->held[slot] || n->sealed[slot])
            return;
        slots_seal(&slots, slot, version);
        n->sealed[slot] = true;
        n->version[slot] = version;
        return;
    case 2:
        if (!n->held[slot])
            return;
        slots_drop(&slots, slot);
        n->held[slot] = false;
        return;
    case 3:
        if (!n->held[slot] || !n->sealed[slot])
            return;
        slots_lend(&slots, slot, edge);
        n->loans[slot][edge]++;
        return;
    case 4: { /* now and then with a handle of an earlier life */
        const uint32_t told = n->version[slot] - (rng_below(rng, 8) == 0);
        const bool legal = told == n->version[slot] && n->loans[slot][edge] > 0;
        cr_assert_eq(slots_return(&slots, slots_pack(1, slot, told), edge), legal, "seed %lu",
                     seed);
        n->loans[slot][edge] -= legal;
        return;
    }
    default: {
        if (rng_below(rng, 4) != 0)
            return;
        uint32_t held = 0;
        for (uint32_t s = 0; s < COUNT; s++) {
            held += n->loans[s][edge];
            n->loans[s][edge] = 0;
        }
        cr_assert_eq(slots_reclaim(&slots, edge), held, "seed %lu", seed);
    }
    }
}

Test(slots, agrees_with_a_naive_model_over_hundreds_of_random_histories)
{
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct naive naive = {0};
        struct rng rng = rng_start(seed, RNG_TEST, 0);
        start();

        for (uint32_t step = 1; step <= 300; step++) {
            step_both(&naive, &rng, step, seed);

            uint32_t used = 0;
            for (uint32_t s = 0; s < COUNT; s++)
                used += slots.entry[s].held || slots.entry[s].loans > 0;
            if (slots.free_count + used != COUNT || slots.free_count != naive_free_count(&naive))
                cr_assert_fail("seed %lu, step %u: %u free", seed, step, slots.free_count);
        }
    }
}
