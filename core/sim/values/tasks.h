/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the virtual driver needs from whoever runs its arithmetic: tasks over immutable vectors.
 *
 * The policy loop runs ahead of the arithmetic; only a decision that is steered by a value joins. A task may begin when
 * the tasks it names have finished. It writes memory that no earlier task reads, so order and number of threads cannot
 * change a result. Threads live in harness/run/executor.c; tasks_inline runs each task at once.
 */
#ifndef CORE_SIM_VALUES_TASKS_H
#define CORE_SIM_VALUES_TASKS_H

#include <stdint.h>

/** A task's number; they count up from 1 in order of submission. 0 = nothing to wait for. */
typedef uint64_t task_id;

struct task {
    /** `scratch`: private to the executing thread, scratch_floats floats as told to the executor, 64-byte aligned. */
    void (*run)(const struct task *self, float *scratch);
    void *context;
    uint64_t argument[6]; /* whatever run() wants */
    const task_id *after; /* [after_count] copied by submit */
    uint32_t after_count;
};

struct tasks;

struct tasks_ops {
    /** The task is copied. May block while too many are pending. */
    task_id (*submit)(struct tasks *self, const struct task *task);
    /** Returns when the task has finished; its writes are visible. */
    void (*wait)(struct tasks *self, task_id task);
    /** Has it finished? Never blocks. */
    int (*finished)(struct tasks *self, task_id task);
};

struct tasks {
    const struct tasks_ops *ops;
};

/** Runs every task within submit. */
struct tasks_inline {
    struct tasks tasks;
    task_id last;
    float *scratch; /* borrowed */
};

void tasks_inline_init(struct tasks_inline *self, float *scratch);

#endif
