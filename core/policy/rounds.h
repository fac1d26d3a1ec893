/**
 * Global rounds: what synchronous policies share. One gradient per round; after EV_STOP{last} the rounds up to `last` are
 * finished and no further one begins.
 */
#ifndef CORE_POLICY_ROUNDS_H
#define CORE_POLICY_ROUNDS_H

#include <stdbool.h>

#include "core/base/check.h"
#include "core/policy/step.h"

struct rounds {
    uint64_t last; /* last round to finish, once stopping */
    uint32_t now;
    bool computing, stopping, done;
};

/** Begin round `now`, or end when it lies behind the last one. */
static inline void rounds_begin(struct rounds *self, struct actions *out)
{
    self->computing = false;
    if (self->stopping && self->now > self->last) {
        self->done = true;
        actions_push(out, (struct action){.kind = ACT_DONE});
        return;
    }
    self->computing = true;
    actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = self->now});
}

/** The gradient of this round is there: step. */
static inline void rounds_apply(struct rounds *self, struct actions *out)
{
    CHECK(self->computing);
    self->computing = false;
    actions_push(out, (struct action){.kind = ACT_APPLY, .round = self->now});
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
