/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What tasks are told beyond six numbers: lists of rows, in a ring that is emptied as tasks finish.
 *
 * Written by the policy loop before the task is submitted, read (and sorted in place) by the task alone.
 */
#ifndef CORE_SIM_VALUES_VALUES_NOTES_H
#define CORE_SIM_VALUES_VALUES_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "core/sim/values/values_past.h"

/** One note: where it ends, and the task after which its bytes are free. */
struct values_note {
    task_id task;
    size_t end;
};

struct values_notes {
    unsigned char *base; /* [bytes] borrowed */
    size_t bytes;
    size_t head, tail;        /* next to write, oldest in use; equal = empty */
    struct values_note *note; /* [notes] borrowed, a ring as well */
    uint32_t notes, first, count;
};

void values_notes_init(struct values_notes *self, void *base, size_t bytes,
                       struct values_note *note, uint32_t notes);

/** `bytes` bytes, aligned for pointers, at most a third of the ring; waits for tasks when it is full. */
void *values_notes_take(struct values_notes *self, struct values_past *past, size_t bytes);

/** Once for each take: the bytes are needed until every task up to `task` has finished. */
void values_notes_keep(struct values_notes *self, task_id task);

#endif
