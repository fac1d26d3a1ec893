/* SPDX-License-Identifier: BSD-3-Clause */
/* Most links are good and most messages short: what goes wrong in calm weather is found as well. */
#include "tests/random/wire_scenario.h"

#include <stdio.h>

#define LONG_BYTES 50000u

static uint32_t one_of(struct rng *rng, const uint32_t *list, uint32_t count)
{
    return list[rng_below(rng, count)];
}
#define ONE_OF(rng, ...)                         \
    one_of(rng, (const uint32_t[]){__VA_ARGS__}, \
           (uint32_t)(sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)))

static bool chance(struct rng *rng, uint32_t percent)
{
    return rng_below(rng, 100) < percent;
}

static void draw_law(struct rng *rng, struct wire_link_law *law, bool is_checked, uint64_t stop_ns)
{
    *law = (struct wire_link_law){
        .delay_ns = ONE_OF(rng, 500, 5000, 50000, 300000),
        .keeps_order = chance(rng, 50),
        .frame_bytes_max = UINT32_MAX,
    };
    law->jitter_ns = ONE_OF(rng, 0, 1, 4, 10) * (law->delay_ns / 2);
    if (chance(rng, 60))
        law->loss_ppm = ONE_OF(rng, 1000, 10000, 50000, 200000, 500000);
    if (chance(rng, 20)) {
        law->burst_ppm = ONE_OF(rng, 1000, 10000);
        law->burst_frames = ONE_OF(rng, 3, 20, 100);
    }
    if (chance(rng, 30))
        law->twice_ppm = ONE_OF(rng, 10000, 300000);
    if (is_checked && chance(rng, 30))
        law->corrupt_ppm = ONE_OF(rng, 1000, 30000, 200000);
    if (chance(rng, 20)) {
        law->cut_from_ns = (uint64_t)rng_below(rng, 1000) * stop_ns / 1000;
        law->cut_to_ns = law->cut_from_ns + (uint64_t)rng_below(rng, 2000) * stop_ns / 1000;
    }
}

static void draw_stream(struct rng *rng, struct wire_stream_draw *stream, uint32_t index,
                        uint64_t stop_ns, uint32_t payload)
{
    static const enum stream_class classes[] = {STREAM_EXACT, STREAM_NEWEST, STREAM_SUM};
    *stream = (struct wire_stream_draw){
        .class = index == 0 || chance(rng, 10) ? STREAM_CONTROL : classes[rng_below(rng, 3)],
        .answers_ppm = ONE_OF(rng, 0, 0, 100000, 300000),
    };
    const bool is_control = stream->class == STREAM_CONTROL;
    stream->depth = is_control ? ONE_OF(rng, 1, 8, 64, 100) : ONE_OF(rng, 2, 2, 3, 8);
    stream->period_ns = stop_ns / ONE_OF(rng, 3, 10, 30);
    if (is_control)
        return;
    const uint32_t chunks = chance(rng, 3)   ? ONE_OF(rng, 300, 700, 1500)
                            : chance(rng, 1) ? 6242
                                             : ONE_OF(rng, 1, 1, 2, 7, 20, 65);
    if (chunks > 100)
        stream->period_ns = stop_ns;
    stream->body_bytes = chunks * payload - STREAM_PREFIX_BYTES - rng_below(rng, 60);
    stream->kept = ONE_OF(rng, 0, 1, 3);
    stream->keeps_ns = stop_ns / ONE_OF(rng, 2, 10, 100);
}

static void draw_pair(struct rng *rng, struct wire_pair_draw *pair, uint64_t stop_ns)
{
    pair->is_checked = chance(rng, 70);
    pair->window = ONE_OF(rng, 2, 4, 16, 64, 512);
    pair->floor_ns = ONE_OF(rng, 50000, 1000000);
    pair->payload[0] = ONE_OF(rng, 192, 192, 256, 448);
    if (chance(rng, 20)) {
        pair->payload[1] = pair->payload[0];
        pair->payload[0] = 1024;
    }
    for (uint32_t way = 0; way < 2; way++) {
        struct wire_link_law *const law = &pair->law[way];
        if (chance(rng, 30))
            pair->first_counter[way] = (UINT64_C(1) << 32) - rng_below(rng, 400);
        draw_law(rng, law, pair->is_checked, stop_ns);
        if (pair->payload[1] && chance(rng, 60))
            law->frame_bytes_max = FRAME_HEAD_BYTES + 1023;
        pair->streams[way] = 1 + rng_below(rng, WIRE_STREAMS_MOST);
        for (uint32_t s = 0; s < pair->streams[way]; s++)
            draw_stream(rng, &pair->stream[way][s], s, stop_ns,
                        pair->payload[1] ? pair->payload[1] : pair->payload[0]);
    }
}

/** Where long messages travel, little is lost: else a seed takes as long as a hundred others. */
static void calm_down(struct wire_pair_draw *pair)
{
    bool is_long = false;
    for (uint32_t way = 0; way < 2; way++)
        for (uint32_t s = 0; s < pair->streams[way]; s++)
            is_long = is_long || pair->stream[way][s].body_bytes > LONG_BYTES;
    if (!is_long)
        return;
    pair->window = pair->window < 16 ? 16 : pair->window;
    for (uint32_t way = 0; way < 2; way++) {
        struct wire_link_law *const law = &pair->law[way];
        law->loss_ppm = law->loss_ppm > 10000 ? 10000 : law->loss_ppm;
        law->corrupt_ppm = law->corrupt_ppm > 1000 ? 1000 : law->corrupt_ppm;
        law->burst_ppm = 0;
    }
}

/** A tree, so that all hang together, and some pairs more. */
static void draw_pairs(struct wire_scenario *self, struct rng *rng)
{
    for (uint32_t e = 1; e < self->ends; e++) {
        struct wire_pair_draw *const pair = &self->pair[self->pairs++];
        pair->end[0] = rng_below(rng, e);
        pair->end[1] = e;
    }
    for (uint32_t more = rng_below(rng, 3); more > 0; more--) {
        const uint32_t b = 1 + rng_below(rng, self->ends - 1), a = rng_below(rng, b);
        bool is_new = true;
        for (uint32_t p = 0; p < self->pairs; p++)
            is_new = is_new && !(self->pair[p].end[0] == a && self->pair[p].end[1] == b);
        if (is_new) {
            self->pair[self->pairs].end[0] = a;
            self->pair[self->pairs++].end[1] = b;
        }
    }
}

void wire_scenario_draw(struct wire_scenario *self, uint64_t seed)
{
    struct rng rng = rng_start(seed, RNG_TEST, 77);
    *self = (struct wire_scenario){
        .seed = seed,
        .ends = chance(&rng, 60) ? 2 : 2 + rng_below(&rng, WIRE_ENDS_MOST - 1),
        .stop_ns = (uint64_t)ONE_OF(&rng, 2, 10, 50) * 1000000,
        .turn_ns = ONE_OF(&rng, 100, 5000, 100000),
        .frames_max = ONE_OF(&rng, 1, 4, 32),
        .busy_ppm = ONE_OF(&rng, 0, 300000, 900000),
        .wave_ns = ONE_OF(&rng, 10000, 300000, 2000000),
        .mortal = WIRE_ENDS_MOST,
    };
    draw_pairs(self, &rng);
    for (uint32_t p = 0; p < self->pairs; p++) {
        draw_pair(&rng, &self->pair[p], self->stop_ns);
        calm_down(&self->pair[p]);
    }
    if (chance(&rng, 20)) {
        self->mortal = rng_below(&rng, self->ends);
        self->dies_ns = rng_below(&rng, 1000) * (self->stop_ns / 1000);
        self->returns_ns = self->dies_ns + 1 + rng_below(&rng, 1000) * (self->stop_ns / 2000);
        self->news_ns = ONE_OF(&rng, 1000, 100000, 1000000);
    }
}

uint32_t wire_scenario_slots(const struct wire_stream_draw *draw)
{
    if (draw->class == STREAM_CONTROL)
        return 0;
    return draw->kept + (draw->class == STREAM_EXACT ? 2 * draw->depth : 2);
}

void wire_scenario_describe(const struct wire_scenario *self, char *text, size_t size)
{
    uint32_t worst = 0;
    for (uint32_t p = 0; p < self->pairs; p++)
        for (uint32_t way = 0; way < 2; way++)
            if (self->pair[p].law[way].loss_ppm > worst)
                worst = self->pair[p].law[way].loss_ppm;
    snprintf(text, size, "wire of %u processes in %u pairs, loss up to %u %%%s", self->ends,
             self->pairs, worst / 10000, self->mortal < WIRE_ENDS_MOST ? ", one dies" : "");
}
