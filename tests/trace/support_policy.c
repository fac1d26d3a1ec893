/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads events from text, renders actions as text: the whole difference between a test and its drawing. */
#include "tests/trace/support_policy.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy/control.h"
#include "core/policy/rows.h"

const struct trace_control trace_adpsgd[] = {
    {"REQUEST", ADPSGD_REQUEST, 1},
    {"REFUSE", ADPSGD_REFUSE, 1},
    {0},
};

const struct trace_control trace_aau[] = {
    {"READY", AAU_READY, 1},   {"FREEZE", AAU_FREEZE, 3},
    {"PROBE", AAU_PROBE, 3},   {"YES", AAU_YES, 4},
    {"JOINED", AAU_JOINED, 3}, {"NO", AAU_NO, 3},
    {"APART", AAU_APART, 3},   {"COMMIT", AAU_COMMIT, 3},
    {"ABORT", AAU_ABORT, 3},   {"PATH", AAU_PATH, TRACE_LIST(2)},
    {"LEFT", AAU_LEFT, 3},     {"ALIVE", AAU_ALIVE, 1},
    {"LIFE", AAU_LIFE, 3},     {0},
};

const struct trace_control trace_agp[] = {{"AGAIN", AGP_AGAIN, 0}, {0}};
const struct trace_control trace_hop[] = {{"TOKEN", HOP_TOKEN, 1}, {0}};

static const char *const tensor_names[] = {NULL,   "model", "response", "return",
                                           "part", "slice", "last"};
#define TENSORS (sizeof(tensor_names) / sizeof(tensor_names[0]))
static const char *const rule_names[] = {"mean",       "metropolis", "weighted", "slice-mean",
                                         "slice-copy", "shares",     "delta",    "delta-own",
                                         "split",      "collect"};

/* ------------------------------------------------------------------------------------------------ text buffer */

struct text {
    char data[4096];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text->data + text->used, sizeof(text->data) - text->used, format, args);
    va_end(args);
    cr_assert(n >= 0 && (size_t)n < sizeof(text->data) - text->used, "trace line too long");
    text->used += (size_t)n;
}

static void put_tag(struct text *text, uint64_t tag)
{
    if (tag >> 32)
        put(text, " t%" PRIu64 ".%u", tag >> 32, (uint32_t)tag);
    else
        put(text, " t%" PRIu64, tag);
}

static void put_peers(struct text *text, const struct action *a)
{
    put(text, " {");
    for (uint32_t i = 0; i < a->count; i++)
        put(text, i ? " %u" : "%u", a->peers[i]);
    put(text, "}");
}

/* ---------------------------------------------------------------------------------------------------- actions */

static void put_mix(struct text *text, const struct action *a)
{
    put(text, "mix %s", rule_names[a->rule]);
    if (a->rule == MIX_METROPOLIS || a->rule == MIX_WEIGHTED || a->rule == MIX_SHARES ||
        a->rule == MIX_SPLIT)
        put(text, " d%u", a->degree);
    if (a->rule == MIX_SLICE_MEAN)
        put(text, " s%u/%u", a->slice, a->slices);
    put(text, " {");
    for (uint32_t i = 0; i < a->count; i++) {
        const struct mix_term *const t = &a->terms[i];
        put(text, i ? " %u:h%" PRIu64 : "%u:h%" PRIu64, t->peer, t->handle);
        if (a->rule == MIX_DELTA_OWN || a->rule == MIX_COLLECT)
            put(text, "-h%" PRIu64, t->base);
        if (a->rule != MIX_COLLECT)
            put(text, ":w%u", t->weight);
    }
    put(text, "}");
}

static void put_control(struct text *text, const struct trace_node *node, const struct action *a)
{
    const struct trace_control *c = node->controls;
    while (c && c->name && c->type != a->type)
        c++;
    cr_assert(c && c->name, "control type %u has no name", a->type);
    put(text, "control %s{", c->name);
    const uint32_t words = (c->words & 15u) + (c->words >> 4) * a->word[1];
    for (uint32_t i = 0; i < words; i++)
        put(text, i ? " %u" : "%u", a->word[i]);
    put(text, "}");
    put_peers(text, a);
}

static void put_action(struct text *text, const struct trace_node *node, const struct action *a)
{
    switch ((enum action_kind)a->kind) {
    case ACT_COMPUTE:
        put(text, "compute r%u", a->round);
        return;
    case ACT_APPLY:
        put(text, a->rule == APPLY_SCALED ? "apply scaled" : "apply");
        return;
    case ACT_SEND:
        put(text, "send %s", tensor_names[a->type]);
        put_tag(text, a->tag);
        if (a->slices > 1)
            put(text, " s%u/%u", a->slice, a->slices);
        else
            put(text, " d%u", a->degree);
        put_peers(text, a);
        return;
    case ACT_MIX:
        put_mix(text, a);
        return;
    case ACT_REDUCE:
        put(text, "reduce");
        put_tag(text, a->tag);
        put_peers(text, a);
        return;
    case ACT_CONTROL:
        put_control(text, node, a);
        return;
    case ACT_TIMER:
        put(text, "timer %u @%" PRIu64 " g%" PRIu64, a->type, a->at_ns, a->tag);
        return;
    case ACT_CANCEL:
        put(text, "cancel %u", a->type);
        return;
    case ACT_RELEASE:
        put(text, "%u:h%" PRIu64, a->peer, a->handle);
        return;
    case ACT_EVICT:
        put(text, "evict %u", a->peer);
        return;
    case ACT_DONE:
        put(text, "done");
        return;
    case ACT_ABANDON:
        put(text, "abandon");
        return;
    case ACT_WAKE:
        put(text, "wake");
        put_tag(text, a->tag);
        put_peers(text, a);
        return;
    }
    cr_assert_fail("unknown action %u", a->kind);
}

/* Releases in a row are one list. */
static void put_actions(struct text *text, const struct trace_node *node)
{
    const struct actions *out = node->out;
    for (uint32_t i = 0; i < out->count; i++) {
        const bool release = out->item[i].kind == ACT_RELEASE;
        const bool first = i == 0 || out->item[i - 1].kind != ACT_RELEASE;
        const bool last = i + 1 == out->count || out->item[i + 1].kind != ACT_RELEASE;
        if (i > 0)
            put(text, release && !first ? " " : ", ");
        if (release && first)
            put(text, "release {");
        put_action(text, node, &out->item[i]);
        if (release && last)
            put(text, "}");
    }
}

/* ----------------------------------------------------------------------------------------------------- events */

static uint64_t tag_of(const char *word)
{
    char *end;
    const uint64_t high = strtoull(word, &end, 10);
    return *end == '.' ? high << 32 | strtoull(end + 1, NULL, 10) : high;
}

static void read_fields(struct event *event, char **save)
{
    for (char *w = strtok_r(NULL, " ", save); w; w = strtok_r(NULL, " ", save)) {
        switch (w[0]) {
        case 'p':
            event->peer = (uint32_t)strtoul(w + 1, NULL, 10);
            break;
        case 't':
        case 'g':
            event->tag = tag_of(w + 1);
            break;
        case 'd':
            event->degree = (uint32_t)strtoul(w + 1, NULL, 10);
            break;
        case 'v':
            event->version = (uint32_t)strtoul(w + 1, NULL, 10);
            break;
        case 'h':
            event->handle = strtoull(w + 1, NULL, 10);
            break;
        default:
            event->type = (uint8_t)strtoul(w, NULL, 10);
            break;
        }
    }
}

static void read_control(const struct trace_node *node, struct event *event, char **save)
{
    event->kind = EV_CONTROL;
    event->peer = (uint32_t)strtoul(strtok_r(NULL, " ", save) + 1, NULL, 10);
    const char *name = strtok_r(NULL, "{", save);
    const struct trace_control *c = node->controls;
    while (c && c->name && strcmp(c->name, name) != 0)
        c++;
    cr_assert(c && c->name, "no control message is called %s", name);
    event->type = c->type;
    uint32_t i = 0;
    for (char *w = strtok_r(NULL, " }", save); w; w = strtok_r(NULL, " }", save))
        event->word[i++] = (uint32_t)strtoul(w, NULL, 10);
}

static struct event read_event(const struct trace_node *node, char *line)
{
    static const char *const plain[] = {"start", "grad", "reduced", "timer",
                                        "stop",  "wake", "down",    "up"};
    static const uint8_t kinds[] = {EV_START, EV_GRADIENT, EV_REDUCED,   EV_TIMER,
                                    EV_STOP,  EV_WAKE,     EV_PEER_DOWN, EV_PEER_UP};
    struct event event = {.incarnation = 1};
    char *save;
    char *word = strtok_r(line, " ", &save);
    cr_assert(word && word[0] == '@', "a trace line begins with @ns");
    event.now_ns = strtoull(word + 1, NULL, 10);
    word = strtok_r(NULL, " ", &save);
    cr_assert(word, "a trace line names an event");
    if (strcmp(word, "control") == 0) {
        read_control(node, &event, &save);
        return event;
    }
    for (uint32_t i = 0; i < sizeof(kinds); i++)
        if (strcmp(word, plain[i]) == 0) {
            event.kind = kinds[i];
            read_fields(&event, &save);
            return event;
        }
    for (uint8_t i = 1; i < TENSORS; i++)
        if (strcmp(word, tensor_names[i]) == 0) {
            event.kind = EV_TENSOR;
            event.type = i;
            read_fields(&event, &save);
            return event;
        }
    cr_assert_fail("unknown event %s", word);
    abort();
}

/* ----------------------------------------------------------------------------------------------------- public */

void trace_open(struct trace_node *self, const struct policy *policy, uint32_t id, uint32_t workers,
                const uint32_t *peers, const struct policy_config *options)
{
    *self = (struct trace_node){0};
    if (options)
        self->config = *options;
    while (*peers != UINT32_MAX)
        self->peers[self->config.peer_count++] = *peers++;
    self->config.self = id;
    self->config.workers = workers;
    self->config.peers = self->peers;
    const size_t bytes = agent_bytes(policy, &self->config);
    self->memory = aligned_alloc(64, bytes);
    memset(self->memory, 0, bytes);
    self->out = calloc(1, sizeof(*self->out));
    agent_init(&self->agent, self->memory, policy, &self->config);
    self->controls = policy->step == policy_aau.step        ? trace_aau
                     : strcmp(policy->name, "hop") == 0     ? trace_hop
                     : strncmp(policy->name, "agp", 3) == 0 ? trace_agp
                                                            : trace_adpsgd;
}

void trace_free(struct trace_node *self)
{
    free(self->memory);
    free(self->out);
}

/* One blank between words, none at the ends. */
static void squeeze(char *out, const char *begin, const char *end)
{
    char *at = out;
    for (const char *c = begin; c < end; c++)
        if (*c != ' ' || (at > out && at[-1] != ' '))
            *at++ = *c;
    while (at > out && at[-1] == ' ')
        at--;
    *at = 0;
}

void expect_trace(struct trace_node *self, const char *text)
{
    char line[4096], want[4096];
    for (uint32_t number = 1; *text; number++) {
        const size_t length = strcspn(text, "\n");
        const char *arrow = strstr(text, "->");
        cr_assert(length < sizeof(line) && arrow && arrow < text + length, "line %u has no arrow",
                  number);
        squeeze(line, text, arrow);
        squeeze(want, arrow + 2, text + length);
        char shown[4096];
        memcpy(shown, line, sizeof(shown));
        const struct event event = read_event(self, line);

        agent_step(&self->agent, &event, self->out);

        struct text got = {.used = 0};
        put_actions(&got, self);
        cr_assert(strcmp(got.data, want) == 0, "line %u: %s\n  want: %s\n  got:  %s", number, shown,
                  want, got.data);
        text += length + (text[length] == '\n');
    }
}
