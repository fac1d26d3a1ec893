/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Buffers for vectors of one length, and who still needs them.
 *
 * A node is a buffer and its book-keeping; its number stays the same, its content changes whenever it is taken anew. A
 * node that no slot names any more is dropped; it may be taken again when the last task that touches it has finished.
 * Nodes belong to the policy loop; tasks see only the buffers, which never move.
 */
#ifndef CORE_SIM_VALUES_VALUES_POOL_H
#define CORE_SIM_VALUES_VALUES_POOL_H

#include <stdint.h>

#include "core/sim/base/memory.h"
#include "core/sim/values/tasks.h"
#include "core/sim/values/values_pending.h"

#define VALUES_POOL_NONE UINT32_MAX

struct values_node {
    float *data;
    task_id written; /* the task that fills it; 0 = filled already */
    task_id last;    /* newest task that writes or reads it, cuts apart */
    task_id cut;     /* newest cut that reads it, or 0 */
    uint32_t refs;   /* slots that name it */
    uint32_t next;   /* on the list of free or dropped nodes */
};

struct values_pool_chunk;

struct values_pool {
    const struct sim_memory *memory;
    struct values_node *node; /* [count], moves when it grows */
    uint32_t count, capacity;
    uint32_t used;          /* nodes from here on were never taken */
    uint32_t floats;        /* of one buffer, a multiple of 16 */
    uint32_t free, dropped; /* heads of lists */
    struct values_pool_chunk *chunk;
};

void values_pool_init(struct values_pool *self, const struct sim_memory *memory, uint32_t floats);
void values_pool_fini(struct values_pool *self);

/**
 * A node with no readers, refs 1 and unspecified content. It grows the pool only when no dropped node is ready, and waits
 * only when there is no memory to grow. VALUES_POOL_NONE: no memory even so.
 */
uint32_t values_pool_take(struct values_pool *self, struct values_pending *pending);

/** One slot less names the node. */
void values_pool_drop(struct values_pool *self, uint32_t index);

#endif
