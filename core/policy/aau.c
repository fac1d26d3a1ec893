/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DSGD-AAU on messages, our reconstruction (PUBLISHED.md lists what had to be decided): a worker whose gradient is applied is
 * ready; it exchanges as soon as it is in a group of ready workers (aau_wave.c finds and freezes the group) that an edge new
 * to this epoch runs through. While a worker computes nobody changes its model, so no gradient is ever stale with respect
 * to its own model.
 *
 * The exchange: everybody sends its model and its active degree to its active neighbours, waits for theirs, mixes with
 * Metropolis weights. Both ends of an edge agree on it and on both degrees, because the group was frozen first. A view that
 * is behind costs one superfluous exchange or one aborted wave, never a wrong average.
 *
 * The graph must be connected, and a worker that never answers keeps the epoch from ending: who is there, and how the
 * others go on when somebody is not, stands in aau_loss.c. Beyond a thousand workers the oracle takes over (settle).
 */
#include "core/base/check.h"
#include "core/base/layout.h"
#include "core/policy/aau_state.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

size_t aau_lay_out(void *memory, const struct policy_config *config)
{
    struct layout layout = {.base = memory};
    const uint32_t n = config->peer_count;
    struct aau *self = layout_take(&layout, 1, sizeof(*self));
    const struct aau made = {
        .config = config,
        .peer = layout_take(&layout, n, sizeof(struct aau_peer)),
        .everyone = layout_everyone(&layout, n),
        .lists = layout_take(&layout, (size_t)AAU_LISTS * n, sizeof(uint32_t)),
        .terms = layout_take(&layout, n, sizeof(struct mix_term)),
        .joined = layout_take(&layout, config->workers, sizeof(uint32_t)),
        .parent = AAU_NOBODY,
        .tree = config->tree,
        .rng = {.key = config->seed},
        .present = n,
        .lossy = options_of(config).evict_after_ns > 0 || config->may_lose,
    };
    struct pathsearch_place *place =
        layout_take(&layout, config->workers, sizeof(struct pathsearch_place));
    if (self) {
        *self = made;
        pathsearch_init(&self->path, place, config->workers,
                        options_of(config).new_edge == AAU_VERTEX);
        for (uint32_t id = 0; config->late && id < config->workers; id++)
            if (config->late[id])
                pathsearch_live(&self->path, id, 1);
    }
    return layout.used;
}

/* ------------------------------------------------------------------------------------------------- messages */

void aau_send_control(struct aau *self, uint8_t type, struct aau_name wave, struct aau_list to,
                      struct actions *out)
{
    if (to.count == 0)
        return;
    struct action action = {.kind = ACT_CONTROL, .type = type, .peers = to.peer, .count = to.count};
    action.word[0] = self->path.epoch;
    if (type != AAU_READY && type != AAU_ALIVE) {
        action.word[1] = wave.leader;
        action.word[2] = wave.seq;
    }
    if (type == AAU_YES)
        action.word[3] = self->reason;
    if (type == AAU_FREEZE) {
        action.word[3] = self->quit.leader;
        action.word[4] = self->quit.seq;
        action.word[5] = self->unsaid.leader;
        action.word[6] = self->unsaid.seq;
    }
    actions_push(out, action);
}

void aau_set_status(struct aau *self, enum aau_status status)
{
    self->patience += self->hasty && self->patience < AAU_PATIENCE_MAX;
    self->hasty = false;
    self->status = status;
    self->wait_ns = self->now_ns;
}

/* --------------------------------------------------------------------------------------------------- events */

/* Everybody but those that just got a FREEZE, which says the same. The silent ones too: two workers that each took the
 * other for lost would otherwise never hear of each other again. */
static bool lacks_ready(const struct aau *self, uint32_t peer)
{
    return !self->peer[peer].pending && !self->peer[peer].down && !self->peer[peer].full;
}

static void on_gradient(struct aau *self, struct actions *out)
{
    self->hasty = false;
    self->patience = 0;
    CHECK(self->status == AAU_COMPUTING);
    say_apply(out, self->iteration);
    self->iteration++;
    aau_set_status(self, AAU_IDLE);
    aau_return(self, out);
    aau_wave_consider(self, true, out);
    if (self->status == AAU_COMPUTING)
        return;

    aau_forget_refusals(self);
    aau_send_control(self, AAU_READY, self->wave, aau_select(self, AAU_NOBODY, lacks_ready), out);
}

/* Of a wave that we got out of, or by an edge that one end has cut, when somebody is lost. */
static void refuse_model(struct aau *self, const struct event *event, struct actions *out)
{
    CHECK(self->lossy);
    self->counters.dropped++;
    say_release(out, event->peer, event->handle);
}

static void on_model(struct aau *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    struct aau_peer *peer = &self->peer[event->peer];
    const bool of_wave = (self->status == AAU_BOUND || self->status == AAU_EXCHANGE) &&
                         event->tag == aau_tag(self->wave);
    if (!aau_heard(self, event, out) || !of_wave || !peer->active) {
        refuse_model(self, event, out);
        return;
    }
    CHECK(peer->handle == 0);
    peer->handle = event->handle;
    peer->degree = event->degree;
    self->arrived_count++;
    aau_finish_exchange(self, out);
}

static void on_control(struct aau *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    if (!aau_heard(self, event, out))
        return;
    aau_catch_up(self, event, out);
    switch (event->type) {
    case AAU_READY:
        self->peer[event->peer].ready = true;
        break;
    case AAU_PATH:
        aau_on_path(self, event, out);
        break;
    case AAU_LIFE:
        aau_on_life(self, event, out);
        break;
    case AAU_ALIVE:
        break;
    default:
        aau_answer(self, event, out);
        break;
    }
    aau_wave_consider(self, false, out);
}

static void take(struct aau *self, const struct event *event, struct actions *out)
{
    switch ((enum event_kind)event->kind) {
    case EV_START:
        aau_begin(self, (uint32_t)event->tag);
        aau_compute(self, out);
        return;
    case EV_GRADIENT:
        on_gradient(self, out);
        return;
    case EV_TENSOR:
        on_model(self, event, out);
        return;
    case EV_CONTROL:
        on_control(self, event, out);
        return;
    case EV_TIMER:
        if (event->type == AAU_TIMER_AGAIN)
            aau_wave_again(self, event->tag, out);
        else if (event->tag == self->ticks)
            aau_on_tick(self, out);
        return;
    case EV_PEER_DOWN:
        aau_on_down(self, event->peer, out);
        return;
    case EV_PEER_UP:
        aau_on_up(self, event->peer, out);
        return;
    case EV_FULL:
        aau_on_full(self, event->peer, out);
        return;
    case EV_ROOM:
        aau_on_room(self, event->peer, out);
        return;
    case EV_STOP:
        self->stopping = true;
        if (self->status == AAU_COMPUTING || self->status == AAU_IDLE)
            aau_compute(self, out); /* that is, be done */
        return;
    default:
        return;
    }
}

void aau_step(void *state, const struct event *event, struct actions *out)
{
    struct aau *const self = state;
    self->listed = 0;
    self->now_ns = event->now_ns;
    take(self, event, out);
    aau_watch(self, out);
}

#define MESSAGES_MAX 1000u /* flooding costs O(N^2) messages per epoch, and as much memory */

static void settle(struct policy_options *options, uint32_t workers, bool omniscient)
{
    const bool many = omniscient && workers > MESSAGES_MAX;
    struct aau_options own = options_in(options);
    if (own.pathsearch == AAU_AUTO)
        own.pathsearch = many ? AAU_ORACLE : AAU_MESSAGES;
    memcpy(options, &own, sizeof(own));
}

static const struct policy *variant(const struct policy_options *options, uint32_t workers)
{
    (void)workers;
    return options_in(options).pathsearch == AAU_ORACLE ? &policy_aau_oracle : NULL;
}

static const struct policy_choice releases[] = {
    [AAU_CLUSTER] = {.name = "cluster",
                     .help = "the connected component of ready workers that contains the new edge"},
    [AAU_ALL] = {.name = "all", .help = "every ready worker anywhere"},
    [AAU_NBR] = {.name = "nbr", .help = "the worker that finished and its ready neighbours"},
    [AAU_PAIR] = {.name = "pair", .help = "the two ends of the new edge"},
    {.name = NULL},
};

static const struct policy_choice new_edges[] = {
    [AAU_COMPONENT] = {.name = "component",
                       .help = "one between two parts that the epoch has not connected yet"},
    [AAU_VERTEX] = {.name = "vertex",
                    .help = "one to a worker that the epoch has not reached yet; when all are "
                            "reached, as component"},
    {.name = NULL},
};

static const struct policy_choice pathsearches[] = {
    [AAU_AUTO] = {.name = "auto", .help = "messages up to 1000 workers, the oracle above"},
    [AAU_MESSAGES] = {.name = "messages", .help = "workers tell each other by messages"},
    [AAU_ORACLE] = {"oracle", "somebody sees all workers at no cost; virtual time only",
                    .virtual_only =
                        "sees all workers at once, which exists in virtual time only; use "
                        "messages, or clock: virtual",
                    .settled =
                        "above 1000 workers auto means a central oracle, whose knowledge costs no "
                        "messages"},
    {.name = NULL},
};

const struct policy_option aau_options[] = {
    {.name = "release",
     .type = OPTION_CHOICE,
     POLICY_OPTION_AT(struct aau_options, release),
     .fallback = "cluster",
     .unit = "release rule",
     .help = "who goes on when an edge is established",
     .choices = releases},
    {.name = "new_edge",
     .type = OPTION_CHOICE,
     POLICY_OPTION_AT(struct aau_options, new_edge),
     .fallback = "component",
     .unit = "kind of new edge",
     .help = "which edge between ready workers is worth an exchange in this epoch",
     .choices = new_edges},
    {.name = "pathsearch",
     .type = OPTION_CHOICE,
     POLICY_OPTION_AT(struct aau_options, pathsearch),
     .fallback = "auto",
     .unit = "pathsearch",
     .help = "how workers learn which edges the epoch has",
     .choices = pathsearches,
     .draw = {.least = AAU_MESSAGES}},
    AAU_OPTION_EVICT_AFTER,
    AAU_OPTION_MAX_STALENESS,
    {.name = NULL},
};

const struct policy policy_aau = {
    .name = "aau",
    .help = "waits only until an edge new to this epoch is ready (our reconstruction of DSGD-AAU)",
    .source =
        "Xiong et al., MobiHoc 2024, arXiv 2306.06559: our reconstruction, as its full text was "
        "not read; the message level is our own",
    .caution = "our reconstruction",
    .waits_for = "a ready neighbour that the epoch has not connected yet",
    .lost_message = "the group hangs",
    .options = aau_options,
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    /* One model per edge and wave, and no next wave before it was mixed; or one of a wave that its receiver has left when it
     * evicted the sender. Of a link that holds models back for twice evict_after more may come together: the newest is lost. */
    .exact_depth = 2,
    .slots_fixed = 3, /* current, being written, one on its way back */
    .control_bound = aau_control_bound,
    .slots_per_edge = 1, /* a neighbour that still waits for somebody else's model */
    .survives_loss = true,
    .survives_return = true,
    .settle = settle,
    .variant = variant,
    .lay_out = aau_lay_out,
    .step = aau_step,
    .counters_at = offsetof(struct aau, counters),
};
