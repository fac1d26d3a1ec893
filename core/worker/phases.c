/* SPDX-License-Identifier: BSD-3-Clause */
/* A sequence lock: see H.-J. Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012. */
#include "core/worker/phases.h"

#define RELAXED memory_order_relaxed
#define TRIES 4u

static void write_latest(struct phases *self, const struct blame_phase *phase)
{
    const uint64_t sequence = atomic_load_explicit(&self->sequence, RELAXED);
    atomic_store_explicit(&self->sequence, sequence + 1, RELAXED);
    atomic_thread_fence(memory_order_release); /* whoever sees a new field sees the odd number */
    atomic_store_explicit(&self->begin[self->latest], phase->begin, RELAXED);
    atomic_store_explicit(&self->injected[self->latest], phase->injected, RELAXED);
    atomic_store_explicit(&self->end[self->latest], phase->end, RELAXED);
    /* release: whoever sees the even number sees all fields */
    atomic_store_explicit(&self->sequence, sequence + 2, memory_order_release);
}

void phases_begin(struct phases *self, const struct blame_phase *phase)
{
    self->latest = !self->latest;
    write_latest(self, phase);
}

void phases_revise(struct phases *self, const struct blame_phase *phase)
{
    write_latest(self, phase);
}

static struct blame_phase read_one(const struct phases *self, uint32_t which)
{
    return (struct blame_phase){.begin = atomic_load_explicit(&self->begin[which], RELAXED),
                                .injected = atomic_load_explicit(&self->injected[which], RELAXED),
                                .end = atomic_load_explicit(&self->end[which], RELAXED)};
}

void phases_cut(struct phases *self, uint64_t now)
{
    struct blame_phase phase = read_one(self, self->latest);
    if (phase.end <= now)
        return;
    phase.end = now;
    phase.injected = phase.injected < now ? phase.injected : now;
    write_latest(self, &phase);
}

bool phases_read(const struct phases *self, struct blame_phase out[2])
{
    for (uint32_t i = 0; i < TRIES; i++) {
        const uint64_t before = atomic_load_explicit(&self->sequence, memory_order_acquire);
        out[0] = read_one(self, 0);
        out[1] = read_one(self, 1);
        atomic_thread_fence(
            memory_order_acquire); /* the fields are read before the number is read again */
        if (!(before & 1) && atomic_load_explicit(&self->sequence, RELAXED) == before)
            return true;
    }
    return false;
}
