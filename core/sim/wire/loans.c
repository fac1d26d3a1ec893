/* SPDX-License-Identifier: BSD-3-Clause */
/* The slots' books (core/base/slots.h), and who is told when nobody wants a vector any more. */
#include "core/sim/wire/loans.h"

#include "core/sim/values/values.h"

static inline void free_vector(struct sim_wire *self, uint32_t worker, uint32_t slot)
{
    const struct slots_entry *const entry = &port_at(self, worker)->slots.entry[slot];
    if (self->base.config.values && !entry->held && entry->loans == 0)
        values_free(self->base.config.values, worker, slot);
}

bool loans_return(struct sim_wire *self, uint32_t worker, uint32_t peer, uint64_t handle)
{
    if (!slots_return(&port_at(self, worker)->slots, handle, peer))
        return false;
    free_vector(self, worker, slots_slot_of(handle));
    return true;
}

bool loans_release(struct sim_wire *self, uint32_t worker, uint32_t peer, uint64_t handle)
{
    const struct sim_edge *const back = &self->edge[port_at(self, worker)->first_edge + peer];
    return loans_return(self, back->to, back->peer, handle);
}

void loans_drop(struct sim_wire *self, uint32_t worker, uint32_t slot)
{
    slots_drop(&port_at(self, worker)->slots, slot);
    free_vector(self, worker, slot);
}

void loans_reclaim(struct sim_wire *self, uint32_t worker, uint32_t peer)
{
    struct slots *const slots = &port_at(self, worker)->slots;
    for (uint32_t s = 0; s < slots->count && self->base.config.values; s++) {
        const uint32_t lent = slots->loan[(size_t)peer * slots->count + s];
        if (lent > 0 && !slots->entry[s].held && slots->entry[s].loans == lent)
            values_free(self->base.config.values, worker, s);
    }
    slots_reclaim(slots, peer);
}
