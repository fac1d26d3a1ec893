/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Pathsearch by somebody who sees all workers at once: the reference for the message level (aau.c), and what runs with more
 * than a thousand workers. Virtual time only.
 *
 * When a worker becomes ready, an edge between it and a ready neighbour may be new to the epoch; then one exchange begins:
 * a set of ready workers is released (option `release`) and averages over all edges of the graph among them. No other edge
 * can become new within an epoch, because components only merge; when an epoch ends, every edge between ready workers is
 * new again, and all of them are looked at. With new_edge: vertex that is so a second time in each epoch, when every worker
 * has been touched (pathsearch.h).
 *
 * Cost: the degree of the worker that became ready, and of every released one. Memory O(N).
 *
 * Source: Pathsearch of DSGD-AAU, arXiv 2306.06559.
 */
#ifndef CORE_POLICY_ORACLE_H
#define CORE_POLICY_ORACLE_H

#include "core/policy/pathsearch.h"
#include "core/policy/policy.h"

enum oracle_status {
    ORACLE_AWAY,     /* computes, or has stopped */
    ORACLE_READY,    /* waits for an exchange */
    ORACLE_RELEASED, /* is in exchange number `exchange` until it says otherwise */
    ORACLE_LOST,
};

/** What is asked of every neighbour lies together, and apart from the workers' configurations: four to a cache line. */
struct oracle_worker {
    uint32_t exchange; /* the last one that released it, from 1; 0 = none yet */
    uint32_t place;    /* READY: index in `ready` */
    uint32_t first;    /* where its neighbours begin in `peer` */
    uint16_t peer_count;
    uint8_t status;  /* enum oracle_status */
    uint8_t release; /* enum aau_release */
};
_Static_assert(STEP_PEERS_MAX <= UINT16_MAX, "peer_count holds any number of peers");

struct oracle {
    uint32_t workers;
    uint32_t degree; /* mean number of neighbours */
    uint32_t *peer;  /* [edges] ids of everybody's neighbours */
    struct pathsearch path;
    struct oracle_worker *worker; /* [workers] */
    uint32_t *ready;              /* [workers] those that wait, in no order */
    uint32_t *queue;              /* [workers] scratch of one search */
    uint32_t *mark;     /* [workers] counting parts: number of the count that has seen it */
    uint32_t *released; /* [workers] by the last call, but for the caller */
    uint32_t ready_count, released_count;
    uint32_t exchanges; /* so far */
    uint32_t marks;     /* counts of parts so far */
    bool reached;       /* new_edge: vertex, and everybody has been touched */
    uint32_t epoch_exchanges,
        epoch_longest; /* exchanges in this epoch; most in an epoch that ended */
};

size_t oracle_bytes(const struct policy_config *all, uint32_t workers);

/** The row's shared_init; `memory` is zeroed. */
void oracle_init(void *memory, const struct policy_config *all, uint32_t workers);

/** The row's shared_fetch. */
void oracle_fetch(const void *memory, uint32_t worker);

/**
 * `worker` is ready. Afterwards it may have been released, as its status says, and so may be released[released_count],
 * valid until the next call.
 */
void oracle_ready(struct oracle *self, uint32_t worker);

/** `worker` has finished its exchange, or does not wait any more. */
void oracle_leave(struct oracle *self, uint32_t worker);

/** `worker` is lost: epochs end without it. `caller` says so, and may be released like after oracle_ready. */
void oracle_lose(struct oracle *self, uint32_t worker, uint32_t caller);

/** It is back. */
void oracle_return(struct oracle *self, uint32_t worker);

#endif
