/* SPDX-License-Identifier: BSD-3-Clause */
/** The pool of messages, which grows with what is on its way, and the lists they wait in. Internal to core/sim. */
#ifndef CORE_SIM_WIRE_MESSAGES_H
#define CORE_SIM_WIRE_MESSAGES_H

#include "core/sim/wire/wire_state.h"

/** Index of the class in the arrays of an edge. */
static inline uint32_t messages_class(const struct sim_message *m)
{
    return m->kind == MESSAGE_CONTROL;
}

/** False: memory is exhausted (the run is then broken). */
bool messages_grow(struct sim_wire *self);

/** A fresh message, or SIM_NONE when memory is exhausted. The pool may move. */
static inline uint32_t messages_take(struct sim_wire *self)
{
    const uint32_t free = self->message_free;
    if (free != SIM_NONE) {
        self->message_free = self->message[free].next;
        return free;
    }
    if (self->messages == self->messages_room && !messages_grow(self))
        return SIM_NONE;
    return self->messages++;
}

static inline void messages_free(struct sim_wire *self, uint32_t message)
{
    self->message[message].next = self->message_free;
    self->message_free = message;
}

static inline void messages_append(struct sim_wire *self, struct sim_list *list, uint32_t message)
{
    self->message[message].next = SIM_NONE;
    if (list->first == SIM_NONE)
        list->first = message;
    else
        self->message[list->last].next = message;
    list->last = message;
}

/** First message of a list that is not empty. */
static inline uint32_t messages_first(struct sim_wire *self, struct sim_list *list)
{
    const uint32_t first = list->first;
    list->first = self->message[first].next;
    return first;
}

#endif
