/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/worker/pressure.h"

#include "core/drive/pressure.h"
#include "core/worker/act.h"

static bool has(const uint64_t *bits, uint32_t edge)
{
    return bits[edge / 64] >> edge % 64 & 1;
}

static void flip(uint64_t *bits, uint32_t edge)
{
    bits[edge / 64] ^= UINT64_C(1) << edge % 64;
}

static uint64_t unread(const struct worker *self, uint32_t edge)
{
    struct port *const port = self->common->port;
    return port->ops->unread(port, self->id, edge);
}

void pressure_sent(struct worker *self, uint32_t edge)
{
    struct worker_pressure *const p = &self->pressure;
    const uint32_t bound = self->common->control_bound;
    if (bound == 0 || !self->common->port->ops->unread || has(p->due, edge) || has(p->told, edge) ||
        !pressure_is_full(unread(self, edge), bound))
        return;
    flip(p->due, edge);
    p->dues++;
}

static void tell(struct worker *self, uint32_t edge, enum event_kind kind)
{
    act_on(self, &(struct event){
                     .kind = (uint8_t)kind, .peer = edge, .now_ns = act_now_ns(self, clock_cyc())});
}

static void tell_full(struct worker *self)
{
    struct worker_pressure *const p = &self->pressure;
    uint32_t edge = 0;
    while (!has(p->due, edge))
        edge++;
    flip(p->due, edge);
    flip(p->told, edge);
    p->dues--;
    p->tolds++;
    tell(self, edge, EV_FULL);
}

static void tell_room(struct worker *self)
{
    struct worker_pressure *const p = &self->pressure;
    for (uint32_t edge = 0; edge < self->peer_count && !self->todo.blocked; edge++) {
        if (!has(p->told, edge) ||
            !pressure_has_room(unread(self, edge), self->common->control_bound))
            continue;
        flip(p->told, edge);
        p->tolds--;
        tell(self, edge, EV_ROOM);
    }
}

void pressure_tell_all(struct worker *self)
{
    while (self->pressure.dues > 0 && !self->todo.blocked)
        tell_full(self);
    if (self->pressure.tolds > 0 && !self->todo.blocked)
        tell_room(self);
}

void pressure_forget(struct worker *self, uint32_t edge)
{
    struct worker_pressure *const p = &self->pressure;
    if (has(p->due, edge)) {
        flip(p->due, edge);
        p->dues--;
    }
    if (has(p->told, edge)) {
        flip(p->told, edge);
        p->tolds--;
    }
}
