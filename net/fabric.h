/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Edges inside one process: every directed edge of the graph gets its own queues, and only handles travel.
 *
 * Per directed edge: one tensor channel (a mailbox for class `newest`, an SPSC ring for class `exact`), one control
 * ring, and one return ring on which the reader gives snapshots back. Nothing is shared between edges, so a stalled
 * worker harms only itself. Vectors are never copied: the reader works in the sender's snapshot.
 *
 * The port promises order within the control messages of an edge and within the tensors of an edge, not between the two.
 *
 * Send never lets an edge have more unreturned handles than its return ring can hold: it reports PORT_FULL instead, on both
 * classes, so that release cannot fail. The bound is `slots` (FABRIC_RETURNS_SPARE more), which correct loans never reach.
 */
#ifndef NET_FABRIC_H
#define NET_FABRIC_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/worker/port.h"
#include "net/store.h"

enum fabric_class { FABRIC_NEWEST, FABRIC_EXACT };

struct fabric_config {
    uint32_t workers;
    const uint32_t *peer_begin; /* [workers + 1]; borrowed until the fabric's end */
    const uint32_t
        *peers; /* [peer_begin[workers]] ids, ascending per worker, symmetric; borrowed as well */
    enum fabric_class tensors;
    uint32_t exact_depth;   /* FABRIC_EXACT: unread tensors per edge, 2 or more */
    uint32_t control_depth; /* unread control messages per edge, 1 or more */
    uint32_t slots;         /* snapshots per worker, at most SLOTS_MAX */
    uint32_t dim;           /* floats per snapshot */
    /* [workers] the process of each; NULL: one has them all. Edges between two are cut (fabric_cut.h); borrowed. */
    const uint16_t *process;
    uint32_t bodies; /* vectors that a cut edge holds for its reader, at most FABRIC_BODIES_MAX */
    struct arena *memory; /* EAL memory; borrowed until the fabric's end */
};

#define FABRIC_RETURNS_SPARE 4u
#define FABRIC_BODIES_MAX 128u
#define FABRIC_BURST 4u /* messages of one kind taken from one edge per poll */
#define FABRIC_BELL_DEGREE \
    8u /* above this many in-edges a worker polls its doorbell, not every edge */

/** Totals of one worker: out-edges for what it sent, in-edges for what it received. */
struct fabric_counts {
    uint64_t tensors_sent;
    uint64_t tensors_superseded;
    uint64_t tensors_replaced; /* of these, on their way over a cut edge: no worker counted them */
    uint64_t tensors_delivered;
    uint64_t control_sent;
    uint64_t control_delivered;
    uint64_t full; /* sends refused with PORT_FULL */
};

struct fabric_edge;
struct fabric_worker;
struct fabric_bodies;

struct fabric {
    struct port port; /* first: ops cast back */
    struct fabric_config config;
    struct fabric_edge *edges;     /* [directed edges], edge peer_begin[w] + e leads out of w */
    struct fabric_worker *workers; /* [workers] */
    struct store store;
    uint32_t cuts;                         /* directed edges that are cut */
    struct fabric_edge *cut_in, **cut_out; /* [cuts] their readers' halves and their senders' */
    struct fabric_bodies *body;            /* [cuts] */
    struct store bodies;                   /* [cuts][config.bodies] */
};

/** What fabric_init takes from the arena, for the plan. */
uint64_t fabric_bytes(const struct fabric_config *config);

/**
 * Build all queues and slots; then `&self->port` is ready for the threads. Nothing to close: reset the arena.
 * Errors: -EINVAL a depth or the peer lists are wrong; -ENOMEM the arena is too small (the sentence says by how much).
 */
int fabric_init(struct fabric *self, const struct fabric_config *config, struct err *err);

/** Exact once the threads stopped; while they run, each number is right but they belong to slightly different moments. */
struct fabric_counts fabric_counts(const struct fabric *self, uint32_t worker);

#endif
