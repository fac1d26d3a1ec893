/* SPDX-License-Identifier: BSD-3-Clause */
/** What a seed draws for the wire: processes, their pairs and streams, bad links, and one process that may die and return. */
#ifndef TESTS_RANDOM_WIRE_SCENARIO_H
#define TESTS_RANDOM_WIRE_SCENARIO_H

#include "core/base/rng.h"
#include "core/wire/wire.h"

#define WIRE_ENDS_MOST 8u
#define WIRE_PAIRS_MOST 10u
#define WIRE_STREAMS_MOST 5u

struct wire_link_law {
    uint32_t loss_ppm, burst_ppm; /* burst: chance that a frame begins one */
    uint32_t burst_frames;        /* its mean length; nearly all of it is lost */
    uint32_t twice_ppm, corrupt_ppm;
    uint64_t delay_ns, jitter_ns;
    bool keeps_order;
    uint64_t cut_from_ns, cut_to_ns;
    uint32_t frame_bytes_max; /* longer ones vanish */
};

struct wire_stream_draw {
    enum stream_class class;
    uint32_t depth, kept, body_bytes;
    uint64_t period_ns;   /* mean time between publishes */
    uint32_t answers_ppm; /* of what is taken, how much makes the taker publish a control */
    uint64_t keeps_ns;    /* longest time that a reader keeps a tensor */
};

struct wire_pair_draw {
    uint32_t end[2]; /* lower first */
    uint32_t window;
    uint64_t first_counter[2]; /* of each way: often so high that it soon passes 2^32 */
    uint64_t floor_ns;
    uint32_t payload[SESSION_PAYLOADS];
    bool is_checked;
    struct wire_link_law law[2];                          /* from end[0], from end[1] */
    uint32_t streams[2];                                  /* of the plan, each way */
    struct wire_stream_draw stream[2][WIRE_STREAMS_MOST]; /* [way][stream - 1] */
};

struct wire_scenario {
    uint64_t seed;
    uint32_t ends, pairs;
    struct wire_pair_draw pair[WIRE_PAIRS_MOST];
    uint64_t stop_ns;    /* nothing is published of one's own accord after */
    uint64_t turn_ns;    /* longest time between an event and the turn that looks at it */
    uint32_t frames_max; /* a link takes in one turn */
    uint32_t busy_ppm;   /* turns in which the workers take nothing */
    uint64_t wave_ns;    /* longest time between two questions of a wave */
    uint32_t mortal;     /* the process that dies; WIRE_ENDS_MOST: none */
    uint64_t dies_ns, returns_ns,
        news_ns; /* news: longest time until another end hears of either */
};

void wire_scenario_draw(struct wire_scenario *self, uint64_t seed);

/** Slots that a receiver of the stream has. */
uint32_t wire_scenario_slots(const struct wire_stream_draw *draw);

/** In a few words. */
void wire_scenario_describe(const struct wire_scenario *self, char *text, size_t size);

#endif
