/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One turn: frames that came, what they bring; loans that ended; vectors that readers gave back; messages that want to
 * leave; frames, while the link takes them. Each step has a budget, so that a turn never grows beyond some microseconds.
 */
#include "net/spread.h"

#include <string.h>

#include "core/base/check.h"
#include "net/spread_parts.h"

static struct spread *spread_of(struct bridge *bridge)
{
    return (struct spread *)bridge;
}

static uint64_t ns_at(const struct spread *self, uint64_t cyc)
{
    return (uint64_t)((double)cyc * self->config.ns_per_cyc);
}

static void settle(struct spread *self, uint64_t messages)
{
    /* relaxed load: one writer. release: what made it so comes before it */
    const uint64_t settled = atomic_load_explicit(self->config.settled, memory_order_relaxed);
    atomic_store_explicit(self->config.settled, settled + messages, memory_order_release);
}

/* --------------------------------------------------------------- in */

/** The vector of a tensor about a slice came as that slice alone: to its place in the vector. */
static void unfold(const struct spread *self, uint32_t cut, const struct port_message *message,
                   uint32_t place)
{
    uint32_t begin, end;
    size_t bytes;
    if (message->slices <= 1)
        return;
    float *const store = fabric_cut_store(self->config.fabric, cut, &bytes);
    float *const vector = store + place * bytes / sizeof(float);
    self->config.range(self->config.fabric->config.dim, message->slice, message->slices, &begin,
                       &end);
    memmove(vector + begin, vector, (end - begin) * sizeof(float));
}

/** False: its reader has no room for it. */
static bool deliver(struct spread *self, struct spread_pair *pair, const struct wire_delivery *it)
{
    const uint32_t k = SPREAD_EDGE(it->stream), cut = pair->in[k];
    struct fabric *const fabric = self->config.fabric;
    struct port_message message;
    memcpy(&message, it->message, sizeof(message));
    if (!SPREAD_IS_TENSOR(it->stream)) {
        const bool taken = fabric_cut_control(fabric, cut, &message);
        pair->owed -= taken;
        return taken;
    }
    pair->owed--;
    unfold(self, cut, &message, it->slot);
    const uint32_t unread = fabric_cut_tensor(fabric, cut, &message, it->slot);
    if (unread < fabric->config.bodies) {
        wire_release(pair->wire, it->stream, unread);
        settle(self, 1);
    }
    return true;
}

static void take_deliveries(struct spread *self, struct spread_pair *pair)
{
    if (pair->waits && !deliver(self, pair, &pair->delivery))
        return;
    pair->delivered |= pair->waits;
    pair->waits = false;
    while (wire_take(pair->wire, &pair->delivery)) {
        pair->waits = !deliver(self, pair, &pair->delivery);
        if (pair->waits)
            return;
        pair->delivered = true;
    }
}

static void give_back_places(struct spread *self, struct spread_pair *pair)
{
    struct fabric *const fabric = self->config.fabric;
    for (uint32_t k = 0; k < pair->ins; k++) {
        uint32_t place;
        while ((place = fabric_cut_released(fabric, pair->in[k])) < fabric->config.bodies)
            wire_release(pair->wire, SPREAD_TENSORS(k), place);
    }
}

/* -------------------------------------------------------------- out */

static void end_loans(struct spread *self, struct spread_pair *pair)
{
    struct wire_end end;
    while (wire_ended(pair->wire, &end))
        if (SPREAD_IS_TENSOR(end.stream))
            fabric_cut_return(self->config.fabric, pair->out[SPREAD_EDGE(end.stream)], end.token);
}

static void fill_item(const struct spread *self, uint32_t cut, const struct port_message *message,
                      struct stream_tx_item *out)
{
    const struct fabric *const fabric = self->config.fabric;
    uint32_t begin = 0, end = fabric->config.dim;
    *out = (struct stream_tx_item){.token = message->handle};
    memcpy(out->message, message, sizeof(out->message));
    if (!message->is_tensor)
        return;
    if (message->slices > 1)
        self->config.range(end, message->slice, message->slices, &begin, &end);
    out->body = (const unsigned char *)(fabric_cut_vector(fabric, cut, message->handle) + begin);
    out->body_bytes = (end - begin) * (uint32_t)sizeof(float);
}

/** False: it waits. */
static bool publish(struct spread *self, struct spread_pair *pair, uint16_t stream,
                    struct spread_held *held, uint64_t now_ns)
{
    const uint32_t cut = pair->out[SPREAD_EDGE(stream)];
    struct stream_tx_item old;
    switch (wire_publish(pair->wire, stream, &held->item, now_ns, &old)) {
    case WIRE_FULL:
        return false;
    case WIRE_SUPERSEDED:
        fabric_cut_return(self->config.fabric, cut, old.token);
        fabric_cut_superseded(self->config.fabric, cut);
        settle(self, 1);
        pair->owed--;
        break;
    case WIRE_TAKEN:
        break;
    }
    held->is = false;
    return true;
}

static void take_messages(struct spread *self, struct spread_pair *pair, uint64_t now_ns)
{
    for (uint32_t k = 0; k < 2 * pair->outs; k++) {
        struct spread_held *const held = &pair->held[k];
        const uint16_t stream = (uint16_t)(k + 1);
        struct port_message message;
        if (held->is && !publish(self, pair, stream, held, now_ns))
            continue;
        while (fabric_cut_take(self->config.fabric, pair->out[k / 2], SPREAD_IS_TENSOR(stream),
                               &message)) {
            fill_item(self, pair->out[k / 2], &message, &held->item);
            held->is = true;
            pair->owed++;
            if (!publish(self, pair, stream, held, now_ns))
                break;
        }
    }
}

static uint8_t *place_of(const struct spread *self, const struct spread_pair *pair, uint32_t number)
{
    return pair->store + (size_t)number * self->link->payload_max;
}

/** What the wire wants to send, as many as go at once. */
static void gather_frames(struct spread *self, struct spread_pair *pair, uint64_t now_ns)
{
    struct frame frame;
    pair->first = pair->frames = 0;
    while (pair->frames < SPREAD_BATCH && wire_output(pair->wire, now_ns, &frame)) {
        uint8_t *const head = place_of(self, pair, pair->frames);
        memcpy(head, frame.head, frame.head_bytes);
        pair->frame[pair->frames++] =
            (struct link_out){head, frame.body, frame.head_bytes, frame.body_bytes};
    }
}

/**
 * A frame that the wire has given is sent, now or later. It is copied whole: the loan of its body may end meanwhile, where
 * the frame repeats one that has come after all.
 */
static void keep_frames(const struct spread *self, struct spread_pair *pair)
{
    for (uint32_t i = pair->first; i < pair->frames; i++) {
        struct link_out *const frame = &pair->frame[i];
        if (frame->body_bytes == 0)
            continue;
        memcpy(place_of(self, pair, i) + frame->head_bytes, frame->body, frame->body_bytes);
        frame->head_bytes += frame->body_bytes;
        frame->body_bytes = 0;
    }
}

/** False: the link has no room. */
static bool push_frames(struct spread *self, uint32_t peer)
{
    struct spread_pair *const pair = &self->pair[peer];
    if (pair->first < pair->frames)
        pair->first +=
            link_send(self->link, peer, pair->frame + pair->first, pair->frames - pair->first);
    return pair->first == pair->frames;
}

static void send_frames(struct spread *self, uint32_t peer, uint64_t now_ns)
{
    struct spread_pair *const pair = &self->pair[peer];
    if (!push_frames(self, peer))
        return;
    for (uint32_t sent = 0; sent < LINK_BURST; sent += pair->frames) {
        gather_frames(self, pair, now_ns);
        if (!push_frames(self, peer)) {
            keep_frames(self, pair);
            return;
        }
        if (pair->frames < SPREAD_BATCH)
            return;
    }
}

/** Each frame's bring is taken at once: what lies unread within a wire is replaced there, and nobody says of which edge. */
static void take_frames(struct spread *self, uint64_t now_ns)
{
    struct link_in in[LINK_BURST];
    const uint32_t came = self->link ? link_receive(self->link, in, LINK_BURST) : 0;
    for (uint32_t i = 0; i < came; i++) {
        struct spread_pair *const pair = &self->pair[in[i].peer];
        if (pair->is_lost)
            continue;
        wire_input(pair->wire, in[i].at, in[i].bytes, now_ns);
        end_loans(self, pair);
        take_deliveries(self, pair);
        for (; pair->overtaken < wire_counted(pair->wire, WIRE_OVERTAKEN); pair->overtaken++) {
            settle(self, 1);
            pair->owed--;
        }
    }
    if (came > 0)
        link_release(self->link, in, came);
}

/* ------------------------------------------------------------ a death */

/** What workers still send to it, and give back to it. */
static void turn_lost(struct spread *self, const struct spread_pair *pair)
{
    struct fabric *const fabric = self->config.fabric;
    struct port_message message;
    for (uint32_t k = 0; k < 2 * pair->outs; k++) {
        const bool tensor = SPREAD_IS_TENSOR(k + 1);
        for (; fabric_cut_take(fabric, pair->out[k / 2], tensor, &message); settle(self, 1))
            if (tensor)
                fabric_cut_return(fabric, pair->out[k / 2], message.handle);
    }
    for (uint32_t k = 0; k < pair->ins; k++)
        while (fabric_cut_released(fabric, pair->in[k]) < fabric->config.bodies)
            ;
}

static void lose(struct bridge *bridge, uint32_t process)
{
    struct spread *const self = spread_of(bridge);
    for (uint32_t p = 0; p < self->pairs; p++) {
        struct spread_pair *const pair = &self->pair[p];
        if (pair->process != process || pair->is_lost)
            continue;
        wire_close(pair->wire);
        end_loans(self, pair);
        for (uint32_t k = 0; k < 2 * pair->outs; k++) {
            if (pair->held[k].is && SPREAD_IS_TENSOR(k + 1))
                fabric_cut_return(self->config.fabric, pair->out[k / 2], pair->held[k].item.token);
            pair->held[k].is = false;
        }
        pair->is_lost = true;
        settle(self, pair->owed);
    }
}

static void turn(struct bridge *bridge, uint64_t now_cyc)
{
    struct spread *const self = spread_of(bridge);
    const uint64_t now_ns = ns_at(self, now_cyc);
    take_frames(self, now_ns);
    for (uint32_t p = 0; p < self->pairs; p++) {
        struct spread_pair *const pair = &self->pair[p];
        if (pair->is_lost) {
            turn_lost(self, pair);
            continue;
        }
        end_loans(self, pair);
        take_deliveries(self, pair);
        give_back_places(self, pair);
        if (wire_state(pair->wire) == SESSION_OPEN)
            take_messages(self, pair, now_ns);
        /* Readers are served first: what they answer goes with the ACK, one turn later. Never twice in a row. */
        pair->deferred = pair->delivered && !pair->deferred;
        pair->delivered = false;
        if (!pair->deferred)
            send_frames(self, p, now_ns);
    }
}

struct bridge *spread_bridge(struct spread *self)
{
    self->bridge = (struct bridge){.turn = turn, .lose = lose};
    return &self->bridge;
}

void spread_start(struct spread *self, uint64_t now_cyc)
{
    for (uint32_t p = 0; p < self->pairs; p++)
        wire_open(self->pair[p].wire, 1, 1, ns_at(self, now_cyc));
}

void spread_bye(struct spread *self, uint64_t now_cyc)
{
    for (uint32_t p = 0; p < self->pairs; p++)
        if (!self->pair[p].is_lost)
            wire_bye(self->pair[p].wire, ns_at(self, now_cyc));
}

static bool all_are(const struct spread *self, enum session_state state)
{
    for (uint32_t p = 0; p < self->pairs; p++)
        if (!self->pair[p].is_lost && wire_state(self->pair[p].wire) != state)
            return false;
    return true;
}

bool spread_is_open(const struct spread *self)
{
    return all_are(self, SESSION_OPEN);
}

bool spread_is_over(const struct spread *self)
{
    return all_are(self, SESSION_ENDED);
}

struct spread_counts spread_counts(const struct spread *self)
{
    struct spread_counts out = {0};
    if (self->link)
        out.link = self->link->counts;
    for (uint32_t p = 0; p < self->pairs; p++) {
        if (self->pair[p].is_lost) /* nobody says what the other end has of it */
            continue;
        for (uint32_t c = 0; c < WIRE_COUNTS; c++)
            out.wire[c] += wire_counted(self->pair[p].wire, (enum wire_count)c);
        out.peers_sent += wire_peer_sent(self->pair[p].wire);
    }
    return out;
}
