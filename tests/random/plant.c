/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/random/plant.h"

#include <string.h>

#include "core/policy/rows.h"
#include "core/sim/values/values_private.h"

#define MIXES_PER_FAULT 37u

static const char *const names[PLANT_KINDS] = {
    [PLANT_NONE] = "none",
    [PLANT_ONE_SIDED_MIX] = "one-sided-mix",
    [PLANT_DISORDER] = "disorder",
    [PLANT_EARLY_REUSE] = "early-reuse",
    [PLANT_LOST_CONTROL] = "lost-control",
    [PLANT_STALE_EPOCH] = "stale-epoch",
};

const char *plant_name(enum plant_kind kind)
{
    return names[kind];
}

enum plant_kind plant_find(const char *name)
{
    uint32_t kind = 0;
    while (kind < PLANT_KINDS && strcmp(names[kind], name))
        kind++;
    return (enum plant_kind)kind;
}

void plant_init(struct plant *self, enum plant_kind kind, uint64_t seed)
{
    *self = (struct plant){.kind = kind, .rng = rng_start(seed, RNG_TEST, ~(uint64_t)kind)};
}

/** Whatever comes is given back at once, and not when its reader has read it. */
static void give_back_early(const struct event *event, struct actions *out)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->count; i++)
        if (out->item[i].kind != ACT_RELEASE)
            out->item[kept++] = out->item[i];
    out->count = kept;
    if (event->kind == EV_TENSOR)
        actions_push(out, (struct action){
                              .kind = ACT_RELEASE, .peer = event->peer, .handle = event->handle});
}

static bool is_hit(struct plant *self, const struct policy *row)
{
    return self->kind == PLANT_LOST_CONTROL ? rng_below(&self->rng, 1000) == 0
                                            : row == &policy_aau && rng_below(&self->rng, 100) == 0;
}

static void change_controls(struct plant *self, const struct policy *row, struct actions *out)
{
    for (uint32_t i = 0; i < out->count; i++) {
        struct action *const action = &out->item[i];
        if (action->kind != ACT_CONTROL || action->count == 0 || !is_hit(self, row))
            continue;
        if (self->kind == PLANT_LOST_CONTROL)
            action->count--;
        else
            action->word[0]++;
    }
}

void plant_change(struct plant *self, const struct policy *row, const struct event *event,
                  struct actions *out)
{
    switch (self->kind) {
    case PLANT_ONE_SIDED_MIX:
        for (uint32_t i = 0; i < out->count; i++)
            if (out->item[i].kind == ACT_MIX && ++self->mixes % MIXES_PER_FAULT == 0)
                out->item[i].count = 0;
        return;
    case PLANT_EARLY_REUSE:
        give_back_early(event, out);
        return;
    case PLANT_LOST_CONTROL:
    case PLANT_STALE_EPOCH:
        change_controls(self, row, out);
        return;
    default:
        return;
    }
}

void plant_disorder(const struct plant *self, const struct task *task)
{
    if (self->kind != PLANT_DISORDER || task->run != values_task_mix(NULL, NULL).run)
        return;
    struct combine *const mix = task->context;
    mix->self_id = UINT32_MAX;
    for (uint32_t i = 0; i < mix->count; i++)
        mix->row[i].id = UINT32_MAX - 1 - mix->row[i].id;
}
