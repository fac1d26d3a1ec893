/* SPDX-License-Identifier: BSD-3-Clause */
/* Earliest first, first in first out among equals. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "core/sim/base/queue.h"
#include "tests/unit/support_sim_graph.h"

static uint64_t held_bytes, held_bytes_max;
static uint64_t allowed_bytes = UINT64_MAX;

static void *resize(void *context, void *old, size_t old_bytes, size_t bytes)
{
    (void)context;
    if (bytes > allowed_bytes)
        return NULL;
    return graph_resize(&held_bytes, &held_bytes_max, old, old_bytes, bytes);
}

static const struct sim_memory memory = {.resize = resize};

static void push(struct queue *queue, uint64_t at_ns, uint32_t ref)
{
    queue_push(queue, (struct queue_entry){.at_ns = at_ns, .ref = ref, .extra = ~ref});
}

static void expect(struct queue *queue, uint64_t at_ns, uint32_t ref)
{
    struct queue_entry got = {0};
    cr_assert(queue_pop(queue, &got));
    cr_expect_eq(got.at_ns, at_ns, "at %llu instead of %llu", (unsigned long long)got.at_ns,
                 (unsigned long long)at_ns);
    cr_expect_eq(got.ref, ref);
    cr_expect_eq(got.extra, ~ref);
}

Test(sim_queue, pops_by_time_and_equal_times_in_order_of_insertion)
{
    struct queue queue;
    queue_init(&queue, &memory);
    push(&queue, 700, 1);
    push(&queue, 3, 2);
    push(&queue, 700, 3);
    push(&queue, 0, 4);
    push(&queue, 3, 5);

    expect(&queue, 0, 4);
    expect(&queue, 3, 2);
    push(&queue, 3, 6);
    push(&queue, 700, 7);
    expect(&queue, 3, 5);
    expect(&queue, 3, 6);
    expect(&queue, 700, 1);
    expect(&queue, 700, 3);
    expect(&queue, 700, 7);

    struct queue_entry none;
    cr_expect_not(queue_pop(&queue, &none));
    queue_fini(&queue);
    cr_expect_eq(held_bytes, 0);
}

Test(sim_queue, takes_times_up_to_the_largest)
{
    struct queue queue;
    queue_init(&queue, &memory);
    push(&queue, UINT64_MAX, 1);
    push(&queue, 1ull << 63, 2);
    push(&queue, UINT64_MAX, 3);

    expect(&queue, 1ull << 63, 2);
    expect(&queue, UINT64_MAX, 1);
    expect(&queue, UINT64_MAX, 3);
    queue_fini(&queue);
}

struct wanted {
    uint64_t at_ns;
    uint32_t ref;
};

static int by_time(const void *left, const void *right)
{
    const struct wanted *const a = left, *const b = right;
    if (a->at_ns != b->at_ns)
        return a->at_ns < b->at_ns ? -1 : 1;
    return a->ref < b->ref ? -1 : a->ref > b->ref;
}

/* Few distinct times, so that many are equal; a wide range; and times of all magnitudes. */
static uint64_t some_time(struct rng *rng, uint64_t seed)
{
    if (seed % 3 == 0)
        return rng_next(rng) >> (24 + rng_below(rng, 40));
    return rng_below(rng, seed % 3 == 1 ? 8 : 100000);
}

/* The reference is a sort of what is left at every pop. */
Test(sim_queue, agrees_with_a_stable_sort_over_many_seeds)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct rng rng = rng_start(seed, RNG_TEST, 0);
        struct wanted left[600];
        uint32_t count = 0, next = 0;
        uint64_t now = 0;
        struct queue queue;
        queue_init(&queue, &memory);

        for (uint32_t step = 0; step < 600; step++) {
            const bool pushes = count == 0 || rng_below(&rng, 100) < 55;
            if (pushes) {
                const uint64_t ahead = some_time(&rng, seed);
                left[count++] = (struct wanted){.at_ns = now + ahead, .ref = next};
                push(&queue, now + ahead, next++);
                continue;
            }
            qsort(left, count, sizeof(left[0]), by_time);
            expect(&queue, left[0].at_ns, left[0].ref);
            now = left[0].at_ns;
            left[0] = left[--count];
            cr_assert_eq(queue.count, count, "seed %llu", (unsigned long long)seed);
        }
        queue_fini(&queue);
    }
    cr_expect_eq(held_bytes, 0);
}

enum { TELLERS = 500, TELLINGS = 40 };
static uint32_t told[TELLERS * TELLINGS];

static void tell(const void *owner, const struct queue_entry *entry)
{
    (void)owner;
    told[entry->ref]++;
}

/* As in a simulation: who was popped is due again some time later, near or far. */
Test(sim_queue, tells_of_most_entries_once_before_they_are_popped)
{
    struct rng rng = rng_start(1, RNG_TEST, 1);
    struct queue queue;
    uint32_t next = 0, in_time = 0;
    queue_init(&queue, &memory);
    queue.soon = tell;
    while (next < TELLERS)
        push(&queue, rng_below(&rng, 1000000), next++);

    for (uint32_t popped = 0; popped < TELLERS * TELLINGS; popped++) {
        struct queue_entry got;
        cr_assert(queue_pop(&queue, &got));
        cr_assert_leq(told[got.ref], 2);
        in_time += told[got.ref] == 1;
        if (next < TELLERS * TELLINGS) {
            const uint32_t ahead = rng_below(&rng, 4) ? 2000 : 1000000;
            push(&queue, got.at_ns + ahead + rng_below(&rng, ahead / 10), next++);
        }
    }

    cr_expect_gt(in_time, TELLERS * TELLINGS * 8 / 10, "%u", in_time);
    queue_fini(&queue);
}

Test(sim_queue, says_so_when_memory_is_refused)
{
    struct queue queue;
    queue_init(&queue, &memory);
    allowed_bytes = 64 * sizeof(struct queue_entry);

    for (uint32_t i = 0; i < 64; i++)
        push(&queue, 5, i);
    cr_expect_not(queue.exhausted);
    push(&queue, 5, 64);

    cr_expect(queue.exhausted);
    queue_fini(&queue);
}
