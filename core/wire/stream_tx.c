/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows and places: row r of the window is message first + r; it lies at a place of the rings that stays its own until it
 * has ended. Bitmaps are by place. stream_tx_ack.c reads ACKs.
 */
#include "core/wire/stream_tx.h"

#include <string.h>

#include "core/base/check.h"
#include "core/wire/bitmap.h"

void stream_tx_lay_out(struct stream_tx *self, const struct stream_plan *plan, uint16_t id,
                       uint32_t payload, struct layout *layout)
{
    const struct stream_shape shape = stream_shape(plan, payload);
    const size_t words = (size_t)shape.window * shape.words;
    const uint32_t loans = plan->class == STREAM_EXACT ? plan->slots + shape.window : 0;
    const struct stream_tx made = {
        .plan = *plan,
        .id = id,
        .loans = loans,
        .message = layout_take_lines(layout, shape.window, sizeof(struct stream_tx_message)),
        .acked = layout_take(layout, words, sizeof(uint64_t)),
        .due = layout_take(layout, words, sizeof(uint64_t)),
        .tried = layout_take(layout, words, sizeof(uint64_t)),
        .counter = layout_take(layout, (size_t)shape.window * shape.chunks_max, sizeof(uint32_t)),
        .loan = layout_take(layout, loans, sizeof(struct stream_tx_loan)),
    };
    if (self)
        *self = made;
}

void stream_tx_start(struct stream_tx *self, uint32_t payload, const struct frame_head *template)
{
    self->shape = stream_shape(&self->plan, payload);
    self->first = 1;
    self->at = self->count = 0;
    self->rows_due = 0;
    self->waits = false;
    self->probe = self->tries = self->lent = 0;
    for (uint32_t i = 0; i < self->shape.window; i++) {
        self->message[i].head = *template;
        self->message[i].head.stream = self->id;
    }
    for (uint32_t i = 0; i < self->loans; i++)
        self->loan[i].is_lent = false;
}

bool stream_tx_has_room(const struct stream_tx *self)
{
    return self->count < self->shape.window && (self->loans == 0 || self->lent < self->loans);
}

static void lend(struct stream_tx *self, uint32_t number, uint64_t token)
{
    uint32_t i = 0;
    while (self->loan[i].is_lent)
        i++;
    self->loan[i] = (struct stream_tx_loan){.token = token, .number = number, .is_lent = true};
    self->lent++;
}

static void fill_in(const struct stream_tx *self, struct stream_tx_message *message,
                    const struct stream_tx_item *item)
{
    const uint32_t prefix = self->shape.prefix_bytes;
    message->body = item->body;
    message->token = item->token;
    message->bytes = prefix + item->body_bytes;
    message->hint = 0;
    message->head.chunks = (message->bytes + self->shape.chunk_bytes - 1) / self->shape.chunk_bytes;
    if (prefix > 0)
        memcpy(message->prefix, item->message, STREAM_MESSAGE_BYTES);
    if (prefix > STREAM_MESSAGE_BYTES) {
        memset(message->prefix + STREAM_MESSAGE_BYTES, 0,
               STREAM_PREFIX_BYTES - STREAM_MESSAGE_BYTES);
        memcpy(message->prefix + STREAM_MESSAGE_BYTES, item->note, STREAM_NOTE_BYTES);
    }
}

void stream_tx_begin(struct stream_tx *self, const struct stream_tx_item *item, uint64_t now_ns)
{
    CHECK(stream_tx_has_room(self));
    CHECK(item->body_bytes <= self->plan.body_bytes);
    const uint32_t place = stream_tx_place(self, self->count);
    const uint32_t number = self->first + self->count;
    struct stream_tx_message *const message = &self->message[place];
    fill_in(self, message, item);
    message->head.number = number;
    const size_t row = (size_t)place * self->shape.words;
    for (uint32_t w = 0; w < self->shape.words; w++) {
        self->acked[row + w] = self->tried[row + w] = 0;
        self->due[row + w] = bitmap_below(w, message->head.chunks);
    }
    self->rows_due |= UINT64_C(1) << place;
    if (self->loans > 0)
        lend(self, number, item->token);
    if (self->count++ == 0) {
        self->since_ns = now_ns;
        self->tries = 0;
    }
}

/** The place of the oldest message with a due chunk: from `at` on, then from the beginning. */
static uint32_t first_due(const struct stream_tx *self)
{
    const uint64_t later = self->rows_due & ~UINT64_C(0) << self->at;
    return (uint32_t)__builtin_ctzll(later ? later : self->rows_due);
}

/** Take the lowest due chunk of a place, and its bit from rows_due if that was the last. */
static uint32_t take_chunk(struct stream_tx *self, uint32_t place)
{
    uint64_t *const due = &self->due[(size_t)place * self->shape.words];
    uint32_t w = self->message[place].hint;
    while (!due[w])
        w++;
    const uint32_t bit = (uint32_t)__builtin_ctzll(due[w]);
    due[w] &= due[w] - 1;
    self->message[place].hint = w;
    while (w < self->shape.words && !due[w])
        w++;
    if (w == self->shape.words)
        self->rows_due &= ~(UINT64_C(1) << place);
    return 64u * self->message[place].hint + bit;
}

/** Chunk c is bytes [c, c + 1) chunk_bytes of prefix and body together. */
static void point_at(const struct stream_tx *self, const struct stream_tx_message *message,
                     uint32_t chunk, uint32_t length, struct frame *out)
{
    const uint32_t prefix = self->shape.prefix_bytes;
    const uint32_t in_prefix = chunk == 0 ? prefix : 0;
    out->head = (const unsigned char *)&message->head;
    out->head_bytes = FRAME_HEAD_BYTES + in_prefix;
    out->body_bytes = length - in_prefix;
    out->body = out->body_bytes == 0
                    ? NULL
                    : message->body + (size_t)chunk * self->shape.chunk_bytes + in_prefix - prefix;
}

void stream_tx_next(struct stream_tx *self, uint32_t counter, struct frame *out,
                    struct frame_head **head)
{
    const uint32_t place = first_due(self);
    struct stream_tx_message *const message = &self->message[place];
    const uint32_t chunk = take_chunk(self, place);
    uint64_t *const tried = &self->tried[(size_t)place * self->shape.words];
    const bool is_last = chunk + 1 == message->head.chunks;
    const uint32_t length =
        is_last ? message->bytes - chunk * self->shape.chunk_bytes : self->shape.chunk_bytes;

    message->head.type = FRAME_DATA;
    message->head.chunk = chunk;
    message->head.length = (uint16_t)length;
    message->head.flags =
        (uint8_t)((is_last ? FRAME_LAST : 0) | (bitmap_has(tried, chunk) ? FRAME_RESENT : 0));
    bitmap_set(tried, chunk);
    self->counter[(size_t)place * self->shape.chunks_max + chunk] = counter;
    point_at(self, message, chunk, length, out);
    *head = &message->head;
}

uint64_t stream_tx_end(struct stream_tx *self)
{
    CHECK(self->count > 0);
    const uint64_t token = self->message[self->at].token;
    self->rows_due &= ~(UINT64_C(1) << self->at);
    self->at = stream_tx_place(self, 1);
    self->first++;
    self->count--;
    return token;
}

bool stream_tx_give_back(struct stream_tx *self, uint32_t number, uint64_t *token)
{
    uint32_t i = 0;
    while (i < self->loans && !(self->loan[i].is_lent && self->loan[i].number == number))
        i++;
    if (i == self->loans)
        return false;
    self->loan[i].is_lent = false;
    self->lent--;
    *token = self->loan[i].token;
    const uint32_t row = number - self->first;
    if (row < self->count) {
        const uint32_t place = stream_tx_place(self, row);
        memset(&self->due[(size_t)place * self->shape.words], 0,
               self->shape.words * sizeof(uint64_t));
        memset(&self->acked[(size_t)place * self->shape.words], 0xff,
               self->shape.words * sizeof(uint64_t));
        self->rows_due &= ~(UINT64_C(1) << place);
    }
    return true;
}
