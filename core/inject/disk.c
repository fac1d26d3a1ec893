/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/inject/disk.h"

bool disk_is_delayed(const struct inject_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->entry[i].what == INJECT_LOAD)
            return true;
    return false;
}

static void ask(struct disk *self, const struct inject_set *set, uint32_t worker, uint64_t at_ns)
{
    const uint64_t begin_ns = at_ns > self->free_ns ? at_ns : self->free_ns;
    const struct inject_phase phase =
        inject_phase(set, INJECT_LOAD, worker, self->asked, begin_ns, 0);
    self->free_ns = begin_ns + phase.delay_ns;
    self->ready_ns[self->asked++ % DISK_DEPTH_MAX] = self->free_ns;
}

void disk_open(struct disk *self, const struct inject_set *set, uint32_t worker, uint32_t depth,
               uint64_t at_ns)
{
    *self = (struct disk){.free_ns = at_ns};
    depth = depth < 1 ? 1 : depth;
    for (uint32_t i = 0; i < depth && i < DISK_DEPTH_MAX; i++)
        ask(self, set, worker, at_ns);
}

void disk_take(struct disk *self, const struct inject_set *set, uint32_t worker, uint64_t at_ns)
{
    if (self->asked == 0)
        return;
    self->taken++;
    ask(self, set, worker, at_ns);
}
