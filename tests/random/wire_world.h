/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Processes with wires between them in virtual time: one scenario, from the first HELLO over deaths and returns to quiet and BYE.
 *
 * wire_world.c has the events, wire_workers.c what publishes and reads, wire_close.c how it ends.
 */
#ifndef TESTS_RANDOM_WIRE_WORLD_H
#define TESTS_RANDOM_WIRE_WORLD_H

#include "core/wire/quiet.h"
#include "tests/random/fuzz_seed.h"
#include "tests/random/wire_ledger.h"
#include "tests/random/wire_link.h"

#define WIRE_WORLD_KEPT_MOST 8u
/* Without a chunk of use: ten of the longest bursts of loss, at the pace of what asks. */
#define WIRE_WORLD_PATIENCE_NS UINT64_C(200000000000)
#define WIRE_WORLD_EVENTS_MOST 1000000u

/** A tensor that a reader has not given back. */
struct wire_kept {
    uint64_t id, until_ns;
    uint32_t slot, era;
};

/** One end of one pair. */
struct wire_side {
    uint32_t pair, way; /* the way that leads from here */
    struct wire *wire;
    void *memory;
    uint32_t era; /* of the session that is open, or was last */
    struct stream_plan out[WIRE_STREAMS_MOST], in[WIRE_STREAMS_MOST];
    unsigned char *store[WIRE_STREAMS_MOST];
    struct wire_kept kept[WIRE_STREAMS_MOST + 1][WIRE_WORLD_KEPT_MOST];
    uint32_t kepts[WIRE_STREAMS_MOST + 1];
    bool is_pending[WIRE_STREAMS_MOST + 1]; /* a publish that found no room */
    uint32_t answers;                       /* controls to publish on stream 1, found no room yet */
    uint32_t owed;                          /* controls that will be published later */
    uint64_t taken;                         /* deliveries since the wire was laid out */
};

struct wire_end_of_world {
    bool is_alive, turn_due;
    uint64_t timer_ns; /* the earliest turn that is planned for a time-out */
    uint32_t incarnation;
    uint64_t sent, received; /* books of its workers */
};

struct wire_event;

struct wire_world {
    struct wire_scenario scenario;
    enum wire_plant plant;
    struct wire_verdict verdict;
    uint64_t now_ns, order, events, frames;
    struct rng rng;
    struct wire_event *heap;
    uint32_t heaped, room;
    struct wire_end_of_world end[WIRE_ENDS_MOST];
    struct wire_side side[WIRE_PAIRS_MOST][2];
    struct wire_way_book way[WIRE_PAIRS_MOST][2]; /* [pair][from which side] */
    struct wire_link link[WIRE_PAIRS_MOST][2];
    uint32_t era[WIRE_PAIRS_MOST];
    struct quiet quiet;
    struct quiet_process process[WIRE_ENDS_MOST];
    uint64_t useful_ns; /* when a chunk came last that was missing, or END was said */
    bool is_over;       /* END was said */
    uint32_t in_flight;
};

enum wire_event_kind {
    WIRE_ARRIVES, /* a frame */
    WIRE_TURN,    /* of an end */
    WIRE_PUBLISH, /* on a stream of a side */
    WIRE_ANSWER,  /* the same, because something was read */
    WIRE_DIES,
    WIRE_RETURNS,
    WIRE_NEWS, /* a side hears that its peer died, or is back */
    WIRE_WAVE, /* the next process is asked */
};

struct wire_event {
    uint64_t at_ns, order;
    enum wire_event_kind kind;
    uint32_t end, pair, side, stream;
    uint32_t era, count, credit;
    uint64_t counter;
    bool is_spoilt, is_data;
    unsigned char *bytes; /* a frame, the event's own */
};

/** One seed from its beginning to its end. `world->verdict.text` is empty when all held. */
void wire_world_run(struct wire_world *self, uint64_t seed, enum wire_plant plant);

/** The same, as dawdle-fuzz wants it. */
void wire_world_seed(uint64_t seed, enum wire_plant plant, struct fuzz_outcome *out);

/* between its files */
void wire_world_push(struct wire_world *self, struct wire_event event, uint64_t at_ns);
void wire_world_turn_soon(struct wire_world *self, uint32_t end);
uint32_t wire_world_owner(const struct wire_world *self, uint32_t pair, uint32_t side);
uint32_t wire_world_draw(struct wire_world *self, uint32_t bound);
uint64_t wire_world_draw_ns(struct wire_world *self, uint64_t bound);

/* wire_workers.c */
void wire_workers_publish(struct wire_world *self, struct wire_side *side, uint32_t stream);
void wire_workers_answer(struct wire_world *self, struct wire_side *side);
void wire_workers_turn(struct wire_world *self, struct wire_side *side);
void wire_workers_collect(struct wire_world *self, struct wire_side *side, bool all);
bool wire_workers_are_done(const struct wire_world *self, uint32_t end);

/* wire_life.c */
void wire_life_begin(struct wire_world *self);
void wire_life_end(struct wire_world *self);
void wire_life_die(struct wire_world *self);
void wire_life_return(struct wire_world *self);
void wire_life_news(struct wire_world *self, struct wire_side *side);

/* wire_close.c */
void wire_close_ask(struct wire_world *self, uint32_t process);
void wire_close_check(struct wire_world *self);
void wire_close_check_counts(struct wire_world *self, struct wire_side *side);

#endif
