/* SPDX-License-Identifier: BSD-3-Clause */
/** Versions of a worker's model during a replay, kept while somebody will still read them. Internal to harness/run/replay*. */
#ifndef HARNESS_RUN_REPLAY_VERSIONS_H
#define HARNESS_RUN_REPLAY_VERSIONS_H

#include "core/learn/shard.h"
#include "harness/run/replay_state.h"

/** One version of a worker's model. */
struct version {
    uint32_t number; /* 0: free place */
    uint32_t uses;   /* reads still to come */
    float *vector;   /* NULL: not made yet */
};

/** Versions by number (open addressing), and everything else a worker's arithmetic needs. */
struct replay_versions {
    struct version *place; /* [capacity] */
    uint32_t capacity, used;
    uint32_t newest;
    uint64_t drawn; /* batches */
    struct sampler sampler;
    uint32_t *order; /* sampler's */
    float *gradient; /* [dim], newest */
    bool blocked, ended;
    struct journal_entry entry; /* the one that blocks */
};

/** Its place, taken if there is none; NULL: no memory. */
struct version *replay_versions_at(struct replay_versions *self, uint32_t number);

/** A new current version; the one before is dropped unless somebody will still read it. 0 or -ENOMEM. */
int replay_versions_adopt(struct replay_versions *self, float *vector);

/** NULL: it is not made yet. */
const float *replay_versions_vector(struct replay_versions *self, uint32_t number);

/** One of its readers has read it. */
void replay_versions_used(struct replay_versions *self, uint32_t number);

/** The worker's, made at the first call; NULL: no memory. */
struct replay_versions *replay_versions_of(struct replay *self, uint32_t w);

#endif
