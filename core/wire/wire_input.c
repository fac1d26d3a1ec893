/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes in, in an order that lets nothing pass unjudged: shape, session, checksum, replay; only then is a frame
 * believed, and its counter noted. What its type says is held against the plan once more by the stream.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/wire/wire_parts.h"

/** WIRE_FRAMES_RECEIVED, or the cause why not. */
static enum wire_count judge(const struct wire *self, const unsigned char *bytes, size_t count,
                             struct frame_head *head)
{
    switch (frame_read(bytes, count, head)) {
    case FRAME_SHORT:
        return WIRE_FRAMES_SHORT;
    case FRAME_FOREIGN:
        return WIRE_FRAMES_FOREIGN;
    case FRAME_ODD:
        return WIRE_FRAMES_ODD;
    case FRAME_SOUND:
        break;
    }
    if (self->session.state == SESSION_CLOSED || head->session != self->session.id ||
        head->from != self->config.terms.peer)
        return WIRE_FRAMES_STALE;
    if (self->config.is_checked &&
        frame_sum(head, bytes + FRAME_HEAD_BYTES, head->length, NULL, 0) != head->crc)
        return WIRE_FRAMES_CORRUPT;
    return replay_is_new(&self->replay, head->counter) ? WIRE_FRAMES_RECEIVED
                                                       : WIRE_FRAMES_REPLAYED;
}

static void hear_data(struct wire *self, const struct frame_head *head,
                      const unsigned char *payload)
{
    if (head->stream > self->config.ins) {
        self->count[WIRE_FRAMES_UNPLANNED]++;
        return;
    }
    struct stream_rx *const rx = &self->rx[head->stream];
    bool hole;
    switch (stream_rx_data(rx, head, payload, &hole)) {
    case STREAM_RX_TAKEN:
        break;
    case STREAM_RX_WHOLE:
        wire_advance(self, rx);
        hole = true; /* the sender waits for this */
        break;
    case STREAM_RX_DUPLICATE:
        self->count[WIRE_DATA_DUPLICATE]++;
        hole = true; /* an ACK was lost */
        break;
    case STREAM_RX_BEYOND:
        self->count[WIRE_DATA_BEYOND]++;
        return;
    case STREAM_RX_ODD:
        self->count[WIRE_FRAMES_UNPLANNED]++;
        return;
    case STREAM_RX_FULL:
        self->count[WIRE_DATA_NO_SLOT]++;
        return;
    }
    if (hole || ++self->since_ack >= self->config.window / 2) {
        self->since_ack = 0;
        turns_push(&self->acks, rx->id);
    }
}

/** Messages up to the ACK's `next` have ended; what waited begins. */
static bool end_messages(struct wire *self, struct stream_tx *tx, uint32_t next, uint64_t now_ns)
{
    bool progress = false;
    while (tx->count > 0 && frame_compare(tx->first, next) < 0) {
        const uint64_t token = stream_tx_end(tx);
        progress = true;
        if (tx->plan.class == STREAM_RETURNS)
            continue;
        self->count[WIRE_ACKNOWLEDGED]++;
        self->books.received++;
        if (stream_newer_wins(tx->plan.class))
            wire_push_end(self, tx->id, token);
    }
    if (tx->waits && tx->count == 0) {
        tx->waits = false;
        wire_begin(self, tx, &tx->waiting, now_ns);
    }
    return progress;
}

static void take_sample(struct wire *self, const struct ack_fixed *fixed, uint64_t now_ns)
{
    const uint64_t way_ns = now_ns - fixed->echo_ns;
    if (fixed->echo_ns && fixed->echo_ns <= now_ns && fixed->held_ns <= way_ns)
        rtt_take(&self->rtt, way_ns - fixed->held_ns);
}

static bool read_ack(struct wire *self, const struct frame_head *head, const unsigned char *payload)
{
    struct ack *const ack = self->ack;
    const uint32_t words = (head->length - (uint32_t)sizeof(ack->fixed)) / 8u;
    if (head->stream > self->config.outs || words > ACK_WORDS_MAX)
        return false;
    memcpy(&ack->fixed, payload, sizeof(ack->fixed));
    memcpy(ack->word, payload + sizeof(ack->fixed), words * sizeof(uint64_t));
    ack->count = words;
    return stream_tx_believes(&self->tx[head->stream], ack);
}

static void hear_ack(struct wire *self, const struct frame_head *head, const unsigned char *payload,
                     uint64_t now_ns)
{
    if (!read_ack(self, head, payload)) {
        self->count[WIRE_FRAMES_UNPLANNED]++;
        return;
    }
    struct stream_tx *const tx = &self->tx[head->stream];
    take_sample(self, &self->ack->fixed, now_ns);
    bool progress = stream_tx_acknowledge(tx, self->ack);
    progress |= end_messages(self, tx, self->ack->fixed.next, now_ns);
    if (progress) {
        tx->tries = 0;
        tx->since_ns = now_ns;
        if (tx->count > 0)
            wire_wake_by(self, now_ns + wire_patience_ns(self, tx));
    }
    wire_queue(self, tx);
}

static void hear_probe(struct wire *self, const struct frame_head *head, uint64_t now_ns)
{
    if (head->stream == FRAME_NO_STREAM) {
        self->echoes = true;
        self->echo = (struct frame_echo){.asked_ns = head->tx_ns, .received_ns = now_ns};
        return;
    }
    if (head->stream > self->config.ins) {
        self->count[WIRE_FRAMES_UNPLANNED]++;
        return;
    }
    struct stream_rx *const rx = &self->rx[head->stream];
    if (head->counter > rx->probe)
        rx->probe = head->counter;
    turns_push(&self->acks, rx->id);
}

static void hear_echo(struct wire *self, const struct frame_head *head,
                      const unsigned char *payload, uint64_t now_ns)
{
    struct frame_echo echo;
    memcpy(&echo, payload, sizeof(echo));
    if (!clocks_take(&self->clocks, echo.asked_ns, echo.received_ns, head->tx_ns, now_ns))
        self->count[WIRE_FRAMES_UNPLANNED]++;
}

static void hear_hello(struct wire *self, const struct frame_head *head,
                       const unsigned char *payload, uint64_t now_ns)
{
    switch (session_hello(&self->session, head, payload, now_ns)) {
    case SESSION_OPENED:
        wire_start_streams(self);
        break;
    case SESSION_REFUSED:
        self->count[WIRE_HELLOS_REFUSED]++;
        break;
    case SESSION_SAME:
        break;
    }
}

static void hear_bye(struct wire *self, const struct frame_head *head, const unsigned char *payload)
{
    struct frame_bye bye;
    memcpy(&bye, payload, sizeof(bye));
    if (head->counter > self->peer_sent)
        self->peer_sent = head->counter;
    session_bye_heard(&self->session, head, bye.heard != 0);
    if (self->session.bye_answers)
        wire_wake_by(self, 0);
}

/** Is the session open, or is this the proof that it is? */
static bool is_open(struct wire *self)
{
    if (session_proved(&self->session))
        wire_start_streams(self);
    return self->session.state == SESSION_OPEN || self->session.state == SESSION_ENDED;
}

static void hear(struct wire *self, const struct frame_head *head, const unsigned char *payload,
                 uint64_t now_ns)
{
    if (head->type == FRAME_HELLO || head->type == FRAME_HELLO_ACK) {
        hear_hello(self, head, payload, now_ns);
        return;
    }
    if (!is_open(self)) {
        self->count[WIRE_FRAMES_EARLY]++;
        return;
    }
    switch (head->type) {
    case FRAME_DATA:
        hear_data(self, head, payload);
        return;
    case FRAME_ACK:
        hear_ack(self, head, payload, now_ns);
        return;
    case FRAME_PROBE:
        hear_probe(self, head, now_ns);
        return;
    case FRAME_ECHO:
        hear_echo(self, head, payload, now_ns);
        return;
    default:
        hear_bye(self, head, payload);
        return;
    }
}

bool wire_input(struct wire *self, const unsigned char *bytes, size_t count, uint64_t now_ns)
{
    struct frame_head head;
    const enum wire_count verdict = judge(self, bytes, count, &head);
    self->count[verdict]++;
    if (verdict != WIRE_FRAMES_RECEIVED)
        return false;
    replay_note(&self->replay, head.counter);
    credit_raise(&self->credit, head.credit);
    self->heard_ns = now_ns;
    self->heard_tx_ns = head.tx_ns;
    hear(self, &head, bytes + FRAME_HEAD_BYTES, now_ns);
    return true;
}
