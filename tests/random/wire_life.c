/* SPDX-License-Identifier: BSD-3-Clause */
/* How processes come, go and return, and how the others hear of it. */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/random/wire_world.h"

static void *take(size_t count, size_t bytes)
{
    void *const memory = calloc(count ? count : 1, bytes ? bytes : 1);
    CHECK(memory);
    return memory;
}

static struct stream_plan plan_of(const struct wire_stream_draw *draw, unsigned char *store)
{
    return (struct stream_plan){
        .class = draw->class,
        .depth = draw->depth,
        .slots = wire_scenario_slots(draw),
        .body_bytes = draw->body_bytes,
        .store = store,
        .slot_bytes = draw->body_bytes,
    };
}

static void plan_side(struct wire_world *self, struct wire_side *side)
{
    const struct wire_pair_draw *const pair = &self->scenario.pair[side->pair];
    for (uint32_t s = 0; s < pair->streams[side->way]; s++)
        side->out[s] = plan_of(&pair->stream[side->way][s], NULL);
    for (uint32_t s = 0; s < pair->streams[1 - side->way]; s++) {
        const struct wire_stream_draw *const draw = &pair->stream[1 - side->way][s];
        side->store[s] = take(wire_scenario_slots(draw), draw->body_bytes);
        side->in[s] = plan_of(draw, side->store[s]);
    }
}

/** A new wire, as a process that begins lays it out. */
static void make_wire(struct wire_world *self, struct wire_side *side)
{
    const struct wire_pair_draw *const pair = &self->scenario.pair[side->pair];
    struct wire_config config = {
        .terms = {.self = (uint16_t)pair->end[side->way],
                  .peer = (uint16_t)pair->end[1 - side->way],
                  .run = self->scenario.seed,
                  .digest = {1, 2, 3}},
        .out = side->out,
        .in = side->in,
        .outs = pair->streams[side->way],
        .ins = pair->streams[1 - side->way],
        .window = pair->window,
        .floor_ns = pair->floor_ns,
        .seed = self->scenario.seed + side->pair,
        .is_checked = pair->is_checked,
    };
    struct err err;
    memcpy(config.terms.payload, pair->payload, sizeof(pair->payload));
    CHECK(wire_check(&config, &err) == 0);
    const size_t bytes = wire_bytes(&config);
    side->memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    CHECK(side->memory);
    memset(side->memory, 0xa5, bytes); /* nothing may rest on what was there */
    side->wire = wire_init(side->memory, &config);
    side->taken = 0;
}

static void open_side(struct wire_world *self, struct wire_side *side)
{
    const struct wire_pair_draw *const pair = &self->scenario.pair[side->pair];
    wire_ledger_open_sender(&self->verdict, &self->way[side->pair][side->way],
                            pair->streams[side->way]);
    wire_ledger_open_receiver(&self->way[side->pair][1 - side->way], pair->streams[1 - side->way]);
    side->era = self->era[side->pair];
    wire_open(side->wire, self->end[pair->end[side->way]].incarnation,
              self->end[pair->end[1 - side->way]].incarnation, self->now_ns);
    /* As if that many frames had gone before. */
    side->wire->counter = pair->first_counter[side->way];
    side->wire->credit = (uint32_t)pair->first_counter[side->way];
    side->wire->replay.top = pair->first_counter[1 - side->way];
    wire_world_turn_soon(self, pair->end[side->way]);
}

static void begin_publishing(struct wire_world *self, const struct wire_side *side)
{
    const struct wire_pair_draw *const pair = &self->scenario.pair[side->pair];
    for (uint32_t s = 1; s <= pair->streams[side->way]; s++)
        wire_world_push(
            self,
            (struct wire_event){
                .kind = WIRE_PUBLISH, .pair = side->pair, .side = side->way, .stream = s},
            self->now_ns + 1 + wire_world_draw_ns(self, pair->stream[side->way][s - 1].period_ns));
}

static void begin_books(struct wire_world *self, uint32_t pair, uint32_t way)
{
    for (uint32_t s = 1; s <= self->scenario.pair[pair].streams[way]; s++) {
        struct wire_stream_book *const book = &self->way[pair][way].stream[s];
        book->draw = &self->scenario.pair[pair].stream[way][s - 1];
        book->key = rng_key(self->scenario.seed, RNG_TEST, (uint64_t)pair << 8 | way << 4 | s);
        if (book->draw->class == STREAM_CONTROL)
            continue;
        book->loans = wire_scenario_slots(book->draw) + book->draw->depth + 2;
        book->loan = take(book->loans, sizeof(*book->loan));
        for (uint32_t i = 0; i < book->loans; i++)
            book->loan[i].body = take(1, book->draw->body_bytes);
    }
}

void wire_life_begin(struct wire_world *self)
{
    const struct wire_scenario *const scenario = &self->scenario;
    for (uint32_t e = 0; e < scenario->ends; e++)
        self->end[e] =
            (struct wire_end_of_world){.is_alive = true, .incarnation = 1, .timer_ns = UINT64_MAX};
    for (uint32_t p = 0; p < scenario->pairs; p++)
        for (uint32_t s = 0; s < 2; s++) {
            struct wire_side *const side = &self->side[p][s];
            wire_link_init(&self->link[p][s], &scenario->pair[p].law[s],
                           rng_key(scenario->seed, RNG_LINK, 2 * p + s));
            begin_books(self, p, s);
            self->way[p][s].first = scenario->pair[p].first_counter[s];
            side->pair = p;
            side->way = s;
            plan_side(self, side);
            make_wire(self, side);
            open_side(self, side);
            begin_publishing(self, side);
        }
    quiet_init(&self->quiet, self->process, scenario->ends);
    wire_world_push(self, (struct wire_event){.kind = WIRE_WAVE},
                    wire_world_draw_ns(self, 2 * scenario->stop_ns));
    if (scenario->mortal == WIRE_ENDS_MOST)
        return;
    wire_world_push(self, (struct wire_event){.kind = WIRE_DIES}, scenario->dies_ns);
    wire_world_push(self, (struct wire_event){.kind = WIRE_RETURNS}, scenario->returns_ns);
}

static void free_wire(struct wire_side *side)
{
    free(side->memory);
    side->memory = NULL;
    side->wire = NULL;
}

void wire_life_end(struct wire_world *self)
{
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++) {
            free_wire(&self->side[p][s]);
            free(self->way[p][s].accepted);
            for (uint32_t i = 0; i < WIRE_STREAMS_MOST; i++) {
                struct wire_stream_book *const book = &self->way[p][s].stream[i + 1];
                free(self->side[p][s].store[i]);
                for (uint32_t k = 0; k < book->loans; k++)
                    free(book->loan[k].body);
                free(book->loan);
            }
        }
    for (uint32_t i = 0; i < self->heaped; i++)
        free(self->heap[i].bytes);
    free(self->heap);
}

/* --------------------------------------------------------------------------------------------------- death and return */

static void tell_peer(struct wire_world *self, uint32_t pair, uint32_t side)
{
    wire_world_push(self, (struct wire_event){.kind = WIRE_NEWS, .pair = pair, .side = side},
                    self->now_ns + 1 + wire_world_draw_ns(self, self->scenario.news_ns));
}

static void forget(struct wire_side *side)
{
    memset(side->kepts, 0, sizeof(side->kepts));
    memset(side->is_pending, 0, sizeof(side->is_pending));
    side->answers = side->owed = 0;
}

void wire_life_die(struct wire_world *self)
{
    struct wire_end_of_world *const dead = &self->end[self->scenario.mortal];
    if (self->is_over)
        return;
    dead->is_alive = false;
    dead->sent = dead->received = 0;
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++) {
            struct wire_side *const side = &self->side[p][s];
            if (wire_world_owner(self, p, s) != self->scenario.mortal)
                continue;
            free_wire(side);
            forget(side);
            wire_ledger_forget(&self->way[p][s], self->scenario.pair[p].streams[s]);
            self->era[p]++;
            tell_peer(self, p, 1 - s);
        }
}

void wire_life_return(struct wire_world *self)
{
    struct wire_end_of_world *const end = &self->end[self->scenario.mortal];
    if (end->is_alive)
        return;
    end->is_alive = true;
    end->incarnation++;
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++) {
            struct wire_side *const side = &self->side[p][s];
            if (wire_world_owner(self, p, s) != self->scenario.mortal)
                continue;
            make_wire(self, side);
            open_side(self, side);
            tell_peer(self, p, 1 - s);
        }
}

void wire_life_news(struct wire_world *self, struct wire_side *side)
{
    const uint32_t peer = wire_world_owner(self, side->pair, 1 - side->way);
    if (wire_state(side->wire) != SESSION_CLOSED && side->era != self->era[side->pair]) {
        wire_close(side->wire);
        wire_workers_collect(self, side, true);
        wire_close_check_counts(self, side);
    }
    if (wire_state(side->wire) == SESSION_CLOSED && self->end[peer].is_alive)
        open_side(self, side);
}
