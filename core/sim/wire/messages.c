/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/wire/messages.h"

#define MESSAGES_FIRST 1024u

__attribute__((cold, noinline)) bool messages_grow(struct sim_wire *self)
{
    const uint32_t room = self->messages_room ? 2 * self->messages_room : MESSAGES_FIRST;
    struct sim_message *const message =
        room >> DUE_INDEX_BITS
            ? NULL
            : self->base.config.memory->resize(self->base.config.memory->context, self->message,
                                               self->messages_room * sizeof(*message),
                                               room * sizeof(*message));
    if (!message) {
        err_set(&self->base.failure, 0, "no memory for more than %u messages at %llu ns",
                self->messages_room, (unsigned long long)self->base.now_ns);
        return false;
    }
    self->message = message;
    self->messages_room = room;
    return true;
}
