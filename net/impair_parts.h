/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What an impaired port is made of; for impair*.c only.
 */
#ifndef NET_IMPAIR_PARTS_H
#define NET_IMPAIR_PARTS_H

#include "net/impair.h"
#include "net/line.h"
#include "net/wheel.h"

/** What becomes of a held message when its time comes. */
enum impair_kind {
    HELD_WHOLE, /* leaves */
    HELD_COPY,  /* leaves, and does not count as a message of its sender */
    HELD_WRONG, /* leaves with a flipped bit, on the control ring */
    HELD_DROP,  /* does not leave */
};

struct impair_held {
    _Alignas(LINE_BYTES) struct port_message message;
    uint32_t next; /* in a queue */
    uint32_t edge;
    uint32_t number; /* of its class on its edge */
    uint32_t flip;
    uint8_t kind;  /* enum impair_kind */
    uint8_t cause; /* enum link_cause, of HELD_DROP */
    uint8_t class; /* enum link_class */
};

struct impair_queue {
    uint32_t first, last; /* WHEEL_NONE: empty */
};

/** A directed edge as its sender has it. */
struct impair_out {
    bool concerned; /* by anything */
    bool by_link;   /* by an entry for links: link_decide is asked */
    uint32_t to;
    uint32_t number[LINK_CLASSES]; /* of the next message */
    uint32_t held[LINK_CLASSES];   /* without copies, corrupted ones and the one that waits */
    uint32_t spare;                /* copies and corrupted ones that may still be held */
    uint32_t waiting;              /* newest, sum: held while the link is full */
    uint64_t last_cyc[LINK_CLASSES];
    struct impair_queue due[LINK_CLASSES]; /* time has come, the inner port was full */
    struct link_state state;
};

/** A directed edge as its receiver has it. */
struct impair_in {
    bool concerned;
    uint32_t next[LINK_CLASSES]; /* one above the highest number seen */
};

struct impair_worker {
    _Alignas(LINE_BYTES) uint32_t held; /* of all edges, in any state: 0 = nothing to look after */
    bool listens;                       /* an in-edge is concerned */
    uint32_t due;                       /* of these, in a queue of what is due */
    uint32_t degree;
    uint32_t free;   /* first free place; WHEEL_NONE */
    bool by_publish; /* an entry delays what this worker sends */
    bool draining;
    struct impair_out *out;
    struct impair_in *in;
    struct impair_held *place; /* [places] */
    struct wheel *wheel;       /* NULL: no out-edge is concerned */
    struct impair_queue never; /* behind a cut that lasts */
    struct impair_books books;
    struct impair_counts count;
};

static inline struct impair *impair_of(struct port *port)
{
    return (struct impair *)port;
}

static inline uint64_t impair_now(const struct impair *self)
{
    return __builtin_expect(self->config.test_now_cyc != NULL, 0) ? *self->config.test_now_cyc
                                                                  : __builtin_ia32_rdtsc();
}

/** A counter with one writer that others read. */
static inline void impair_bump(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/** Write number, time of leaving and checksum into the words of the message that are the port's. */
void impair_seal(struct port_message *message, uint32_t number, uint64_t left_cyc);

/** The number of a sealed message; false: a bit has flipped. */
bool impair_open(const struct port_message *message, uint32_t *number);

/** One bit flips, modulo the length of the line; never in the byte that names the queue. */
void impair_flip(struct port_message *message, uint32_t bit);

/** Let go what is due. */
void impair_let_go(struct impair *self, uint32_t worker, uint64_t now_cyc);

extern const struct port_ops impair_ops;

/** The receiving side: as port_ops. */
uint32_t impair_poll(struct port *port, uint32_t worker, struct port_arrival *out, uint32_t max);
/** The sending side: as port_ops. */
enum port_status impair_send(struct port *port, uint32_t worker, uint32_t edge,
                             const struct port_message *message, struct port_message *old);
void impair_drain(struct port *port, uint32_t worker);

#endif
