/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what happens to a wire, renders what it does: as text, so that a test is its own drawing. */
#include "tests/trace/support_wire.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char data[2048];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list args;
    if (text->used > 0)
        text->used +=
            (size_t)snprintf(text->data + text->used, sizeof(text->data) - text->used, ", ");
    va_start(args, format);
    text->used +=
        (size_t)vsnprintf(text->data + text->used, sizeof(text->data) - text->used, format, args);
    va_end(args);
    cr_assert_lt(text->used, sizeof(text->data), "trace line too long");
}

/* ------------------------------------------------------------------------------------------------------------ set-up */

void trace_wire_init(struct trace_wire *self, bool asks, bool two, uint32_t window)
{
    struct stream_plan plan[3] = {
        {.class = STREAM_CONTROL, .depth = 8},
        {.class = STREAM_EXACT, .depth = 2, .slots = 5, .body_bytes = TRACE_WIRE_BODY},
        {.class = STREAM_NEWEST, .slots = 3, .body_bytes = TRACE_WIRE_BODY},
    };
    for (uint32_t i = 0; i < 2; i++) {
        plan[i + 1].store = self->store[i][0];
        plan[i + 1].slot_bytes = TRACE_WIRE_BODY;
    }
    const struct wire_config config = {
        .terms = {.self = asks ? 1 : 2,
                  .peer = asks ? 2 : 1,
                  .run = 7,
                  .payload = {two ? 448 : 192, two ? 192 : 0}},
        .out = plan,
        .in = plan,
        .outs = 3,
        .ins = 3,
        .window = window,
        .floor_ns = 1000000,
        .is_checked = true,
    };
    struct err err;
    cr_assert_eq(wire_check(&config, &err), 0, "%s", err.text);
    const size_t bytes = (wire_bytes(&config) + 63) / 64 * 64;
    self->memory = aligned_alloc(64, bytes);
    cr_assert_not_null(self->memory);
    memset(self->memory, 0xa5, bytes);
    self->wire = wire_init(self->memory, &config);
    self->now_ns = self->token = 0;
    self->keeps = false;
}

void trace_wire_init_open(struct trace_wire *self, uint32_t window)
{
    trace_wire_init(self, false, false, window);
    expect_wire(self, "@0 open                      ->\n"
                      "@0 hello agreed 192 #1       -> helloack agreed 192 #1\n");
}

void trace_wire_free(struct trace_wire *self)
{
    free(self->memory);
    self->memory = NULL;
}

/* --------------------------------------------------------------------------------------------------------- rendering */

static void put_ack(struct text *out, const struct frame_head *head, const unsigned char *payload)
{
    struct ack_fixed fixed;
    char bits[ACK_WORDS_MAX] = "", extra[80] = "";
    uint32_t count = 0;
    memcpy(&fixed, payload, sizeof(fixed));
    for (uint32_t i = 0; i < 8u * (head->length - sizeof(fixed)) && i < 64; i++) {
        bits[i] = payload[sizeof(fixed) + i / 8] >> i % 8 & 1 ? '1' : '0';
        count = bits[i] == '1' ? i + 1 : count;
    }
    bits[count] = 0;
    if (fixed.base)
        snprintf(extra, sizeof(extra), " base %u", fixed.base);
    const size_t used = strlen(extra);
    if (fixed.probe)
        snprintf(extra + used, sizeof(extra) - used, " probe %" PRIu64, fixed.probe);
    put(out, "ack s%u next %u%s%s seen %u%s%s #%" PRIu64, head->stream, fixed.next,
        count ? " has " : "", bits, fixed.seen, extra, fixed.flags & ACK_CUT ? " cut" : "",
        head->counter);
}

static void put_hello(struct text *out, const struct frame_head *head, const unsigned char *payload)
{
    struct hello hello;
    memcpy(&hello, payload, sizeof(hello));
    cr_expect(hello.step != HELLO_ASKS || hello.payload == head->length);
    put(out, "%s %s %u #%" PRIu64, head->type == FRAME_HELLO ? "hello" : "helloack",
        hello.step == HELLO_ASKS ? "asks" : "agreed", hello.payload, head->counter);
}

static void put_frame(struct text *out, const unsigned char *bytes, size_t count)
{
    struct frame_head head;
    const unsigned char *const payload = bytes + FRAME_HEAD_BYTES;
    cr_assert_eq(frame_read(bytes, count, &head), FRAME_SOUND);
    cr_expect_eq(frame_sum(&head, payload, head.length, NULL, 0), head.crc);
    switch ((enum frame_type)head.type) {
    case FRAME_HELLO:
    case FRAME_HELLO_ACK:
        put_hello(out, &head, payload);
        return;
    case FRAME_DATA:
        put(out, "data s%u n%u %u/%u%s #%" PRIu64, head.stream, head.number, head.chunk,
            head.chunks, head.flags & FRAME_RESENT ? " again" : "", head.counter);
        return;
    case FRAME_ACK:
        put_ack(out, &head, payload);
        return;
    case FRAME_PROBE:
        if (head.stream == FRAME_NO_STREAM)
            put(out, "probe #%" PRIu64, head.counter);
        else
            put(out, "probe s%u #%" PRIu64, head.stream, head.counter);
        return;
    case FRAME_ECHO:
        put(out, "echo #%" PRIu64, head.counter);
        return;
    case FRAME_BYE:
        put(out, "bye%s%s #%" PRIu64, payload[offsetof(struct frame_bye, heard)] ? " heard" : "",
            head.flags & FRAME_LAST ? " last" : "", head.counter);
        return;
    }
}

static void put_frames(struct trace_wire *self, struct text *out)
{
    unsigned char bytes[FRAME_HEAD_BYTES + 448];
    struct frame frame;
    while (wire_output(self->wire, self->now_ns, &frame)) {
        memcpy(bytes, frame.head, frame.head_bytes);
        if (frame.body_bytes > 0)
            memcpy(bytes + frame.head_bytes, frame.body, frame.body_bytes);
        put_frame(out, bytes, frame.head_bytes + frame.body_bytes);
    }
}

static bool take(struct trace_wire *self, struct text *out)
{
    struct wire_delivery delivery;
    if (!wire_take(self->wire, &delivery))
        return false;
    put(out, "took s%u n%u", delivery.stream, delivery.number);
    if (delivery.stream > 1 && !self->keeps)
        wire_release(self->wire, delivery.stream, delivery.slot);
    return true;
}

static void collect(struct trace_wire *self, struct text *out)
{
    struct wire_end end;
    while (wire_ended(self->wire, &end))
        put(out, "%s s%u t%" PRIu64, end.is_gone ? "gone" : "ended", end.stream, end.token);
    while (!self->keeps && take(self, out))
        ;
}

/* ----------------------------------------------------------------------------------------------------- frames that come */

static uint64_t value(const char *text, const char *word, uint64_t otherwise)
{
    const char *const at = strstr(text, word);
    return at ? strtoull(at + strlen(word), NULL, 10) : otherwise;
}

static uint32_t write_ack(const char *text, unsigned char *payload)
{
    const char *const has = strstr(text, " has ");
    struct ack_fixed fixed = {
        .next = (uint32_t)value(text, " next ", 0),
        .base = (uint32_t)value(text, " base ", 0),
        .seen = (uint32_t)value(text, " seen ", 0),
        .flags = strstr(text, " cut") ? ACK_CUT : 0,
        .probe = value(text, " probe ", 0),
    };
    uint64_t word = 0;
    for (uint32_t i = 0; has && (has[5 + i] == '0' || has[5 + i] == '1'); i++)
        word |= (uint64_t)(has[5 + i] - '0') << i;
    memcpy(payload, &fixed, sizeof(fixed));
    memcpy(payload + sizeof(fixed), &word, sizeof(word));
    return sizeof(fixed) + (has ? (uint32_t)sizeof(word) : 0);
}

static uint32_t write_hello(const struct trace_wire *self, const char *text, unsigned char *payload)
{
    struct hello hello = {
        .bytes = sizeof(hello),
        .step = strstr(text, " asks ") ? HELLO_ASKS : HELLO_AGREED,
        .payload = (uint32_t)value(text, strstr(text, " asks ") ? " asks " : " agreed ", 0),
        .incarnation = {1 + (uint32_t)value(text, " life ", 0), 1},
    };
    memcpy(hello.digest, self->wire->config.terms.digest, sizeof(hello.digest));
    hello.digest[0] ^= (uint8_t)value(text, " digest ", 0);
    memset(payload, 0, 448);
    memcpy(payload, &hello, sizeof(hello));
    return hello.step == HELLO_ASKS ? hello.payload : SESSION_PAYLOAD_LEAST;
}

static uint32_t write_data(const char *text, struct frame_head *head, unsigned char *payload)
{
    static const uint32_t usual[4] = {8, STREAM_MESSAGE_BYTES, 192, 192};
    head->type = FRAME_DATA;
    head->stream = (uint16_t)value(text, " s", 0);
    head->number = (uint32_t)value(text, " n", 0);
    const char *const slash = strchr(text, '/');
    cr_assert_not_null(slash, "%s", text);
    const char *chunk = slash;
    while (chunk[-1] != ' ')
        chunk--;
    head->chunk = (uint32_t)strtoul(chunk, NULL, 10);
    head->chunks = (uint32_t)strtoul(slash + 1, NULL, 10);
    head->flags = head->chunk + 1 == head->chunks ? FRAME_LAST : 0;
    memset(payload, (int)head->number, 448);
    return (uint32_t)value(text, " bytes ", usual[head->stream % 4]);
}

static uint32_t write_returns(const char *text, struct frame_head *head, unsigned char *payload)
{
    const struct returns_item item = {(uint32_t)value(text, " s", 0),
                                      (uint32_t)value(text, " n", 0)};
    head->type = FRAME_DATA;
    head->flags = FRAME_LAST;
    head->stream = STREAM_RETURNS_ID;
    head->number = (uint32_t)value(text, " as ", 1);
    head->chunks = 1;
    memcpy(payload, &item, sizeof(item));
    return sizeof(item);
}

/** False: `text` is no frame. */
static bool write_frame(const struct trace_wire *self, const char *text, struct frame_head *head,
                        unsigned char *payload)
{
    uint32_t length = 0;
    if (!strncmp(text, "hello", 5)) {
        head->type = strncmp(text, "helloack", 8) ? FRAME_HELLO : FRAME_HELLO_ACK;
        length = write_hello(self, text, payload);
    } else if (!strncmp(text, "data", 4)) {
        length = write_data(text, head, payload);
    } else if (!strncmp(text, "returns", 7)) {
        length = write_returns(text, head, payload);
    } else if (!strncmp(text, "ack", 3)) {
        head->type = FRAME_ACK;
        head->stream = (uint16_t)value(text, " s", 0);
        length = write_ack(text, payload);
    } else if (!strncmp(text, "probe", 5)) {
        head->type = FRAME_PROBE;
        head->stream = (uint16_t)value(text, " s", FRAME_NO_STREAM);
    } else if (!strncmp(text, "bye", 3)) {
        const struct frame_bye bye = {.heard = strstr(text, " heard") != NULL};
        head->type = FRAME_BYE;
        head->flags = strstr(text, " last") ? FRAME_LAST : 0;
        memcpy(payload, &bye, length = sizeof(bye));
    } else {
        return false;
    }
    head->length = (uint16_t)length;
    return true;
}

static bool do_frame(struct trace_wire *self, const char *text, struct text *out)
{
    _Alignas(64) unsigned char bytes[64 - FRAME_HEAD_BYTES + FRAME_HEAD_BYTES + 512];
    unsigned char *const at = bytes + 64 - FRAME_HEAD_BYTES;
    struct frame_head head = {
        .magic = FRAME_MAGIC,
        .version = FRAME_VERSION,
        .head_bytes = FRAME_HEAD_BYTES,
        .from = self->wire->config.terms.peer,
        .stream = FRAME_NO_STREAM,
        .session = self->wire->session.id + (uint32_t)value(text, " session ", 0),
        .counter = value(text, "#", 0),
        .credit = (uint32_t)value(text, " credit ", self->wire->counter + 100),
        .tx_ns = self->now_ns,
    };
    if (!write_frame(self, text, &head, at + FRAME_HEAD_BYTES))
        return false;
    head.crc = frame_sum(&head, at + FRAME_HEAD_BYTES, head.length, NULL, 0);
    memcpy(at, &head, sizeof(head));
    uint64_t before[WIRE_COUNTS];
    memcpy(before, self->wire->count, sizeof(before));
    if (!wire_input(self->wire, at, (size_t)FRAME_HEAD_BYTES + head.length, self->now_ns))
        for (uint32_t i = WIRE_FRAMES_SHORT; i <= WIRE_FRAMES_REPLAYED; i++)
            if (self->wire->count[i] != before[i])
                put(out, "refused: %s", wire_count_name((enum wire_count)i));
    for (uint32_t i = WIRE_FRAMES_UNPLANNED; i <= WIRE_HELLOS_REFUSED; i++)
        if (self->wire->count[i] != before[i])
            put(out, "%s", wire_count_name((enum wire_count)i));
    return true;
}

/* ----------------------------------------------------------------------------------------------------------- the owner */

static void publish(struct trace_wire *self, const char *text, struct text *out)
{
    const uint16_t stream = (uint16_t)value(text, " s", 0);
    struct stream_tx_item old;
    const struct stream_tx_item item = {
        .body = self->body,
        .body_bytes = (uint32_t)value(text, " bytes ", stream > 1 ? 500 : 0),
        .token = self->token + 1,
    };
    switch (wire_publish(self->wire, stream, &item, self->now_ns, &old)) {
    case WIRE_TAKEN:
        self->token++;
        return;
    case WIRE_SUPERSEDED:
        self->token++;
        put(out, "replaced t%" PRIu64, old.token);
        return;
    case WIRE_FULL:
        put(out, "full");
        return;
    }
}

static void do_event(struct trace_wire *self, const char *text, struct text *out)
{
    if (!strncmp(text, "publish", 7))
        publish(self, text, out);
    else if (!strncmp(text, "open", 4))
        wire_open(self->wire, 1 + (uint32_t)value(text, " life ", 0), 1, self->now_ns);
    else if (!strncmp(text, "close", 5))
        wire_close(self->wire);
    else if (!strncmp(text, "keep", 4))
        self->keeps = strstr(text, " on") != NULL;
    else if (!strncmp(text, "take", 4))
        cr_assert(take(self, out), "nothing to take");
    else if (!strncmp(text, "release", 7))
        wire_release(self->wire, (uint16_t)value(text, " s", 0),
                     (uint32_t)value(text, " slot ", 0));
    else if (!strncmp(text, "clock", 5))
        wire_ask_clock(self->wire);
    else if (!strncmp(text, "goodbye", 7))
        wire_bye(self->wire, self->now_ns);
    else
        cr_assert(!strncmp(text, "wait", 4) || do_frame(self, text, out), "no such event: %s",
                  text);
}

/** Blanks at both ends do not count. */
static void trim(char *text)
{
    size_t end = strlen(text);
    while (end > 0 && text[end - 1] == ' ')
        text[--end] = 0;
    memmove(text, text + strspn(text, " "), end + 1 - strspn(text, " "));
}

void expect_wire(struct trace_wire *self, const char *text)
{
    char left[256], want[1024];
    uint64_t at_us;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        struct text out = {{0}, 0};
        int arrow = 0;
        cr_assert_eq(sscanf(line, " @%" SCNu64 " %255[^>\n]%n", &at_us, left, &arrow), 2, "%s",
                     line);
        cr_assert_eq(line[arrow], '>', "no arrow: %s", line);
        left[strlen(left) - 1] = 0; /* its shaft */
        want[0] = 0;
        sscanf(line + arrow + 1, "%1023[^\n]", want);
        trim(left);
        trim(want);
        cr_assert_geq(1000 * at_us, self->now_ns, "time goes back: %s", line);
        self->now_ns = 1000 * at_us;
        do_event(self, left, &out);
        collect(self, &out);
        put_frames(self, &out);
        cr_assert_str_eq(out.data, want, "@%" PRIu64 " %s\n  want %s\n  got  %s", at_us, left, want,
                         out.data);
    }
}
