/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The actions that every policy takes, by their names. What ACT_MIX and ACT_REDUCE have differs from policy to policy, and
 * is written out there (step.h says what each field is).
 */
#ifndef CORE_POLICY_SAY_H
#define CORE_POLICY_SAY_H

#include "core/policy/step.h"

/** The gradient of iteration `round`. */
static inline void say_compute(struct actions *out, uint32_t round)
{
    actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = round});
}

/** Step by the newest gradient. */
static inline void say_apply(struct actions *out, uint32_t round)
{
    actions_push(out, (struct action){.kind = ACT_APPLY, .round = round});
}

/** The current model. `peers` outlives the step; `degree`: of the sender in this exchange. */
static inline void say_send(struct actions *out, uint8_t type, uint64_t tag, const uint32_t *peers,
                            uint32_t count, uint32_t degree)
{
    actions_push(out, (struct action){.kind = ACT_SEND,
                                      .type = type,
                                      .tag = tag,
                                      .peers = peers,
                                      .count = count,
                                      .degree = degree});
}

/** A control message of up to STEP_WORDS words, at least one (0 where it has none). A macro for their number. */
#define say_control(out, type_, peers_, count_, ...)       \
    actions_push(out, (struct action){.kind = ACT_CONTROL, \
                                      .type = (type_),     \
                                      .peers = (peers_),   \
                                      .count = (count_),   \
                                      .word = {__VA_ARGS__}})

/** A snapshot is not needed any more. */
static inline void say_release(struct actions *out, uint32_t peer, uint64_t handle)
{
    actions_push(out, (struct action){.kind = ACT_RELEASE, .peer = peer, .handle = handle});
}

/** Nor are those of a mix. */
static inline void say_release_terms(struct actions *out, const struct mix_term *terms,
                                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        say_release(out, terms[i].peer, terms[i].handle);
}

static inline void say_timer(struct actions *out, uint8_t type, uint64_t tag, uint64_t at_ns)
{
    actions_push(out, (struct action){.kind = ACT_TIMER, .type = type, .tag = tag, .at_ns = at_ns});
}

static inline void say_cancel(struct actions *out, uint8_t type)
{
    actions_push(out, (struct action){.kind = ACT_CANCEL, .type = type});
}

/** Reclaim what this peer has on loan. */
static inline void say_evict(struct actions *out, uint32_t peer)
{
    actions_push(out, (struct action){.kind = ACT_EVICT, .peer = peer});
}

static inline void say_done(struct actions *out)
{
    actions_push(out, (struct action){.kind = ACT_DONE});
}

#endif
