/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What is known of Pathsearch: the epoch, which workers the edges established in it connect, and who is there at all.
 *
 * A partition of all workers as a union-find, 16 bytes per worker; a new epoch costs nothing, places of older epochs are
 * renewed when they are touched. A worker of the message level has one of its own, the oracle one for all.
 *
 * Every edge that merged something here must be told to all other neighbours, in order, before anything else is: then no
 * neighbour can see a worker's new epoch before it knows enough to end the old one itself.
 *
 * Who is there: each worker has a `life`, a number that only grows; odd = absent. News of a higher one replace a lower
 * one, so contradicting floods end. An absent worker need not be connected for an epoch to end. Beside that a worker may be
 * given up: a local opinion without a number, of those that are cut off by somebody's absence, undone by a sign of life.
 *
 * Which edge is new: no public text says. By component: one between two components. By vertex: one of whose ends no edge of
 * this epoch has touched; such an edge always joins two components, too. Two pairs with no edge between them touch four
 * workers and connect none of the pairs, and then no edge could ever be new again; so when every worker is touched,
 * an edge between two components is new by vertex as well. Either way an epoch has at most N-1 merges, and among workers that
 * are all ready there is a new edge as long as the epoch has not ended: an untouched one has a neighbour, and components
 * have an edge between them, because the graph is connected.
 *
 * Source: Pathsearch of DSGD-AAU, arXiv 2306.06559, our reconstruction. Lives as in the incarnation numbers of SWIM (Das, Gupta, Motivala, DSN 2002).
 */
#ifndef CORE_POLICY_PATHSEARCH_H
#define CORE_POLICY_PATHSEARCH_H

#include <stdbool.h>
#include <stdint.h>

struct pathsearch_place {
    uint32_t above; /* towards the root; a root stands above itself */
    uint32_t epoch; /* in which the other fields mean something */
    uint32_t
        present; /* roots: workers of this component that are there; highest bit: an edge has touched it */
    uint32_t life; /* number of this worker's comings and goings; highest bit: given up here */
};

struct pathsearch {
    struct pathsearch_place *place; /* [workers] borrowed */
    uint32_t workers;
    uint32_t present;    /* workers that are there */
    uint32_t components; /* with somebody there in them */
    uint32_t parts;      /* the epoch ends with so many; 1 where the graph is connected */
    uint32_t epoch;
    uint32_t untouched; /* workers that are there and that no edge of this epoch has touched */
    uint32_t lonely;    /* so many of them have no neighbour that is there: none ever will */
    bool by_vertex;
};

/** `place`: [workers], borrowed for the whole run. Epoch 0, everybody there, nobody connected. */
void pathsearch_init(struct pathsearch *self, struct pathsearch_place *place, uint32_t workers,
                     bool by_vertex);

/** Every worker that can be touched has been: by vertex, from here on other edges are new than before. */
bool pathsearch_reached(const struct pathsearch *self);

/** An edge between them would be new. */
bool pathsearch_new(struct pathsearch *self, uint32_t a, uint32_t b);

/** Establish an edge. True: it was new and merged two components. */
bool pathsearch_join(struct pathsearch *self, uint32_t a, uint32_t b);

/** When all workers that are there are connected, begin the next epoch, with nobody connected. True: so it was. */
bool pathsearch_close(struct pathsearch *self);

/** Give up this epoch for a later one, heard of from a neighbour. */
void pathsearch_adopt(struct pathsearch *self, uint32_t epoch);

uint32_t pathsearch_life(const struct pathsearch *self, uint32_t worker);

/** Neither absent nor given up. */
bool pathsearch_present(const struct pathsearch *self, uint32_t worker);

/** News of `worker`. True: they were news. */
bool pathsearch_live(struct pathsearch *self, uint32_t worker, uint32_t life);

/** Give up all that are not connected with `self_id`. Returns how many. */
uint32_t pathsearch_give_up(struct pathsearch *self, uint32_t self_id);

/** Nobody is given up any more. */
void pathsearch_expect_all(struct pathsearch *self);

/** A sign of life: `worker` is not given up any more. */
void pathsearch_heard(struct pathsearch *self, uint32_t worker);

#endif
