/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Only the lower id asks, so two HELLOs never cross. The higher one answers questions about length without remembering
 * them: an old HELLO that comes late changes nothing. It opens by HELLO_AGREED alone, which names one length however often
 * it is repeated. The lower one opens by the answer to that, or by any other frame of the session, for only an open end
 * sends one.
 *
 * BYE is repeated until the other end is known to have it. The last one to be told is answered with a BYE that is marked as
 * last and asks for nothing, else two ends that are through would answer each other for ever.
 */
#include "core/wire/session.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/digest.h"

#define HELLO_FIRST_NS UINT64_C(5000000)
#define REPEAT_MAX_NS UINT64_C(100000000)

uint32_t session_name(uint64_t run, const uint16_t ids[2], const uint32_t incarnation[2])
{
    uint64_t digest = digest_word(DIGEST_START, run);
    digest = digest_word(digest, (uint64_t)ids[0] << 16 | ids[1]);
    digest = digest_word(digest, (uint64_t)incarnation[0] << 32 | incarnation[1]);
    digest = digest_word(digest, 0);
    return (uint32_t)(digest >> 32) | 1u; /* never 0, which frames of nobody say */
}

static bool is_lower(const struct session *self)
{
    return self->terms.self < self->terms.peer;
}

void session_begin(struct session *self, uint32_t own, uint32_t peers, uint64_t now_ns)
{
    const struct session_terms terms = self->terms;
    const bool lower = terms.self < terms.peer;
    CHECK(self->state == SESSION_CLOSED);
    CHECK(terms.self != terms.peer);
    *self = (struct session){
        .terms = terms,
        .state = lower ? SESSION_ASKS : SESSION_WAITS,
        .incarnation = {lower ? own : peers, lower ? peers : own},
        .due_ns = lower ? now_ns : UINT64_MAX,
    };
    const uint16_t ids[2] = {lower ? terms.self : terms.peer, lower ? terms.peer : terms.self};
    self->id = session_name(terms.run, ids, self->incarnation);
}

void session_stop(struct session *self)
{
    self->state = SESSION_CLOSED;
    self->due_ns = UINT64_MAX;
}

static uint32_t size_of(const struct session *self, uint32_t payload)
{
    uint32_t i = 0;
    while (i < SESSION_PAYLOADS && !(payload && self->terms.payload[i] == payload))
        i++;
    return i;
}

/** Is it about this session, and about a length that both may use? */
static bool is_ours(const struct session *self, const struct frame_head *head,
                    const struct hello *hello)
{
    if (hello->bytes < sizeof(*hello) || hello->bytes > head->length)
        return false;
    if (hello->step > HELLO_AGREED || hello->seal != 0)
        return false;
    if (hello->step == HELLO_ASKS && hello->payload != head->length)
        return false;
    return size_of(self, hello->payload) < SESSION_PAYLOADS &&
           memcmp(hello->incarnation, self->incarnation, sizeof(self->incarnation)) == 0 &&
           memcmp(hello->digest, self->terms.digest, sizeof(hello->digest)) == 0;
}

static enum session_news open_with(struct session *self, uint32_t payload)
{
    self->state = SESSION_OPEN;
    self->payload = payload;
    self->due_ns = UINT64_MAX;
    return SESSION_OPENED;
}

/** The higher id hears a HELLO. */
static enum session_news asked(struct session *self, const struct hello *hello)
{
    const bool repeats = self->state == SESSION_OPEN && hello->step == HELLO_AGREED &&
                         hello->payload == self->payload;
    if (self->state != SESSION_WAITS && !repeats)
        return SESSION_SAME; /* a late one */
    self->answers = true;
    self->answer_step = hello->step;
    self->answer_payload = hello->payload;
    if (self->state == SESSION_OPEN || hello->step == HELLO_ASKS)
        return SESSION_SAME;
    return open_with(self, hello->payload);
}

/** The lower id hears an answer. */
static enum session_news answered(struct session *self, const struct hello *hello, uint64_t now_ns)
{
    if (self->state == SESSION_ASKS && hello->step == HELLO_ASKS) {
        self->state = SESSION_AGREES;
        self->payload = hello->payload;
        self->tries = 0;
        self->due_ns = now_ns;
        return SESSION_SAME;
    }
    if (self->state == SESSION_AGREES && hello->step == HELLO_AGREED &&
        hello->payload == self->payload)
        return open_with(self, self->payload);
    return SESSION_SAME; /* a late one */
}

enum session_news session_hello(struct session *self, const struct frame_head *head,
                                const unsigned char *payload, uint64_t now_ns)
{
    struct hello hello;
    memcpy(&hello, payload, sizeof(hello));
    if (!is_ours(self, head, &hello) || (head->type == FRAME_HELLO) == is_lower(self))
        return SESSION_REFUSED;
    return head->type == FRAME_HELLO ? asked(self, &hello) : answered(self, &hello, now_ns);
}

bool session_proved(struct session *self)
{
    if (self->state != SESSION_AGREES)
        return false;
    open_with(self, self->payload);
    return true;
}

/* ------------------------------------------------------------------------------------------------------------- BYE */

static void end_if_both_know(struct session *self)
{
    if (!self->bye_said || !self->bye_heard || !self->bye_known)
        return;
    self->state = SESSION_ENDED;
    self->due_ns = UINT64_MAX;
}

void session_bye(struct session *self, uint64_t now_ns)
{
    if (self->bye_said || self->state != SESSION_OPEN)
        return;
    self->bye_said = true;
    self->tries = 0;
    self->due_ns = now_ns;
}

void session_bye_heard(struct session *self, const struct frame_head *head, bool heard)
{
    self->bye_heard = true;
    self->bye_known = self->bye_known || (heard && self->bye_said);
    self->bye_answers = self->bye_said && !(head->flags & FRAME_LAST);
    end_if_both_know(self);
}

/* -------------------------------------------------------------------------------------------------- frames that go */

static void write_hello(const struct session *self, uint8_t type, uint8_t step, uint32_t payload,
                        struct frame_head *head, unsigned char *out)
{
    struct hello hello = {
        .bytes = sizeof(hello),
        .step = step,
        .payload = payload,
        .incarnation = {self->incarnation[0], self->incarnation[1]},
    };
    memcpy(hello.digest, self->terms.digest, sizeof(hello.digest));
    head->type = type;
    head->length = (uint16_t)(step == HELLO_ASKS ? payload : SESSION_PAYLOAD_LEAST);
    memset(out, 0, head->length);
    memcpy(out, &hello, sizeof(hello));
}

static uint64_t pause_ns(uint32_t tries)
{
    uint64_t pause = HELLO_FIRST_NS;
    for (uint32_t i = 0; i < tries && pause < REPEAT_MAX_NS; i++)
        pause *= 2;
    return pause < REPEAT_MAX_NS ? pause : REPEAT_MAX_NS;
}

static void say_hello(struct session *self, uint64_t now_ns, struct frame_head *head,
                      unsigned char *out)
{
    const bool asks = self->state == SESSION_ASKS;
    const bool is_last =
        self->size + 1 == SESSION_PAYLOADS || self->terms.payload[self->size + 1] == 0;
    if (asks && self->tries == SESSION_TRIES && !is_last) {
        self->size++;
        self->tries = 0;
    }
    write_hello(self, FRAME_HELLO, asks ? HELLO_ASKS : HELLO_AGREED,
                asks ? self->terms.payload[self->size] : self->payload, head, out);
    self->due_ns = now_ns + pause_ns(self->tries++);
}

static void say_bye(struct session *self, uint64_t now_ns, struct frame_head *head,
                    unsigned char *out)
{
    const struct frame_bye bye = {.heard = self->bye_heard};
    head->type = FRAME_BYE;
    head->flags = self->state == SESSION_ENDED ? FRAME_LAST : 0;
    head->length = sizeof(bye);
    memcpy(out, &bye, sizeof(bye));
    self->bye_answers = false;
    if (self->state != SESSION_ENDED)
        self->due_ns = now_ns + pause_ns(self->tries++);
}

bool session_is_due(const struct session *self, uint64_t now_ns)
{
    return self->answers || self->bye_answers || now_ns >= self->due_ns;
}

void session_next(struct session *self, uint64_t now_ns, struct frame_head *head,
                  unsigned char *out)
{
    if (self->answers) {
        self->answers = false;
        write_hello(self, FRAME_HELLO_ACK, self->answer_step, self->answer_payload, head, out);
    } else if (self->state == SESSION_ASKS || self->state == SESSION_AGREES) {
        say_hello(self, now_ns, head, out);
    } else {
        CHECK(self->state == SESSION_OPEN || self->state == SESSION_ENDED);
        say_bye(self, now_ns, head, out);
    }
}
