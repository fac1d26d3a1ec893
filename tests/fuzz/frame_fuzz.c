/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes what a wire reads: whatever frames come, in whatever order, among whatever its owner does, it returns, stays inside
 * frame, slots and bitmaps, and what it must keep of its own holds.
 *
 * The first byte, a digit in the seeds, says how: `0` the rest is one frame as it stands; `1` it is a list of steps, each a
 * letter and what it takes, on a wire that trusts its link (no checksum lets no mutation through). Of a frame in a step,
 * magic, version, session, sender and length are put right, and its counter if it is 0.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/wire/wire_parts.h"

#define PAYLOAD 192u
#define BODY 1000u
#define STREAMS 4u

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

static struct wire *wire;
static unsigned char store[STREAMS][6 * BODY], body[BODY];
static uint64_t now_ns, counter, tokens;
static uint32_t held[STREAMS + 1]; /* slots that were taken and not given back */

static const struct stream_plan plan[STREAMS] = {
    {.class = STREAM_CONTROL, .depth = 4},
    {.class = STREAM_EXACT,
     .depth = 2,
     .slots = 6,
     .body_bytes = BODY,
     .store = store[1],
     .slot_bytes = BODY},
    {.class = STREAM_NEWEST, .slots = 4, .body_bytes = BODY, .store = store[2], .slot_bytes = BODY},
    {.class = STREAM_SUM, .slots = 3, .body_bytes = 50, .store = store[3], .slot_bytes = BODY},
};

static void start(void)
{
    static void *memory;
    const struct wire_config config = {
        .terms = {.self = 2, .peer = 1, .run = 1, .payload = {448, PAYLOAD}},
        .out = plan,
        .in = plan,
        .outs = STREAMS,
        .ins = STREAMS,
        .window = 8,
        .floor_ns = 1000,
    };
    struct err err;
    CHECK(wire_check(&config, &err) == 0);
    const size_t bytes = (wire_bytes(&config) + 63) / 64 * 64;
    if (!memory)
        memory = aligned_alloc(64, bytes);
    CHECK(memory);
    memset(memory, 0xa5, bytes);
    wire = wire_init(memory, &config);
    now_ns = counter = tokens = 0;
    memset(held, 0, sizeof(held));
    wire_open(wire, 1, 1, now_ns);
}

/** What one frame or step must leave as it is. */
static void check_wire(void)
{
    for (uint32_t s = 0; s <= STREAMS; s++) {
        const struct stream_rx *const rx = &wire->rx[s];
        const struct stream_tx *const tx = &wire->tx[s];
        if (wire->session.state != SESSION_OPEN && wire->session.state != SESSION_ENDED)
            return;
        CHECK(rx->unread <= rx->shape.depth);
        CHECK(stream_rx_assembling(rx) <= rx->shape.window);
        CHECK(tx->count <= tx->shape.window);
        CHECK(tx->lent <= tx->loans);
        CHECK(s == 0 || rx->plan.class == STREAM_CONTROL || rx->frees + held[s] <= rx->plan.slots);
    }
    CHECK(wire->count[WIRE_PUBLISHED] >=
          wire->count[WIRE_REPLACED] + wire->count[WIRE_ACKNOWLEDGED] + wire->count[WIRE_GONE]);
}

static void collect(void)
{
    struct wire_end end;
    while (wire_ended(wire, &end))
        CHECK(end.token < tokens);
}

static void input(const unsigned char *frame, size_t count)
{
    unsigned char *const exact =
        malloc(count ? count : 1); /* exact size, so that ASan sees the end */
    CHECK(exact);
    if (count > 0)
        memcpy(exact, frame, count);
    wire_input(wire, exact, count, now_ns);
    free(exact);
    collect();
    check_wire();
}

static void drain(uint32_t most)
{
    static unsigned char out[FRAME_HEAD_BYTES + 448];
    struct frame frame;
    struct frame_head head;
    for (; most > 0 && wire_output(wire, now_ns, &frame); most--) {
        CHECK(frame.head_bytes + frame.body_bytes <= sizeof(out));
        memcpy(out, frame.head, frame.head_bytes);
        if (frame.body_bytes > 0)
            memcpy(out + frame.head_bytes, frame.body, frame.body_bytes);
        CHECK(frame_read(out, frame.head_bytes + frame.body_bytes, &head) == FRAME_SOUND);
    }
}

static void take(bool gives_back)
{
    struct wire_delivery delivery;
    if (!wire_take(wire, &delivery))
        return;
    CHECK(delivery.stream >= 1 && delivery.stream <= STREAMS);
    CHECK(delivery.body_bytes <= plan[delivery.stream - 1].body_bytes);
    if (delivery.stream == 1)
        return;
    CHECK(delivery.slot < plan[delivery.stream - 1].slots);
    if (gives_back)
        wire_release(wire, delivery.stream, delivery.slot);
    else
        held[delivery.stream]++;
}

static void publish(uint32_t stream, uint32_t bytes)
{
    struct stream_tx_item old;
    const uint32_t most = stream == 1 ? 0 : plan[stream - 1].body_bytes;
    const struct stream_tx_item item = {
        .body = body, .body_bytes = bytes < most ? bytes : most, .token = tokens++};
    if (wire_state(wire) == SESSION_OPEN)
        wire_publish(wire, (uint16_t)stream, &item, now_ns, &old);
}

/** `f`: 54 bytes of header, one of length, payload. Returns the bytes used. */
static size_t step_frame(const unsigned char *bytes, size_t count)
{
    unsigned char frame[FRAME_HEAD_BYTES + 512] = {0};
    struct frame_head head;
    if (count < FRAME_HEAD_BYTES + 1)
        return count;
    memcpy(&head, bytes, sizeof(head));
    const size_t rest = count - FRAME_HEAD_BYTES - 1;
    size_t length = 2u * bytes[FRAME_HEAD_BYTES];
    length = length < rest ? length : rest;
    head.magic = FRAME_MAGIC;
    head.version = FRAME_VERSION;
    head.head_bytes = FRAME_HEAD_BYTES;
    head.from = 1;
    head.session = wire->session.id;
    head.length = (uint16_t)length;
    head.zero = 0;
    if (head.counter == 0)
        head.counter = ++counter;
    memcpy(frame, &head, sizeof(head));
    memcpy(frame + FRAME_HEAD_BYTES, bytes + FRAME_HEAD_BYTES + 1, length);
    input(frame, FRAME_HEAD_BYTES + length);
    return FRAME_HEAD_BYTES + 1 + length;
}

/** `h`: the HELLO that opens. */
static void step_hello(void)
{
    unsigned char bytes[FRAME_HEAD_BYTES + PAYLOAD] = {0};
    const struct hello hello = {
        .bytes = sizeof(hello), .step = HELLO_AGREED, .payload = PAYLOAD, .incarnation = {1, 1}};
    const struct frame_head head = {.magic = FRAME_MAGIC,
                                    .version = FRAME_VERSION,
                                    .type = FRAME_HELLO,
                                    .head_bytes = FRAME_HEAD_BYTES,
                                    .from = 1,
                                    .stream = FRAME_NO_STREAM,
                                    .session = wire->session.id,
                                    .credit = (uint32_t)wire->counter + 100,
                                    .counter = ++counter,
                                    .length = PAYLOAD};
    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + FRAME_HEAD_BYTES, &hello, sizeof(hello));
    input(bytes, sizeof(bytes));
}

static void step_reopen(void)
{
    wire_close(wire);
    collect();
    while (wire->unread.count > 0)
        take(true);
    wire_open(wire, 1, 1, now_ns);
    counter = 0;
}

/** Returns the bytes used. */
static size_t step(const unsigned char *bytes, size_t count)
{
    const unsigned char more = count > 1 ? bytes[1] : 0;
    switch (bytes[0]) {
    case 'f':
        return 1 + step_frame(bytes + 1, count - 1);
    case 'h':
        step_hello();
        return 1;
    case 'p':
        publish(1 + more % STREAMS, 8u * (more / STREAMS));
        return 2;
    case 't':
        take(true);
        return 1;
    case 'k':
        take(false);
        return 1;
    case 'o':
        drain(more);
        return 2;
    case 'w':
        now_ns += (uint64_t)more * more * 10000;
        return 2;
    case 'b':
        wire_bye(wire, now_ns);
        return 1;
    case 'c':
        step_reopen();
        return 1;
    default:
        return 1;
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count)
{
    if (count == 0)
        return 0;
    start();
    if (bytes[0] != '1') {
        input(bytes + 1, count - 1);
        return 0;
    }
    for (size_t at = 1, used; at < count; at += used) {
        used = step(bytes + at, count - at);
        check_wire();
    }
    wire_close(wire);
    collect();
    return 0;
}
