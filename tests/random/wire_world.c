/* SPDX-License-Identifier: BSD-3-Clause */
/* Events in the order of time, then of their making. A frame is judged here before the wire sees it: what it must do is known. */
#include "tests/random/wire_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/wire/credit.h"

#define NOBODY_NS UINT64_MAX

uint32_t wire_world_owner(const struct wire_world *self, uint32_t pair, uint32_t side)
{
    return self->scenario.pair[pair].end[side];
}

uint32_t wire_world_draw(struct wire_world *self, uint32_t bound)
{
    return rng_below(&self->rng, bound);
}

uint64_t wire_world_draw_ns(struct wire_world *self, uint64_t bound)
{
    return rng_next(&self->rng) % (bound + 1);
}

/* -------------------------------------------------------------------------------------------------------------- heap */

static bool is_before(const struct wire_event *a, const struct wire_event *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

void wire_world_push(struct wire_world *self, struct wire_event event, uint64_t at_ns)
{
    if (self->heaped == self->room) {
        self->room = self->room ? 2 * self->room : 256;
        self->heap = realloc(self->heap, self->room * sizeof(*self->heap));
        CHECK(self->heap);
    }
    event.at_ns = at_ns;
    event.order = self->order++;
    uint32_t at = self->heaped++;
    for (; at > 0 && is_before(&event, &self->heap[(at - 1) / 2]); at = (at - 1) / 2)
        self->heap[at] = self->heap[(at - 1) / 2];
    self->heap[at] = event;
}

static struct wire_event pop(struct wire_world *self)
{
    const struct wire_event first = self->heap[0], last = self->heap[--self->heaped];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < self->heaped; at = child) {
        if (child + 1 < self->heaped && is_before(&self->heap[child + 1], &self->heap[child]))
            child++;
        if (!is_before(&self->heap[child], &last))
            break;
        self->heap[at] = self->heap[child];
    }
    self->heap[at] = last;
    return first;
}

void wire_world_turn_soon(struct wire_world *self, uint32_t end)
{
    if (self->end[end].turn_due)
        return;
    self->end[end].turn_due = true;
    wire_world_push(self, (struct wire_event){.kind = WIRE_TURN, .end = end},
                    self->now_ns + 1 + wire_world_draw_ns(self, self->scenario.turn_ns));
}

/* ------------------------------------------------------------------------------------------------------------ frames */

static void send(struct wire_world *self, struct wire_side *side, const struct frame *frame)
{
    struct wire_way_book *const way = &self->way[side->pair][side->way];
    struct wire_link *const link = &self->link[side->pair][side->way];
    uint32_t count = frame->head_bytes + frame->body_bytes;
    unsigned char *const bytes = malloc(count);
    struct frame_head head;
    CHECK(bytes);
    memcpy(bytes, frame->head, frame->head_bytes);
    if (frame->body_bytes > 0)
        memcpy(bytes + frame->head_bytes, frame->body, frame->body_bytes);
    wire_plant_output(self->plant, side->wire, self->way[side->pair][1 - side->way].first, bytes,
                      &count);
    memcpy(&head, bytes, sizeof(head));
    /* What came is counted anew when the other end is; frames to an earlier life of it come nowhere. */
    const bool is_heard = self->side[side->pair][1 - side->way].era == side->era;
    wire_ledger_sent(&self->verdict, way, &head,
                     is_heard ? self->scenario.pair[side->pair].window : UINT32_MAX);
    const struct wire_fate fate = wire_link_send(link, self->now_ns, count);
    bool is_lost = true;
    for (uint32_t i = 0; i < fate.copies; i++) {
        struct wire_event event = {.kind = WIRE_ARRIVES,
                                   .pair = side->pair,
                                   .side = 1 - side->way,
                                   .era = side->era,
                                   .count = count,
                                   .counter = head.counter,
                                   .is_data = head.type == FRAME_DATA,
                                   .credit = head.credit,
                                   .is_spoilt = fate.is_spoilt[i],
                                   .bytes = malloc(count)};
        CHECK(event.bytes);
        memcpy(event.bytes, bytes, count);
        if (event.is_spoilt)
            event.bytes[fate.flip[i] / 8 % count] ^= (unsigned char)(1u << fate.flip[i] % 8);
        is_lost = is_lost && event.is_spoilt;
        self->in_flight++;
        wire_world_push(self, event, fate.at_ns[i]);
    }
    way->data_lost += is_lost && head.type == FRAME_DATA;
    self->frames++;
    free(bytes);
}

/** What a refused frame must not change. */
struct state {
    struct session session;
    struct wire_books books;
    uint64_t top, counter;
    uint32_t credit, acks, ends;
};

static struct state state_of(const struct wire *wire)
{
    struct state state;
    memset(&state, 0, sizeof(state));
    memcpy(&state.session, &wire->session, sizeof(state.session));
    state.books = wire->books;
    state.top = wire->replay.top;
    state.counter = wire->counter;
    state.credit = wire->credit;
    state.acks = wire->acks.count;
    state.ends = wire->ends;
    return state;
}

/** DATA of no use. */
static uint64_t useless(const struct wire *wire)
{
    return wire_counted(wire, WIRE_DATA_DUPLICATE) + wire_counted(wire, WIRE_DATA_BEYOND) +
           wire_counted(wire, WIRE_DATA_NO_SLOT) + wire_counted(wire, WIRE_FRAMES_UNPLANNED);
}

static void note_accepted(struct wire_world *self, const struct wire_event *event, bool is_useful)
{
    wire_ledger_accepted(&self->way[event->pair][1 - event->side], event->counter);
    credit_raise(&self->way[event->pair][event->side].credit, event->credit);
    if (event->is_data && is_useful)
        self->useful_ns = self->now_ns;
}

static void check_unchanged(struct wire_world *self, const struct wire *wire,
                            const struct state *before)
{
    const struct state after = state_of(wire);
    if (memcmp(before, &after, sizeof(after)))
        wire_verdict_say(&self->verdict, "W7: a refused frame changed something");
}

static void arrive(struct wire_world *self, const struct wire_event *event)
{
    struct wire_side *const side = &self->side[event->pair][event->side];
    struct wire_way_book *const way = &self->way[event->pair][1 - event->side];
    self->in_flight--;
    if (!side->wire)
        return;
    const bool is_good = !event->is_spoilt && side->era == event->era &&
                         wire_state(side->wire) != SESSION_CLOSED &&
                         wire_ledger_is_new(way, event->counter);
    wire_plant_input(self->plant, side->wire, event->bytes, event->count);
    const struct state before = state_of(side->wire);
    const uint64_t useless_before = useless(side->wire);
    const bool accepted = wire_input(side->wire, event->bytes, event->count, self->now_ns);
    if (accepted != is_good)
        wire_verdict_say(&self->verdict, "W7: frame %llu of session %u was %s",
                         (unsigned long long)event->counter, event->era,
                         accepted ? "accepted" : "refused");
    if (accepted)
        note_accepted(self, event, useless(side->wire) == useless_before);
    else
        check_unchanged(self, side->wire, &before);
    wire_workers_collect(self, side, false);
    wire_world_turn_soon(self, wire_world_owner(self, event->pair, event->side));
}

/* ------------------------------------------------------------------------------------------------------------- turns */

static void turn_side(struct wire_world *self, struct wire_side *side, uint32_t end)
{
    struct frame frame;
    uint32_t sent = 0;
    wire_workers_turn(self, side);
    while (sent < self->scenario.frames_max && wire_output(side->wire, self->now_ns, &frame)) {
        send(self, side, &frame);
        sent++;
    }
    if (sent == self->scenario.frames_max)
        wire_world_turn_soon(self, end);
    wire_close_check_counts(self, side);
    const uint64_t due = wire_due_ns(side->wire);
    if (due < self->end[end].timer_ns) {
        const uint64_t at = due > self->now_ns ? due : self->now_ns + 1;
        self->end[end].timer_ns = at;
        wire_world_push(self, (struct wire_event){.kind = WIRE_TURN, .end = end}, at);
    }
}

static void turn(struct wire_world *self, uint32_t end)
{
    self->end[end].turn_due = false;
    if (self->now_ns >= self->end[end].timer_ns)
        self->end[end].timer_ns = NOBODY_NS;
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++)
            if (wire_world_owner(self, p, s) == end && self->side[p][s].wire)
                turn_side(self, &self->side[p][s], end);
}

static void dispatch(struct wire_world *self, const struct wire_event *event)
{
    struct wire_side *const side = &self->side[event->pair][event->side];
    switch (event->kind) {
    case WIRE_ARRIVES:
        arrive(self, event);
        free(event->bytes);
        return;
    case WIRE_TURN:
        turn(self, event->end);
        return;
    case WIRE_PUBLISH:
        if (side->wire)
            wire_workers_publish(self, side, event->stream);
        return;
    case WIRE_ANSWER:
        if (side->wire)
            wire_workers_answer(self, side);
        return;
    case WIRE_DIES:
        wire_life_die(self);
        return;
    case WIRE_RETURNS:
        wire_life_return(self);
        return;
    case WIRE_NEWS:
        wire_life_news(self, side);
        return;
    case WIRE_WAVE:
        wire_close_ask(self, event->end);
        return;
    }
}

static bool has_ended(const struct wire_world *self)
{
    if (!self->is_over || self->in_flight > 0)
        return false;
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++)
            if (wire_state(self->side[p][s].wire) != SESSION_ENDED)
                return false;
    return true;
}

void wire_world_run(struct wire_world *self, uint64_t seed, enum wire_plant plant)
{
    *self = (struct wire_world){.plant = plant, .rng = rng_start(seed, RNG_TEST, 78)};
    wire_scenario_draw(&self->scenario, seed);
    wire_life_begin(self);
    while (!self->verdict.text[0] && !has_ended(self)) {
        CHECK(self->heaped > 0);
        const struct wire_event event = pop(self);
        self->now_ns = self->verdict.now_ns = event.at_ns;
        if (event.at_ns > self->useful_ns + WIRE_WORLD_PATIENCE_NS ||
            ++self->events > WIRE_WORLD_EVENTS_MOST)
            wire_verdict_say(&self->verdict, "W8: there is no end");
        dispatch(self, &event);
    }
    if (!self->verdict.text[0])
        wire_close_check(self);
    wire_life_end(self);
}

void wire_world_seed(uint64_t seed, enum wire_plant plant, struct fuzz_outcome *out)
{
    struct wire_world *const self = malloc(sizeof(*self));
    struct wire_scenario scenario;
    CHECK(self);
    *out = (struct fuzz_outcome){.values = true};
    wire_scenario_draw(&scenario, seed);
    wire_scenario_describe(&scenario, out->scenario, sizeof(out->scenario));
    wire_world_run(self, seed, plant);
    out->events = self->events;
    snprintf(out->failure, sizeof(out->failure), "%s", self->verdict.text);
    free(self);
}
