/* SPDX-License-Identifier: BSD-3-Clause */
/* Notes are contiguous: one that does not fit before the end of the ring begins at its start, and the rest is wasted. */
#include "core/sim/values/values_notes.h"

#include <stdbool.h>

#include "core/base/check.h"

#define LINE 64u

void values_notes_init(struct values_notes *self, void *base, size_t bytes,
                       struct values_note *note, uint32_t notes)
{
    CHECK(bytes % LINE == 0);
    CHECK(notes > 0);
    *self = (struct values_notes){.base = base, .bytes = bytes, .note = note, .notes = notes};
}

static void forget_finished(struct values_notes *self, const struct values_past *past)
{
    while (self->count > 0 && self->note[self->first].task <= past->low) {
        self->tail = self->note[self->first].end;
        self->first = (self->first + 1) % self->notes;
        self->count--;
    }
    if (self->count == 0)
        self->head = self->tail = 0;
}

/* Head never catches up with tail from behind: equal means empty. */
static bool place(struct values_notes *self, size_t bytes)
{
    if (self->count == self->notes)
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

void *values_notes_take(struct values_notes *self, struct values_past *past, size_t bytes)
{
    const size_t lines = (bytes + LINE - 1) / LINE * LINE;
    CHECK(lines <= self->bytes / 3);
    values_past_poll(past);
    forget_finished(self, past);
    while (!place(self, lines)) {
        CHECK(values_past_wait(past));
        forget_finished(self, past);
    }
    void *const at = self->base + self->head;
    self->head += lines;
    return at;
}

void values_notes_keep(struct values_notes *self, task_id task)
{
    CHECK(self->count < self->notes);
    self->note[(self->first + self->count++) % self->notes] =
        (struct values_note){.task = task, .end = self->head};
}
