/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Bad links: a port around another one that holds messages at their sender's egress and drops, doubles, reorders and
 * corrupts them as core/inject/link.h decides. Any edge kind can be the inner one.
 *
 * A message that is held keeps its loan and lies in memory that was taken at set-up; a timing wheel per worker (wheel.h)
 * says when it leaves, and the owning worker lets it go whenever it polls, sends or reclaims. What is held per directed
 * edge is bounded: classes exact and control by the depth of their rings (then PORT_FULL, as ever), newest and sum by
 * IMPAIR_NEWEST_DEPTH on their way and one that waits, which newer ones supersede.
 *
 * The receiving side sees numbers and checksums alone: copies and tensors that newer ones have overtaken are recognised by
 * their number, corrupted messages by their CRC32C. A corrupted message is its line with one bit flipped. It travels on
 * the control ring and carries no loan, so that it disturbs nothing that is whole; the one byte that names the queue stays.
 *
 * Edges that no entry concerns go straight to the inner port.
 */
#ifndef NET_IMPAIR_H
#define NET_IMPAIR_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/hist.h"
#include "core/inject/link.h"
#include "net/fabric.h"

/** Tensors of class newest or sum on their way per directed edge at most; as in virtual time. */
#define IMPAIR_NEWEST_DEPTH 4u
/** Copies and corrupted originals that a directed edge can hold besides; what finds no room is not made. */
#define IMPAIR_SPARE 8u
/** What a control message has to carry over a link of limited rate: its words. */
#define IMPAIR_CONTROL_BYTES (PORT_WORDS * sizeof(uint32_t))

struct impair_config {
    struct port *inner;
    const struct fabric_config *edges; /* the inner port's; borrowed until the end, as all below */
    const struct inject_set *set;
    uint64_t payload_bytes;    /* of a whole tensor */
    const uint64_t *start_cyc; /* TSC when the run starts; read from the first message on */
    double ns_per_cyc, cyc_per_ns;
    const uint64_t *test_now_cyc; /* tests only: the time, in place of the TSC */
};

/** Books of one worker that the port keeps in its driver's place. Same thread. */
struct impair_books {
    struct slots *slots;        /* loans of what does not arrive come home here */
    _Atomic uint64_t *sent;     /* copies count as messages sent … */
    _Atomic uint64_t *received; /* … and all that ends unread as received (cohort.h) */
    struct hist *late_ns;       /* left - planned, of held messages */
};

/** Totals of one worker: of its out-edges what was sent, of its in-edges what was recognised. */
struct impair_counts {
    uint64_t dropped_by[LINK_CAUSES];         /* tensors */
    uint64_t control_dropped_by[LINK_CAUSES]; /* control messages */
    uint64_t resent;                          /* attempts beyond the first, of all classes */
    uint64_t duplicated, duplicates_seen;     /* copies made and recognised, of all classes */
    uint64_t corrupted, caught;               /* messages sent with a flipped bit and recognised */
    uint64_t
        superseded; /* tensors that send() did not report; a copy may take its original's place */
    uint64_t tensors_duplicated, tensor_duplicates_seen; /* of the above, tensors */
    uint64_t given_up;     /* messages behind a cut that lasted beyond the run */
    uint64_t held_tensors; /* now */
    uint64_t held_max;     /* messages at once */
};

struct impair_worker;

struct impair {
    struct port port; /* first: ops cast back */
    struct port_ops
        inner; /* what config.inner has, at hand: calls that are passed on are the common ones */
    struct impair_config config;
    struct impair_worker *worker; /* [workers] */
};

/** Does a set hold anything that messages meet? If not, no run needs this port. */
bool impair_needed(const struct inject_set *set);

/** What impair_init takes from the arena. Of `config`, reads edges and set. */
uint64_t impair_bytes(const struct impair_config *config);

/** Build it in config->edges->memory, which has the room (impair_bytes). Nothing to close. */
struct port *impair_init(struct impair *self, const struct impair_config *config);

/** Before the first message of `worker`. */
void impair_attach(struct impair *self, uint32_t worker, const struct impair_books *books);

/** Exact once the threads stopped. */
struct impair_counts impair_counts(const struct impair *self, uint32_t worker);

#endif
