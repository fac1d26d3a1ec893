/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference for every executor: program order is the order of execution, and nothing is ever pending. */
#include "core/base/check.h"
#include "core/sim/values/tasks.h"

static task_id submit(struct tasks *tasks, const struct task *task)
{
    struct tasks_inline *const self = (struct tasks_inline *)tasks;
    for (uint32_t i = 0; i < task->after_count; i++)
        CHECK(task->after[i] <= self->last);
    task->run(task, self->scratch);
    return ++self->last;
}

static void wait(struct tasks *tasks, task_id task)
{
    CHECK(task <= ((struct tasks_inline *)tasks)->last);
}

static int finished(struct tasks *tasks, task_id task)
{
    return task <= ((struct tasks_inline *)tasks)->last;
}

void tasks_inline_init(struct tasks_inline *self, float *scratch)
{
    static const struct tasks_ops ops = {.submit = submit, .wait = wait, .finished = finished};
    *self = (struct tasks_inline){.tasks = {.ops = &ops}, .scratch = scratch};
}
