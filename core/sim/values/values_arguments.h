/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What tasks are told beyond six numbers: lists of rows, in a ring that is emptied as tasks finish.
 *
 * Written by the policy loop before the task is submitted, read (and sorted in place) by the task alone.
 */
#ifndef CORE_SIM_VALUES_VALUES_ARGUMENTS_H
#define CORE_SIM_VALUES_VALUES_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/sim/values/values_pending.h"

/** Those of one task: where they end, and the task after which their bytes are free. */
struct values_argument {
    task_id task;
    size_t end;
};

struct values_arguments {
    unsigned char *base; /* [bytes] borrowed */
    size_t bytes;
    size_t head, tail;                /* next to write, oldest in use; equal = empty */
    struct values_argument *argument; /* [arguments] borrowed, a ring as well */
    uint32_t arguments, first, count;
};

void values_arguments_init(struct values_arguments *self, void *base, size_t bytes,
                           struct values_argument *argument, uint32_t arguments);

/** `bytes` bytes, aligned for pointers, at most a third of the ring; waits for tasks when it is full. */
void *values_arguments_take(struct values_arguments *self, struct values_pending *pending,
                            size_t bytes);

/** Once for each take: the bytes are needed until every task up to `task` has finished. */
void values_arguments_keep(struct values_arguments *self, task_id task);

#endif
