/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layout of an entry: kind, then the fields that this kind uses as varints, then 4 bytes digest of the actions and 4 bytes
 * running check. Events of one worker never go back in time, so differences are small.
 */
#include "core/policy/journal.h"

#include <errno.h>
#include <string.h>

#include "core/base/digest.h"

static uint64_t fold(uint64_t digest)
{
    return digest ^ (digest >> 32);
}

static uint64_t digest_action(uint64_t digest, const struct action *a)
{
    digest = digest_word(digest, (uint64_t)a->kind | (uint64_t)a->type << 8 |
                                     (uint64_t)a->rule << 16 | (uint64_t)a->count << 32);
    digest = digest_word(digest, (uint64_t)a->peer << 32 | a->degree);
    if (a->kind == ACT_CONTROL) { /* the words lie where other actions have the rest */
        for (uint32_t i = 0; i < STEP_WORDS; i += 2)
            digest = digest_word(digest, (uint64_t)a->word[i] << 32 | a->word[i + 1]);
    } else {
        digest = digest_word(digest, a->tag);
        digest = digest_word(digest, a->at_ns);
        digest = digest_word(digest, a->handle);
        digest = digest_word(digest, a->round);
        digest = digest_word(digest, (uint64_t)a->slice << 32 | a->slices);
    }
    for (uint32_t i = 0; a->peers && i < a->count; i++)
        digest = digest_word(digest, a->peers[i]);
    for (uint32_t i = 0; a->terms && i < a->count; i++) {
        digest = digest_word(digest, a->terms[i].handle);
        digest = digest_word(digest, a->terms[i].base);
        digest = digest_word(digest, (uint64_t)a->terms[i].peer << 32 | a->terms[i].weight);
    }
    return digest;
}

uint32_t journal_digest(const struct actions *actions)
{
    uint64_t digest = digest_word(DIGEST_START, actions->count);
    for (uint32_t i = 0; i < actions->count; i++)
        digest = digest_action(digest, &actions->item[i]);
    return (uint32_t)fold(digest);
}

/* Of what the row does not read nothing depends. */
static uint64_t digest_options(uint64_t digest, const struct policy *row,
                               const struct policy_options *options)
{
    for (const struct policy_option *o = row->options; o && o->name; o++)
        digest =
            digest_word(digest_bytes(digest, o->name, strlen(o->name)), option_value(o, options));
    return digest;
}

uint64_t journal_digest_config(uint64_t digest, const struct policy *row,
                               const struct policy_config *config)
{
    digest = digest_word(digest, (uint64_t)config->self << 32 | config->workers);
    digest = digest_word(digest, config->seed);
    digest = digest_word(digest, (uint64_t)config->peer_count << 1 | config->adpsgd_active);
    for (uint32_t i = 0; i < config->peer_count; i++)
        digest = digest_word(digest, (uint64_t)config->peers[i] << 1 |
                                         (config->tree ? config->tree[i] : 0u));
    return digest_options(digest, row, &config->options);
}

void journal_init(struct journal *self, void *data, size_t capacity)
{
    *self = (struct journal){.data = data, .capacity = capacity};
}

/* ------------------------------------------------------------------------------------------------------ writing */

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static uint8_t *put_fields(uint8_t *at, const struct event *event)
{
    at = put_varint(at, event->tag);
    at = put_varint(at, event->peer);
    at = put_varint(at, event->type);
    at = put_varint(at, event->version);
    if (event->kind == EV_TENSOR || event->kind == EV_PEER_DOWN || event->kind == EV_PEER_UP) {
        at = put_varint(at, event->handle);
        at = put_varint(at, event->degree);
        at = put_varint(at, event->incarnation);
    }
    if (event->kind == EV_CONTROL)
        for (uint32_t i = 0; i < STEP_WORDS; i++)
            at = put_varint(at, event->word[i]);
    return at;
}

static bool applies(const struct actions *actions)
{
    for (uint32_t i = 0; i < actions->count; i++)
        if (actions->item[i].kind == ACT_APPLY)
            return true;
    return false;
}

#define HAS_RATE 0x80u /* in the byte of the kind */

void journal_add(struct journal *self, const struct event *event, const struct actions *actions,
                 float rate)
{
    if (self->full || self->capacity - self->used < JOURNAL_ENTRY_MAX) {
        self->full = true;
        return;
    }
    uint8_t *const begin = self->data + self->used;
    uint8_t *at = begin;
    const bool has_rate = applies(actions);
    *at++ = (uint8_t)(event->kind | (has_rate ? HAS_RATE : 0));
    at = put_varint(at, event->now_ns - self->now_ns);
    at = put_fields(at, event);
    if (has_rate) {
        uint32_t bits;
        memcpy(&bits, &rate, sizeof(bits));
        at = put_u32(at, bits);
    }
    at = put_u32(at, journal_digest(actions));
    self->check = (uint32_t)fold(
        digest_bytes(digest_word(DIGEST_START, self->check), begin, (size_t)(at - begin)));
    at = put_u32(at, self->check);
    self->now_ns = event->now_ns;
    self->used += (size_t)(at - begin);
    self->entries++;
}

/* ------------------------------------------------------------------------------------------------------ reading */

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static uint64_t get_varint(struct cursor *self)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        if (self->at == self->end)
            break;
        const uint8_t byte = *self->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    self->bad = true;
    return 0;
}

static uint32_t get_u32(struct cursor *self)
{
    uint32_t value = 0;
    if (self->end - self->at < 4) {
        self->bad = true;
        return 0;
    }
    for (uint32_t i = 0; i < 4; i++)
        value |= (uint32_t)*self->at++ << (8 * i);
    return value;
}

static void get_fields(struct cursor *from, struct event *event)
{
    event->tag = get_varint(from);
    event->peer = (uint32_t)get_varint(from);
    event->type = (uint8_t)get_varint(from);
    event->version = (uint32_t)get_varint(from);
    if (event->kind == EV_TENSOR || event->kind == EV_PEER_DOWN || event->kind == EV_PEER_UP) {
        event->handle = get_varint(from);
        event->degree = (uint32_t)get_varint(from);
        event->incarnation = (uint16_t)get_varint(from);
    }
    if (event->kind == EV_CONTROL)
        for (uint32_t i = 0; i < STEP_WORDS; i++)
            event->word[i] = (uint32_t)get_varint(from);
}

int journal_next(struct journal_reader *self, struct journal_entry *out)
{
    const uint8_t *const begin = self->data + self->at;
    struct cursor from = {.at = begin, .end = self->data + self->size};
    *out = (struct journal_entry){0};
    if (self->at == self->size)
        return 0;
    const uint8_t head = *from.at++;
    out->event.kind = head & (uint8_t)~HAS_RATE;
    out->event.now_ns = self->now_ns + get_varint(&from);
    get_fields(&from, &out->event);
    if (head & HAS_RATE) {
        const uint32_t bits = get_u32(&from);
        memcpy(&out->rate, &bits, sizeof(bits));
    }
    out->actions = get_u32(&from);
    const uint32_t check = (uint32_t)fold(
        digest_bytes(digest_word(DIGEST_START, self->check), begin, (size_t)(from.at - begin)));
    if (get_u32(&from) != check || from.bad || out->event.now_ns < self->now_ns)
        return -EBADMSG;
    self->check = check;
    self->now_ns = out->event.now_ns;
    self->at += (size_t)(from.at - begin);
    self->entries++;
    return 1;
}
