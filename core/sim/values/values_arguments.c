/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments are contiguous: one that does not fit before the end of the ring begins at its start, and the rest is wasted. */
#include "core/sim/values/values_arguments.h"

#include <stdbool.h>

#include "core/base/check.h"

#define LINE 64u

void values_arguments_init(struct values_arguments *self, void *base, size_t bytes,
                           struct values_argument *argument, uint32_t arguments)
{
    CHECK(bytes % LINE == 0);
    CHECK(arguments > 0);
    *self = (struct values_arguments){
        .base = base, .bytes = bytes, .argument = argument, .arguments = arguments};
}

static void forget_finished(struct values_arguments *self, const struct values_pending *pending)
{
    while (self->count > 0 && self->argument[self->first].task <= pending->watermark) {
        self->tail = self->argument[self->first].end;
        self->first = (self->first + 1) % self->arguments;
        self->count--;
    }
    if (self->count == 0)
        self->head = self->tail = 0;
}

/* Head never catches up with tail from behind: equal means empty. */
static bool place(struct values_arguments *self, size_t bytes)
{
    if (self->count == self->arguments)
        return false;
    if (self->head < self->tail)
        return self->tail - self->head > bytes;
    if (self->bytes - self->head >= bytes)
        return true;
    if (self->tail <= bytes)
        return false;
    self->head = 0;
    return true;
}

void *values_arguments_take(struct values_arguments *self, struct values_pending *pending,
                            size_t bytes)
{
    const size_t lines = (bytes + LINE - 1) / LINE * LINE;
    CHECK(lines <= self->bytes / 3);
    values_pending_poll(pending);
    forget_finished(self, pending);
    while (!place(self, lines)) {
        CHECK(values_pending_wait(pending));
        forget_finished(self, pending);
    }
    void *const at = self->base + self->head;
    self->head += lines;
    return at;
}

void values_arguments_keep(struct values_arguments *self, task_id task)
{
    CHECK(self->count < self->arguments);
    self->argument[(self->first + self->count++) % self->arguments] =
        (struct values_argument){.task = task, .end = self->head};
}
