/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Simulated clusters for tests of the virtual driver: a circulant graph, plain memory, timing only.
 */
#ifndef TESTS_UNIT_SUPPORT_SIM_H
#define TESTS_UNIT_SUPPORT_SIM_H

#include "core/sim/sim.h"

struct cluster {
    struct sim_config config; /* may be changed until cluster_open */
    struct policy_config *worker;
    uint32_t *peers;
    struct sim_memory memory;
    struct sim_watch watch; /* hashes events; `stepped` may be replaced */
    struct sim *sim;
    uint64_t hash;             /* of every event and every action of every step */
    uint64_t bytes, bytes_max; /* of memory held */
};

/** `degree` (even, or 0) neighbours each on the row's graph; policies with all edges get all. base 1 ms, no jitter, links take no time. */
void cluster_plan(struct cluster *self, const char *policy, uint32_t workers, uint32_t degree,
                  uint64_t seed);

void cluster_plan_row(struct cluster *self, const struct policy *policy, uint32_t workers,
                      uint32_t degree, uint64_t seed);

/** What a scripted policy does; it gives every tensor back and is done when told to stop by itself. */
typedef void cluster_script(uint32_t worker, const struct event *event, struct actions *out);
struct policy cluster_row(cluster_script *script, enum delivery_class class);

/** Open; fails the test when memory is refused. */
void cluster_open(struct cluster *self);

/** Open, run to the end, fail the test unless the run is sound and drained: every loan back, parts add up. */
void cluster_run(struct cluster *self);

void cluster_close(struct cluster *self);

#define MS 1000000ull
#define US 1000ull

/** A policy with options, of all that virtual time runs without a graph of its own. */
struct cluster_variant {
    const char *name;
    struct policy_options options;
};
/** Some options of most rows, and the defaults of every other one in the table. */
uint32_t cluster_variants(void);
/** Number `n` modulo their count. */
struct cluster_variant cluster_variant(uint64_t n);

#endif
