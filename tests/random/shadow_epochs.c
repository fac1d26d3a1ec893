/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AAU and cb-dybw: an epoch may end only when edges over which models were exchanged in it connect all workers; that is what bounds
 * how long anybody can be left out. Seen from outside: PATH tells of edges. An edge is established by one of its ends, in
 * a step that sends a model over it; whoever else tells of it must name the same epoch; and nobody may speak of a later
 * epoch before.
 */
#include <string.h>

#include "core/policy/control.h"
#include "tests/random/shadow_state.h"

static struct shadow_epoch *epoch_at(struct shadow *self, uint32_t number)
{
    struct shadow_epoch *const epoch = &self->epoch[number % SHADOW_EPOCHS];
    if (!epoch->used || epoch->number != number) {
        memset(epoch, 0, sizeof(*epoch));
        epoch->used = true;
        epoch->number = number;
    }
    return epoch;
}

static bool connects_all(const struct shadow *self, const struct shadow_epoch *epoch)
{
    uint32_t reached = 1, before = 0;
    while (before != reached) {
        before = reached;
        for (uint32_t w = 0; w < self->workers; w++)
            if (reached >> w & 1)
                reached |= epoch->linked[w];
    }
    return reached == (uint32_t)((1ull << self->workers) - 1);
}

static void enter(struct shadow *self, uint32_t number)
{
    if (number <= self->epoch_newest)
        return;
    if (number != self->epoch_newest + 1 || !connects_all(self, epoch_at(self, self->epoch_newest)))
        shadow_fail(self,
                    "speaks of epoch %u, but the edges of epoch %u have not connected everybody",
                    number, self->epoch_newest);
    self->epoch_newest = number;
    epoch_at(self, number);
}

/** Ids of those to whom this step sends its model. */
static uint32_t receivers(struct shadow *self, uint32_t worker, const struct actions *actions)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct action *const action = &actions->item[i];
        for (uint32_t k = 0; action->kind == ACT_SEND && k < action->count; k++)
            set |= 1u << shadow_edge_of(self, worker, action->peers[k])->to;
    }
    return set;
}

static struct shadow_account *account_of(struct shadow *self, uint32_t epoch)
{
    while (self->account.count <= epoch)
        *(struct shadow_account *)shadow_queue_push(&self->account) = (struct shadow_account){0};
    return shadow_queue_at(&self->account, epoch);
}

/** wave: the tag under which this step has sent its model; 0: it has not. */
static void note_waves(struct shadow *self, uint32_t worker, const struct action *action,
                       uint64_t wave)
{
    struct shadow_account *const account = account_of(self, action->word[0]);
    account->waves.committed += action->type == AAU_COMMIT && action->word[1] == worker;
    if (action->type != AAU_PATH || wave == 0 || action->word[1] == 0)
        return;
    account->waves.merged += account->last_merge != wave;
    account->last_merge = wave;
}

struct shadow_waves shadow_waves(const struct shadow *self, uint32_t epochs)
{
    struct shadow_waves most = {0};
    for (uint32_t i = 0; i < epochs && i < self->account.count; i++) {
        const struct shadow_account *const account = shadow_queue_at(&self->account, i);
        if (account->waves.committed > most.committed)
            most.committed = account->waves.committed;
        if (account->waves.merged > most.merged)
            most.merged = account->waves.merged;
    }
    return most;
}

static void tell(struct shadow *self, uint32_t worker, const struct action *action, uint32_t sent)
{
    if (action->word[0] + SHADOW_EPOCHS <= self->epoch_newest)
        return; /* of somebody who missed the last ones */
    struct shadow_epoch *const epoch = epoch_at(self, action->word[0]);
    for (uint32_t i = 0; i < action->word[1]; i++) {
        const uint32_t a = action->word[2 + 2 * i], b = action->word[3 + 2 * i];
        const bool own = (a == worker && (sent >> b & 1)) || (b == worker && (sent >> a & 1));
        if (!own && !(epoch->linked[a] >> b & 1))
            shadow_fail(self, "tells of an edge %u-%u that epoch %u has not established", a, b,
                        action->word[0]);
        epoch->linked[a] |= 1u << b;
        epoch->linked[b] |= 1u << a;
    }
}

void shadow_epochs_look(struct shadow *self, uint32_t worker, const struct actions *actions)
{
    const uint32_t sent = receivers(self, worker, actions);
    uint64_t wave = 0;
    for (uint32_t i = 0; i < actions->count && !shadow_broken(self); i++) {
        const struct action *const action = &actions->item[i];
        if (action->kind == ACT_SEND)
            wave = action->tag;
        if (action->kind != ACT_CONTROL)
            continue;
        enter(self, action->word[0]);
        note_waves(self, worker, action, wave);
        if (action->type == AAU_PATH)
            tell(self, worker, action, sent);
    }
}
