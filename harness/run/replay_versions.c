/* SPDX-License-Identifier: BSD-3-Clause */
/* What the first pass counts says when a version has had its last reader in the second. */
#include "harness/run/replay_versions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/slots.h"

void replay_versions_free(struct replay_versions *self)
{
    if (!self)
        return;
    for (uint32_t i = 0; i < self->capacity; i++)
        free(self->place[i].vector);
    free(self->place);
    free(self->order);
    free(self->gradient);
    free(self);
}

static struct version *find(struct replay_versions *self, uint32_t number)
{
    uint32_t at = number * 2654435761u & (self->capacity - 1);
    while (self->place[at].number && self->place[at].number != number)
        at = (at + 1) & (self->capacity - 1);
    return &self->place[at];
}

static int grow(struct replay_versions *self)
{
    const struct replay_versions old = *self;
    self->capacity = old.capacity ? 2 * old.capacity : 256;
    self->place = calloc(self->capacity, sizeof(*self->place));
    if (!self->place) {
        *self = old;
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.place[i].number)
            *find(self, old.place[i].number) = old.place[i];
    free(old.place);
    return 0;
}

/** The place of a version, made if it is not there; NULL: no memory. */
struct version *replay_versions_at(struct replay_versions *self, uint32_t number)
{
    if (2 * self->used >= self->capacity && grow(self) < 0)
        return NULL;
    struct version *const version = find(self, number);
    self->used += version->number == 0;
    version->number = number;
    return version;
}

struct replay_versions *replay_versions_of(struct replay *self, uint32_t w)
{
    struct replay_worker *const worker = &self->worker[w];
    if (!worker->versions)
        worker->versions = calloc(1, sizeof(*worker->versions));
    return worker->versions;
}

static int count_one(struct replay *self, uint32_t w, uint64_t handle)
{
    struct replay_versions *const versions = replay_versions_of(self, w);
    struct version *const version =
        versions ? replay_versions_at(versions, slots_version_of(handle)) : NULL;
    if (!version)
        return -ENOMEM;
    version->uses++;
    return 0;
}

int replay_count_uses(struct replay *self, uint32_t w, const struct event *event)
{
    int rc = event->kind == EV_GRADIENT ? count_one(self, w, event->version) : 0;
    for (uint32_t i = 0; i < self->actions->count && rc == 0; i++) {
        const struct action *const a = &self->actions->item[i];
        for (uint32_t k = 0; a->kind == ACT_MIX && k < a->count && rc == 0; k++) {
            const uint32_t peer = self->config[w].peers[a->terms[k].peer];
            const uint32_t base_of = a->rule == MIX_DELTA_OWN ? w : peer;
            rc = count_one(self, peer, a->terms[k].handle);
            if (rc == 0 && a->terms[k].base)
                rc = count_one(self, base_of, a->terms[k].base);
        }
    }
    return rc;
}

static void forget(struct version *version)
{
    free(version->vector);
    version->vector = NULL;
}

int replay_versions_adopt(struct replay_versions *self, float *vector)
{
    struct version *const old = find(self, self->newest);
    if (old->number && old->uses == 0)
        forget(old);
    struct version *const version = replay_versions_at(self, ++self->newest);
    if (!version)
        return -ENOMEM;
    version->vector = vector;
    return 0;
}

const float *replay_versions_vector(struct replay_versions *self, uint32_t number)
{
    const struct version *const version = find(self, number);
    return version->number ? version->vector : NULL;
}

void replay_versions_used(struct replay_versions *self, uint32_t number)
{
    struct version *const version = find(self, number);
    CHECK(version->uses > 0);
    version->uses--;
    if (version->uses == 0 && version->number != self->newest)
        forget(version);
}
