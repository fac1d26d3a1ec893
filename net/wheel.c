/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timing wheel. Invariants: every node on the wheel has its slot in [begin, end), or is due before and lies in the
 * slot of `begin`; every far node has its slot at `end` or later. So nothing on the wheel comes after a far node, and a
 * node that is added later at the same time as a far one becomes far, too, and stays behind it.
 */
#include "net/wheel.h"

#include "core/base/check.h"

/* The window moves on when the wheel is empty and this much of it has passed: far nodes are looked at that often. */
#define WINDOW_LEFT (WHEEL_SLOTS / 4u)

static void list_append(struct wheel *self, struct wheel_list *list, uint32_t node)
{
    self->next[node] = WHEEL_NONE;
    if (list->first == WHEEL_NONE)
        list->first = node;
    else
        self->next[list->last] = node;
    list->last = node;
}

/** Behind all that are due no later. Most nodes are due after those that were added before. */
static void list_insert(struct wheel *self, struct wheel_list *list, uint32_t node)
{
    const uint64_t due = self->due_cyc[node];
    if (list->first == WHEEL_NONE || self->due_cyc[list->last] <= due) {
        list_append(self, list, node);
        return;
    }
    uint32_t *at = &list->first;
    while (self->due_cyc[*at] <= due)
        at = &self->next[*at];
    self->next[node] = *at;
    *at = node;
}

static uint32_t list_take(struct wheel *self, struct wheel_list *list)
{
    const uint32_t node = list->first;
    list->first = self->next[node];
    return node;
}

static void put_near(struct wheel *self, uint32_t node)
{
    uint64_t number = self->due_cyc[node] >> self->shift;
    if (number < self->begin)
        number = self->begin;
    const uint32_t slot = (uint32_t)number % WHEEL_SLOTS;
    list_insert(self, &self->slot[slot], node);
    self->bit[slot / 64] |= UINT64_C(1) << slot % 64;
    self->used |= UINT64_C(1) << slot / 64;
    self->near_count++;
}

static void put_far(struct wheel *self, uint32_t node)
{
    list_append(self, &self->far, node);
    if (self->due_cyc[node] < self->far_least_cyc)
        self->far_least_cyc = self->due_cyc[node];
}

static void put(struct wheel *self, uint32_t node)
{
    if (self->due_cyc[node] >> self->shift < self->end)
        put_near(self, node);
    else
        put_far(self, node);
}

/** The wheel is empty: let its window begin now and fetch what lies in it. */
static __attribute__((noinline)) void move_window(struct wheel *self, uint64_t now_cyc)
{
    uint32_t node = self->far.first;
    CHECK(self->near_count == 0);
    self->begin = now_cyc >> self->shift;
    self->end = self->begin + WHEEL_SLOTS;
    self->far.first = WHEEL_NONE;
    self->far_least_cyc = UINT64_MAX;
    while (node != WHEEL_NONE) {
        const uint32_t next = self->next[node];
        put(self, node);
        node = next;
    }
}

/** First slot with nodes, from that of `begin` on, around the wheel. There is one. */
static uint32_t first_slot(const struct wheel *self)
{
    const uint32_t from = (uint32_t)self->begin % WHEEL_SLOTS;
    const uint32_t word = from / 64;
    const uint64_t here = self->bit[word] >> from % 64;
    if (here != 0)
        return from + (uint32_t)__builtin_ctzll(here);
    const uint64_t above = word == 63 ? 0 : self->used & ~UINT64_C(0) << (word + 1);
    const uint32_t next = (uint32_t)__builtin_ctzll(above != 0 ? above : self->used);
    return next * 64 + (uint32_t)__builtin_ctzll(self->bit[next]);
}

static void find_earliest(struct wheel *self)
{
    self->earliest_cyc = self->near_count == 0 ? self->far_least_cyc
                                               : self->due_cyc[self->slot[first_slot(self)].first];
}

uint64_t wheel_bytes(uint32_t capacity)
{
    return arena_cost(capacity * sizeof(uint64_t)) + arena_cost(capacity * sizeof(uint32_t));
}

void wheel_init(struct wheel *self, uint32_t capacity, double slot_ns, double cyc_per_ns,
                struct arena *memory)
{
    const uint64_t cyc = (uint64_t)(slot_ns * cyc_per_ns);
    *self = (struct wheel){.earliest_cyc = UINT64_MAX,
                           .far = {WHEEL_NONE, WHEEL_NONE},
                           .far_least_cyc = UINT64_MAX,
                           .end = WHEEL_SLOTS,
                           .capacity = capacity,
                           .shift = cyc > 1 ? 63 - (uint32_t)__builtin_clzll(cyc) : 0};
    for (uint32_t s = 0; s < WHEEL_SLOTS; s++)
        self->slot[s] = (struct wheel_list){WHEEL_NONE, WHEEL_NONE};
    self->due_cyc = arena_take(memory, capacity * sizeof(uint64_t));
    self->next = arena_take(memory, capacity * sizeof(uint32_t));
    CHECK(self->due_cyc);
    CHECK(self->next);
}

void wheel_add(struct wheel *self, uint32_t node, uint64_t due_cyc, uint64_t now_cyc)
{
    DCHECK(node < self->capacity);
    if (self->near_count == 0 && (now_cyc >> self->shift) + WINDOW_LEFT > self->end)
        move_window(self, now_cyc);
    self->due_cyc[node] = due_cyc;
    put(self, node);
    if (due_cyc < self->earliest_cyc)
        self->earliest_cyc = due_cyc;
}

uint32_t wheel_take(struct wheel *self, uint64_t now_cyc)
{
    if (self->earliest_cyc > now_cyc || self->earliest_cyc == UINT64_MAX)
        return WHEEL_NONE;
    if (self->near_count == 0)
        move_window(self, now_cyc);
    const uint32_t slot = first_slot(self);
    const uint32_t node = list_take(self, &self->slot[slot]);
    const uint64_t number = self->due_cyc[node] >> self->shift;
    if (number > self->begin)
        self->begin = number; /* all slots before it are empty */
    if (self->slot[slot].first == WHEEL_NONE) {
        self->bit[slot / 64] &= ~(UINT64_C(1) << slot % 64);
        if (self->bit[slot / 64] == 0)
            self->used &= ~(UINT64_C(1) << slot / 64);
    }
    self->near_count--;
    find_earliest(self);
    return node;
}
