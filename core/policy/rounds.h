/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Global rounds: what synchronous policies share. One gradient per round; after EV_STOP{last} the rounds up to `last` are
 * finished and no further one begins.
 */
#ifndef CORE_POLICY_ROUNDS_H
#define CORE_POLICY_ROUNDS_H

#include <stdbool.h>

#include "core/base/check.h"
#include "core/policy/policy.h"
#include "core/policy/say.h"

struct rounds {
    uint64_t last; /* last round to finish, once stopping */
    uint32_t now;
    bool computing, stopping, done;
};

/** Round `now` is not to be begun. */
static inline bool rounds_over(const struct rounds *self)
{
    return self->stopping && self->now > self->last;
}

/** Begin round `now`, or end when it lies behind the last one. */
static inline void rounds_begin(struct rounds *self, struct actions *out)
{
    self->computing = false;
    if (rounds_over(self)) {
        self->done = true;
        say_done(out);
        return;
    }
    self->computing = true;
    say_compute(out, self->now);
}

/** The gradient of this round is there: step. */
static inline void rounds_apply(struct rounds *self, struct actions *out)
{
    CHECK(self->computing);
    self->computing = false;
    say_apply(out, self->now);
}

/** The mean over all: `everyone` lists all peers and outlives the step. To whoever models a reduction, no list means all. */
static inline void rounds_reduce(const struct policy_config *config, enum collective_kind kind,
                                 uint64_t tag, const uint32_t *everyone, struct actions *out)
{
    const bool modelled = kind == COLLECTIVE_MODELLED;
    actions_push(out, (struct action){.kind = ACT_REDUCE,
                                      .tag = tag,
                                      .peers = modelled ? NULL : everyone,
                                      .count = modelled ? 0 : config->peer_count});
}

/** This round is over. */
static inline void rounds_next(struct rounds *self, struct actions *out)
{
    self->now++;
    rounds_begin(self, out);
}

/** EV_STOP: a gradient beyond the last round is dropped. */
static inline void rounds_stop(struct rounds *self, uint64_t last, struct actions *out)
{
    self->stopping = true;
    self->last = last;
    if (self->computing && self->now > self->last)
        rounds_begin(self, out);
}

#endif
