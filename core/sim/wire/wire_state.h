/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The wire: edges, what travels on them, and the snapshots that they borrow. Internal to core/sim.
 *
 * Messages live in one pool and are named by number; a due entry of the queue carries {DUE_MESSAGE, number} and the receiver.
 */
#ifndef CORE_SIM_WIRE_WIRE_STATE_H
#define CORE_SIM_WIRE_WIRE_STATE_H

#include "core/base/slots.h"
#include "core/inject/link.h"
#include "core/sim/base/base.h"

enum message_kind {
    MESSAGE_TENSOR,
    MESSAGE_CONTROL,
    MESSAGE_WAKE,
    MESSAGE_REDUCED,
    MESSAGE_STOP,
    MESSAGE_DOWN, /* from here on about lives (lives.h) */
    MESSAGE_UP,
    MESSAGE_LEAVE,
    MESSAGE_GONE,
    MESSAGE_BEGIN,
    MESSAGE_ROOM, /* EV_ROOM for its sender: not about lives, but of one life of it (pressure.h) */
};

/** Anything that reaches a worker from outside and can wait for it. One cache line. */
struct sim_message {
    union {
        struct {
            uint64_t tag, handle;
            uint32_t degree, iteration; /* of the sender */
        };
        uint32_t word[STEP_WORDS];
    };
    uint64_t sent_ns;
    uint32_t next;   /* in whatever list it is in */
    uint32_t edge;   /* directed, numbered at the sender; about lives: of whom it speaks */
    uint32_t to;     /* worker */
    uint32_t number; /* of its class on this edge */
    uint8_t kind, type;
    bool copy : 1;    /* made by the link: its loan is its own, but it was sent once */
    bool corrupt : 1; /* a bit has flipped */
    uint8_t life;     /* of its edge, when it was sent */
    uint16_t incarnation,
        to_incarnation; /* of whom it comes from or speaks of; about lives: of its receiver */
};
_Static_assert(sizeof(struct sim_message) == 64, "a message is one cache line");

struct sim_list {
    uint32_t first, last; /* messages; SIM_NONE */
};

#define SIM_TO_BITS 20u
#define SIM_PEER_BITS 11u

/** A directed edge, kept by its sender; two to a cache line. Index 0: tensors, 1: controls. */
struct sim_edge {
    uint64_t last_ns[2];       /* latest arrival so far: nothing of the class may come before it */
    uint32_t number[2];        /* messages sent */
    uint16_t flying[2];        /* sent and not handled; of newest and sum: not arrived */
    uint32_t to : SIM_TO_BITS; /* receiver */
    uint32_t peer : SIM_PEER_BITS; /* the sender's index among the receiver's peers */
    uint32_t down : 1;             /* the receiver is known to be gone */
};
_Static_assert(sizeof(struct sim_edge) == 32, "two edges are one cache line");
_Static_assert(SIM_WORKERS_MAX < 1u << SIM_TO_BITS, "an edge can name each worker");
_Static_assert(STEP_PEERS_MAX < 1u << SIM_PEER_BITS, "and each peer of a worker");

/** What mailboxes add to an edge. */
struct sim_mailbox {
    uint32_t waiting; /* message that has not left yet, or SIM_NONE */
    uint32_t unread;  /* message in the receiver's inbox, or SIM_NONE */
    uint32_t newest;  /* number of the newest one that arrived, + 1 */
};

/** Of a directed edge, where workers come back. Messages of another life of the edge are dropped. */
struct sim_life {
    uint8_t life;     /* incarnation_pair of how often the sender and the receiver came back */
    uint8_t notified; /* of the latter, how much the sender was notified of */
};

/** A worker as the wire sees it: it lies within a cache line or two of all that the worker's events need (node_state.h). */
struct sim_port {
    struct sim_list inbox; /* came while it could not receive */
    uint32_t first_edge;
    bool crashed;       /* absent, for whatever reason */
    struct slots slots; /* its snapshots, and to whom they are lent */
    uint32_t peer_count;
    uint32_t finished; /* gradients */
};
#define SIM_PORT_AT 48u /* in the worker's block */

struct sim_wire {
    struct sim_base base;

    uint8_t *block;     /* all workers': one block of memory for all that a worker's events touch */
    uint32_t *block_at; /* [workers] in cache lines */
    uint32_t stride;    /* cache lines of each block; 0: they differ, and block_at says */
    uint32_t degree;    /* edges of each worker; 0: they differ, and first_edge says */
    uint32_t *first_edge; /* [workers] as in the port, for whoever has not fetched that yet */

    struct sim_message *message;
    uint32_t messages, messages_room, message_free;
    struct sim_list prompt; /* controls that take no time: they come before anything timed */

    struct sim_edge *edge;
    struct sim_mailbox *mailbox;
    uint8_t *pressure;      /* [edges] enum pressure, or NULL: no bound */
    uint32_t *full;         /* [workers] with `pressure`: edges whose EV_FULL is due */
    struct sim_life *life;  /* [edges] or NULL: nobody comes back */
    struct link_state *bad; /* [edges]; NULL: no link is bad */
    uint8_t *is_bad;        /* [edges] with `bad`: is this one? */

    bool mailboxes; /* class newest or sum */
    bool publishes; /* something delays what workers send */
    bool drops;     /* a tensor that finds its channel full is lost, as every worker survives it */
    uint64_t *port_ns;   /* [workers] its port is free from here; NULL: ports are infinitely fast */
    double ns_per_byte;  /* of a port */
    double sigma, shift; /* of the logarithm of the latency's factor */

    struct err stall;            /* the first message that never comes */
    uint64_t stuck_ns;           /* since then or later: when nobody computed any more */
    uint32_t lost_from, lost_to; /* of the latest message that a bad link lost */
};

static inline uint8_t *wire_block(const struct sim_wire *self, uint32_t worker)
{
    const size_t line =
        self->stride ? (size_t)worker * self->stride : (size_t)self->block_at[worker];
    return self->block + line * 64;
}

static inline struct sim_port *port_at(const struct sim_wire *self, uint32_t worker)
{
    return (struct sim_port *)(void *)(wire_block(self, worker) + SIM_PORT_AT);
}

/** As the port says, without asking it. */
static inline uint32_t wire_first_edge(const struct sim_wire *self, uint32_t worker)
{
    return self->degree ? worker * self->degree : self->first_edge[worker];
}

/** Id of the worker's `peer`-th neighbour. */
static inline uint32_t wire_peer(const struct sim_wire *self, uint32_t worker, uint32_t peer)
{
    return self->edge[port_at(self, worker)->first_edge + peer].to;
}

/** Id of the worker that sends on this directed edge. */
static inline uint32_t wire_sender(const struct sim_wire *self, uint32_t edge)
{
    const struct sim_edge *const out = &self->edge[edge];
    return self->edge[wire_first_edge(self, out->to) + out->peer].to;
}

/** A message will never come: that somebody waits for it is no fault of the driver. */
static inline bool wire_stalls(const struct sim_wire *self)
{
    return self->stall.text[0] != 0;
}

#endif
