/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Links: what carries frames from this process to its peers. One row each; everything above (core/wire) is the same for all.
 *
 * A link moves frames and promises nothing: it may lose them, repeat them, or change their order, unless its row says
 * `lossless`. It is used by one thread at a time. Set-up has three steps, because ends must know of each other first:
 * link_open here and there, exchange of link_address by whatever way the processes have, link_connect.
 *
 * A frame begins with LINK_OUTER bytes that belong to the link (Ethernet, IPv4 and UDP headers, where it has any), so that
 * the header of the wire lies at LINK_OUTER in every frame of every link and its payload at a multiple of 32.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define LINK_OUTER 42u
#define LINK_BURST 32u        /* frames of one call at most */
#define LINK_ADDRESS_MAX 128u /* bytes of an address, as text with its end */
#define LINK_PEERS_MAX 4096u

struct link_config {
    uint32_t process;      /* this one's number */
    uint32_t peer_count;   /* 1 to LINK_PEERS_MAX */
    const uint32_t *peers; /* [peer_count] their numbers, ascending; borrowed */
    uint64_t run;          /* names the run: ends of different runs never meet */
    const char *interface; /* or NULL */
    const char *address;   /* own IPv4 address, or NULL: the row's default */
    uint32_t payload_max; /* bytes after LINK_OUTER that are wanted at most; 0: the row's default */
};

/** A frame to send: a header and a payload that need not lie together. Borrowed for the call only. */
struct link_out {
    const uint8_t *head, *body;
    uint32_t head_bytes,
        body_bytes; /* of the header 1 or more; together payload_max of the link at most */
};

/** A frame that came: `at` is the wire's header, LINK_OUTER bytes into the frame. Valid until link_release. */
struct link_in {
    const uint8_t *at;
    uint32_t bytes;
    uint32_t peer; /* index, as far as the link can tell; a frame may claim to be of anybody */
    void *own;     /* the link's */
};

/** Frames, ever; a frame that was sent and not received was lost on the way, or is still on it. */
struct link_counts {
    uint64_t sent, received;
    uint64_t refused; /* the link had no room; the caller keeps the frame */
    uint64_t
        overflow; /* received by the host and dropped before this process took them, as far as the host tells */
    uint64_t malformed; /* too short or too long for a frame */
    uint64_t captured;  /* of those sent and received, kept for a capture (link_capture.h) */
};

enum link_bypass { LINK_KERNEL, LINK_SHARED_MEMORY, LINK_COPY, LINK_ZERO_COPY, LINK_NOTHING };

struct link {
    const struct link_ops *ops; /* first: ops cast back */
    struct link_counts counts;
    uint32_t payload_max;    /* bytes after LINK_OUTER of one frame */
    enum link_bypass bypass; /* as negotiated */
};

struct link_ops {
    const char *name, *help;
    enum link_bypass bypass; /* at best */
    bool lossless;
    bool local;      /* only between processes of one host */
    bool needs_dpdk; /* before it is opened */
    uint32_t peers_max;
    /** A sentence why it cannot be used on this host, with the remedy, in `text`; false: it can. */
    bool (*why_not)(char *text, uint32_t bytes);
    /** Returns a link, or NULL with a sentence. */
    struct link *(*open)(const struct link_config *config, struct err *err);
    /** Where `peer` (an index) reaches this end. */
    void (*address)(const struct link *self, uint32_t peer, char out[LINK_ADDRESS_MAX]);
    /** The peer's own word, hostile until checked. 0; -EAGAIN: not yet, try again; else -errno with a sentence. */
    int (*connect)(struct link *self, uint32_t peer, const char *address, struct err *err);
    /** Frames taken, in order; the others stay the caller's. */
    uint32_t (*send)(struct link *self, uint32_t peer, const struct link_out *frame,
                     uint32_t count);
    /** Never waits. */
    uint32_t (*receive)(struct link *self, struct link_in *out, uint32_t max);
    void (*release)(struct link *self, const struct link_in *in, uint32_t count);
    /** Frames of one peer that may be on their way at once without loss at this end. */
    uint32_t (*window)(const struct link *self, uint32_t peer);
    void (*close)(struct link *self);
};

/** Rows of the table, NULL at the end. */
const struct link_ops *link_at(uint32_t index);
const struct link_ops *link_find(const char *name);
const char *link_bypass_name(enum link_bypass bypass);

static inline void link_address(const struct link *self, uint32_t peer, char out[LINK_ADDRESS_MAX])
{
    self->ops->address(self, peer, out);
}
static inline int link_connect(struct link *self, uint32_t peer, const char *address,
                               struct err *err)
{
    return self->ops->connect(self, peer, address, err);
}
static inline uint32_t link_send(struct link *self, uint32_t peer, const struct link_out *frame,
                                 uint32_t count)
{
    const uint32_t taken = self->ops->send(self, peer, frame, count);
    self->counts.sent += taken;
    self->counts.refused += count - taken;
    return taken;
}
static inline uint32_t link_receive(struct link *self, struct link_in *out, uint32_t max)
{
    const uint32_t came = self->ops->receive(self, out, max);
    self->counts.received += came;
    return came;
}
static inline void link_release(struct link *self, const struct link_in *in, uint32_t count)
{
    self->ops->release(self, in, count);
}
static inline uint32_t link_window(const struct link *self, uint32_t peer)
{
    return self->ops->window(self, peer);
}

/** Accepts NULL. */
void link_close(struct link *self);

#endif
