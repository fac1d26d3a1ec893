/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/support_sim_graph.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"

static uint32_t edges_of(const struct policy *policy, uint32_t workers, uint32_t degree, uint32_t w)
{
    switch (policy->edges) {
    case POLICY_EDGES_NONE:
        return 0;
    case POLICY_EDGES_ALL:
    case POLICY_EDGES_EXPONENTIAL: /* at most */
        return workers - 1;
    case POLICY_EDGES_STAR:
        return w == 0 ? workers - 1 : 1;
    case POLICY_EDGES_GRAPH:
        break;
    }
    return degree < workers - 1 ? degree : workers - 1;
}

static bool is_power_of_two(uint32_t n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

static bool are_linked(const struct policy *policy, uint32_t workers, uint32_t degree, uint32_t a,
                       uint32_t b)
{
    const uint32_t apart = a > b ? a - b : b - a;
    const uint32_t steps = apart < workers - apart ? apart : workers - apart;
    if (policy->edges == POLICY_EDGES_ALL)
        return a != b;
    if (policy->edges == POLICY_EDGES_STAR)
        return a != b && (a == 0 || b == 0);
    if (policy->edges == POLICY_EDGES_EXPONENTIAL)
        return a != b && (is_power_of_two(apart) || is_power_of_two(workers - apart));
    return steps > 0 && steps <= degree / 2;
}

/** Ids in ascending order; on a large circulant graph only the few that can be neighbours are looked at. */
static uint32_t list_peers(const struct policy *policy, uint32_t workers, uint32_t degree,
                           uint32_t w, uint32_t *out)
{
    const uint32_t half = degree / 2;
    const bool near_only = policy->edges == POLICY_EDGES_GRAPH && w > half && w + half < workers;
    const uint32_t from = near_only ? w - half : 0, to = near_only ? w + half + 1 : workers;
    uint32_t count = 0;
    for (uint32_t p = from; p < to; p++)
        if (are_linked(policy, workers, degree, w, p))
            out[count++] = p;
    return count;
}

void graph_plan(const struct policy *policy, uint32_t workers, uint32_t degree, uint64_t seed,
                struct policy_config **worker, uint32_t **peers)
{
    size_t edges = 0;
    for (uint32_t w = 0; w < workers; w++)
        edges += edges_of(policy, workers, degree, w);
    *worker = calloc(workers, sizeof(**worker));
    uint32_t *next = *peers = calloc(edges + 1, sizeof(**peers));
    for (uint32_t w = 0; w < workers; w++) {
        struct policy_config *const config = &(*worker)[w];
        *config = (struct policy_config){
            .self = w, .workers = workers, .peers = next, .seed = rng_key(seed, RNG_POLICY, w)};
        if (policy->edges != POLICY_EDGES_NONE)
            config->peer_count = list_peers(policy, workers, degree, w, next);
        next += config->peer_count;
    }
}

uint32_t graph_slots(const struct policy *policy, const struct policy_config *worker,
                     uint32_t workers)
{
    uint32_t most = 0;
    for (uint32_t w = 0; w < workers; w++)
        most = worker[w].peer_count > most ? worker[w].peer_count : most;
    return policy->slots_fixed + policy->slots_per_edge * most;
}

void *graph_resize(uint64_t *bytes_held, uint64_t *bytes_max, void *old, size_t old_bytes,
                   size_t bytes)
{
    void *made = NULL;
    if (bytes > 0) {
        made = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
        if (!made)
            return NULL;
        if (old)
            memcpy(made, old, old_bytes < bytes ? old_bytes : bytes);
        if (bytes > old_bytes)
            memset((char *)made + old_bytes, 0, bytes - old_bytes);
    }
    *bytes_held += bytes - old_bytes;
    *bytes_max = *bytes_held > *bytes_max ? *bytes_held : *bytes_max;
    free(old);
    return made;
}
