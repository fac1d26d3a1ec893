/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text of a message, its note and its body follow from the stream and the message's id, so both ends can tell every
 * byte. A loan that came back is overwritten at once: whoever still reads it sends what nobody published.
 */
#include "tests/random/wire_ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/credit.h"
#include "core/wire/replay.h"

void wire_verdict_say(struct wire_verdict *self, const char *format, ...)
{
    if (self->text[0])
        return;
    const int used =
        snprintf(self->text, sizeof(self->text), "at %llu ns: ", (unsigned long long)self->now_ns);
    va_list args;
    va_start(args, format);
    vsnprintf(self->text + used, sizeof(self->text) - (size_t)used, format, args);
    va_end(args);
}

/* --------------------------------------------------------------------------------------------------- what is said */

static void write_text(const struct wire_stream_book *book, uint64_t id,
                       unsigned char text[STREAM_MESSAGE_BYTES],
                       unsigned char note[STREAM_NOTE_BYTES])
{
    uint64_t word[8];
    for (uint32_t i = 0; i < 8; i++)
        word[i] = rng_at(book->key ^ id, i);
    word[0] = id;
    memcpy(text, word, STREAM_MESSAGE_BYTES);
    for (uint32_t i = 0; i < 3; i++)
        word[i] = rng_at(book->key ^ id, 8 + i);
    memcpy(note, word, STREAM_NOTE_BYTES);
}

static uint32_t bytes_of(const struct wire_stream_book *book, uint64_t id)
{
    const uint64_t draw = rng_at(book->key ^ id, 11);
    const uint32_t most = book->draw->body_bytes;
    return draw % 2 && most > 0 ? 1 + (uint32_t)(draw >> 8) % most : most; /* whole, or a part */
}

static uint64_t word_of(const struct wire_stream_book *book, uint64_t id, uint64_t index)
{
    return (book->key + id * 0x9e3779b97f4a7c15ull) ^ (index * 0xbf58476d1ce4e5b9ull);
}

static void write_body(const struct wire_stream_book *book, uint64_t id, unsigned char *body,
                       uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at += 8) {
        const uint64_t word = word_of(book, id, at);
        memcpy(body + at, &word, bytes - at < 8 ? bytes - at : 8);
    }
}

static bool body_is(const struct wire_stream_book *book, uint64_t id, const unsigned char *body,
                    uint32_t bytes)
{
    bool same = bytes == bytes_of(book, id);
    for (uint32_t at = 0; same && at < bytes; at += 8) {
        const uint64_t word = word_of(book, id, at);
        same = memcmp(body + at, &word, bytes - at < 8 ? bytes - at : 8) == 0;
    }
    return same;
}

/* ---------------------------------------------------------------------------------------------- messages and loans */

void wire_ledger_open_sender(struct wire_verdict *verdict, struct wire_way_book *way,
                             uint32_t streams)
{
    way->data_lost = 0;
    way->sent = way->first;
    way->credit = (uint32_t)way->first;
    for (uint32_t s = 1; s <= streams; s++) {
        struct wire_stream_book *const book = &way->stream[s];
        for (uint32_t i = 0; i < book->loans; i++)
            if (book->loan[i].is_lent)
                wire_verdict_say(verdict, "W5: a loan of stream %u outlives its session", s);
        book->published = book->replaced = book->ended = book->gone = 0;
        book->base_id = book->last_id;
    }
}

void wire_ledger_open_receiver(struct wire_way_book *way, uint32_t streams)
{
    if (way->words > 0)
        memset(way->accepted, 0, way->words * sizeof(uint64_t));
    way->top = way->first;
    way->arrived = 0;
    for (uint32_t s = 1; s <= streams; s++) {
        way->stream[s].taken = 0;
        way->stream[s].taken_number = 0;
    }
}

uint32_t wire_ledger_publish(struct wire_stream_book *book, struct stream_tx_item *item)
{
    const uint64_t id = book->last_id + 1;
    uint32_t i = 0;
    while (i < book->loans && book->loan[i].is_lent)
        i++;
    if (book->loans > 0 && i == book->loans)
        return WIRE_LEDGER_NONE;
    *item = (struct stream_tx_item){.token = i};
    write_text(book, id, item->message, item->note);
    if (book->loans == 0)
        return 0;
    item->body_bytes = bytes_of(book, id);
    item->body = book->loan[i].body;
    write_body(book, id, book->loan[i].body, item->body_bytes);
    return i;
}

void wire_ledger_published(struct wire_stream_book *book, uint32_t loan)
{
    book->last_id++;
    book->published++;
    if (book->loans == 0)
        return;
    book->loan[loan].id = book->last_id;
    book->loan[loan].is_lent = true;
    book->loan[loan].is_read = book->draw->class != STREAM_EXACT;
}

void wire_ledger_ended(struct wire_verdict *verdict, struct wire_stream_book *book, uint64_t token,
                       enum wire_loan_end how)
{
    book->replaced += how == WIRE_LOAN_REPLACED;
    book->ended += how == WIRE_LOAN_ENDED;
    book->gone += how == WIRE_LOAN_GONE;
    if (token >= book->loans || !book->loan[token].is_lent) {
        wire_verdict_say(verdict, "W5: a loan came back that was not out");
        return;
    }
    struct wire_loan *const loan = &book->loan[token];
    if (how == WIRE_LOAN_ENDED && !loan->is_read)
        wire_verdict_say(verdict, "W5: the loan of exact message %llu ended before its reader's",
                         (unsigned long long)loan->id);
    loan->is_lent = false;
    memset(loan->body, 0xdd, book->draw->body_bytes);
}

static void check_order(struct wire_verdict *verdict, const struct wire_stream_book *book,
                        uint64_t id, uint32_t number)
{
    const bool newer_wins = stream_newer_wins(book->draw->class);
    const uint64_t before = book->taken_number == 0 ? book->base_id : book->taken_id;
    if (id <= before || id > book->last_id || (!newer_wins && id != before + 1))
        wire_verdict_say(verdict, "W1: message %llu came after %llu", (unsigned long long)id,
                         (unsigned long long)before);
    if (number <= book->taken_number || (!newer_wins && number != book->taken_number + 1))
        wire_verdict_say(verdict, "W1: number %u came after %u", number, book->taken_number);
}

uint64_t wire_ledger_taken(struct wire_verdict *verdict, struct wire_stream_book *book,
                           const struct wire_delivery *delivery, const unsigned char *body,
                           bool is_of_session)
{
    unsigned char text[STREAM_MESSAGE_BYTES], note[STREAM_NOTE_BYTES];
    uint64_t id;
    memcpy(&id, delivery->message, sizeof(id));
    write_text(book, id, text, note);
    if (is_of_session)
        check_order(verdict, book, id, delivery->number);
    if (memcmp(text, delivery->message, sizeof(text)) ||
        (book->loans > 0 && memcmp(note, delivery->note, sizeof(note))))
        wire_verdict_say(verdict, "W2: the text of message %llu is not what was published",
                         (unsigned long long)id);
    if (book->loans > 0 && !body_is(book, id, body, delivery->body_bytes))
        wire_verdict_say(verdict, "W2: the body of message %llu is not what was lent",
                         (unsigned long long)id);
    book->taken++;
    book->taken_id = id;
    book->taken_number = delivery->number;
    return id;
}

void wire_ledger_released(struct wire_verdict *verdict, struct wire_stream_book *book, uint64_t id,
                          const unsigned char *body, bool is_of_session)
{
    if (!body_is(book, id, body, bytes_of(book, id)))
        wire_verdict_say(verdict, "W2: message %llu was written to while it was kept",
                         (unsigned long long)id);
    for (uint32_t i = 0; is_of_session && i < book->loans; i++)
        if (book->loan[i].is_lent && book->loan[i].id == id)
            book->loan[i].is_read = true;
}

void wire_ledger_forget(struct wire_way_book *way, uint32_t streams)
{
    for (uint32_t s = 1; s <= streams; s++)
        for (uint32_t i = 0; i < way->stream[s].loans; i++)
            way->stream[s].loan[i].is_lent = false;
}

/* ------------------------------------------------------------------------------------------------------------ frames */

void wire_ledger_sent(struct wire_verdict *verdict, struct wire_way_book *way,
                      const struct frame_head *head, uint32_t window)
{
    if (head->counter != ++way->sent)
        wire_verdict_say(verdict, "W7: frame %llu of the session says that it is %llu",
                         (unsigned long long)way->sent, (unsigned long long)head->counter);
    if (head->type != FRAME_DATA)
        return;
    if (frame_compare(way->credit, (uint32_t)head->counter) < 0)
        wire_verdict_say(verdict, "W6: DATA %llu is beyond the credit of %u",
                         (unsigned long long)head->counter, way->credit);
    if (head->counter > way->top + window)
        wire_verdict_say(verdict, "W6: DATA %llu is beyond %llu that came and a window of %u",
                         (unsigned long long)head->counter, (unsigned long long)way->top, window);
}

bool wire_ledger_is_new(const struct wire_way_book *way, uint64_t counter)
{
    const uint64_t index = counter - way->first;
    if (counter + REPLAY_WINDOW <= way->top)
        return false;
    return index / 64 >= way->words || !(way->accepted[index / 64] >> index % 64 & 1);
}

void wire_ledger_accepted(struct wire_way_book *way, uint64_t counter)
{
    const uint64_t index = counter - way->first;
    if (index / 64 >= way->words) {
        const uint64_t words = 2 * (index / 64 + 1);
        way->accepted = realloc(way->accepted, words * sizeof(uint64_t));
        if (!way->accepted)
            abort();
        memset(way->accepted + way->words, 0, (words - way->words) * sizeof(uint64_t));
        way->words = words;
    }
    way->accepted[index / 64] |= UINT64_C(1) << index % 64;
    way->top = counter > way->top ? counter : way->top;
    way->arrived++;
}
