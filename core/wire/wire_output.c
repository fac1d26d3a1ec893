/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes out, one frame per call. First what belongs to the session, then what the other end waits for (ECHO, ACK,
 * PROBE), which no credit holds back; then DATA: at most CONTROL_RUN small messages, then one burst of a tensor, in turn, so
 * that neither kind waits for the other for ever. Streams of a kind take turns.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/wire/wire_parts.h"

#define CONTROL_RUN 8u
#define TENSOR_RUN 4u

/** The last words of every header. */
static void finish(struct wire *self, uint64_t now_ns, struct frame_head *head, struct frame *out)
{
    head->counter = ++self->counter;
    head->credit = credit_of(self->replay.top, self->config.window);
    head->tx_ns = now_ns;
    head->crc = 0;
    if (self->config.is_checked)
        head->crc = frame_sum(head, out->head + FRAME_HEAD_BYTES,
                              out->head_bytes - FRAME_HEAD_BYTES, out->body, out->body_bytes);
    self->count[WIRE_FRAMES_SENT]++;
}

/** A frame of the wire's own; its type, stream and length are the caller's to fill in. */
static struct frame_head *blank(struct wire *self)
{
    self->scratch->head = (struct frame_head){
        .magic = FRAME_MAGIC,
        .version = FRAME_VERSION,
        .head_bytes = FRAME_HEAD_BYTES,
        .from = self->config.terms.self,
        .stream = FRAME_NO_STREAM,
        .session = self->session.id,
    };
    return &self->scratch->head;
}

static bool send_blank(struct wire *self, uint64_t now_ns, struct frame *out)
{
    *out = (struct frame){
        .head = (const unsigned char *)&self->scratch->head,
        .head_bytes = FRAME_HEAD_BYTES + self->scratch->head.length,
    };
    finish(self, now_ns, &self->scratch->head, out);
    return true;
}

static bool send_session(struct wire *self, uint64_t now_ns, struct frame *out)
{
    struct frame_head *const head = blank(self);
    session_next(&self->session, now_ns, head, self->scratch->payload);
    if (head->type == FRAME_BYE)
        memcpy(self->scratch->payload + offsetof(struct frame_bye, received),
               &self->count[WIRE_FRAMES_RECEIVED], sizeof(uint64_t));
    return send_blank(self, now_ns, out);
}

static bool send_clock(struct wire *self, uint64_t now_ns, struct frame *out)
{
    struct frame_head *const head = blank(self);
    if (self->echoes) {
        self->echoes = false;
        head->type = FRAME_ECHO;
        head->length = sizeof(self->echo);
        memcpy(self->scratch->payload, &self->echo, sizeof(self->echo));
    } else {
        self->asks_clock = false;
        head->type = FRAME_PROBE;
    }
    return send_blank(self, now_ns, out);
}

static bool send_ack(struct wire *self, uint64_t now_ns, struct frame *out)
{
    struct stream_rx *const rx = &self->rx[turns_pop(&self->acks)];
    struct ack *const ack = self->ack;
    uint32_t words = (self->session.payload - (uint32_t)sizeof(ack->fixed)) / 8u;
    words = words < ACK_WORDS_MAX ? words : ACK_WORDS_MAX;
    stream_rx_report(rx, words, ack);
    ack->fixed.seen = (uint32_t)self->replay.top;
    ack->fixed.probe = rx->probe;
    ack->fixed.echo_ns = self->heard_tx_ns;
    ack->fixed.held_ns = now_ns - self->heard_ns;
    rx->probe = 0;

    struct frame_head *const head = blank(self);
    head->type = FRAME_ACK;
    head->stream = rx->id;
    head->length = (uint16_t)(sizeof(ack->fixed) + ack->count * sizeof(uint64_t));
    memcpy(self->scratch->payload, &ack->fixed, sizeof(ack->fixed));
    memcpy(self->scratch->payload + sizeof(ack->fixed), ack->word, ack->count * sizeof(uint64_t));
    self->count[WIRE_ACKS_SENT]++;
    return send_blank(self, now_ns, out);
}

static bool send_probe(struct wire *self, uint64_t now_ns, struct frame *out)
{
    struct stream_tx *const tx = &self->tx[turns_pop(&self->probes)];
    struct frame_head *const head = blank(self);
    head->type = FRAME_PROBE;
    head->stream = tx->id;
    self->count[WIRE_PROBES_SENT]++;
    return send_blank(self, now_ns, out);
}

/* ------------------------------------------------------------------------------------------------------------- DATA */

/** What readers gave up becomes messages while there is room. */
static void begin_returns(struct wire *self, uint64_t now_ns)
{
    struct stream_tx *const tx = &self->tx[STREAM_RETURNS_ID];
    while (self->returns.count > 0 && stream_tx_has_room(tx)) {
        const uint32_t place = stream_tx_place(tx, tx->count);
        const struct stream_tx_item item = {
            .body = self->returns.body + (size_t)place * RETURNS_BODY_BYTES,
            .body_bytes = returns_fill(&self->returns, place),
        };
        wire_begin(self, tx, &item, now_ns);
    }
}

/** Which line is served now: the other one gets its turn when this one's run is over, or when it is empty. */
static struct turns *choose(struct wire *self)
{
    struct turns *const line[2] = {&self->controls, &self->tensors};
    const uint32_t run = self->serves_tensors ? TENSOR_RUN : CONTROL_RUN;
    if (self->run >= run || line[self->serves_tensors]->count == 0) {
        self->serves_tensors = !self->serves_tensors;
        self->run = 0;
    }
    if (line[self->serves_tensors]->count == 0)
        self->serves_tensors = !self->serves_tensors;
    return line[self->serves_tensors]->count > 0 ? line[self->serves_tensors] : NULL;
}

/** The line whose first stream has a chunk to send. */
static struct turns *find_due(struct wire *self)
{
    struct turns *line;
    while ((line = choose(self)) != NULL && !self->tx[line->first].rows_due)
        turns_pop(line); /* an ACK was faster than the repair */
    return line;
}

static bool send_data(struct wire *self, uint64_t now_ns, struct frame *out)
{
    if (self->returns.count > 0)
        begin_returns(self, now_ns);
    struct turns *const line = find_due(self);
    if (!line)
        return false;
    if (!credit_allows(self->credit, self->counter)) {
        self->count[WIRE_HELD_BACK]++;
        return false;
    }
    struct stream_tx *const tx = &self->tx[line->first];
    struct frame_head *head;
    stream_tx_next(tx, (uint32_t)(self->counter + 1), out, &head);
    self->run++;
    if (!tx->rows_due || line == &self->controls || self->run == TENSOR_RUN) {
        turns_pop(line);
        wire_queue(self, tx);
    }
    tx->since_ns = now_ns;
    self->count[WIRE_DATA_SENT]++;
    self->count[WIRE_DATA_RESENT] += (head->flags & FRAME_RESENT) != 0;
    finish(self, now_ns, head, out);
    return true;
}

/* ---------------------------------------------------------------------------------------------------------- timers */

/** Streams that were silent for too long ask. The least of what is left of their patience is when to look again. */
static void look_at_timers(struct wire *self, uint64_t now_ns)
{
    self->due_ns = UINT64_MAX;
    for (uint32_t s = 0; s <= self->config.outs; s++) {
        struct stream_tx *const tx = &self->tx[s];
        if (tx->count == 0)
            continue;
        if (now_ns - tx->since_ns >= wire_patience_ns(self, tx)) {
            turns_push(&self->probes, tx->id);
            tx->since_ns = now_ns;
            tx->tries++;
        }
        wire_wake_by(self, tx->since_ns + wire_patience_ns(self, tx));
    }
}

static bool is_open(const struct wire *self)
{
    return self->session.state == SESSION_OPEN || self->session.state == SESSION_ENDED;
}

/** What an open session has to send, in the order of its urgency. */
static bool send_open(struct wire *self, uint64_t now_ns, struct frame *out)
{
    if (self->echoes || self->asks_clock)
        return send_clock(self, now_ns, out);
    if (self->acks.count > 0)
        return send_ack(self, now_ns, out);
    if (self->probes.count > 0)
        return send_probe(self, now_ns, out);
    return send_data(self, now_ns, out);
}

bool wire_output(struct wire *self, uint64_t now_ns, struct frame *out)
{
    if (self->session.state == SESSION_CLOSED)
        return false;
    if (now_ns >= self->due_ns) {
        self->due_ns = UINT64_MAX;
        if (is_open(self))
            look_at_timers(self, now_ns);
    }
    if (session_is_due(&self->session, now_ns))
        return send_session(self, now_ns, out);
    return is_open(self) && send_open(self, now_ns, out);
}
