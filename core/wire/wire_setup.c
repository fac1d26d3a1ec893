/* SPDX-License-Identifier: BSD-3-Clause */
/* Laying out, opening and closing. Bitmaps are laid out for the shortest payload, under which messages have most chunks. */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/wire/wire_parts.h"

static uint32_t payload_at_end(const struct session_terms *terms, bool least)
{
    uint32_t found = terms->payload[0];
    for (uint32_t i = 1; least && i < SESSION_PAYLOADS && terms->payload[i]; i++)
        found = terms->payload[i];
    return found;
}

/** Loans of the peer that can be owed at once: as many as it keeps count of (stream_tx_lay_out). */
static uint32_t loans_of_peer(const struct wire_config *config)
{
    uint32_t loans = 0;
    for (uint32_t i = 0; i < config->ins; i++)
        if (config->in[i].class == STREAM_EXACT)
            loans += config->in[i].slots + STREAM_WINDOW_MAX;
    return loans;
}

static void lay_out_streams(struct wire *self, const struct wire_config *config, uint32_t payload,
                            struct layout *layout)
{
    const struct stream_plan returns = returns_plan(self ? self->returns.store : NULL);
    struct stream_tx *const tx = layout_take(layout, config->outs + 1, sizeof(*tx));
    struct stream_rx *const rx = layout_take(layout, config->ins + 1, sizeof(*rx));
    for (uint32_t s = 0; s <= config->outs; s++)
        stream_tx_lay_out(self ? &tx[s] : NULL, s ? &config->out[s - 1] : &returns, (uint16_t)s,
                          payload, layout);
    for (uint32_t s = 0; s <= config->ins; s++)
        stream_rx_lay_out(self ? &rx[s] : NULL, s ? &config->in[s - 1] : &returns, (uint16_t)s,
                          payload, layout);
    if (!self)
        return;
    self->tx = tx;
    self->rx = rx;
    for (uint32_t s = 0; s <= config->ins; s++)
        stream_rx_init(&rx[s]);
}

static struct wire *lay_out(const struct wire_config *config, struct layout *layout)
{
    struct wire *const self = layout_take_lines(layout, 1, sizeof(*self));
    const struct wire made = {
        .config = *config,
        .session = {.terms = config->terms, .due_ns = UINT64_MAX},
        .returns = returns_lay_out(loans_of_peer(config), layout),
        .acks = turns_lay_out(config->ins + 1, layout),
        .probes = turns_lay_out(config->outs + 1, layout),
        .controls = turns_lay_out(config->outs + 1, layout),
        .tensors = turns_lay_out(config->outs + 1, layout),
        .unread = turns_lay_out(config->ins + 1, layout),
        .end = layout_take(layout, WIRE_ENDS_MAX, sizeof(struct wire_end)),
        .ack = layout_take(layout, 1, sizeof(struct ack)),
        .scratch = layout_take_lines(
            layout, 1, sizeof(struct wire_scratch) + payload_at_end(&config->terms, false)),
        .due_ns = UINT64_MAX,
        .closing = config->outs + 1,
    };
    if (self)
        *self = made;
    lay_out_streams(self, config, payload_at_end(&config->terms, true), layout);
    return self;
}

size_t wire_bytes(const struct wire_config *config)
{
    struct layout layout = {0};
    lay_out(config, &layout);
    return layout.used;
}

struct wire *wire_init(void *memory, const struct wire_config *config)
{
    struct layout layout = {.base = memory};
    CHECK(memory);
    struct wire *const self = lay_out(config, &layout);
    self->config.out = self->config.in = NULL; /* the streams have their own copies */
    turns_clear(&self->unread);
    return self;
}

/* ----------------------------------------------------------------------------------------------------------- checks */

static const char *fault_of_terms(const struct session_terms *terms)
{
    if (terms->self == terms->peer)
        return "a process has no wire to itself";
    for (uint32_t i = 0; i < SESSION_PAYLOADS; i++) {
        const uint32_t payload = terms->payload[i];
        if (payload == 0 && i > 0)
            break;
        if (payload < SESSION_PAYLOAD_LEAST || payload > FRAME_PAYLOAD_MAX || payload % 64 != 0)
            return "payloads are multiples of 64 from 192 to 65472";
        if (i > 0 && payload >= terms->payload[i - 1])
            return "payloads are tried from the longest to the shortest";
    }
    return NULL;
}

static const char *fault_of_tensors(const struct stream_plan *plan, bool receives)
{
    const uint32_t depth = stream_newer_wins(plan->class) ? 1 : plan->depth;
    if (plan->body_bytes == 0 || plan->body_bytes > STREAM_BODY_MAX)
        return "a body has from 1 byte to 2 GiB";
    if (plan->slots < 2 * depth)
        return "a receiver needs a slot for each message that is unread or under way";
    if (receives && (!plan->store || plan->slot_bytes < plan->body_bytes))
        return "a receiver needs memory for its slots";
    return NULL;
}

static const char *fault_of_plan(const struct stream_plan *plan, bool receives)
{
    if (plan->class == STREAM_RETURNS || plan->class > STREAM_SUM)
        return "streams are control, exact, newest or sum";
    if (!stream_newer_wins(plan->class) && (plan->depth == 0 || plan->depth > UINT16_MAX))
        return "a stream holds from 1 to 65535 messages unread";
    return plan->class == STREAM_CONTROL ? NULL : fault_of_tensors(plan, receives);
}

static const char *fault_of_plans(const struct stream_plan *plan, uint32_t count, bool receives)
{
    const char *fault = NULL;
    if (count > WIRE_STREAMS_MAX)
        return "there are at most 65534 streams from one process to another";
    for (uint32_t i = 0; !fault && i < count; i++)
        fault = fault_of_plan(&plan[i], receives);
    return fault;
}

int wire_check(const struct wire_config *config, struct err *err)
{
    const char *fault = fault_of_terms(&config->terms);
    if (config->window < CREDIT_WINDOW_LEAST || config->window > CREDIT_WINDOW_MOST)
        fault = "a window has 2 to 512 frames";
    if (!fault)
        fault = fault_of_plans(config->out, config->outs, false);
    if (!fault)
        fault = fault_of_plans(config->in, config->ins, true);
    return fault ? err_set(err, -EINVAL, "wire to process %u: %s", config->terms.peer, fault) : 0;
}

/* -------------------------------------------------------------------------------------------------- open and close */

/** The session has its payload: streams can be cut into chunks. */
void wire_start_streams(struct wire *self)
{
    const struct frame_head template = {
        .magic = FRAME_MAGIC,
        .version = FRAME_VERSION,
        .head_bytes = FRAME_HEAD_BYTES,
        .from = self->config.terms.self,
        .session = self->session.id,
    };
    for (uint32_t s = 0; s <= self->config.outs; s++)
        stream_tx_start(&self->tx[s], self->session.payload, &template);
    for (uint32_t s = 0; s <= self->config.ins; s++)
        stream_rx_start(&self->rx[s], self->session.payload);
}

void wire_open(struct wire *self, uint32_t own_incarnation, uint32_t peer_incarnation,
               uint64_t now_ns)
{
    CHECK(self->ends == 0 && self->closing > self->config.outs);
    CHECK(self->unread.count == 0);
    session_begin(&self->session, own_incarnation, peer_incarnation, now_ns);
    self->counter = 0;
    self->credit = 0;
    self->since_ack = self->run = 0;
    self->replay = (struct replay){0};
    self->peer_sent = self->heard_ns = self->heard_tx_ns = 0;
    self->asks_clock = self->echoes = false;
    self->rtt = (struct rtt){.floor_ns = self->config.floor_ns};
    self->clocks = (struct clocks){0};
    self->returns.count = 0;
    turns_clear(&self->acks);
    turns_clear(&self->probes);
    turns_clear(&self->controls);
    turns_clear(&self->tensors);
    self->due_ns = self->session.due_ns;
}

void wire_close(struct wire *self)
{
    const bool had_streams =
        self->session.state == SESSION_OPEN || self->session.state == SESSION_ENDED;
    session_stop(&self->session);
    self->due_ns = UINT64_MAX;
    if (!had_streams)
        return;
    for (uint32_t s = 0; s <= self->config.ins; s++)
        stream_rx_abandon(&self->rx[s]);
    self->closing = 0;
}
