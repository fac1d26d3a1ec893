/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams alone: how messages are cut, and a message of 6242 chunks whose ACK does not fit a frame. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/bitmap.h"
#include "core/wire/stream_rx.h"
#include "core/wire/stream_tx.h"

Test(wire_stream, messages_are_cut_into_chunks_of_a_payload)
{
    const struct stream_plan control = {.class = STREAM_CONTROL, .depth = 100};
    const struct stream_plan newest = {.class = STREAM_NEWEST, .slots = 2, .body_bytes = 8388608};
    const struct stream_plan exact = {
        .class = STREAM_EXACT, .depth = 5, .slots = 10, .body_bytes = 1216};

    cr_expect_eq(stream_shape(&control, 1344).chunks_max, 1);
    cr_expect_eq(stream_shape(&control, 1344).window, STREAM_WINDOW_MAX);
    cr_expect_eq(stream_shape(&control, 1344).depth, 100);
    cr_expect_eq(stream_shape(&newest, 1344).chunks_max, 6242, "8 MiB behind a prefix of 128");
    cr_expect_eq(stream_shape(&newest, 1344).window, 1);
    cr_expect_eq(stream_shape(&newest, 16384).chunks_max, 513);
    cr_expect_eq(stream_shape(&exact, 1344).chunks_max, 1, "prefix and body fill it");
    cr_expect_eq(stream_shape(&exact, 1344).window, 5);
}

/* -------------------------------------------------------------------------------------- both ends, frames by hand */

#define PAYLOAD 192u
#define CHUNKS 6242u
#define BODY (CHUNKS * PAYLOAD - STREAM_PREFIX_BYTES)

static struct stream_tx tx;
static struct stream_rx rx;
static unsigned char *body, *store;
static void *memory;
static struct ack ack;
static uint32_t counter;

static void set_up(void)
{
    body = malloc(BODY);
    store = calloc(4, BODY);
    cr_assert(body && store);
    for (uint32_t i = 0; i < BODY; i++)
        body[i] = (unsigned char)(i * 2654435761u >> 24);
    const struct stream_plan plan = {.class = STREAM_EXACT,
                                     .depth = 2,
                                     .slots = 4,
                                     .body_bytes = BODY,
                                     .store = store,
                                     .slot_bytes = BODY};
    struct layout size = {0};
    stream_tx_lay_out(NULL, &plan, 1, PAYLOAD, &size);
    stream_rx_lay_out(NULL, &plan, 1, PAYLOAD, &size);
    memory = aligned_alloc(64, (size.used + 63) / 64 * 64);
    cr_assert_not_null(memory);
    struct layout layout = {.base = memory};
    stream_tx_lay_out(&tx, &plan, 1, PAYLOAD, &layout);
    stream_rx_lay_out(&rx, &plan, 1, PAYLOAD, &layout);
    const struct frame_head template = {.magic = FRAME_MAGIC};
    stream_tx_start(&tx, PAYLOAD, &template);
    stream_rx_init(&rx);
    stream_rx_start(&rx, PAYLOAD);
    counter = 0;
}
static void tear_down(void)
{
    free(body);
    free(store);
    free(memory);
}
TestSuite(wire_stream, .init = set_up, .fini = tear_down);

/** Send all that is due; of it, let come what `comes` says. Returns how many left. */
static uint32_t send_all(bool (*comes)(uint32_t number, uint32_t chunk))
{
    uint32_t sent = 0;
    for (; tx.rows_due; sent++) {
        unsigned char payload[PAYLOAD];
        struct frame frame;
        struct frame_head *head;
        bool hole;
        stream_tx_next(&tx, ++counter, &frame, &head);
        const uint32_t in_head = frame.head_bytes - FRAME_HEAD_BYTES;
        memcpy(payload, frame.head + FRAME_HEAD_BYTES, in_head);
        if (frame.body_bytes > 0)
            memcpy(payload + in_head, frame.body, frame.body_bytes);
        cr_assert_eq(in_head + frame.body_bytes, head->length);
        if (comes(head->number, head->chunk))
            cr_assert_leq(stream_rx_data(&rx, head, payload, &hole), STREAM_RX_WHOLE);
    }
    return sent;
}

static bool all(uint32_t number, uint32_t chunk)
{
    return number + chunk > 0;
}

static bool every_second(uint32_t number, uint32_t chunk)
{
    return (number + chunk) % 2 == 0;
}

static bool but_one(uint32_t number, uint32_t chunk)
{
    return number != 1 || chunk != 0;
}

static void publish(uint32_t count)
{
    const struct stream_tx_item item = {.body = body, .body_bytes = BODY};
    for (uint32_t i = 0; i < count; i++)
        stream_tx_begin(&tx, &item, 0);
}

/** An ACK with room for `words`. True: it was cut. */
static bool acknowledge(uint32_t words)
{
    stream_rx_report(&rx, words, &ack);
    cr_assert_leq(ack.count, words);
    ack.fixed.seen = counter + STREAM_REORDER;
    cr_assert(stream_tx_believes(&tx, &ack));
    stream_tx_acknowledge(&tx, &ack);
    return (ack.fixed.flags & ACK_CUT) != 0;
}

Test(wire_stream, all_chunks_of_a_long_message_come_to_their_place)
{
    publish(1);
    cr_expect_eq(send_all(all), CHUNKS);

    uint32_t superseded = 0;
    cr_expect_eq(stream_rx_advance(&rx, &superseded), 1);
    const struct stream_rx_message *const message = stream_rx_first(&rx);
    cr_assert_not_null(message);
    cr_expect_eq(message->bytes, CHUNKS * PAYLOAD);
    cr_expect_eq(memcmp(store + message->slot * (size_t)BODY, body, BODY), 0);
}

/* A short bitmap whose end counted as "nothing behind it" would have everything behind it sent again. */
Test(wire_stream, an_ack_that_is_cut_says_nothing_of_what_is_behind_it)
{
    publish(2);
    send_all(every_second);

    cr_expect(acknowledge(4));
    uint32_t due = 0;
    for (uint32_t w = 0; w < tx.shape.words; w++)
        due += (uint32_t)__builtin_popcountll(tx.due[w]);
    cr_expect_eq(due, 128, "the lost ones of 256");
    cr_expect_eq(send_all(all), 128);
}

Test(wire_stream, a_cut_ack_moves_on_until_all_is_there)
{
    publish(2);
    uint32_t rounds = 0, sent = send_all(every_second);
    cr_expect_eq(sent, 2 * CHUNKS);
    for (uint32_t superseded = 0; rx.next < 3 && rounds < 200; rounds++) {
        acknowledge(4);
        sent += send_all(all);
        stream_rx_advance(&rx, &superseded);
    }
    cr_expect_eq(rx.next, 3);
    cr_expect_eq(sent, 3 * CHUNKS, "each lost one once more");
    cr_expect_geq(rounds, 2 * CHUNKS / 256, "four words at a time");
}

Test(wire_stream, one_missing_chunk_at_the_beginning_makes_the_longest_bitmap)
{
    publish(2);
    send_all(but_one);

    cr_expect_not(acknowledge(ACK_WORDS_MAX));
    cr_expect_eq(ack.fixed.base, 0);
    cr_expect_eq(ack.count, 2 * bitmap_words(CHUNKS));
    cr_expect_eq(ack.word[0], ~UINT64_C(1));
    cr_expect_eq(send_all(all), 1);
}

Test(wire_stream, words_in_front_of_the_first_hole_are_left_out)
{
    publish(1);
    for (uint32_t chunk = 0; chunk < 130; chunk++) {
        struct frame frame;
        struct frame_head *head;
        unsigned char payload[PAYLOAD] = {0};
        bool hole;
        stream_tx_next(&tx, ++counter, &frame, &head);
        stream_rx_data(&rx, head, payload, &hole);
    }
    cr_expect_not(acknowledge(4));
    cr_expect_eq(ack.fixed.base, 2);
    cr_expect_eq(ack.count, 1);
    cr_expect_eq(ack.word[0], 3);
}

Test(wire_stream, numbers_wrap)
{
    tx.first = UINT32_MAX;
    rx.next = UINT32_MAX;
    publish(2);
    send_all(every_second);
    acknowledge(ACK_WORDS_MAX);
    send_all(all);

    uint32_t superseded = 0;
    cr_expect_eq(stream_rx_advance(&rx, &superseded), 2);
    cr_expect_eq(rx.next, 1);
    stream_rx_report(&rx, ACK_WORDS_MAX, &ack);
    cr_expect(stream_tx_believes(&tx, &ack));
    stream_tx_end(&tx);
    stream_tx_end(&tx);
    cr_expect_eq(tx.first, 1);
    cr_expect_eq(tx.lent, 2, "loans are out until they are returned");
}
