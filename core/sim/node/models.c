/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new model takes the place of the current one, whose slot is dropped: at once, or when the gradient under way has read
 * it, or when the next exact mean of all workers is there (core/drive/model_slot.h).
 */
#include "core/sim/node/models.h"

#include "core/drive/model_slot.h"
#include "core/sim/wire/loans.h"

uint32_t models_take(struct sim_nodes *self, uint32_t worker)
{
    const uint32_t slot = slots_take(&node_at(self, worker)->port.slots);
    if (slot != SLOTS_NONE)
        return slot;
    if (slots_restore(&node_at(self, worker)->port.slots, 1) >
        0) /* a step is not stopped in its middle */
        return slots_take(&node_at(self, worker)->port.slots);
    sim_break(&self->wire.base, worker, "no free slot for a new model");
    return SLOTS_NONE;
}

void models_unpin(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->orphan)
        loans_drop(&self->wire, worker, node->reads.slot);
    node->orphan = false;
}

/** The current model moves on to another slot while the running gradient may still read the old one. */
static void let_go(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    const uint32_t old = node->current;
    const bool is_read = node->phase == SIM_COMPUTING && old == node->reads.slot && !node->orphan;
    const enum model_slot fate =
        model_slot_replaced(is_read, self->averages && old == node->average.slot);
    node->orphan |= fate == MODEL_SLOT_ORPHANED;
    if (fate == MODEL_SLOT_DROPPED)
        loans_drop(&self->wire, worker, old);
}

void models_adopt(struct sim_nodes *self, uint32_t worker, uint32_t slot)
{
    struct sim_node *const node = node_at(self, worker);
    slots_seal(&node->port.slots, slot, ++node->version);
    let_go(self, worker);
    node->current = slot;
}

void models_averaged(struct sim_nodes *self, uint32_t worker, uint64_t number)
{
    struct sim_node *const node = node_at(self, worker);
    const uint32_t old = node->average.slot;
    if (!self->averages)
        return;
    node->average.slot = node->current;
    node->average.number = number;
    if (old != node->current)
        loans_drop(&self->wire, worker, old);
}
