/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A port in plain memory and one live worker on it: every other end of an edge is the test itself.
 *
 * The worker has id 2 and the peers 0, 1 and 3, so that its own row is neither the first nor the last of a mix. Its
 * policy answers each event with the actions that the test has put down before, and keeps the events.
 */
#ifndef TESTS_UNIT_SUPPORT_PORT_H
#define TESTS_UNIT_SUPPORT_PORT_H

#include <criterion/criterion.h>
#include <string.h>

#include "core/worker/act.h"
#include "core/worker/compute.h"

#define DESK_SELF 2u
#define DESK_PEERS 3u
#define DESK_DIM 64u
#define DESK_FLOATS (3 * (DESK_DIM + 16)) /* the longest layout */
#define DESK_SLOTS 6u
#define DESK_QUEUE 8u
#define DESK_START_CYC 1000u

struct desk_row {
    _Alignas(64) float at[DESK_FLOATS];
};

/** The far end of an edge. */
struct desk_peer {
    struct port_message got[DESK_QUEUE]; /* sent to it and not yet read */
    uint32_t got_count;
    slots_handle back[DESK_QUEUE]; /* given back by it and not yet collected */
    uint32_t back_count;
    slots_handle released[DESK_QUEUE]; /* its own snapshots that the worker gave back */
    uint32_t released_count;
    struct desk_row model; /* what its handle shows */
    slots_handle handle;
};

/** Actions for the next event, and the events so far. */
struct desk_script {
    struct action action[DESK_QUEUE];
    uint32_t action_count;
    struct event event[DESK_QUEUE];
    uint32_t event_count;
};

static struct desk {
    struct port port; /* first: the operations are handed this one */
    bool newest;      /* tensors: a mailbox instead of a queue */
    uint32_t depth;   /* of a queue */
    struct desk_peer peer[DESK_PEERS];
    struct desk_row slot[DESK_SLOTS];
    slots_handle stamp[DESK_SLOTS];
    struct port_arrival in[DESK_QUEUE]; /* on their way to the worker */
    uint32_t in_count, polled;

    struct desk_script script;
    struct cohort cohort;
    struct cohort_worker pub[DESK_SELF + 2];
    struct worker_common common;
    struct model_config model;
    uint32_t slices_left; /* of a gradient */
    struct desk_row gradient, debiased;
    _Alignas(8) unsigned char books[1024];
    struct hist hist[SERIES_COUNT];
} desk;

static struct worker worker; /* too large for a stack */

static inline enum port_status desk_send(struct port *port, uint32_t id, uint32_t edge,
                                         const struct port_message *message,
                                         struct port_message *old)
{
    struct desk_peer *const to = &desk.peer[edge];
    cr_assert_eq(port, &desk.port);
    cr_assert_eq(id, DESK_SELF);
    if (desk.newest && message->is_tensor && to->got_count == 1) {
        *old = to->got[0];
        to->got[0] = *message;
        return PORT_SUPERSEDED;
    }
    if (to->got_count == desk.depth)
        return PORT_FULL;
    to->got[to->got_count++] = *message;
    return PORT_OK;
}

static inline uint32_t desk_poll(struct port *port, uint32_t id, struct port_arrival *out,
                                 uint32_t max)
{
    (void)port, (void)id;
    if (max == 0 || desk.polled == desk.in_count)
        return 0;
    *out = desk.in[desk.polled++];
    return 1;
}

static inline int desk_valid(struct port *port, uint32_t id, uint32_t edge, slots_handle handle)
{
    (void)port, (void)id;
    return desk.peer[edge].handle == handle;
}

static inline const float *desk_view(struct port *port, uint32_t id, uint32_t edge,
                                     slots_handle handle)
{
    cr_assert(desk_valid(port, id, edge, handle));
    return desk.peer[edge].model.at;
}

static inline void desk_release(struct port *port, uint32_t id, uint32_t edge, slots_handle handle)
{
    struct desk_peer *const to = &desk.peer[edge];
    (void)port, (void)id;
    to->released[to->released_count++] = handle;
}

static inline uint32_t desk_reclaim(struct port *port, uint32_t id, struct slots *slots)
{
    uint32_t count = 0;
    (void)port, (void)id;
    for (uint32_t edge = 0; edge < DESK_PEERS; edge++)
        for (struct desk_peer *from = &desk.peer[edge]; from->back_count > 0; count++)
            cr_assert(slots_return(slots, from->back[--from->back_count], edge));
    return count;
}

static inline float *desk_slot(struct port *port, uint32_t id, uint32_t slot)
{
    (void)port, (void)id;
    cr_assert_lt(slot, DESK_SLOTS);
    return desk.slot[slot].at;
}

static inline void desk_stamp(struct port *port, uint32_t id, uint32_t slot, slots_handle handle)
{
    (void)port, (void)id;
    desk.stamp[slot] = handle;
}

static const struct port_ops desk_ops = {.name = "desk",
                                         .send = desk_send,
                                         .poll = desk_poll,
                                         .view = desk_view,
                                         .valid = desk_valid,
                                         .release = desk_release,
                                         .reclaim = desk_reclaim,
                                         .slot = desk_slot,
                                         .stamp = desk_stamp};

static inline void desk_step(void *state, const struct event *event, struct actions *out)
{
    struct desk_script *const script = state;
    cr_assert_lt(script->event_count, DESK_QUEUE);
    script->event[script->event_count++] = *event;
    for (uint32_t i = 0; i < script->action_count; i++)
        actions_push(out, script->action[i]);
    script->action_count = 0;
}

static const struct policy desk_policy = {
    .name = "desk", .edges = POLICY_EDGES_GRAPH, .step = desk_step};

static inline bool desk_slice(struct gradient *self)
{
    (void)self;
    return --desk.slices_left == 0;
}

static const struct model_ops desk_model = {.name = "desk", .slice = desk_slice};
static const struct clock desk_clock = {.hz = 1e9, .ns_per_cyc = 1, .cyc_per_ns = 1};
static const uint32_t desk_ids[DESK_PEERS] = {0, 1, 3};

static inline void desk_fill(struct desk_row *row, float value)
{
    for (uint32_t d = 0; d < DESK_DIM; d++)
        row->at[d] = value;
}

/** A started worker of this row, whose model is `value` everywhere and that has `slots` slots, one of them in use. */
static inline void desk_open_as(const struct policy *row, uint32_t slots, float value)
{
    struct desk_row initial;
    desk_fill(&initial, value);
    desk.port.ops = &desk_ops;
    desk.depth = DESK_QUEUE;
    desk.slices_left = 2;
    desk.cohort.phase = COHORT_RUN;
    desk.cohort.start_cyc = DESK_START_CYC;
    desk.cohort.worker = desk.pub;
    desk.cohort.workers = DESK_SELF + 2;
    desk.model = (struct model_config){.ops = &desk_model, .batch = 1, .dim = DESK_DIM};
    desk.common = (struct worker_common){.port = &desk.port,
                                         .cohort = &desk.cohort,
                                         .clock = &desk_clock,
                                         .model = &desk.model,
                                         .policy = row,
                                         .workers = DESK_SELF + 2,
                                         .lr = 0.5f,
                                         .payload_bytes = DESK_DIM * sizeof(float)};
    for (uint32_t i = 0; i < SERIES_COUNT; i++)
        hist_reset(&desk.hist[i]);
    worker.hist = desk.hist;
    cr_assert_leq(slots_bytes(slots, DESK_PEERS), sizeof(desk.books));
    slots_init(&worker.slots, desk.books, slots, DESK_PEERS, 1);
    worker.common = &desk.common;
    worker.id = DESK_SELF;
    worker.agent = (struct agent){.policy = row, .state = &desk.script};
    worker.peer_count = DESK_PEERS;
    worker.peers = desk_ids;
    worker.data.gradient = desk.gradient.at;
    worker.data.debiased = desk.debiased.at;
    worker_start(&worker, initial.at, DESK_START_CYC);
    desk.script.event_count = 0; /* the start is everybody's */
}

static inline void desk_open(uint32_t slots, float value)
{
    desk_open_as(&desk_policy, slots, value);
}

/** Put an action down for the next event. */
static inline void desk_next(struct action action)
{
    desk.script.action[desk.script.action_count++] = action;
}

/** Let an event lead to this action alone. Returns true if it was carried out at once. */
static inline bool desk_do(struct action action)
{
    desk_next(action);
    act_on(&worker, &(struct event){.kind = EV_WAKE});
    desk.script.event_count--;
    return !worker.todo.blocked;
}

/** Peer `edge` shows `value` everywhere; returns the term that names it, with this weight. */
static inline struct mix_term desk_shows(uint32_t edge, float value, uint32_t weight)
{
    struct desk_peer *const peer = &desk.peer[edge];
    desk_fill(&peer->model, value);
    peer->handle = slots_pack(1, edge, 40 + edge);
    return (struct mix_term){.peer = edge, .handle = peer->handle, .weight = weight};
}

/** Peer `edge` takes the oldest message from its queue. */
static inline struct port_message desk_read(uint32_t edge)
{
    struct desk_peer *const peer = &desk.peer[edge];
    const struct port_message first = peer->got[0];
    cr_assert_gt(peer->got_count, 0u);
    memmove(peer->got, peer->got + 1, --peer->got_count * sizeof(first));
    return first;
}

/** … and is done with the snapshot. */
static inline void desk_give_back(uint32_t edge)
{
    struct desk_peer *const peer = &desk.peer[edge];
    const struct port_message message = desk_read(edge);
    peer->back[peer->back_count++] = message.handle;
}

/** A message from peer `edge` is on its way. */
static inline void desk_arrives(uint32_t edge, struct port_message message)
{
    desk.in[desk.in_count++] = (struct port_arrival){.edge = edge, .message = message};
}

/** The current model's coordinate `d`. */
static inline float desk_current(uint32_t d)
{
    return desk.slot[worker.current].at[d];
}

/** The whole current model is `value`. */
static inline bool desk_current_is(float value)
{
    for (uint32_t d = 0; d < DESK_DIM; d++)
        if (desk_current(d) != value) /* exact: the numbers are sums of powers of two */
            return false;
    return true;
}

#endif
