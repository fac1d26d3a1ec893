/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A frame between two processes: 54 bytes of header, then what its type says.
 *
 * The header lies as it is sent, little-endian, without holes. Below it a link has 42 bytes of Ethernet, IPv4 and UDP (or
 * leaves them free), so that every field of the header is aligned in the frame and its payload begins at byte 96.
 *
 * harness/doc/wire.md draws it byte by byte.
 */
#ifndef CORE_WIRE_FRAME_H
#define CORE_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_LINK_BYTES 42u
#define FRAME_HEAD_BYTES 54u
#define FRAME_PAYLOAD_MAX 65472u /* a whole number of lines that `length` can say */
#define FRAME_MAGIC 0x5744u      /* "DW" */
#define FRAME_VERSION 1u
#define FRAME_NO_STREAM 0xffffu /* what belongs to the pair of processes and to no stream of it */

enum frame_type {
    FRAME_HELLO = 1, /* asks for a session: hello.h */
    FRAME_HELLO_ACK, /* and its answer */
    FRAME_DATA,      /* one chunk of one message */
    FRAME_ACK,       /* what a receiver has: ack.h */
    FRAME_PROBE, /* asks for an ACK of `stream`, or for an ECHO when it names no stream; no payload */
    FRAME_ECHO, /* two times of the answering clock */
    FRAME_BYE,  /* the sender will publish nothing more, and how many frames it has sent */
    FRAME_TYPE_LAST = FRAME_BYE,
};

enum frame_flag {
    FRAME_LAST = 1,     /* DATA: the last chunk of its message; BYE: asks for no answer */
    FRAME_RESENT = 2,   /* DATA: was sent before, under another counter */
    FRAME_KEYPHASE = 4, /* which of two keys sealed it; 0 in frames that are not sealed */
    FRAME_FLAGS_ALL = 7,
};

struct frame_head {
    uint16_t magic;
    uint8_t version;
    uint8_t type;       /* enum frame_type */
    uint8_t flags;      /* enum frame_flag */
    uint8_t head_bytes; /* FRAME_HEAD_BYTES */
    uint16_t from;      /* id of the process that sends */
    uint16_t stream;
    uint32_t session;
    uint32_t number; /* DATA: of the message in its stream: 1, 2, 3, … */
    uint32_t chunk;  /* DATA: which part, in [0, chunks) */
    uint32_t chunks; /* DATA: how many parts the message has */
    uint32_t credit; /* DATA may be sent while its counter, in 32 bits, is not beyond this */
    uint64_t
        counter; /* of this frame in its session and direction, from 1; never used twice, not for what is sent again */
    uint64_t tx_ns;  /* the sender's clock as it leaves */
    uint32_t crc;    /* CRC32C of header, with 0 here, and payload; 0 where a link is trusted */
    uint16_t length; /* bytes of payload */
    uint16_t zero;
} __attribute__((packed));
_Static_assert(sizeof(struct frame_head) == FRAME_HEAD_BYTES, "the header as it is sent");
_Static_assert((FRAME_LINK_BYTES + offsetof(struct frame_head, session)) % 4 == 0, "aligned");
_Static_assert((FRAME_LINK_BYTES + offsetof(struct frame_head, counter)) % 8 == 0, "aligned");
_Static_assert((FRAME_LINK_BYTES + offsetof(struct frame_head, crc)) % 4 == 0, "aligned");

/** A frame on its way out. Both parts are borrowed; together they are `head.length` more bytes than a header. */
struct frame {
    const unsigned char *head; /* the header and what follows it directly */
    const unsigned char *body; /* the rest, in somebody else's memory; NULL: there is none */
    uint32_t head_bytes, body_bytes;
};

/** ECHO. The third time, when it was sent, is `tx_ns` of its header. */
struct frame_echo {
    uint64_t asked_ns;    /* tx_ns of the PROBE, by the asker's clock */
    uint64_t received_ns; /* when that came, by the answerer's */
};

/** BYE. Its own counter says how many frames its sender has sent. */
struct frame_bye {
    uint64_t received; /* frames that its sender has accepted, each once */
    uint8_t heard;     /* its sender has a BYE of the other end */
    uint8_t zero[7];
};

enum frame_fault {
    FRAME_SOUND,
    FRAME_SHORT,   /* fewer bytes than a header, or than it says */
    FRAME_FOREIGN, /* another protocol or version */
    FRAME_ODD,     /* fields that contradict each other */
};

/** Copy the header out of `count` bytes and judge the copy by all that needs no plan. */
enum frame_fault frame_read(const unsigned char *bytes, size_t count, struct frame_head *out);

/** CRC32C of header (with `crc` taken as 0) and payload in one or two parts; `more` may be NULL. */
uint32_t frame_sum(const struct frame_head *head, const void *payload, size_t bytes,
                   const void *more, size_t more_bytes);

/** -, 0 or + as a is before, at or after b, where both wrap: right while they are less than 2^31 apart. */
static inline int32_t frame_compare(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

#endif
