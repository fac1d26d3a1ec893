/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Faults of a driver, planted for those who look for them: what the policy decided, and the shadow has seen, is not what
 * is executed.
 */
#ifndef TESTS_RANDOM_PLANT_H
#define TESTS_RANDOM_PLANT_H

#include "core/base/rng.h"
#include "core/policy/policy.h"
#include "core/sim/values/tasks.h"

enum plant_kind {
    PLANT_NONE,
    PLANT_ONE_SIDED_MIX, /* now and then one end of an exchange takes nothing in */
    PLANT_DISORDER,      /* sums do not run in order of id */
    PLANT_EARLY_REUSE,   /* a snapshot is given back when it comes, and read later */
    PLANT_LOST_CONTROL,  /* one control in a thousand is lost for good */
    PLANT_STALE_EPOCH,   /* aau: one control in a hundred names the epoch after its own */
    PLANT_KINDS
};

struct plant {
    enum plant_kind kind;
    struct rng rng;
    uint32_t mixes;
};

void plant_init(struct plant *self, enum plant_kind kind, uint64_t seed);

/** After a worker of this row has seen `event`: change what the driver is to do. */
void plant_change(struct plant *self, const struct policy *row, const struct event *event,
                  struct actions *out);

/** If this is a mix, its rows are renamed so that they are summed in another order. */
void plant_disorder(const struct plant *self, const struct task *task);

/** "one-sided-mix" and so on; find: PLANT_KINDS if there is none of this name. */
const char *plant_name(enum plant_kind kind);
enum plant_kind plant_find(const char *name);

#endif
