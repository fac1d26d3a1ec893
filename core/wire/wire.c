/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The side of the owner: publish, take, release, and how loans end. wire_input.c reads frames, wire_output.c makes them.
 *
 * Books: a message is in them from before its ACK leaves the receiver until it is taken there (the taker counts it from then
 * on), and at the sender from its publishing until it was replaced, acknowledged or gone. At every moment of its life one
 * end at least has it as sent and not received.
 */
#include "core/wire/wire.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/wire/wire_parts.h"

void wire_wake_by(struct wire *self, uint64_t at_ns)
{
    if (at_ns < self->due_ns)
        self->due_ns = at_ns;
}

uint64_t wire_patience_ns(const struct wire *self, const struct stream_tx *tx)
{
    return rtt_timeout(&self->rtt, tx->tries, rng_at(self->config.seed, self->counter + tx->id));
}

void wire_queue(struct wire *self, const struct stream_tx *tx)
{
    if (!tx->rows_due)
        return;
    const bool is_small = tx->plan.class == STREAM_CONTROL || tx->plan.class == STREAM_RETURNS;
    turns_push(is_small ? &self->controls : &self->tensors, tx->id);
}

void wire_begin(struct wire *self, struct stream_tx *tx, const struct stream_tx_item *item,
                uint64_t now_ns)
{
    const bool was_empty = tx->count == 0;
    stream_tx_begin(tx, item, now_ns);
    if (was_empty)
        wire_wake_by(self, now_ns + wire_patience_ns(self, tx));
    wire_queue(self, tx);
}

enum wire_publish wire_publish(struct wire *self, uint16_t stream,
                               const struct stream_tx_item *item, uint64_t now_ns,
                               struct stream_tx_item *old)
{
    CHECK(self->session.state == SESSION_OPEN);
    CHECK(stream >= 1 && stream <= self->config.outs);
    struct stream_tx *const tx = &self->tx[stream];
    CHECK(item->body_bytes <= tx->plan.body_bytes);
    if (stream_tx_has_room(tx)) {
        self->count[WIRE_PUBLISHED]++;
        wire_begin(self, tx, item, now_ns);
        return WIRE_TAKEN;
    }
    if (!stream_newer_wins(tx->plan.class))
        return WIRE_FULL;
    const bool had = tx->waits;
    if (had) {
        *old = tx->waiting;
        self->count[WIRE_REPLACED]++;
        self->books.received++;
    }
    self->count[WIRE_PUBLISHED]++;
    tx->waits = true;
    tx->waiting = *item;
    return had ? WIRE_SUPERSEDED : WIRE_TAKEN;
}

/* ----------------------------------------------------------------------------------------------------- deliveries */

/** Loans that readers gave back: each must be lent. */
static void take_returns(struct wire *self, const struct stream_rx_message *message,
                         const struct stream_rx *rx)
{
    const unsigned char *const body = rx->plan.store + message->slot * rx->plan.slot_bytes;
    for (uint32_t at = 0; at + sizeof(struct returns_item) <= message->bytes;
         at += (uint32_t)sizeof(struct returns_item)) {
        struct returns_item item;
        uint64_t token;
        memcpy(&item, body + at, sizeof(item));
        if (item.stream == 0 || item.stream > self->config.outs ||
            !stream_tx_give_back(&self->tx[item.stream], item.number, &token)) {
            self->count[WIRE_FRAMES_UNPLANNED]++;
            continue;
        }
        wire_push_end(self, (uint16_t)item.stream, token);
    }
}

void wire_advance(struct wire *self, struct stream_rx *rx)
{
    uint32_t overtaken = 0;
    const uint32_t count = stream_rx_advance(rx, &overtaken);
    if (count == 0)
        return;
    turns_push(&self->acks, rx->id);
    if (rx->id == STREAM_RETURNS_ID) {
        for (const struct stream_rx_message *m; (m = stream_rx_first(rx)) != NULL;) {
            uint32_t number;
            take_returns(self, m, rx);
            stream_rx_release(rx, m->slot, &number);
            stream_rx_pop(rx);
        }
        return;
    }
    self->count[WIRE_DELIVERED] += count;
    self->books.sent += count;
    self->count[WIRE_OVERTAKEN] += overtaken;
    self->books.received += overtaken;
    turns_push(&self->unread, rx->id);
}

bool wire_take(struct wire *self, struct wire_delivery *out)
{
    if (self->unread.count == 0)
        return false;
    struct stream_rx *const rx = &self->rx[turns_pop(&self->unread)];
    const struct stream_rx_message *const message = stream_rx_first(rx);
    CHECK(message);
    out->stream = rx->id;
    out->number = message->number;
    out->slot = message->slot;
    out->body_bytes = message->bytes - rx->shape.prefix_bytes;
    memcpy(out->message, message->prefix, STREAM_MESSAGE_BYTES);
    if (rx->plan.class != STREAM_CONTROL)
        memcpy(out->note, message->prefix + STREAM_MESSAGE_BYTES, STREAM_NOTE_BYTES);
    stream_rx_pop(rx);
    if (self->session.state != SESSION_CLOSED)
        wire_advance(self, rx);
    if (rx->unread > 0)
        turns_push(&self->unread, rx->id);
    return true;
}

void wire_release(struct wire *self, uint16_t stream, uint32_t slot)
{
    CHECK(stream >= 1 && stream <= self->config.ins);
    uint32_t number;
    const bool is_owed = stream_rx_release(&self->rx[stream], slot, &number);
    const struct returns_item item = {.stream = stream, .number = number};
    if (is_owed && self->session.state != SESSION_CLOSED && !returns_push(&self->returns, item))
        self->count[WIRE_FRAMES_UNPLANNED]++;
}

/* ------------------------------------------------------------------------------------------------------ loans' ends */

void wire_push_end(struct wire *self, uint16_t stream, uint64_t token)
{
    CHECK(self->ends < WIRE_ENDS_MAX);
    self->end[(self->ends_first + self->ends++) % WIRE_ENDS_MAX] =
        (struct wire_end){.stream = stream, .token = token};
}

/** The next loan of a stream whose session is closed. Messages are counted as gone as they are passed. */
static bool gone_of(struct wire *self, struct stream_tx *tx, uint64_t *token)
{
    if (tx->waits) {
        tx->waits = false;
        *token = tx->waiting.token;
        self->count[WIRE_GONE]++;
        self->books.received++;
        return true;
    }
    while (tx->count > 0) {
        *token = stream_tx_end(tx);
        if (tx->plan.class == STREAM_RETURNS)
            continue;
        self->count[WIRE_GONE]++;
        self->books.received++;
        if (stream_newer_wins(tx->plan.class))
            return true;
    }
    for (uint32_t i = 0; i < tx->loans; i++)
        if (tx->loan[i].is_lent) {
            tx->loan[i].is_lent = false;
            tx->lent--;
            *token = tx->loan[i].token;
            return true;
        }
    return false;
}

bool wire_ended(struct wire *self, struct wire_end *out)
{
    if (self->ends > 0) {
        *out = self->end[self->ends_first];
        self->ends_first = (self->ends_first + 1) % WIRE_ENDS_MAX;
        self->ends--;
        return true;
    }
    for (; self->closing <= self->config.outs; self->closing++) {
        *out = (struct wire_end){.stream = (uint16_t)self->closing, .is_gone = true};
        if (gone_of(self, &self->tx[self->closing], &out->token))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------------------ state */

bool wire_is_idle(const struct wire *self)
{
    for (uint32_t s = 0; s <= self->config.outs; s++)
        if (!stream_tx_is_idle(&self->tx[s]))
            return false;
    return self->returns.count == 0;
}

enum session_state wire_state(const struct wire *self)
{
    return self->session.state;
}

void wire_bye(struct wire *self, uint64_t now_ns)
{
    session_bye(&self->session, now_ns);
    wire_wake_by(self, self->session.due_ns);
}

void wire_ask_clock(struct wire *self)
{
    self->asks_clock = self->session.state == SESSION_OPEN;
}

uint64_t wire_peer_sent(const struct wire *self)
{
    return self->peer_sent;
}

uint64_t wire_due_ns(const struct wire *self)
{
    return self->due_ns < self->session.due_ns ? self->due_ns : self->session.due_ns;
}

const struct clocks *wire_clocks(const struct wire *self)
{
    return &self->clocks;
}

const struct rtt *wire_rtt(const struct wire *self)
{
    return &self->rtt;
}

uint64_t wire_counted(const struct wire *self, enum wire_count which)
{
    return self->count[which];
}

struct wire_books wire_books(const struct wire *self)
{
    return self->books;
}

const char *wire_count_name(enum wire_count which)
{
    static const char *const names[WIRE_COUNTS] = {
        [WIRE_FRAMES_SENT] = "frames_sent",
        [WIRE_FRAMES_RECEIVED] = "frames_received",
        [WIRE_FRAMES_SHORT] = "frames_short",
        [WIRE_FRAMES_FOREIGN] = "frames_foreign",
        [WIRE_FRAMES_ODD] = "frames_odd",
        [WIRE_FRAMES_STALE] = "frames_stale",
        [WIRE_FRAMES_CORRUPT] = "frames_corrupt",
        [WIRE_FRAMES_REPLAYED] = "frames_replayed",
        [WIRE_FRAMES_UNPLANNED] = "frames_unplanned",
        [WIRE_FRAMES_EARLY] = "frames_early",
        [WIRE_HELLOS_REFUSED] = "hellos_refused",
        [WIRE_DATA_SENT] = "data_sent",
        [WIRE_DATA_RESENT] = "data_resent",
        [WIRE_DATA_DUPLICATE] = "data_duplicate",
        [WIRE_DATA_BEYOND] = "data_beyond",
        [WIRE_DATA_NO_SLOT] = "data_no_slot",
        [WIRE_HELD_BACK] = "held_back",
        [WIRE_ACKS_SENT] = "acks_sent",
        [WIRE_PROBES_SENT] = "probes_sent",
        [WIRE_PUBLISHED] = "published",
        [WIRE_REPLACED] = "replaced",
        [WIRE_ACKNOWLEDGED] = "acknowledged",
        [WIRE_GONE] = "gone",
        [WIRE_DELIVERED] = "delivered",
        [WIRE_OVERTAKEN] = "overtaken",
    };
    return names[which];
}
