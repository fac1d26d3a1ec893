/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/wire/pressure.h"

#include "core/drive/pressure.h"
#include "core/sim/wire/messages.h"

void sim_pressure_sent(struct sim_wire *self, uint32_t worker, uint32_t edge)
{
    if (!self->pressure || self->pressure[edge] != PRESSURE_NONE ||
        !pressure_is_full(self->edge[edge].flying[1], self->base.config.control_bound))
        return;
    self->pressure[edge] = PRESSURE_FULL;
    self->full[worker]++;
}

static void notify_room(struct sim_wire *self, uint32_t edge)
{
    const uint32_t worker = wire_sender(self, edge), message = messages_take(self);
    if (message == SIM_NONE)
        return;
    const struct sim_port *const port = port_at(self, worker);
    self->message[message] = (struct sim_message){.kind = MESSAGE_ROOM,
                                                  .edge = edge,
                                                  .number = edge - port->first_edge,
                                                  .to = worker,
                                                  .to_incarnation = port->slots.incarnation,
                                                  .sent_ns = self->base.now_ns};
    messages_append(self, &self->prompt, message);
}

void sim_pressure_read(struct sim_wire *self, uint32_t edge)
{
    if (!self->pressure || self->pressure[edge] == PRESSURE_NONE ||
        !pressure_has_room(self->edge[edge].flying[1], self->base.config.control_bound))
        return;
    const bool notified = self->pressure[edge] == PRESSURE_NOTIFIED;
    sim_pressure_forget(self, edge);
    if (notified)
        notify_room(self, edge);
}

uint32_t sim_pressure_next(struct sim_wire *self, uint32_t worker)
{
    if (!self->pressure || self->full[worker] == 0)
        return SIM_NONE;
    const struct sim_port *const port = port_at(self, worker);
    uint32_t peer = 0;
    while (self->pressure[port->first_edge + peer] != PRESSURE_FULL)
        peer++;
    self->pressure[port->first_edge + peer] = PRESSURE_NOTIFIED;
    self->full[worker]--;
    return peer;
}

void sim_pressure_forget(struct sim_wire *self, uint32_t edge)
{
    if (!self->pressure)
        return;
    if (self->pressure[edge] == PRESSURE_FULL)
        self->full[wire_sender(self, edge)]--;
    self->pressure[edge] = PRESSURE_NONE;
}
