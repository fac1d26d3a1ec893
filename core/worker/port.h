/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the live driver needs from a transport: send, poll, view, release. Implemented by net/ (and by a null row).
 *
 * Edges are directed and numbered per worker: out-edge e of worker w leads to its e-th peer, in-edge e comes from it
 * (same neighbour list, ids ascending). Every edge has its own queues, so a stalled worker harms only itself. All
 * calls for worker w come from the one thread that runs w. None of them blocks, allocates or makes a syscall.
 */
#ifndef CORE_WORKER_PORT_H
#define CORE_WORKER_PORT_H

#include <stdint.h>

#include "core/base/slots.h"

#define PORT_WORDS 8u

/** One message, one cache line: a handle to a snapshot, or a small control message. */
struct port_message {
    uint64_t sent_cyc;   /* TSC at publication, stamped by the sender */
    uint64_t tag;        /* tensor: round or transaction; control: the port's */
    slots_handle handle; /* tensor: the snapshot; control: the port's */
    uint32_t degree;     /* tensor: active degree; control: iterations the sender had finished */
    uint8_t is_tensor;
    uint8_t type;  /* tensor kind or control type */
    uint8_t flags; /* the port's; the sender writes 0 */
    uint8_t lives; /* incarnation_pair: of the sender and, as far as that knew, of the receiver */
    union {
        uint32_t word[PORT_WORDS]; /* control */
        struct {
            uint32_t slice,
                slices; /* tensor: which part the receiver is meant to read; slices 0 or 1 = all */
            uint32_t
                iteration; /* tensor: iterations the sender had finished, for laws that make it late */
            uint32_t port_word[PORT_WORDS - 3]; /* tensor: the port's */
        };
    };
};
_Static_assert(sizeof(struct port_message) == 64, "one message is one cache line");

/** Flag: the message was held by an impaired link and says when it left; the place is below. */
#define PORT_HELD 1u

/** When the message was on its way: as published, or when a slow link let it go. */
static inline uint64_t port_left_cyc(const struct port_message *message)
{
    if (!(message->flags & PORT_HELD))
        return message->sent_cyc;
    return message->is_tensor ? (uint64_t)message->port_word[1] << 32 | message->port_word[0]
                              : message->handle;
}

enum port_status {
    PORT_OK = 0,
    PORT_SUPERSEDED = 1, /* mailbox: an unread older message was replaced; it is in *old */
    PORT_FULL = 2,       /* ring: nothing was sent; try again later */
};

/** An arrival: which in-edge, and what. */
struct port_arrival {
    uint32_t edge;
    struct port_message message;
};

struct port;

/** Chosen once, before the loop; `port` is the implementation's struct. */
struct port_ops {
    const char *name, *help;

    /** Publish on out-edge `edge` of `worker`. Tensor class is fixed per port at set-up. */
    enum port_status (*send)(struct port *port, uint32_t worker, uint32_t edge,
                             const struct port_message *message, struct port_message *old);

    /** Up to `max` arrivals for `worker`, edges served round-robin. Returns how many. 0: only let go what is due. */
    uint32_t (*poll)(struct port *port, uint32_t worker, struct port_arrival *out, uint32_t max);

    /** The vector behind a handle that arrived on in-edge `edge`: borrowed until release. */
    const float *(*view)(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle);

    /** True while the snapshot behind the handle is still that version (checked after a mix). */
    int (*valid)(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle);

    /** Give a snapshot back to the peer on in-edge `edge`. Cannot fail: the return ring holds every loan. */
    void (*release)(struct port *port, uint32_t worker, uint32_t edge, slots_handle handle);

    /** Collect returns on out-edges of `worker`: calls slots_return for each. Returns how many came back. */
    uint32_t (*reclaim)(struct port *port, uint32_t worker, struct slots *slots);

    /** Own slot `slot` of `worker`: where the driver writes a new model before publishing it. */
    float *(*slot)(struct port *port, uint32_t worker, uint32_t slot);

    /** Stamp the version word of an own slot (0 while being written), so that valid() can tell reuse. */
    void (*stamp)(struct port *port, uint32_t worker, uint32_t slot, slots_handle handle);

    /** Messages that are sent and neither read nor superseded: must be 0 after the drain. */
    uint64_t (*in_flight)(struct port *port, uint32_t worker);

    /** Of these, what has not left its sender's end yet. NULL: nothing is held there. */
    uint64_t (*held)(struct port *port, uint32_t worker);

    /** The run is ending: give up what would never leave. NULL: the port holds nothing back. May be called often. */
    void (*drain)(struct port *port, uint32_t worker);

    /** Controls that were sent on this out-edge and not read yet. NULL: nobody asks. */
    uint64_t (*unread)(struct port *port, uint32_t worker, uint32_t edge);
};

struct port {
    const struct port_ops *ops;
};

#endif
