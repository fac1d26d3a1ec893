/*
 * The live driver's checklist: one function per action. The optimizer and the mixes write out of place into a free
 * slot, which becomes the current model; published snapshots stay untouched until their last loan is back, so readers
 * average straight out of them.
 *
 * An action that finds no free slot or a full channel stops the list; the rest goes on in a later turn (act_resume),
 * and no further event reaches the policy before it is done.
 */
#include "core/worker/act.h"

#include <string.h>

#include "core/base/check.h"
#include "core/worker/account.h"

#define RELAXED memory_order_relaxed

/** One writer per counter: a plain add published by a relaxed store. */
static void bump(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, RELAXED) + by, RELAXED);
}

static struct cohort_worker *public_of(const struct worker *self)
{
    return &self->common->cohort->worker[self->id];
}

static float *slot_at(const struct worker *self, uint32_t slot)
{
    return self->common->port->ops->slot(self->common->port, self->id, slot);
}

static uint32_t take_slot(struct worker *self)
{
    uint32_t slot = slots_take(&self->slots);
    if (slot == SLOTS_NONE) {
        self->common->port->ops->reclaim(self->common->port, self->id, &self->slots);
        slot = slots_take(&self->slots);
    }
    if (slot == SLOTS_NONE)
        self->count.slot_waits += !self->action_blocked;
    else
        self->common->port->ops->stamp(self->common->port, self->id, slot, 0); /* being written */
    return slot;
}

/** The vector in `slot` is complete: it becomes the current model, immutable from now on. */
static void adopt(struct worker *self, uint32_t slot)
{
    const slots_handle handle = slots_seal(&self->slots, slot, ++self->version);
    self->common->port->ops->stamp(self->common->port, self->id, slot, handle);
    if (self->phase == WORKER_COMPUTING && !self->compute.sliced &&
        self->current == self->compute.slot && !self->compute.slot_orphan)
        self->compute.slot_orphan = true; /* the running gradient still reads it */
    else
        slots_drop(&self->slots, self->current);
    self->current = slot;
}

static float rate_now(const struct worker *self)
{
    const struct worker_common *const c = self->common;
    if (c->decay_every <= 0)
        return c->lr;
    const double steps = cohort_progress(c->cohort, clock_cyc()) / c->decay_every;
    double rate = (double)c->lr;
    for (uint32_t i = 0; i < (uint32_t)steps; i++)
        rate *= c->decay_factor;
    return (float)rate;
}

static bool do_apply(struct worker *self)
{
    const uint64_t from = clock_cyc();
    self->common->port->ops->reclaim(self->common->port, self->id, &self->slots);
    const uint32_t slot = take_slot(self);
    if (slot == SLOTS_NONE)
        return false;
    self->sum_applied += mix_step(slot_at(self, slot), slot_at(self, self->current), self->gradient,
                                  rate_now(self), self->common->model->dim);
    adopt(self, slot);
    account_add(self, PART_PUBLISH, from, clock_cyc());
    return true;
}

/** Send to the peers from next_peer on; false when a channel is full. */
static bool send_to_all(struct worker *self, const struct action *action,
                        struct port_message *message)
{
    struct port *const port = self->common->port;
    struct cohort_worker *const pub = public_of(self);
    for (; self->next_peer < action->count; self->next_peer++) {
        const uint32_t edge = action->peers[self->next_peer];
        struct port_message old;
        CHECK(edge < self->peer_count);
        bump(&pub->sent, 1);
        message->sent_cyc = clock_cyc();
        const enum port_status status = port->ops->send(port, self->id, edge, message, &old);
        if (status == PORT_FULL) {
            bump(&pub->sent, (uint64_t)-1);
            self->count.full_waits += !self->action_blocked;
            port->ops->reclaim(port, self->id, &self->slots); /* full may mean: too few came back */
            return false;
        }
        if (message->is_tensor)
            slots_lend(&self->slots, self->current, edge);
        if (status == PORT_SUPERSEDED) {
            CHECK(slots_return(&self->slots, old.handle, edge));
            self->count.tensors_superseded++;
            bump(&pub->received, 1);
        }
    }
    self->next_peer = 0;
    return true;
}

static bool do_send(struct worker *self, const struct action *action)
{
    const uint64_t from = clock_cyc();
    struct port_message message = {.tag = action->tag,
                                   .handle = slots_current_handle(&self->slots, self->current),
                                   .degree = action->degree,
                                   .is_tensor = 1,
                                   .type = action->type};
    message.slice = action->slice;
    message.slices = action->slices;
    message.iteration = (uint32_t)self->finished;
    const bool sent = send_to_all(self, action, &message);
    if (sent) {
        const uint64_t bytes = (uint64_t)action->count * (self->common->payload_bytes /
                                                          (action->slices ? action->slices : 1));
        self->count.tensors_sent += action->count;
        if (self->recording) {
            self->count.bytes += bytes;
            bump(&public_of(self)->bytes, bytes);
        }
    }
    account_add(self, PART_PUBLISH, from, clock_cyc());
    return sent;
}

static bool do_control(struct worker *self, const struct action *action)
{
    struct port_message message = {.type = action->type};
    memcpy(message.word, action->word, sizeof(message.word));
    if (!send_to_all(self, action, &message))
        return false;
    self->count.control_sent += action->count;
    return true;
}

/** Rows of a mix in order of worker id, self included, so that sums do not depend on who answered first. */
struct rows {
    const float *row[MIX_ROWS_MAX];
    float weight[MIX_ROWS_MAX];
    uint32_t count;
};

static const float *view_of(const struct worker *self, const struct mix_term *term)
{
    struct port *const port = self->common->port;
    return port->ops->view(port, self->id, term->peer, term->handle);
}

static float self_weight(const struct action *action)
{
    switch ((enum mix_rule)action->rule) {
    case MIX_METROPOLIS: {
        uint32_t degree[MIX_ROWS_MAX];
        float weight[MIX_ROWS_MAX];
        for (uint32_t i = 0; i < action->count; i++)
            degree[i] = action->terms[i].weight;
        return mix_metropolis(action->degree, degree, action->count, weight);
    }
    case MIX_WEIGHTED:
        return (float)action->degree;
    default:
        return 1.0f;
    }
}

static float term_weight(const struct action *action, const struct mix_term *term)
{
    float weight;
    switch ((enum mix_rule)action->rule) {
    case MIX_METROPOLIS:
        mix_metropolis(action->degree, &term->weight, 1, &weight);
        return weight;
    case MIX_WEIGHTED:
        return (float)term->weight;
    default:
        return 1.0f;
    }
}

static void scale_to_one(struct rows *rows)
{
    float sum = 0;
    for (uint32_t i = 0; i < rows->count; i++)
        sum += rows->weight[i];
    for (uint32_t i = 0; i < rows->count; i++)
        rows->weight[i] /= sum;
}

static void gather(const struct worker *self, const struct action *action, struct rows *rows)
{
    CHECK(action->count < MIX_ROWS_MAX);
    const struct mix_term *order[MIX_ROWS_MAX];
    for (uint32_t i = 0; i < action->count; i++) {
        uint32_t k = i;
        for (; k > 0 && order[k - 1]->peer > action->terms[i].peer; k--)
            order[k] = order[k - 1];
        order[k] = &action->terms[i];
    }
    bool self_done = false;
    rows->count = 0;
    for (uint32_t i = 0; i <= action->count; i++) {
        if (!self_done && (i == action->count || self->peers[order[i]->peer] > self->id)) {
            rows->row[rows->count] = slot_at(self, self->current);
            rows->weight[rows->count++] = self_weight(action);
            self_done = true;
        }
        if (i < action->count) {
            rows->row[rows->count] = view_of(self, order[i]);
            rows->weight[rows->count++] = term_weight(action, order[i]);
        }
    }
    if (action->rule != MIX_METROPOLIS)
        scale_to_one(rows);
}

static void mix_into(const struct worker *self, const struct action *action, float *out)
{
    const uint32_t dim = self->common->model->dim;
    uint32_t begin = 0, end = dim;
    struct rows rows;
    if (action->rule == MIX_SLICE_COPY) {
        memcpy(out, slot_at(self, self->current), dim * sizeof(float));
        for (uint32_t i = 0; i < action->count; i++) {
            mix_slice(dim, action->terms[i].weight, action->slices, &begin, &end);
            memcpy(out + begin, view_of(self, &action->terms[i]) + begin,
                   (end - begin) * sizeof(float));
        }
        return;
    }
    gather(self, action, &rows);
    if (action->rule == MIX_SLICE_MEAN) {
        memcpy(out, slot_at(self, self->current), dim * sizeof(float));
        mix_slice(dim, action->slice, action->slices, &begin, &end);
        for (uint32_t i = 0; i < rows.count; i++)
            rows.row[i] += begin;
    }
    if (end > begin)
        mix_rows(out + begin, rows.row, rows.weight, rows.count, end - begin);
}

static bool do_mix(struct worker *self, const struct action *action)
{
    struct port *const port = self->common->port;
    const uint64_t from = clock_cyc();
    if (self->common->test_one_sided && self->id == 0 && self->count.mixes == 3) {
        self->count.mixes++;
        return true; /* the planted fault: this end does not average, the other one does */
    }
    const uint32_t slot = take_slot(self);
    if (slot == SLOTS_NONE)
        return false;
    mix_into(self, action, slot_at(self, slot));
    for (uint32_t i = 0; i < action->count; i++) /* nobody may have reused what we have just read */
        CHECK(port->ops->valid(port, self->id, action->terms[i].peer, action->terms[i].handle));
    adopt(self, slot);
    const uint64_t to = clock_cyc();
    account_add(self, PART_MIX, from, to);
    if (action->rule != MIX_SLICE_MEAN) /* half of an all-reduce, the other half follows */
        account_mixed(self, action->count, to);
    return true;
}

static bool do_timer(struct worker *self, const struct action *action)
{
    CHECK(action->type < WORKER_TIMERS_MAX);
    self->timer[action->type] =
        (struct worker_timer){.at_cyc = self->common->cohort->start_cyc +
                                        clock_to_cyc(self->common->clock, action->at_ns),
                              .generation = action->tag,
                              .armed = action->kind == ACT_TIMER};
    return true;
}

static bool do_done(struct worker *self)
{
    CHECK(self->stop_told);
    self->done = true;
    /* release: the counters of everything this worker sent are visible to who sees `done` */
    atomic_store_explicit(&public_of(self)->done, 1, memory_order_release);
    return true;
}

/** False: this action cannot be executed now. */
static bool do_action(struct worker *self, const struct action *action)
{
    struct port *const port = self->common->port;
    switch ((enum action_kind)action->kind) {
    case ACT_COMPUTE:
        compute_want(self, action->round);
        return true;
    case ACT_APPLY:
        return do_apply(self);
    case ACT_SEND:
        return do_send(self, action);
    case ACT_MIX:
        return do_mix(self, action);
    case ACT_CONTROL:
        return do_control(self, action);
    case ACT_RELEASE:
        port->ops->release(port, self->id, action->peer, action->handle);
        return true;
    case ACT_TIMER:
    case ACT_CANCEL:
        return do_timer(self, action);
    case ACT_EVICT:
        slots_reclaim(&self->slots, action->peer);
        return true;
    case ACT_DONE:
        return do_done(self);
    case ACT_REDUCE:
        break; /* the agent has expanded it */
    }
    CHECK(action->kind ==
          ACT_DONE); /* a policy asked for an action the live driver does not know */
    return false;
}

bool act_resume(struct worker *self)
{
    while (self->next_action < self->actions.count) {
        if (!do_action(self, &self->actions.item[self->next_action])) {
            self->action_blocked = true;
            self->idle_cyc = account_max(self->idle_cyc, clock_cyc());
            return false;
        }
        self->next_action++;
        self->action_blocked = false;
    }
    self->idle_cyc = account_max(self->idle_cyc, clock_cyc());
    return true;
}

void act_on(struct worker *self, const struct event *event)
{
    CHECK(self->next_action == self->actions.count);
    self->next_action = 0;
    agent_step(&self->agent, event, &self->actions);
    act_resume(self);
}
