/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The exchange of a group that its wave has frozen: everybody sends its model and its active degree to its active neighbours,
 * waits for theirs, mixes, and computes again; or the wave came to nothing, and the worker waits on.
 */
#include "core/base/check.h"
#include "core/policy/aau_state.h"
#include "core/policy/say.h"

static void leave_wave(struct aau *self)
{
    CHECK(self->pending_count == 0);
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        self->peer[i].active = false;
        self->peer[i].child = false;
        self->peer[i].barred = false;
    }
    self->parent = AAU_NOBODY;
    self->unsaid = (struct aau_name){0};
    self->reason = false;
}

void aau_compute(struct aau *self, struct actions *out)
{
    self->released = false;
    aau_wave_rest(self, out);
    if (self->stopping) {
        aau_set_status(self, AAU_DONE);
        say_done(out);
        return;
    }
    aau_set_status(self, AAU_COMPUTING);
    say_compute(out, self->iteration);
}

void aau_drop_model(struct aau *self, uint32_t peer, struct actions *out)
{
    struct aau_peer *const p = &self->peer[peer];
    if (p->handle == 0)
        return;
    say_release(out, peer, p->handle);
    p->handle = 0;
    self->arrived_count--;
    self->counters.dropped++;
}

/* With the degree that was sent to the others: an edge that fell away leaves its weight with both ends. */
static void mix(struct aau *self, struct actions *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        struct aau_peer *peer = &self->peer[i];
        CHECK((peer->handle != 0) == peer->active);
        if (!peer->active)
            continue;
        self->terms[count++] =
            (struct mix_term){.handle = peer->handle, .peer = i, .weight = peer->degree};
        peer->handle = 0;
    }
    if (count == 0) {
        self->counters.unmixed++;
        return;
    }
    self->mixed_epoch = self->path.epoch;
    self->alarmed = false;
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_METROPOLIS,
                                      .tag = aau_tag(self->wave),
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = self->degree});
    say_release_terms(out, self->terms, count);
}

static uint32_t active_count(const struct aau *self)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        count += self->peer[i].active;
    return count;
}

void aau_finish_exchange(struct aau *self, struct actions *out)
{
    if (self->status != AAU_EXCHANGE || self->arrived_count < active_count(self))
        return;
    mix(self, out);
    self->arrived_count = 0;
    leave_wave(self);
    aau_compute(self, out);
}

static bool is_child(const struct aau *self, uint32_t peer)
{
    return self->peer[peer].child;
}

static bool is_active(const struct aau *self, uint32_t peer)
{
    return self->peer[peer].active;
}

static bool awaits_ready(const struct aau *self, uint32_t peer)
{
    return self->peer[peer].refused && !self->peer[peer].down;
}

void aau_forget_refusals(struct aau *self)
{
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        self->peer[i].refused = false;
}

void aau_decide(struct aau *self, uint8_t decision, struct actions *out)
{
    aau_send_control(self, decision, self->wave, aau_select(self, AAU_NOBODY, is_child), out);
}

void aau_commit(struct aau *self, struct actions *out)
{
    aau_set_status(self, AAU_EXCHANGE);
    self->counters.committed++;
    aau_decide(self, AAU_COMMIT, out);
    aau_forget_refusals(self);
    const struct aau_list to = aau_select(self, AAU_NOBODY, is_active);
    for (uint32_t i = 0; i < to.count; i++)
        self->peer[to.peer[i]].ready = false;
    self->degree = to.count;
    say_send(out, TENSOR_MODEL, aau_tag(self->wave), to.peer, to.count, to.count);
    aau_establish(self, out);
    aau_finish_exchange(self, out);
}

void aau_idle(struct aau *self, struct actions *out)
{
    leave_wave(self);
    if (self->stopping) {
        aau_compute(self, out); /* that is, be done */
        return;
    }
    aau_set_status(self, AAU_IDLE);
    const struct aau_list to = aau_select(self, AAU_NOBODY, awaits_ready);
    aau_forget_refusals(self);
    aau_send_control(self, AAU_READY, self->wave, to, out);
}

void aau_alone(struct aau *self, struct actions *out)
{
    self->counters.unmixed++;
    aau_compute(self, out);
}
