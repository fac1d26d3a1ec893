/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet, IPv4 and UDP headers against bytes and a checksum worked out by hand (RFC 791, 768). */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "net/udp_frame.h"

static struct udp_end end_of(const char *text)
{
    struct udp_end end;
    cr_assert(udp_end_parse(text, &end), "%s", text);
    return end;
}

Test(udp_frame, has_these_bytes)
{
    /* 192.168.0.1:1000 to 192.168.0.199:2000, 73 bytes behind the headers: 115 of IPv4, 0xB861 being the
       checksum of the well-known header 4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7 */
    static const uint8_t expected[UDP_FRAME_OUTER] = {
        0x02, 0, 0,    0,    0, 2,    0x02, 0,    0,    0,    0,    1,    0x08, 0,
        0x45, 0, 0,    0x73, 0, 0,    0x40, 0,    0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8,
        0,    1, 0xc0, 0xa8, 0, 0xc7, 0x03, 0xe8, 0x07, 0xd0, 0,    0x5f, 0,    0};
    const struct udp_end from = end_of("02:00:00:00:00:01/192.168.0.1:1000"),
                         to = end_of("02:00:00:00:00:02/192.168.0.199:2000");
    uint8_t frame[14 + 115] = {0};
    udp_frame_outer(frame, &from, &to);
    udp_frame_finish(frame, sizeof(frame));
    for (uint32_t i = 0; i < UDP_FRAME_OUTER; i++)
        cr_expect_eq(frame[i], expected[i], "byte %u is %02x, expected %02x", i, frame[i],
                     expected[i]);
}

Test(udp_frame, is_known_again_and_nothing_else_is)
{
    static const struct {
        uint32_t at;
        const char *what;
    } strange[] = {{12, "type"}, {14, "version"}, {23, "protocol"}, {30, "address"}, {36, "port"}};
    const struct udp_end from = end_of("02:00:00:00:00:01/10.0.0.1:1000"),
                         to = end_of("02:00:00:00:00:02/10.0.0.2:2000");
    struct udp_end found = {0};
    uint8_t frame[UDP_FRAME_OUTER + 10] = {0};
    udp_frame_outer(frame, &from, &to);
    udp_frame_finish(frame, sizeof(frame));
    cr_assert(udp_frame_is_for(frame, sizeof(frame), &to, &found));
    cr_expect(found.address == from.address && found.port == from.port);
    cr_expect_eq(udp_frame_payload(frame, sizeof(frame)), 10);
    cr_expect_not(udp_frame_is_for(frame, sizeof(frame), &from, &found),
                  "it is not for its sender");
    cr_expect_not(udp_frame_is_for(frame, UDP_FRAME_OUTER, &to, &found), "there is nothing in it");
    for (uint32_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        frame[strange[i].at] ^= 1;
        cr_expect_not(udp_frame_is_for(frame, sizeof(frame), &to, &found), "%s", strange[i].what);
        frame[strange[i].at] ^= 1;
    }
}

Test(udp_frame, believes_no_length_that_does_not_fit)
{
    const struct udp_end end = end_of("02:00:00:00:00:01/10.0.0.1:1000");
    uint8_t frame[60] = {0};
    udp_frame_outer(frame, &end, &end);
    udp_frame_finish(frame, UDP_FRAME_OUTER + 3);
    cr_expect_eq(udp_frame_payload(frame, sizeof(frame)), 3, "Ethernet filled it up to 60 bytes");
    for (uint32_t said = 0; said <= 28; said++) {
        frame[16] = 0, frame[17] = (uint8_t)said;
        cr_expect_eq(udp_frame_payload(frame, sizeof(frame)), 0);
    }
    frame[17] = sizeof(frame) - 14;
    cr_expect_eq(udp_frame_payload(frame, sizeof(frame)), sizeof(frame) - UDP_FRAME_OUTER);
    frame[17]++;
    cr_expect_eq(udp_frame_payload(frame, sizeof(frame)), 0, "longer than what came");
    frame[16] = 0xff;
    cr_expect_eq(udp_frame_payload(frame, sizeof(frame)), 0);
}

Test(udp_frame, ends_are_read_as_they_are_written_and_refused_otherwise)
{
    static const char *const wrong[] = {"",
                                        "02:00:00:00:00:01",
                                        "02:00:00:00:00:01/10.0.0.1",
                                        "02:00:00:00:00:01/10.0.0.1:0",
                                        "02:00:00:00:00:01/10.0.0.1:65536",
                                        "02:00:00:00:00:01/10.0.0.1:7 ",
                                        "02:00:00:00:00/10.0.0.1:7",
                                        "02:00:00:00:00:0g/10.0.0.1:7",
                                        "02:00:00:00:00:01/10.0.0:7",
                                        "02:00:00:00:00:01/1111.1111.1111.1111:7",
                                        "10.0.0.1:7"};
    static const char text[] = "02:ab:00:00:00:01/10.0.0.1:4711";
    struct udp_end end = end_of(text);
    char again[64];
    udp_end_print(&end, again, sizeof(again));
    cr_expect_str_eq(again, text);
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_expect_not(udp_end_parse(wrong[i], &end), "%s", wrong[i]);
}
