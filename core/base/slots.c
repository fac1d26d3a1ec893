/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Invariants: free_count == slots that are neither held nor lent; entry.loans == sum over edges of loan[edge][slot];
 * a held slot is unsealed (being written) or sealed (a snapshot), and only snapshots are lent.
 *
 * Counting per edge instead of keeping lists costs edges * count * 2 bytes, but lending and returning are two
 * increments, and reclaiming, the rare case, is one scan.
 */
#include "core/base/slots.h"

#include <string.h>

#include "core/base/check.h"

/* Version of a slot that is being written: no handle of an earlier life matches it. */
#define UNSEALED UINT32_MAX

uint64_t slots_bytes(uint32_t count, uint32_t edges)
{
    const uint64_t bytes =
        (uint64_t)count * sizeof(struct slots_entry) + (uint64_t)edges * count * sizeof(uint16_t);
    return (bytes + 7) & ~7ull;
}

void slots_init(struct slots *self, void *memory, uint32_t count, uint32_t edges,
                uint16_t incarnation)
{
    CHECK(memory);
    CHECK((uintptr_t)memory % 8 == 0);
    CHECK(count >= 1);
    CHECK(count <= SLOTS_MAX);
    CHECK(incarnation >= 1);
    memset(memory, 0, slots_bytes(count, edges));
    struct slots_entry *entry = memory;
    *self = (struct slots){
        .entry = entry,
        .loan = (uint16_t *)(void *)(entry + count),
        .count = count,
        .edges = edges,
        .free_count = count,
        .free_count_min = count,
        .incarnation = incarnation,
    };
    for (uint32_t i = 0; i < count; i++)
        entry[i].version = UNSEALED;
}

static struct slots_entry *entry_at(const struct slots *self, uint32_t slot)
{
    CHECK(slot < self->count);
    return &self->entry[slot];
}

static uint16_t *loan_at(const struct slots *self, uint32_t slot, uint32_t edge)
{
    CHECK(edge < self->edges);
    return &self->loan[(uint64_t)edge * self->count + slot];
}

static bool is_free(const struct slots_entry *entry)
{
    return !entry->held && entry->loans == 0;
}

uint32_t slots_take(struct slots *self)
{
    if (self->free_count == 0)
        return SLOTS_NONE;
    uint32_t slot = self->cursor;
    while (!is_free(&self->entry[slot]))
        slot = slot + 1 == self->count ? 0 : slot + 1;

    self->cursor = slot + 1 == self->count ? 0 : slot + 1;
    self->entry[slot].held = true;
    self->entry[slot].version = UNSEALED;
    self->free_count--;
    if (self->free_count < self->free_count_min)
        self->free_count_min = self->free_count;
    return slot;
}

slots_handle slots_seal(struct slots *self, uint32_t slot, uint32_t version)
{
    struct slots_entry *entry = entry_at(self, slot);
    CHECK(entry->held);
    CHECK(entry->version == UNSEALED);
    CHECK(version != UNSEALED);
    entry->version = version;
    entry->incarnation = self->incarnation;
    return slots_pack(self->incarnation, slot, version);
}

void slots_drop(struct slots *self, uint32_t slot)
{
    struct slots_entry *entry = entry_at(self, slot);
    CHECK(entry->held);
    entry->held = false;
    self->free_count += entry->loans == 0;
}

void slots_lend(struct slots *self, uint32_t slot, uint32_t edge)
{
    struct slots_entry *entry = entry_at(self, slot);
    uint16_t *loan = loan_at(self, slot, edge);
    CHECK(entry->held);
    CHECK(entry->version != UNSEALED);
    CHECK(*loan < UINT16_MAX);
    (*loan)++;
    entry->loans++;
}

bool slots_return(struct slots *self, slots_handle handle, uint32_t edge)
{
    CHECK(edge < self->edges);
    const uint32_t slot = slots_slot_of(handle);
    if (slot >= self->count)
        return false;
    struct slots_entry *entry = &self->entry[slot];
    uint16_t *loan = loan_at(self, slot, edge);
    /* A late return after slots_reclaim may meet the slot in its next life, even lent to the same edge again. */
    if (entry->version != slots_version_of(handle) || *loan == 0)
        return false;
    if (entry->incarnation != slots_incarnation_of(handle))
        return false;

    (*loan)--;
    entry->loans--;
    self->free_count += is_free(entry);
    return true;
}

uint32_t slots_reclaim(struct slots *self, uint32_t edge)
{
    uint32_t reclaimed = 0;
    for (uint32_t slot = 0; slot < self->count; slot++) {
        uint16_t *loan = loan_at(self, slot, edge);
        if (*loan == 0)
            continue;
        reclaimed += *loan;
        self->entry[slot].loans -= *loan;
        *loan = 0;
        self->free_count += is_free(&self->entry[slot]);
    }
    return reclaimed;
}

slots_handle slots_current_handle(const struct slots *self, uint32_t slot)
{
    const struct slots_entry *entry = entry_at(self, slot);
    return slots_pack(entry->incarnation, slot, entry->version);
}

void slots_restart(struct slots *self)
{
    CHECK(self->incarnation < UINT16_MAX);
    self->incarnation++;
    for (uint32_t slot = 0; slot < self->count; slot++)
        if (self->entry[slot].held)
            slots_drop(self, slot);
}

/* A withheld slot is held and was never sealed, as one being written; between two steps nobody writes. */
uint32_t slots_withhold(struct slots *self, uint32_t keep)
{
    uint32_t count = 0;
    for (; self->free_count > keep; count++)
        slots_take(self);
    return count;
}

uint32_t slots_restore(struct slots *self, uint32_t count)
{
    uint32_t restored = 0;
    for (uint32_t slot = 0; slot < self->count && restored < count; slot++) {
        const struct slots_entry *entry = &self->entry[slot];
        if (!entry->held || entry->version != UNSEALED)
            continue;
        slots_drop(self, slot);
        restored++;
    }
    return restored;
}
