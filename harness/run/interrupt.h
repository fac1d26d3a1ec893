/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Ctrl-C, SIGTERM and SIGHUP (unless it was ignored at the start: nohup) end a matrix in good order: the run in progress
 * stops as if its time were up, and what was measured is written as an incomplete result. A second one kills; but not
 * SIGTERM, of which Slurm sends two where a job's time is up: whoever has no patience left sends SIGKILL after it.
 */
#ifndef HARNESS_RUN_INTERRUPT_H
#define HARNESS_RUN_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Set by the first signal; loops look at it. */
extern _Atomic uint32_t interrupt_flag;

/** Install the handlers. */
void interrupt_watch(void);

/** In a process whose parent ends it: signals that its whole group, or job, gets are the parent's to hear. */
void interrupt_leave_to_parent(void);

/** End the run in progress as a signal would, for a reason of our own; and take that back. Any thread. */
void interrupt_stop(void);
void interrupt_take_back(void);

static inline bool interrupt_seen(void)
{
    return atomic_load(&interrupt_flag) != 0;
}

#endif
