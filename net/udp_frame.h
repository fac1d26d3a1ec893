/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The LINK_OUTER bytes of Ethernet, IPv4 and UDP headers before a frame that we write ourselves.
 *
 * No options, no fragments, no checksum of UDP (0 means none in IPv4, and the wire has a better one). IPv4's own is always
 * there. Addresses and ports are in network order, as in the frame.
 */
#ifndef NET_UDP_FRAME_H
#define NET_UDP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UDP_FRAME_OUTER 42u
#define UDP_FRAME_IP_AND_UDP 28u

struct udp_end {
    uint8_t ethernet[6];
    uint32_t address;
    uint16_t port;
};

/** Headers of all frames from here to there; lengths and checksum are 0 until udp_frame_finish. */
void udp_frame_outer(uint8_t out[UDP_FRAME_OUTER], const struct udp_end *from,
                     const struct udp_end *to);

/** For the whole frame of so many bytes, at most 65535 + 14. */
void udp_frame_finish(uint8_t *frame, uint32_t bytes);

/** Is it a UDP frame to this end? Then `from` says whose it claims to be (not its Ethernet address). */
bool udp_frame_is_for(const uint8_t *frame, uint32_t bytes, const struct udp_end *to,
                      struct udp_end *from);

/** Bytes behind the headers, as IPv4 says (Ethernet fills short frames up); 0: it does not fit the frame. */
uint32_t udp_frame_payload(const uint8_t *frame, uint32_t bytes);

/** `02:00:00:00:00:01/10.0.0.1:4711` */
void udp_end_print(const struct udp_end *end, char *out, size_t bytes);
bool udp_end_parse(const char *text, struct udp_end *out);

#endif
