/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many iterations one worker may be ahead of another: what tokens, rounds and bounds of staleness are for. Rounds
 * hold in both directions and from neighbour to neighbour, hop's bound in one: a slow worker's neighbours wait for it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/random/shadow_state.h"

static void measure_distances(struct shadow *self)
{
    const uint32_t n = self->workers;
    self->distance = malloc((size_t)n * n);
    CHECK(self->distance);
    memset(self->distance, UINT8_MAX, (size_t)n * n);
    for (uint32_t e = 0; e < self->edges; e++)
        self->distance[self->edge[e].from * n + self->edge[e].to] = 1;
    for (uint32_t k = 0; k < n; k++) {
        self->distance[k * n + k] = 0;
        for (uint32_t i = 0; i < n * n; i++) {
            const uint32_t by_k =
                (uint32_t)self->distance[i / n * n + k] + self->distance[k * n + i % n];
            if (by_k < self->distance[i])
                self->distance[i] = (uint8_t)by_k;
        }
    }
}

void shadow_rounds_open(struct shadow *self)
{
    const struct policy_options *const options = &self->config.sim->worker[0].options;
    self->gap_most = SHADOW_NONE;
    if (self->absences)
        return; /* who is not there is in no round */
    if (strcmp(self->policy->name, "hop") == 0)
        self->gap_most = (uint32_t)policy_value(self->policy, options, "staleness") + 1;
    if (!self->policy->synchronous || self->policy->lanes != LANES_PLAIN)
        return;
    self->gap_most = strcmp(self->policy->name, "local-sgd") == 0
                         ? (uint32_t)policy_value(self->policy, options, "steps")
                         : 1;
    measure_distances(self);
}

static uint32_t round_of(const struct shadow *self, uint32_t worker)
{
    return self->worker[worker].round > 0 ? (uint32_t)self->worker[worker].round : 0;
}

static void look_at_neighbours(struct shadow *self, uint32_t worker)
{
    const uint32_t own = round_of(self, worker);
    for (uint32_t i = 0; i < self->config.sim->worker[worker].peer_count; i++) {
        const uint32_t to = shadow_edge_of(self, worker, i)->to, other = round_of(self, to);
        if (own > other && own - other > self->extremes.gap)
            self->extremes.gap = own - other;
        if (own > other && self->gap_most != SHADOW_NONE && own - other > self->gap_most)
            shadow_fail(self, "begins iteration %u, and its neighbour %u is in %u", own, to, other);
    }
}

void shadow_rounds_look(struct shadow *self, uint32_t worker)
{
    const uint32_t own = round_of(self, worker);
    look_at_neighbours(self, worker);
    for (uint32_t w = 0; self->distance && w < self->workers; w++) {
        const uint32_t other = round_of(self, w);
        const uint32_t gap = own > other ? own - other : other - own;
        if (gap > self->distance[worker * self->workers + w] * self->gap_most)
            shadow_fail(self, "begins iteration %u, and worker %u, %u edges away, is in %u", own, w,
                        self->distance[worker * self->workers + w], other);
    }
}

struct shadow_begun shadow_begun(const struct shadow *self, uint32_t worker)
{
    return self->worker[worker].begun;
}

struct shadow_extremes shadow_extremes(const struct shadow *self)
{
    return self->extremes;
}
