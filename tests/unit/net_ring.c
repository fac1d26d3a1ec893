/* SPDX-License-Identifier: BSD-3-Clause */
/* The ordered channels: exactly as deep as asked, in order, without loss, on memory of ours. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "net/channel_ring.h"

#define MESSAGES 100000u

static struct channel_ring *ring_of_messages(uint32_t depth)
{
    const size_t bytes = (channel_ring_bytes_of_messages(depth) + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, bytes);
    cr_assert_not_null(memory);
    return channel_ring_init(memory, depth);
}

static struct channel_ring *ring_of_handles(uint32_t depth)
{
    const size_t bytes = (channel_ring_bytes_of_handles(depth) + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, bytes);
    cr_assert_not_null(memory);
    return channel_ring_init(memory, depth);
}

Test(ring, holds_exactly_its_depth)
{
    static const uint32_t depths[] = {1, 2, 3, 4, 7, 8, 64};

    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        struct channel_ring *ring = ring_of_messages(depths[i]);
        uint32_t stored = 0;

        while (stored <= depths[i] &&
               channel_ring_push(ring, &(struct port_message){.tag = stored}))
            stored++;

        cr_expect_eq(stored, depths[i]);
        free(ring);
    }
}

Test(ring, refuses_when_full_and_goes_on_after_a_read)
{
    struct channel_ring *ring = ring_of_messages(2);
    struct port_message got[4];
    cr_assert(channel_ring_push(ring, &(struct port_message){.tag = 1}));
    cr_assert(channel_ring_push(ring, &(struct port_message){.tag = 2}));

    cr_expect_not(channel_ring_push(ring, &(struct port_message){.tag = 3}));
    cr_assert_eq(channel_ring_pop(ring, got, 1), 1u);
    cr_expect(channel_ring_push(ring, &(struct port_message){.tag = 4}));

    cr_expect_eq(got[0].tag, 1u);
    cr_assert_eq(channel_ring_pop(ring, got, 4), 2u);
    cr_expect_eq(got[0].tag, 2u);
    cr_expect_eq(got[1].tag, 4u, "the refused message left no trace");
    free(ring);
}

Test(ring, returns_handles_in_order)
{
    struct channel_ring *ring = ring_of_handles(5);
    slots_handle got[8] = {0};
    for (uint64_t i = 0; i < 5; i++)
        cr_assert(channel_ring_push_handle(ring, slots_pack(1, (uint32_t)i, 100)));

    cr_expect_not(channel_ring_push_handle(ring, 1));
    cr_assert_eq(channel_ring_pop_handles(ring, got, 8), 5u);

    for (uint32_t i = 0; i < 5; i++)
        cr_expect_eq(got[i], slots_pack(1, i, 100));
    cr_expect_eq(channel_ring_pop_handles(ring, got, 8), 0u);
    free(ring);
}

struct race {
    struct channel_ring *ring;
    uint64_t received, disorder, torn;
};

static void *push_all(void *arg)
{
    struct race *race = arg;

    for (uint64_t i = 1; i <= MESSAGES; i++) {
        struct port_message m = {.tag = i, .sent_cyc = ~i, .is_tensor = 1};
        m.word[PORT_WORDS - 1] = (uint32_t)i;
        while (!channel_ring_push(race->ring, &m))
            sched_yield();
    }
    return NULL;
}

static void *pop_all(void *arg)
{
    struct race *race = arg;
    struct port_message got[4];

    while (race->received < MESSAGES) {
        const uint32_t n = channel_ring_pop(race->ring, got, 4);
        for (uint32_t i = 0; i < n; i++) {
            race->disorder += got[i].tag != ++race->received;
            race->torn +=
                got[i].sent_cyc != ~got[i].tag || got[i].word[PORT_WORDS - 1] != got[i].tag;
        }
        if (n == 0)
            sched_yield();
    }
    return NULL;
}

Test(ring, between_two_threads_keeps_order_and_loses_nothing)
{
    struct race race = {.ring = ring_of_messages(8)};
    pthread_t sender, reader;

    cr_assert_eq(pthread_create(&reader, NULL, pop_all, &race), 0);
    cr_assert_eq(pthread_create(&sender, NULL, push_all, &race), 0);
    pthread_join(sender, NULL);
    pthread_join(reader, NULL);

    cr_expect_eq(race.received, MESSAGES);
    cr_expect_eq(race.disorder, 0u);
    cr_expect_eq(race.torn, 0u);
    free(race.ring);
}
