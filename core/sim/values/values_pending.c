/* SPDX-License-Identifier: BSD-3-Clause */
/* The only place that asks for, and waits for, what has finished. */
#include "core/sim/values/values_pending.h"

#include "core/base/check.h"

static bool is_finished(const struct values_pending *self, task_id task)
{
    return self->tasks->ops->finished(self->tasks, task) != 0;
}

/* Cuts before the newest VALUES_CUTS have finished: their place was waited for. */
static bool is_cut(const struct values_pending *self, task_id task)
{
    for (uint32_t i = 0; i < VALUES_CUTS; i++)
        if (self->cut[i] == task)
            return true;
    return false;
}

void values_pending_poll(struct values_pending *self)
{
    while (self->watermark < self->last &&
           (is_cut(self, self->watermark + 1) || is_finished(self, self->watermark + 1)))
        self->watermark++;
}

bool values_pending_wait(struct values_pending *self)
{
    const task_id before = self->watermark;
    values_pending_poll(self);
    if (self->watermark == before && self->watermark < self->last) {
        self->tasks->ops->wait(self->tasks, self->watermark + 1);
        values_pending_poll(self);
    }
    return self->watermark != before;
}

static task_id submit(struct values_pending *self, const struct task *task)
{
    while (self->last - self->watermark >= self->window)
        values_pending_wait(self);
    const task_id id = self->tasks->ops->submit(self->tasks, task);
    if (self->last == 0) /* others may have used these threads before */
        self->watermark = id - 1;
    CHECK(id > self->last);
    return self->last = id;
}

task_id values_pending_submit(struct values_pending *self, const struct task *task)
{
    return submit(self, task);
}

void values_pending_wait_cut(struct values_pending *self)
{
    const task_id place = self->cut[self->cuts % VALUES_CUTS];
    if (place != 0)
        self->tasks->ops->wait(self->tasks, place);
}

task_id values_pending_submit_cut(struct values_pending *self, const struct task *task)
{
    values_pending_wait_cut(self);
    const task_id id = submit(self, task);
    self->cut[self->cuts++ % VALUES_CUTS] = id;
    return id;
}

task_id values_pending_cut(const struct values_pending *self)
{
    return self->cuts == 0 ? 0 : self->cut[(self->cuts - 1) % VALUES_CUTS];
}
