/* SPDX-License-Identifier: BSD-3-Clause */
/** The edges that a policy's row asks for. Internal to harness/run. */
#ifndef HARNESS_RUN_CELL_EDGES_H
#define HARNESS_RUN_CELL_EDGES_H

#include "harness/run/cell.h"

/**
 * Fill peer_begin, peer, tree and degree_max of a cell whose graph, row, options and side are there. 0, -ENOMEM, or -EINVAL
 * when some worker would have more peers than a policy can name.
 */
int cell_edges(struct cell *self, struct err *err);

#endif
