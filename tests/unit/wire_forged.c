/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten thousand each of frames that nobody of the session sent: forged, repeated, with a flipped bit, of another session. None
 * is accepted, each is counted under its cause, and nothing else changes.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/wire/wire_parts.h"

#define TIMES 10000u
#define PAYLOAD 192u

static struct wire *wire, *peer;
static unsigned char store[2][4][1000];
static uint64_t counts_before[WIRE_COUNTS];

static struct wire *make(uint16_t self, uint16_t other, unsigned char (*slots)[1000])
{
    const struct stream_plan plan[2] = {
        {.class = STREAM_CONTROL, .depth = 8},
        {.class = STREAM_NEWEST,
         .slots = 4,
         .body_bytes = 1000,
         .store = slots[0],
         .slot_bytes = 1000},
    };
    const struct wire_config config = {
        .terms = {.self = self, .peer = other, .run = 1, .payload = {PAYLOAD}},
        .out = plan,
        .in = plan,
        .outs = 2,
        .ins = 2,
        .window = 64,
        .floor_ns = 1000,
        .is_checked = true,
    };
    struct err err;
    cr_assert_eq(wire_check(&config, &err), 0, "%s", err.text);
    return wire_init(aligned_alloc(64, (wire_bytes(&config) + 63) / 64 * 64), &config);
}

/** The next frame of `from`, in one piece. 0: none. */
static size_t next(struct wire *from, unsigned char *bytes)
{
    struct frame frame;
    if (!wire_output(from, 0, &frame))
        return 0;
    memcpy(bytes, frame.head, frame.head_bytes);
    if (frame.body_bytes > 0)
        memcpy(bytes + frame.head_bytes, frame.body, frame.body_bytes);
    return frame.head_bytes + frame.body_bytes;
}

static void talk(void)
{
    unsigned char bytes[FRAME_HEAD_BYTES + PAYLOAD];
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t count; (count = next(peer, bytes)) > 0; moved = true)
            cr_assert(wire_input(wire, bytes, count, 0));
        for (size_t count; (count = next(wire, bytes)) > 0; moved = true)
            cr_assert(wire_input(peer, bytes, count, 0));
    }
}

static void set_up(void)
{
    wire = make(1, 2, store[0]);
    peer = make(2, 1, store[1]);
    wire_open(wire, 1, 1, 0);
    wire_open(peer, 1, 1, 0);
    talk();
    cr_assert_eq(wire_state(wire), SESSION_OPEN);
    memcpy(counts_before, wire->count, sizeof(counts_before));
}
static void tear_down(void)
{
    free(wire); /* its memory is where it begins */
    free(peer);
}
TestSuite(wire_forged, .init = set_up, .fini = tear_down);

/** A sound frame of the peer that has not come here. */
static size_t fresh(unsigned char *bytes)
{
    static const unsigned char body[1000];
    static uint64_t token;
    struct stream_tx_item old;
    const struct stream_tx_item item = {.body = body, .body_bytes = 1000, .token = token++};
    size_t count = next(peer, bytes);
    while (count == 0) {
        peer->credit = (uint32_t)peer->counter + 10;
        if (!peer->tx[2].rows_due && peer->tx[2].count > 0)
            stream_tx_end(&peer->tx[2]);
        wire_publish(peer, 2, &item, 0, &old);
        wire_queue(peer, &peer->tx[2]);
        count = next(peer, bytes);
    }
    return count;
}

/** All of the frames were refused for this cause, and that is all that happened. */
static void expect_refused(enum wire_count cause, const struct session *session, uint64_t top)
{
    for (uint32_t i = 0; i < WIRE_COUNTS; i++)
        cr_expect_eq(wire->count[i] - counts_before[i], i == cause ? TIMES : 0, "%s",
                     wire_count_name((enum wire_count)i));
    cr_expect_eq(memcmp(&wire->session, session, sizeof(*session)), 0);
    cr_expect_eq(wire->replay.top, top);
    cr_expect_eq(stream_rx_assembling(&wire->rx[2]), 0);
    cr_expect_eq(wire->acks.count, 0);
}

Test(wire_forged, frames_without_the_right_checksum_are_corrupt)
{
    struct rng rng = rng_start(1, RNG_TEST, 0);
    const struct session session = wire->session;
    const uint64_t top = wire->replay.top;
    for (uint32_t i = 0; i < TIMES; i++) {
        unsigned char bytes[FRAME_HEAD_BYTES + 64];
        struct frame_head head = {
            .magic = FRAME_MAGIC,
            .version = FRAME_VERSION,
            .type = FRAME_DATA,
            .flags = FRAME_LAST,
            .head_bytes = FRAME_HEAD_BYTES,
            .from = 2,
            .stream = 1,
            .session = session.id,
            .number = 1 + rng_below(&rng, 3),
            .chunks = 1,
            .credit = (uint32_t)rng_next(&rng),
            .counter = 1 + rng_below(&rng, 100),
            .crc = (uint32_t)rng_next(&rng), /* who knows all but this */
            .length = 64,
        };
        memset(bytes, (int)i, sizeof(bytes));
        memcpy(bytes, &head, sizeof(head));
        cr_assert_not(wire_input(wire, bytes, sizeof(bytes), 0));
    }
    expect_refused(WIRE_FRAMES_CORRUPT, &session, top);
}

Test(wire_forged, frames_with_a_flipped_bit_are_refused)
{
    struct rng rng = rng_start(2, RNG_TEST, 0);
    const struct session session = wire->session;
    const uint64_t top = wire->replay.top;
    for (uint32_t i = 0; i < TIMES; i++) {
        unsigned char bytes[FRAME_HEAD_BYTES + PAYLOAD];
        const size_t count = fresh(bytes);
        bytes[rng_below(&rng, (uint32_t)count)] ^= (unsigned char)(1u << rng_below(&rng, 8));
        cr_assert_not(wire_input(wire, bytes, count, 0));
    }
    uint64_t refused = 0;
    for (uint32_t i = WIRE_FRAMES_SHORT; i <= WIRE_FRAMES_REPLAYED; i++)
        refused += wire->count[i] - counts_before[i];
    cr_expect_eq(refused, TIMES);
    cr_expect_gt(wire->count[WIRE_FRAMES_CORRUPT] - counts_before[WIRE_FRAMES_CORRUPT], TIMES / 2);
    for (uint32_t i = WIRE_FRAMES_UNPLANNED; i < WIRE_COUNTS; i++)
        cr_expect_eq(wire->count[i], counts_before[i], "%s", wire_count_name((enum wire_count)i));
    cr_expect_eq(memcmp(&wire->session, &session, sizeof(session)), 0);
    cr_expect_eq(wire->replay.top, top);
}

Test(wire_forged, frames_that_were_accepted_once_are_refused_from_then_on)
{
    static unsigned char past[100][FRAME_HEAD_BYTES + PAYLOAD];
    static size_t count[100];
    struct rng rng = rng_start(3, RNG_TEST, 0);
    struct frame frame;
    for (uint32_t i = 0; i < 100; i++) {
        count[i] = fresh(past[i]);
        wire_input(wire, past[i], count[i], 0);
    }
    struct wire_delivery delivery;
    while (wire_take(wire, &delivery))
        wire_release(wire, delivery.stream, delivery.slot);
    while (wire_output(wire, 0, &frame))
        ;
    for (uint32_t i = 0; i < WIRE_COUNTS; i++)
        counts_before[i] = wire->count[i];
    const struct session session = wire->session;
    const uint64_t top = wire->replay.top;
    const uint32_t assembling = stream_rx_assembling(&wire->rx[2]);

    for (uint32_t i = 0; i < TIMES; i++) {
        const uint32_t one = rng_below(&rng, 100);
        cr_assert_not(wire_input(wire, past[one], count[one], 0));
    }

    cr_expect_eq(stream_rx_assembling(&wire->rx[2]), assembling);
    stream_rx_abandon(&wire->rx[2]);
    expect_refused(WIRE_FRAMES_REPLAYED, &session, top);
}

Test(wire_forged, frames_of_another_run_incarnation_or_process_are_stale)
{
    const struct session session = wire->session;
    const uint64_t top = wire->replay.top;
    for (uint32_t i = 0; i < TIMES; i++) {
        unsigned char bytes[FRAME_HEAD_BYTES + PAYLOAD];
        struct frame_head head;
        const size_t count = fresh(bytes);
        memcpy(&head, bytes, sizeof(head));
        const uint16_t ids[2] = {1, 2};
        const uint32_t incarnation[2] = {1 + i % 2, 1 + i % 3};
        if (i % 6 == 0)
            head.from = 3; /* of all else it is right */
        else
            head.session = session_name(1 + i % 5 / 4, ids, incarnation);
        head.crc = frame_sum(&head, bytes + FRAME_HEAD_BYTES, head.length, NULL, 0);
        memcpy(bytes, &head, sizeof(head));
        cr_assert_not(wire_input(wire, bytes, count, 0));
    }
    expect_refused(WIRE_FRAMES_STALE, &session, top);
}

/* ------------------------------------------------------------------------------------------------ what is no plan */

static void expect_no_plan(const struct wire_config *config, const char *sentence)
{
    struct err err = {{0}};
    cr_expect_lt(wire_check(config, &err), 0);
    cr_expect_str_eq(err.text, sentence);
}

Test(wire_forged, a_wire_that_cannot_be_is_refused_with_a_sentence)
{
    static unsigned char memory[64];
    struct stream_plan plan = {.class = STREAM_EXACT,
                               .depth = 2,
                               .slots = 4,
                               .body_bytes = 8,
                               .store = memory,
                               .slot_bytes = 8};
    struct wire_config config = {.terms = {.self = 1, .peer = 2, .payload = {1344, 448}},
                                 .in = &plan,
                                 .ins = 1,
                                 .window = 2};
    struct err err;
    cr_expect_eq(wire_check(&config, &err), 0);

    plan.slots = 3;
    expect_no_plan(&config, "wire to process 2: a receiver needs a slot for each message that is "
                            "unread or under way");
    plan.slots = 4;
    plan.slot_bytes = 7;
    expect_no_plan(&config, "wire to process 2: a receiver needs memory for its slots");
    plan.slot_bytes = 8;
    plan.depth = 0;
    expect_no_plan(&config, "wire to process 2: a stream holds from 1 to 65535 messages unread");
    plan.depth = 2;
    plan.body_bytes = 0;
    expect_no_plan(&config, "wire to process 2: a body has from 1 byte to 2 GiB");
    plan.body_bytes = 8;
    plan.class = STREAM_RETURNS;
    expect_no_plan(&config, "wire to process 2: streams are control, exact, newest or sum");
    plan.class = STREAM_EXACT;
    config.window = 1;
    expect_no_plan(&config, "wire to process 2: a window has 2 to 512 frames");
    config.window = 2;
    config.terms.payload[1] = 1344;
    expect_no_plan(&config,
                   "wire to process 2: payloads are tried from the longest to the shortest");
    config.terms.payload[1] = 100;
    expect_no_plan(&config, "wire to process 2: payloads are multiples of 64 from 192 to 65472");
    config.terms.payload[1] = 0;
    config.terms.self = 2;
    expect_no_plan(&config, "wire to process 2: a process has no wire to itself");
}
