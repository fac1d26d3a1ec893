/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Written by hand, though DPDK has a library for it (rte_pcapng): that one takes packets of DPDK's own pools and names ports of
 * DPDK as interfaces, and udp, the link between any two hosts, knows neither and starts no DPDK.
 */
#include "net/pcapng.h"

#include <string.h>

enum block { SECTION = 0x0A0D0D0A, INTERFACE = 1, STATISTICS = 5 };

/* Codes of options; they are counted anew for each type of block. */
enum option {
    END = 0,
    SECTION_PROGRAM = 4,
    INTERFACE_NAME = 2,
    INTERFACE_DESCRIPTION = 3,
    INTERFACE_RESOLUTION = 9,
    PACKET_FLAGS = 2,
    STATISTICS_PASSED = 4,
    STATISTICS_DROPPED = 5
};

#define BYTE_ORDER_MAGIC 0x1A2B3C4Du
#define LINKTYPE_ETHERNET 1u
#define NANOSECONDS 9u /* if_tsresol: a negative power of 10 */

/** A block in the making. */
struct block_of {
    uint8_t *at;
    uint32_t bytes;
};

static void put(struct block_of *self, const void *from, uint32_t bytes)
{
    memcpy(self->at + self->bytes, from, bytes);
    self->bytes += bytes;
}

static void put_16(struct block_of *self, uint32_t value)
{
    const uint16_t half = (uint16_t)value;
    put(self, &half, sizeof(half));
}

static void put_32(struct block_of *self, uint32_t value)
{
    put(self, &value, sizeof(value));
}

/** A time is two words, the higher first, whatever the order of bytes. */
static void put_time(struct block_of *self, uint64_t at_ns)
{
    put_32(self, (uint32_t)(at_ns >> 32));
    put_32(self, (uint32_t)at_ns);
}

/** Bytes up to a whole word. */
static uint32_t padding(uint32_t bytes)
{
    return -bytes & 3u;
}

static void put_option(struct block_of *self, enum option code, const void *value, uint32_t bytes)
{
    static const uint8_t zeros[4] = {0};
    put_16(self, code);
    put_16(self, bytes);
    put(self, value, bytes);
    put(self, zeros, padding(bytes));
}

/** Absent where there is nothing to say. */
static void put_text(struct block_of *self, enum option code, const char *text)
{
    const uint32_t bytes = (uint32_t)strnlen(text, PCAPNG_TEXT_MAX);
    if (bytes > 0)
        put_option(self, code, text, bytes);
}

static struct block_of begin(uint8_t *out, uint32_t type)
{
    struct block_of self = {.at = out};
    put_32(&self, type);
    put_32(&self, 0); /* until its length is known */
    return self;
}

static uint32_t end(struct block_of *self)
{
    put_option(self, END, "", 0);
    const uint32_t length = self->bytes + (uint32_t)sizeof(length);
    put_32(self, length);
    memcpy(self->at + 4, &length, sizeof(length));
    return length;
}

uint32_t pcapng_section(uint8_t out[PCAPNG_BLOCK_MAX], const char *program)
{
    static const uint64_t unknown = UINT64_MAX; /* the section's length, which is not told */
    struct block_of self = begin(out, SECTION);
    put_32(&self, BYTE_ORDER_MAGIC);
    put_16(&self, 1); /* version 1.0 */
    put_16(&self, 0);
    put(&self, &unknown, sizeof(unknown));
    put_text(&self, SECTION_PROGRAM, program);
    return end(&self);
}

uint32_t pcapng_interface(uint8_t out[PCAPNG_BLOCK_MAX], const char *name, const char *description)
{
    static const uint8_t resolution = NANOSECONDS;
    struct block_of self = begin(out, INTERFACE);
    put_16(&self, LINKTYPE_ETHERNET);
    put_16(&self, 0);
    put_32(&self, 0); /* frames are never cut */
    put_text(&self, INTERFACE_NAME, name);
    put_text(&self, INTERFACE_DESCRIPTION, description);
    put_option(&self, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
    return end(&self);
}

uint32_t pcapng_statistics(uint8_t out[PCAPNG_BLOCK_MAX], uint32_t interface, uint64_t at_ns,
                           uint64_t passed, uint64_t dropped)
{
    struct block_of self = begin(out, STATISTICS);
    put_32(&self, interface);
    put_time(&self, at_ns);
    put_option(&self, STATISTICS_PASSED, &passed, sizeof(passed));
    put_option(&self, STATISTICS_DROPPED, &dropped, sizeof(dropped));
    return end(&self);
}

/** Behind a packet: filled up to a word; flags, 4 + 4; end of options, 4; length, 4. */
static uint32_t tail_bytes(uint32_t bytes)
{
    return padding(bytes) + 16;
}

uint32_t pcapng_packet_bytes(uint32_t bytes)
{
    return PCAPNG_HEAD_BYTES + bytes + tail_bytes(bytes);
}

void pcapng_packet_head(uint8_t out[PCAPNG_HEAD_BYTES], uint32_t interface, uint32_t bytes,
                        uint64_t at_ns)
{
    struct block_of self = {.at = out};
    put_32(&self, PCAPNG_PACKET);
    put_32(&self, pcapng_packet_bytes(bytes));
    put_32(&self, interface);
    put_time(&self, at_ns);
    put_32(&self, bytes); /* here … */
    put_32(&self, bytes); /* … and on the way */
}

uint32_t pcapng_packet_tail(uint8_t out[PCAPNG_TAIL_MAX], uint32_t bytes,
                            enum pcapng_direction direction)
{
    static const uint8_t zeros[4] = {0};
    const uint32_t flags = direction;
    struct block_of self = {.at = out};
    put(&self, zeros, padding(bytes));
    put_option(&self, PACKET_FLAGS, &flags, sizeof(flags));
    put_option(&self, END, "", 0);
    put_32(&self, pcapng_packet_bytes(bytes));
    return self.bytes;
}
