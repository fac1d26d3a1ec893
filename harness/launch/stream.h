/* SPDX-License-Identifier: BSD-3-Clause */
/** Words over a stream socket, with deadlines. Internal to harness/launch. */
#ifndef HARNESS_LAUNCH_STREAM_H
#define HARNESS_LAUNCH_STREAM_H

#include <stdbool.h>
#include <stdint.h>

/** What stands before each word. */
struct stream_head {
    uint32_t magic;
    uint32_t rank; /* of the sender */
    uint32_t round;
    uint32_t bytes; /* of the word behind it */
};
#define STREAM_MAGIC UINT32_C(0x44574831)
#define STREAM_ANYBODY UINT32_MAX

/** A connection, and the word that is coming in over it. */
struct stream {
    int fd; /* -1: none */
    struct stream_head head;
    uint32_t got;  /* bytes of head and word so far */
    uint8_t *word; /* [room] */
    uint32_t room;
};

uint64_t stream_now_ms(void);

/** IPv4 "address:port". False: it is none. */
bool stream_parse(const char *place, uint32_t *address, uint16_t *port);

/** Sets the socket up: never waits, sends small words at once. */
void stream_take(struct stream *self, int fd);
void stream_close(struct stream *self);

/**
 * Goes on receiving a word of at most `bytes_max` from `rank` (or STREAM_ANYBODY) in `round`. 1: it is whole; 0: not yet; or -errno: the
 * connection ended, or what comes is no such word (-EPROTO).
 */
int stream_receive(struct stream *self, uint32_t rank, uint32_t round, uint32_t bytes_max);

/** Ready for the next word. */
void stream_next(struct stream *self);

/** `stop`: see hub_open. */
static inline bool stream_is_stopped(bool (*stop)(void))
{
    return stop && stop();
}

/** All of it until `deadline_ms`, or -errno. */
int stream_send(struct stream *self, const struct stream_head *head, const void *word,
                uint64_t deadline_ms, bool (*stop)(void));

/** This host's own address, as the other end reaches it. [16] */
void stream_address(const struct stream *self, char out[16]);

#endif
