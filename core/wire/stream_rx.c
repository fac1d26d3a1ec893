/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nothing that a frame says is used as a size before it was held against the plan: the number of chunks against the most
 * that a message has, the length of each against its place, and a body against its slot.
 */
#include "core/wire/stream_rx.h"

#include <string.h>

#include "core/base/check.h"
#include "core/wire/bitmap.h"

void stream_rx_lay_out(struct stream_rx *self, const struct stream_plan *plan, uint16_t id,
                       uint32_t payload, struct layout *layout)
{
    const struct stream_shape shape = stream_shape(plan, payload);
    const uint32_t ring = shape.depth + shape.window;
    const uint32_t slots = plan->class == STREAM_CONTROL ? 0 : plan->slots;
    const struct stream_rx made = {
        .plan = *plan,
        .id = id,
        .ring = ring,
        .message = layout_take_lines(layout, ring, sizeof(struct stream_rx_message)),
        .bits = layout_take(layout, (size_t)ring * shape.words, sizeof(uint64_t)),
        .slot = layout_take(layout, slots, sizeof(struct stream_rx_slot)),
        .free = layout_take(layout, slots, sizeof(uint32_t)),
        .frees = slots,
    };
    if (self)
        *self = made;
}

void stream_rx_init(struct stream_rx *self)
{
    for (uint32_t i = 0; i < self->frees; i++) {
        self->free[i] = self->frees - 1 - i; /* the lowest is taken first */
        self->slot[i].is_used = false;
    }
}

static struct stream_rx_message *row(const struct stream_rx *self, uint32_t ahead)
{
    const uint32_t place = self->at + self->unread + ahead;
    return &self->message[place < self->ring ? place : place - self->ring];
}

static uint64_t *bits_of(const struct stream_rx *self, const struct stream_rx_message *message)
{
    return &self->bits[(size_t)(message - self->message) * self->shape.words];
}

void stream_rx_start(struct stream_rx *self, uint32_t payload)
{
    CHECK(self->unread == 0);
    self->shape = stream_shape(&self->plan, payload);
    self->next = 1;
    self->at = 0;
    self->ahead = 0;
    self->probe = 0;
    for (uint32_t i = 0; i < self->ring; i++)
        self->message[i].chunks = 0;
}

/* ------------------------------------------------------------------------------------------- chunks that come in */

/** Could any message of the plan have this chunk? */
static bool fits(const struct stream_rx *self, const struct frame_head *head)
{
    const uint32_t chunk_bytes = self->shape.chunk_bytes;
    if (head->chunks > self->shape.chunks_max || head->length > chunk_bytes)
        return false;
    if (head->chunk + 1 < head->chunks)
        return head->length == chunk_bytes;
    const uint64_t bytes = (uint64_t)head->chunk * chunk_bytes + head->length;
    if (self->plan.class == STREAM_CONTROL)
        return bytes == STREAM_MESSAGE_BYTES;
    return bytes >= self->shape.prefix_bytes &&
           bytes <= (uint64_t)self->shape.prefix_bytes + self->plan.body_bytes;
}

/** The first chunk of a message. False: there is no slot. */
static bool begin(struct stream_rx *self, struct stream_rx_message *message,
                  const struct frame_head *head)
{
    message->slot = STREAM_RX_NO_SLOT;
    if (self->plan.class != STREAM_CONTROL) {
        if (self->frees == 0)
            return false;
        message->slot = self->free[--self->frees];
        self->slot[message->slot] = (struct stream_rx_slot){
            .number = head->number, .session = self->session, .is_used = true};
    }
    message->number = head->number;
    message->chunks = head->chunks;
    message->got = message->bytes = message->high = 0;
    uint64_t *const bits = bits_of(self, message);
    for (uint32_t w = 0; w < self->shape.words; w++)
        bits[w] = ~bitmap_below(w, head->chunks); /* what it does not have is not missing */
    return true;
}

static void copy(struct stream_rx *self, struct stream_rx_message *message,
                 const struct frame_head *head, const unsigned char *payload)
{
    const uint32_t in_prefix = head->chunk == 0 ? self->shape.prefix_bytes : 0;
    if (in_prefix > 0)
        memcpy(message->prefix, payload, in_prefix);
    if (head->length > in_prefix)
        memcpy(self->plan.store + message->slot * self->plan.slot_bytes +
                   (size_t)head->chunk * self->shape.chunk_bytes + in_prefix -
                   self->shape.prefix_bytes,
               payload + in_prefix, head->length - in_prefix);
    if (head->chunk + 1 == head->chunks)
        message->bytes = head->chunk * self->shape.chunk_bytes + head->length;
}

/**
 * Is one of the last few before it missing? As many as may overtake one that is not lost (stream_tx.h): the ACK of the last
 * of them is the one that proves the loss.
 */
static bool is_behind_hole(const struct stream_rx *self, const uint64_t *bits, uint32_t chunk,
                           uint32_t ahead)
{
    for (uint32_t back = 1; back <= STREAM_REORDER; back++) {
        if (self->shape.chunks_max > 1 ? back <= chunk && !bitmap_has(bits, chunk - back)
                                       : back <= ahead && !(self->ahead >> (ahead - back) & 1u))
            return true;
    }
    return false;
}

enum stream_rx_verdict stream_rx_data(struct stream_rx *self, const struct frame_head *head,
                                      const unsigned char *payload, bool *hole)
{
    const int32_t ahead = frame_compare(head->number, self->next);
    *hole = false;
    if (ahead < 0)
        return STREAM_RX_DUPLICATE;
    if (ahead >= (int32_t)self->shape.window)
        return STREAM_RX_BEYOND;
    if (!fits(self, head))
        return STREAM_RX_ODD;
    struct stream_rx_message *const message = row(self, (uint32_t)ahead);
    if (message->chunks == 0 && !begin(self, message, head))
        return STREAM_RX_FULL;
    if (message->chunks != head->chunks)
        return STREAM_RX_ODD;
    uint64_t *const bits = bits_of(self, message);
    if (bitmap_has(bits, head->chunk))
        return STREAM_RX_DUPLICATE;

    copy(self, message, head, payload);
    bitmap_set(bits, head->chunk);
    if (message->high < head->chunk / 64u + 1u)
        message->high = head->chunk / 64u + 1u;
    *hole = is_behind_hole(self, bits, head->chunk, (uint32_t)ahead);
    if (++message->got < message->chunks)
        return STREAM_RX_TAKEN;
    self->ahead |= UINT64_C(1) << ahead;
    return STREAM_RX_WHOLE;
}

/* ---------------------------------------------------------------------------------------- messages that go out */

static void free_slot(struct stream_rx *self, uint32_t slot)
{
    if (slot == STREAM_RX_NO_SLOT)
        return;
    self->slot[slot].is_used = false;
    self->free[self->frees++] = slot;
}

uint32_t stream_rx_advance(struct stream_rx *self, uint32_t *superseded)
{
    uint32_t count = 0;
    while (self->ahead & 1u) {
        if (self->unread == self->shape.depth) {
            if (!stream_newer_wins(self->plan.class))
                break;
            free_slot(self, stream_rx_first(self)->slot);
            stream_rx_pop(self);
            ++*superseded;
        }
        self->ahead >>= 1;
        self->next++;
        self->unread++;
        count++;
    }
    return count;
}

struct stream_rx_message *stream_rx_first(const struct stream_rx *self)
{
    return self->unread > 0 ? &self->message[self->at] : NULL;
}

void stream_rx_pop(struct stream_rx *self)
{
    CHECK(self->unread > 0);
    self->message[self->at].chunks = 0;
    self->at = self->at + 1 < self->ring ? self->at + 1 : 0;
    self->unread--;
}

void stream_rx_abandon(struct stream_rx *self)
{
    self->session++;
    for (uint32_t ahead = 0; ahead < self->shape.window; ahead++) {
        struct stream_rx_message *const message = row(self, ahead);
        if (message->chunks > 0)
            free_slot(self, message->slot);
        message->chunks = 0;
    }
    self->ahead = 0;
}

bool stream_rx_release(struct stream_rx *self, uint32_t slot, uint32_t *number)
{
    CHECK(slot < self->plan.slots);
    CHECK(self->slot[slot].is_used);
    const bool is_owed =
        self->plan.class == STREAM_EXACT && self->slot[slot].session == self->session;
    *number = self->slot[slot].number;
    free_slot(self, slot);
    return is_owed;
}

/* --------------------------------------------------------------------------------------------------------- report */

/** Bits of several messages of many chunks each: whole words of each message in turn. */
static void report_words(const struct stream_rx *self, uint32_t words_max, struct ack *out)
{
    const uint32_t words = self->shape.words;
    uint64_t end = 0; /* behind the last word with a chunk */
    for (uint32_t ahead = 0; ahead < self->shape.window; ahead++) {
        const struct stream_rx_message *const message = row(self, ahead);
        if (message->chunks > 0)
            end = (uint64_t)ahead * words + message->high;
    }
    uint64_t at = 0;
    for (; at < end; at++) {
        const struct stream_rx_message *const message = row(self, (uint32_t)(at / words));
        if (message->chunks == 0 || ~bits_of(self, message)[at % words])
            break;
    }
    out->fixed.base = (uint32_t)at;
    for (; at < end && out->count < words_max; at++) {
        const struct stream_rx_message *const message = row(self, (uint32_t)(at / words));
        const uint64_t bits = message->chunks > 0 ? bits_of(self, message)[at % words] : 0;
        out->word[out->count++] = bits & bitmap_below((uint32_t)(at % words), message->chunks);
    }
    if (at < end)
        out->fixed.flags |= ACK_CUT;
}

void stream_rx_report(const struct stream_rx *self, uint32_t words_max, struct ack *out)
{
    out->fixed = (struct ack_fixed){.next = self->next};
    out->count = 0;
    if (self->shape.chunks_max > 1)
        report_words(self, words_max, out);
    else if (self->ahead)
        out->word[out->count++] = self->ahead;
}

uint32_t stream_rx_assembling(const struct stream_rx *self)
{
    uint32_t count = 0;
    for (uint32_t ahead = 0; ahead < self->shape.window; ahead++) {
        const struct stream_rx_message *const message = row(self, ahead);
        count += message->chunks > 0 && message->got < message->chunks;
    }
    return count;
}
