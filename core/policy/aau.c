/*
 * DSGD-AAU on messages: a worker whose gradient is applied is ready; it exchanges as soon as it is in a group of ready
 * workers (aau_wave.c finds and freezes the group) that an edge new to this epoch runs through.
 *
 * While a worker computes nobody changes its model, so no gradient is ever stale with respect to its own model.
 *
 * The exchange: everybody sends its model and its active degree to its active neighbours, waits for theirs, mixes with
 * Metropolis weights. Both ends of an edge agree on it and on both degrees, because the group was frozen first.
 *
 * PATH: each member but the leader establishes the edge to its parent, if that is still new to it. A worker that learns
 * of an edge forwards it only if it merged something here, all edges of a step in one message; so an edge crosses each
 * link about once. By the time a worker's knowledge makes one component, what it knows has been sent to all its neighbours, and
 * control is first in, first out: they all end the epoch themselves. The jump to a higher epoch when one is
 * heard of is only for a worker that missed something, and it passes the news on.
 *
 * A view that is behind costs one superfluous exchange or one aborted wave, never a wrong average.
 *
 * The graph must be connected and N-1 merges must be possible: with a worker that never answers the epoch cannot end.
 */
#include "core/base/check.h"
#include "core/policy/aau_state.h"
#include "core/policy/layout.h"
#include "core/policy/rows.h"

static size_t lay_out(void *memory, const struct policy_config *config)
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
        .parent = AAU_NOBODY,
    };
    uint32_t *above = layout_take(&layout, config->workers, sizeof(uint32_t));
    if (self) {
        *self = made;
        pathsearch_init(&self->path, above, config->workers);
    }
    return layout.used;
}

static size_t aau_bytes(const struct policy_config *config)
{
    return lay_out(NULL, config);
}

static void aau_init(void *state, const struct policy_config *config)
{
    lay_out(state, config);
}

/* ------------------------------------------------------------------------------------------------- messages */

uint32_t *aau_list_begin(struct aau *self)
{
    CHECK(self->listed + self->config->peer_count <= AAU_LISTS * self->config->peer_count);
    return &self->lists[self->listed];
}

void aau_list_end(struct aau *self, uint32_t count)
{
    self->listed += count;
}

void aau_tell(struct aau *self, uint8_t type, struct aau_name wave, const uint32_t *peers,
              uint32_t count, struct actions *out)
{
    if (count == 0)
        return;
    struct action action = {.kind = ACT_CONTROL, .type = type, .peers = peers, .count = count};
    action.word[0] = self->path.epoch;
    if (type != AAU_READY) {
        action.word[1] = wave.leader;
        action.word[2] = wave.seq;
    }
    if (type == AAU_YES)
        action.word[3] = self->reason;
    actions_push(out, action);
}

static void tell_all_but(struct aau *self, uint32_t peer, struct action message,
                         struct actions *out)
{
    uint32_t count = 0;
    uint32_t *list = aau_list_begin(self);
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (i != peer)
            list[count++] = i;
    aau_list_end(self, count);
    message.kind = ACT_CONTROL;
    message.type = AAU_PATH;
    message.peers = list;
    message.count = count;
    if (count > 0)
        actions_push(out, message);
}

/* ----------------------------------------------------------------------------------------------- pathsearch */

/* Something merged, and was told to everybody: what follows from it. */
static void learned(struct aau *self)
{
    if (self->config->aau_release == AAU_ALL &&
        (self->status == AAU_IDLE || self->status == AAU_FROZEN || self->status == AAU_BOUND))
        self->released = true;
    self->counters.epochs += pathsearch_close(&self->path);
}

static void establish(struct aau *self, struct actions *out)
{
    const uint32_t id = self->config->self;
    const uint32_t parent = self->config->peers[self->parent];
    if (!pathsearch_join(&self->path, id, parent))
        return;
    tell_all_but(self, AAU_NOBODY, (struct action){.word = {self->path.epoch, 1, id, parent}}, out);
    learned(self);
}

static void on_path(struct aau *self, const struct event *event, struct actions *out)
{
    if (event->word[0] < self->path.epoch)
        return;
    CHECK(event->word[1] <= AAU_PATH_EDGES);
    struct action news = {.word = {self->path.epoch}};
    for (uint32_t i = 0; i < event->word[1]; i++) {
        const uint32_t a = event->word[2 + 2 * i];
        const uint32_t b = event->word[3 + 2 * i];
        if (!pathsearch_join(&self->path, a, b))
            continue;
        news.word[2 + 2 * news.word[1]] = a;
        news.word[3 + 2 * news.word[1]] = b;
        news.word[1]++;
    }
    if (news.word[1] == 0)
        return;
    tell_all_but(self, event->peer, news, out);
    learned(self);
}

static void catch_up(struct aau *self, const struct event *event, struct actions *out)
{
    if (event->word[0] <= self->path.epoch)
        return;
    pathsearch_adopt(&self->path, event->word[0]);
    tell_all_but(self, event->peer, (struct action){.word = {self->path.epoch, 0}}, out);
}

/* --------------------------------------------------------------------------------------------- the exchange */

static void leave_wave(struct aau *self)
{
    CHECK(self->pending_count == 0);
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        self->peer[i].active = false;
        self->peer[i].child = false;
    }
    self->parent = AAU_NOBODY;
    self->reason = false;
}

static void compute(struct aau *self, struct actions *out)
{
    self->released = false;
    if (self->stopping) {
        self->status = AAU_DONE;
        actions_push(out, (struct action){.kind = ACT_DONE});
        return;
    }
    self->status = AAU_COMPUTING;
    actions_push(out, (struct action){.kind = ACT_COMPUTE, .round = self->iteration});
}

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
    actions_push(out, (struct action){.kind = ACT_MIX,
                                      .rule = MIX_METROPOLIS,
                                      .tag = (uint64_t)self->wave.leader << 32 | self->wave.seq,
                                      .terms = self->terms,
                                      .count = count,
                                      .degree = count});
    for (uint32_t i = 0; i < count; i++)
        actions_push(out, (struct action){.kind = ACT_RELEASE,
                                          .peer = self->terms[i].peer,
                                          .handle = self->terms[i].handle});
}

static uint32_t active_count(const struct aau *self)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        count += self->peer[i].active;
    return count;
}

static void finish_exchange(struct aau *self, struct actions *out)
{
    if (self->status != AAU_EXCHANGE || self->arrived_count < active_count(self))
        return;
    mix(self, out);
    self->arrived_count = 0;
    leave_wave(self);
    compute(self, out);
}

void aau_commit(struct aau *self, struct actions *out)
{
    self->status = AAU_EXCHANGE;
    self->counters.committed++;
    uint32_t children = 0;
    uint32_t *list = aau_list_begin(self);
    for (uint32_t i = 0; i < self->config->peer_count; i++)
        if (self->peer[i].child)
            list[children++] = i;
    aau_list_end(self, children);
    aau_tell(self, AAU_COMMIT, self->wave, list, children, out);

    uint32_t active = 0;
    list = aau_list_begin(self);
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        self->peer[i].told_no = false; /* READY goes to everybody when the next gradient is there */
        if (!self->peer[i].active)
            continue;
        self->peer[i].ready = false;
        list[active++] = i;
    }
    aau_list_end(self, active);
    actions_push(out, (struct action){.kind = ACT_SEND,
                                      .type = TENSOR_MODEL,
                                      .tag = (uint64_t)self->wave.leader << 32 | self->wave.seq,
                                      .peers = list,
                                      .count = active,
                                      .degree = active});
    if (self->parent != AAU_NOBODY)
        establish(self, out);
    finish_exchange(self, out);
}

void aau_idle(struct aau *self, struct actions *out)
{
    leave_wave(self);
    if (self->stopping) {
        compute(self, out); /* that is, be done */
        return;
    }
    self->status = AAU_IDLE;
    uint32_t count = 0;
    uint32_t *list = aau_list_begin(self);
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        if (self->peer[i].told_no)
            list[count++] = i;
        self->peer[i].told_no = false;
    }
    aau_list_end(self, count);
    aau_tell(self, AAU_READY, self->wave, list, count, out);
}

void aau_alone(struct aau *self, struct actions *out)
{
    self->counters.unmixed++;
    compute(self, out);
}

/* --------------------------------------------------------------------------------------------------- events */

static void on_gradient(struct aau *self, struct actions *out)
{
    CHECK(self->status == AAU_COMPUTING);
    actions_push(out, (struct action){.kind = ACT_APPLY, .round = self->iteration});
    self->iteration++;
    self->status = AAU_IDLE;
    aau_wave_consider(self, true, out);
    if (self->status == AAU_COMPUTING)
        return;

    /* to everybody but those that just got a FREEZE, which says the same */
    uint32_t count = 0;
    uint32_t *list = aau_list_begin(self);
    for (uint32_t i = 0; i < self->config->peer_count; i++) {
        self->peer[i].told_no = false;
        if (!self->peer[i].pending)
            list[count++] = i;
    }
    aau_list_end(self, count);
    aau_tell(self, AAU_READY, self->wave, list, count, out);
}

static void on_model(struct aau *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    CHECK(self->status == AAU_BOUND || self->status == AAU_EXCHANGE);
    CHECK(event->tag == ((uint64_t)self->wave.leader << 32 | self->wave.seq));
    struct aau_peer *peer = &self->peer[event->peer];
    CHECK(peer->active);
    CHECK(peer->handle == 0);
    peer->handle = event->handle;
    peer->degree = event->degree;
    self->arrived_count++;
    finish_exchange(self, out);
}

static void on_control(struct aau *self, const struct event *event, struct actions *out)
{
    CHECK(event->peer < self->config->peer_count);
    catch_up(self, event, out);
    if (event->type == AAU_READY)
        self->peer[event->peer].ready = true;
    else if (event->type == AAU_PATH)
        on_path(self, event, out);
    else
        aau_wave_control(self, event, out);
    aau_wave_consider(self, false, out);
}

static void aau_step(void *state, const struct event *event, struct actions *out)
{
    struct aau *self = state;
    self->listed = 0;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        compute(self, out);
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
    case EV_STOP:
        self->stopping = true;
        if (self->status == AAU_COMPUTING || self->status == AAU_IDLE)
            compute(self, out); /* that is, be done */
        return;
    default:
        return;
    }
}

static void aau_counters(const void *state, struct policy_counters *out)
{
    *out = ((const struct aau *)state)->counters;
}

const struct policy policy_aau = {
    .name = "aau",
    .help = "waits only until an edge new to this epoch is ready (adaptive partial averaging)",
    .source = "Xiong et al., MobiHoc 2024, arXiv 2306.06559; the message level is our own",
    .waits_for = "a ready neighbour that the epoch has not connected yet",
    .lost_message = "the group hangs",
    .edges = POLICY_EDGES_GRAPH,
    .tensor_class = DELIVERY_EXACT,
    .matrix = MATRIX_DOUBLY,
    .exhausted = SLOT_WAIT,
    .exact_depth = 2,    /* one model per edge and wave, and no next wave before it was mixed */
    .slots_fixed = 3,    /* current, being written, one on its way back */
    .slots_per_edge = 1, /* a neighbour that still waits for somebody else's model */
    .state_bytes = aau_bytes,
    .init = aau_init,
    .step = aau_step,
    .counters = aau_counters,
};
