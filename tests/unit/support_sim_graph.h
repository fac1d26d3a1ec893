/* SPDX-License-Identifier: BSD-3-Clause */
/** Neighbours and memory of a simulated cluster, for tests and benchmarks alike. */
#ifndef TESTS_UNIT_SUPPORT_SIM_GRAPH_H
#define TESTS_UNIT_SUPPORT_SIM_GRAPH_H

#include <stddef.h>

#include "core/policy/policy.h"

/** Configurations of all workers on the edges that the row asks for; `degree` (even) on a graph: circulant. */
void graph_plan(const struct policy *policy, uint32_t workers, uint32_t degree, uint64_t seed,
                struct policy_config **worker, uint32_t **peers);

/** Slots that the row asks for at the worker with the most edges. */
uint32_t graph_slots(const struct policy *policy, const struct policy_config *worker,
                     uint32_t workers);

/** As sim_memory.resize, and keeps count of the bytes held. */
void *graph_resize(uint64_t *bytes_held, uint64_t *bytes_max, void *old, size_t old_bytes,
                   size_t bytes);

#endif
