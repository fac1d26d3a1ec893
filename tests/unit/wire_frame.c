/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of a header, and every way in which a frame can be shorter, longer or other than it says. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/ack.h"
#include "core/wire/frame.h"
#include "core/wire/hello.h"

static const struct frame_head golden = {
    .magic = FRAME_MAGIC,
    .version = FRAME_VERSION,
    .type = FRAME_DATA,
    .flags = FRAME_RESENT,
    .head_bytes = FRAME_HEAD_BYTES,
    .from = 0x0102,
    .stream = 0x0304,
    .session = 0x05060708,
    .number = 0x11121314,
    .chunk = 0x21222324,
    .chunks = 0x31323334,
    .credit = 0x41424344,
    .counter = 0x5152535455565758,
    .tx_ns = 0x6162636465666768,
    .crc = 0x71727374,
    .length = 0x0140,
};

Test(wire_frame, a_header_has_these_bytes)
{
    static const unsigned char want[FRAME_HEAD_BYTES] = {
        0x44, 0x57, 0x01, 0x03, 0x02, 0x36, 0x02, 0x01, 0x04, 0x03, 0x08, 0x07, 0x06, 0x05,
        0x14, 0x13, 0x12, 0x11, 0x24, 0x23, 0x22, 0x21, 0x34, 0x33, 0x32, 0x31, 0x44, 0x43,
        0x42, 0x41, 0x58, 0x57, 0x56, 0x55, 0x54, 0x53, 0x52, 0x51, 0x68, 0x67, 0x66, 0x65,
        0x64, 0x63, 0x62, 0x61, 0x74, 0x73, 0x72, 0x71, 0x40, 0x01, 0x00, 0x00,
    };

    cr_expect_arr_eq(&golden, want, sizeof(want));
}

Test(wire_frame, every_field_has_its_place)
{
    cr_expect_eq(offsetof(struct frame_head, version), 2);
    cr_expect_eq(offsetof(struct frame_head, type), 3);
    cr_expect_eq(offsetof(struct frame_head, flags), 4);
    cr_expect_eq(offsetof(struct frame_head, head_bytes), 5);
    cr_expect_eq(offsetof(struct frame_head, from), 6);
    cr_expect_eq(offsetof(struct frame_head, stream), 8);
    cr_expect_eq(offsetof(struct frame_head, session), 10);
    cr_expect_eq(offsetof(struct frame_head, number), 14);
    cr_expect_eq(offsetof(struct frame_head, chunk), 18);
    cr_expect_eq(offsetof(struct frame_head, chunks), 22);
    cr_expect_eq(offsetof(struct frame_head, credit), 26);
    cr_expect_eq(offsetof(struct frame_head, counter), 30);
    cr_expect_eq(offsetof(struct frame_head, tx_ns), 38);
    cr_expect_eq(offsetof(struct frame_head, crc), 46);
    cr_expect_eq(offsetof(struct frame_head, length), 50);
    cr_expect_eq(offsetof(struct frame_head, zero), 52);
    cr_expect_eq(FRAME_LINK_BYTES + FRAME_HEAD_BYTES, 96,
                 "payloads begin at a whole line and a half");
}

Test(wire_frame, the_checksum_is_that_of_the_bytes_with_zero_in_its_place)
{
    unsigned char payload[32];
    memset(payload, 7, sizeof(payload));
    struct frame_head head = golden;

    const uint32_t sum = frame_sum(&head, payload, 20, payload + 20, 12);

    cr_expect_eq(sum, 0x71245ab7, "by another program, bit by bit");
    head.crc = 0;
    cr_expect_eq(frame_sum(&head, payload, 32, NULL, 0), sum);
    head.counter ^= 1;
    cr_expect_neq(frame_sum(&head, payload, 32, NULL, 0), sum);
}

/* ------------------------------------------------------------------------------------------------ one of each type */

#define FRAME_BYTES_MAX (FRAME_HEAD_BYTES + 512u)

/** A sound frame of `type`. Returns its bytes. */
static size_t make(enum frame_type type, unsigned char bytes[FRAME_BYTES_MAX])
{
    static const uint16_t length[FRAME_TYPE_LAST + 1] = {
        [FRAME_HELLO] = sizeof(struct hello),
        [FRAME_HELLO_ACK] = 192,
        [FRAME_DATA] = 64,
        [FRAME_ACK] = sizeof(struct ack_fixed) + 16,
        [FRAME_ECHO] = sizeof(struct frame_echo),
        [FRAME_BYE] = sizeof(struct frame_bye),
    };
    const bool is_of_stream = type == FRAME_DATA || type == FRAME_ACK || type == FRAME_PROBE;
    const struct frame_head head = {
        .magic = FRAME_MAGIC,
        .version = FRAME_VERSION,
        .type = (uint8_t)type,
        .flags = type == FRAME_DATA ? FRAME_LAST : 0,
        .head_bytes = FRAME_HEAD_BYTES,
        .stream = is_of_stream ? 3 : FRAME_NO_STREAM,
        .number = type == FRAME_DATA,
        .chunks = type == FRAME_DATA,
        .counter = 1,
        .length = length[type],
    };
    memset(bytes, 0, FRAME_BYTES_MAX);
    memcpy(bytes, &head, sizeof(head));
    return FRAME_HEAD_BYTES + head.length;
}

static enum frame_fault read_exactly(const unsigned char *bytes, size_t count)
{
    struct frame_head head;
    unsigned char *const exact = malloc(count ? count : 1); /* so that a sanitizer sees its end */
    cr_assert_not_null(exact);
    memcpy(exact, bytes, count);
    const enum frame_fault fault = frame_read(exact, count, &head);
    free(exact);
    return fault;
}

Test(wire_frame, one_of_each_type_is_sound_and_any_other_length_of_it_is_not)
{
    unsigned char bytes[FRAME_BYTES_MAX];
    for (uint32_t type = FRAME_HELLO; type <= FRAME_TYPE_LAST; type++) {
        const size_t count = make((enum frame_type)type, bytes);
        cr_expect_eq(read_exactly(bytes, count), FRAME_SOUND, "type %u", type);
        for (size_t cut = 0; cut < count; cut++)
            cr_expect_eq(read_exactly(bytes, cut), FRAME_SHORT, "type %u cut at %zu", type, cut);
        cr_expect_eq(read_exactly(bytes, count + 1), FRAME_ODD, "type %u", type);
    }
}

Test(wire_frame, a_length_that_its_type_cannot_have_is_odd)
{
    static const struct {
        enum frame_type type;
        uint16_t length;
    } odd[] = {
        {FRAME_HELLO, sizeof(struct hello) - 1},
        {FRAME_HELLO_ACK, 0},
        {FRAME_DATA, 0},
        {FRAME_ACK, sizeof(struct ack_fixed) - 8},
        {FRAME_ACK, sizeof(struct ack_fixed) + 4},
        {FRAME_PROBE, 1},
        {FRAME_ECHO, 15},
        {FRAME_ECHO, 17},
        {FRAME_BYE, 8},
    };
    unsigned char bytes[FRAME_BYTES_MAX];
    for (uint32_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        make(odd[i].type, bytes);
        memcpy(bytes + offsetof(struct frame_head, length), &odd[i].length, 2);
        cr_expect_eq(read_exactly(bytes, (size_t)FRAME_HEAD_BYTES + odd[i].length), FRAME_ODD,
                     "type %u length %u", odd[i].type, odd[i].length);
    }
}

static void expect_fault(enum frame_type type, size_t offset, unsigned char value,
                         enum frame_fault fault)
{
    unsigned char bytes[FRAME_BYTES_MAX];
    const size_t count = make(type, bytes);
    bytes[offset] = value;
    cr_expect_eq(read_exactly(bytes, count), fault, "type %u byte %zu = %u", type, offset, value);
}

Test(wire_frame, another_protocol_version_or_type_is_foreign)
{
    expect_fault(FRAME_DATA, 0, 0x45, FRAME_FOREIGN);
    expect_fault(FRAME_DATA, 1, 0x58, FRAME_FOREIGN);
    expect_fault(FRAME_DATA, 2, 2, FRAME_FOREIGN);
    expect_fault(FRAME_DATA, 3, 0, FRAME_FOREIGN);
    expect_fault(FRAME_DATA, 3, FRAME_TYPE_LAST + 1, FRAME_FOREIGN);
    expect_fault(FRAME_DATA, 5, FRAME_HEAD_BYTES + 2, FRAME_FOREIGN);
}

Test(wire_frame, fields_that_contradict_each_other_are_odd)
{
    expect_fault(FRAME_DATA, offsetof(struct frame_head, flags), 8 | FRAME_LAST, FRAME_ODD);
    expect_fault(FRAME_DATA, offsetof(struct frame_head, flags), FRAME_KEYPHASE | FRAME_LAST,
                 FRAME_ODD);
    expect_fault(FRAME_DATA, offsetof(struct frame_head, flags), 0, FRAME_ODD);
    expect_fault(FRAME_DATA, offsetof(struct frame_head, chunk), 1, FRAME_ODD);
    expect_fault(FRAME_DATA, offsetof(struct frame_head, chunks), 0, FRAME_ODD);
    expect_fault(FRAME_DATA, offsetof(struct frame_head, chunks), 2, FRAME_ODD);
    expect_fault(FRAME_DATA, offsetof(struct frame_head, counter), 0, FRAME_ODD);
    expect_fault(FRAME_DATA, offsetof(struct frame_head, zero), 1, FRAME_ODD);
    expect_fault(FRAME_ACK, offsetof(struct frame_head, number), 1, FRAME_ODD);
    expect_fault(FRAME_PROBE, offsetof(struct frame_head, chunks), 1, FRAME_ODD);
    expect_fault(FRAME_BYE, offsetof(struct frame_head, stream), 1, FRAME_ODD);
}

Test(wire_frame, data_of_no_stream_is_odd)
{
    unsigned char bytes[FRAME_BYTES_MAX];
    const size_t count = make(FRAME_DATA, bytes);
    memset(bytes + offsetof(struct frame_head, stream), 0xff, 2);

    cr_expect_eq(read_exactly(bytes, count), FRAME_ODD);
}

Test(wire_frame, numbers_are_compared_across_their_wrap)
{
    cr_expect_gt(frame_compare(2, 1), 0);
    cr_expect_gt(frame_compare(3, UINT32_MAX - 4), 0);
    cr_expect_lt(frame_compare(UINT32_MAX, 0), 0);
    cr_expect_eq(frame_compare(5, 5), 0);
}
