/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Blocks of pcapng files, as bytes: what a capture of frames needs of the format, and no more.
 *
 * A file is one section: its header, then interfaces, each before its packets, and behind these what was counted of them.
 * Integers are in the order of this host, which the header tells; blocks are multiples of 4 bytes and say their length at both
 * ends. Pure.
 *
 * Source: M. Tuexen (ed.) and others, "PCAP Now Generic (pcapng) Capture File Format", draft-ietf-opsawg-pcapng; section 4
 *         has its blocks: 4.1 section header, 4.2 interface description, 4.3 enhanced packet, 4.6 interface statistics.
 */
#ifndef NET_PCAPNG_H
#define NET_PCAPNG_H

#include <stdint.h>

#define PCAPNG_TEXT_MAX 400u   /* bytes of one text; what is longer is cut */
#define PCAPNG_BLOCK_MAX 1024u /* of all blocks here but a packet's */
#define PCAPNG_HEAD_BYTES 28u  /* of a packet's block, before the packet */
#define PCAPNG_TAIL_MAX 19u    /* behind it */

/** Type of a packet's block, the first of its 32-bit words; the second is its length. */
#define PCAPNG_PACKET 6u

/** As bits 0 and 1 of the option epb_flags say it. */
enum pcapng_direction { PCAPNG_IN = 1, PCAPNG_OUT = 2 };

/** Each returns how many bytes it wrote. */
uint32_t pcapng_section(uint8_t out[PCAPNG_BLOCK_MAX], const char *program);

/** One more interface, the first is number 0: Ethernet frames of any length, times in ns since 1970. */
uint32_t pcapng_interface(uint8_t out[PCAPNG_BLOCK_MAX], const char *name, const char *description);

/** Packets that passed an interface, and those of them that the file lacks. */
uint32_t pcapng_statistics(uint8_t out[PCAPNG_BLOCK_MAX], uint32_t interface, uint64_t at_ns,
                           uint64_t passed, uint64_t dropped);

/** Of a whole block with a packet of so many bytes. */
uint32_t pcapng_packet_bytes(uint32_t bytes);

/** What stands before a packet of so many bytes, and behind it; the tail returns its length. */
void pcapng_packet_head(uint8_t out[PCAPNG_HEAD_BYTES], uint32_t interface, uint32_t bytes,
                        uint64_t at_ns);
uint32_t pcapng_packet_tail(uint8_t out[PCAPNG_TAIL_MAX], uint32_t bytes,
                            enum pcapng_direction direction);

#endif
