/* SPDX-License-Identifier: BSD-3-Clause */
/* The order in which a worker sees its shard. The functions belong to core/learn/shard.h. */
#include "core/base/check.h"
#include "core/learn/shard.h"

void sampler_init(struct sampler *self, uint64_t seed, uint32_t worker, uint32_t *order,
                  uint32_t count)
{
    CHECK(count >= 1);
    *self = (struct sampler){
        .order = order, .count = count, .rng = rng_start(seed, RNG_BATCHES, worker)};
    rng_shuffle(&self->rng, order, count);
}

void sampler_next(struct sampler *self, uint32_t *out, uint32_t batch)
{
    CHECK(self->count > 0);
    for (uint32_t i = 0; i < batch; i++) {
        if (self->next == self->count) {
            rng_shuffle(&self->rng, self->order, self->count);
            self->next = 0;
            self->epoch++;
        }
        out[i] = self->order[self->next++];
    }
}
