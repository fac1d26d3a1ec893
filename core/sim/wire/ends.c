/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whatever way a message ends, three things are put right: the channel of its edge has room again, the snapshot that a
 * tensor lent goes back to its sender, and the totals know why it was not read.
 */
#include "core/sim/wire/ends.h"

#include "core/sim/wire/loans.h"
#include "core/sim/wire/messages.h"
#include "core/sim/wire/pressure.h"

void ends_taken(struct sim_wire *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    if (m->kind > MESSAGE_CONTROL || ends_is_stale(self, m))
        return;
    const uint32_t edge = m->edge; /* the pool may move */
    if (!self->mailboxes || m->kind == MESSAGE_CONTROL)
        self->edge[edge].flying[messages_class(m)]--;
    else if (self->mailbox[edge].unread == message)
        self->mailbox[edge].unread = SIM_NONE;
    if (m->kind == MESSAGE_CONTROL)
        sim_pressure_read(self, edge);
}

void ends_unread(struct sim_wire *self, uint32_t message)
{
    const struct sim_message *const m = &self->message[message];
    const uint32_t sender = wire_sender(self, m->edge);
    loans_return(self, sender, m->edge - port_at(self, sender)->first_edge, m->handle);
    messages_free(self, message);
}

void ends_supersede(struct sim_wire *self, uint32_t message)
{
    self->base.totals.count.tensors_superseded += !self->message[message].copy;
    ends_unread(self, message);
}

void ends_count_dropped(struct sim_wire *self, const struct sim_message *m, enum link_cause cause)
{
    const bool tensor = m->kind == MESSAGE_TENSOR;
    if ((tensor && !m->copy) || m->kind == MESSAGE_CONTROL)
        counts_dropped(&self->base.totals.count, tensor, cause);
}

void ends_leave(struct sim_wire *self, uint32_t message)
{
    const bool tensor = self->message[message].kind == MESSAGE_TENSOR;
    ends_taken(self, message);
    if (tensor)
        ends_unread(self, message);
    else
        messages_free(self, message);
}

void ends_drop(struct sim_wire *self, uint32_t message, enum link_cause cause)
{
    ends_count_dropped(self, &self->message[message], cause);
    ends_leave(self, message);
}

void ends_lose(struct sim_wire *self, uint32_t message)
{
    ends_count_dropped(self, &self->message[message], LINK_GONE);
    ends_taken(self, message);
    const struct sim_message *const m = &self->message[message];
    if (m->kind == MESSAGE_DOWN) /* of both ends nobody is there any more to take loans back */
        loans_reclaim(self, m->to, m->number);
    messages_free(self, message); /* its loan goes back with all others of the dead one */
}

void ends_lose_own(struct sim_wire *self, uint32_t message)
{
    ends_count_dropped(self, &self->message[message], LINK_GONE);
    ends_unread(self, message);
}
