/**
 * What a worker knows of Pathsearch: the epoch, and which workers the edges established in it connect.
 *
 * A partition of all workers as a union-find, O(N) memory per worker. Every edge that merged something here must be told
 * to all other neighbours, in order, before anything else is: then no neighbour can see a worker's new epoch before it
 * knows enough to end the old one itself.
 *
 * Source: Pathsearch of DSGD-AAU, arXiv 2306.06559, with "new edge" = an edge between two components, so that an epoch has
 *         at most N-1 merges.
 */
#ifndef CORE_POLICY_PATHSEARCH_H
#define CORE_POLICY_PATHSEARCH_H

#include <stdbool.h>
#include <stdint.h>

struct pathsearch {
    uint32_t *above; /* [workers] union-find; borrowed */
    uint32_t workers;
    uint32_t components;
    uint32_t epoch;
};

/** `above`: [workers], borrowed for the whole run. Epoch 0, nobody connected. */
void pathsearch_init(struct pathsearch *self, uint32_t *above, uint32_t workers);

/** An edge between them would be new. */
bool pathsearch_new(struct pathsearch *self, uint32_t a, uint32_t b);

/** Establish an edge. True: it was new and merged two components. */
bool pathsearch_join(struct pathsearch *self, uint32_t a, uint32_t b);

/** When all workers are connected, begin the next epoch, with nobody connected. True: so it was. */
bool pathsearch_close(struct pathsearch *self);

/** Give up this epoch for a later one, heard of from a neighbour. */
void pathsearch_adopt(struct pathsearch *self, uint32_t epoch);

#endif
