/* SPDX-License-Identifier: BSD-3-Clause */
/* The only place that asks for, and waits for, what has finished. */
#include "core/sim/values/values_past.h"

#include "core/base/check.h"

static bool is_finished(const struct values_past *self, task_id task)
{
    return self->tasks->ops->finished(self->tasks, task) != 0;
}

/* Cuts before the newest VALUES_CUTS have finished: their place was waited for. */
static bool is_cut(const struct values_past *self, task_id task)
{
    for (uint32_t i = 0; i < VALUES_CUTS; i++)
        if (self->cut[i] == task)
            return true;
    return false;
}

void values_past_poll(struct values_past *self)
{
    while (self->low < self->last &&
           (is_cut(self, self->low + 1) || is_finished(self, self->low + 1)))
        self->low++;
}

bool values_past_wait(struct values_past *self)
{
    const task_id before = self->low;
    values_past_poll(self);
    if (self->low == before && self->low < self->last) {
        self->tasks->ops->wait(self->tasks, self->low + 1);
        values_past_poll(self);
    }
    return self->low != before;
}

static task_id submit(struct values_past *self, const struct task *task)
{
    while (self->last - self->low >= self->window)
        values_past_wait(self);
    const task_id id = self->tasks->ops->submit(self->tasks, task);
    if (self->last == 0) /* others may have used these threads before */
        self->low = id - 1;
    CHECK(id > self->last);
    return self->last = id;
}

task_id values_past_submit(struct values_past *self, const struct task *task)
{
    return submit(self, task);
}

void values_past_wait_cut(struct values_past *self)
{
    const task_id place = self->cut[self->cuts % VALUES_CUTS];
    if (place != 0)
        self->tasks->ops->wait(self->tasks, place);
}

task_id values_past_submit_cut(struct values_past *self, const struct task *task)
{
    values_past_wait_cut(self);
    const task_id id = submit(self, task);
    self->cut[self->cuts++ % VALUES_CUTS] = id;
    return id;
}

task_id values_past_cut(const struct values_past *self)
{
    return self->cuts == 0 ? 0 : self->cut[(self->cuts - 1) % VALUES_CUTS];
}
