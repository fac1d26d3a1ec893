/* SPDX-License-Identifier: BSD-3-Clause */
/* The users of the wires: they publish, take, keep, answer, and count what they sent and received. */
#include <string.h>

#include "tests/random/wire_world.h"

static struct wire_end_of_world *owner(struct wire_world *self, const struct wire_side *side)
{
    return &self->end[wire_world_owner(self, side->pair, side->way)];
}

static struct wire_stream_book *book_of(struct wire_world *self, const struct wire_side *side,
                                        uint32_t way, uint32_t stream)
{
    return &self->way[side->pair][way].stream[stream];
}

/** Is its session the one that the other end has, or will have? */
static bool is_current(const struct wire_world *self, const struct wire_side *side)
{
    return side->era == self->era[side->pair];
}

/* --------------------------------------------------------------------------------------------------------- publish */

/** False: there is no room, or no session. */
static bool try_publish(struct wire_world *self, struct wire_side *side, uint32_t stream)
{
    struct wire_stream_book *const book = book_of(self, side, side->way, stream);
    struct stream_tx_item item, old;
    uint64_t token;
    if (wire_state(side->wire) != SESSION_OPEN)
        return false;
    const uint32_t loan = wire_ledger_publish(book, &item);
    if (loan == WIRE_LEDGER_NONE)
        return false;
    if (wire_plant_preempts(self->plant, side->wire, stream, &token))
        wire_ledger_ended(&self->verdict, book, token, WIRE_LOAN_REPLACED);
    switch (wire_publish(side->wire, (uint16_t)stream, &item, self->now_ns, &old)) {
    case WIRE_FULL:
        return false;
    case WIRE_SUPERSEDED:
        wire_ledger_ended(&self->verdict, book, old.token, WIRE_LOAN_REPLACED);
        break;
    case WIRE_TAKEN:
        break;
    }
    wire_ledger_published(book, loan);
    owner(self, side)->sent++;
    return true;
}

void wire_workers_publish(struct wire_world *self, struct wire_side *side, uint32_t stream)
{
    const struct wire_stream_draw *const draw =
        &self->scenario.pair[side->pair].stream[side->way][stream - 1];
    side->is_pending[stream] = !try_publish(self, side, stream);
    const uint64_t next = self->now_ns + 1 + wire_world_draw_ns(self, 2 * draw->period_ns);
    if (next < self->scenario.stop_ns)
        wire_world_push(self,
                        (struct wire_event){.kind = WIRE_PUBLISH,
                                            .pair = side->pair,
                                            .side = side->way,
                                            .stream = stream,
                                            .era = side->era},
                        next);
    wire_world_turn_soon(self, wire_world_owner(self, side->pair, side->way));
}

void wire_workers_answer(struct wire_world *self, struct wire_side *side)
{
    if (side->owed == 0)
        return; /* it died meanwhile */
    side->owed--;
    side->answers++;
    wire_world_turn_soon(self, wire_world_owner(self, side->pair, side->way));
}

/* ------------------------------------------------------------------------------------------------------ take and keep */

static void release(struct wire_world *self, struct wire_side *side, uint32_t stream,
                    const struct wire_kept *kept)
{
    const struct stream_plan *const plan = &side->in[stream - 1];
    const bool is_of_session = kept->era == side->era && is_current(self, side);
    wire_ledger_released(&self->verdict, book_of(self, side, 1 - side->way, stream), kept->id,
                         plan->store + kept->slot * plan->slot_bytes, is_of_session);
    wire_release(side->wire, (uint16_t)stream, kept->slot);
}

static void keep(struct wire_world *self, struct wire_side *side, uint32_t stream,
                 struct wire_kept kept)
{
    const struct wire_stream_draw *const draw =
        &self->scenario.pair[side->pair].stream[1 - side->way][stream - 1];
    if (side->kepts[stream] == draw->kept) {
        release(self, side, stream, &kept);
        return;
    }
    kept.until_ns = self->now_ns + 1 + wire_world_draw_ns(self, draw->keeps_ns);
    side->kept[stream][side->kepts[stream]++] = kept;
    wire_world_push(self,
                    (struct wire_event){.kind = WIRE_TURN,
                                        .end = wire_world_owner(self, side->pair, side->way)},
                    kept.until_ns);
}

static void release_due(struct wire_world *self, struct wire_side *side)
{
    for (uint32_t s = 1; s <= self->scenario.pair[side->pair].streams[1 - side->way]; s++)
        for (uint32_t i = side->kepts[s]; i-- > 0;) {
            const struct wire_kept kept = side->kept[s][i];
            if (kept.until_ns > self->now_ns)
                continue;
            side->kept[s][i] = side->kept[s][--side->kepts[s]];
            release(self, side, s, &kept);
        }
}

/** One delivery. */
static bool take(struct wire_world *self, struct wire_side *side)
{
    struct wire_delivery delivery;
    if (!wire_take(side->wire, &delivery))
        return false;
    const uint32_t stream = delivery.stream;
    const struct stream_plan *const plan = &side->in[stream - 1];
    const bool has_body = plan->class != STREAM_CONTROL;
    const uint64_t id = wire_ledger_taken(
        &self->verdict, book_of(self, side, 1 - side->way, stream), &delivery,
        has_body ? plan->store + delivery.slot * plan->slot_bytes : NULL, is_current(self, side));
    side->taken++;
    owner(self, side)->received++;
    const struct wire_stream_draw *const draw =
        &self->scenario.pair[side->pair].stream[1 - side->way][stream - 1];
    if (wire_world_draw(self, 1000000) < draw->answers_ppm) {
        side->owed++;
        wire_world_push(
            self,
            (struct wire_event){
                .kind = WIRE_ANSWER, .pair = side->pair, .side = side->way, .era = side->era},
            self->now_ns + 1 + wire_world_draw_ns(self, draw->period_ns));
    }
    if (has_body)
        keep(self, side, stream,
             (struct wire_kept){.id = id, .slot = delivery.slot, .era = side->era});
    return true;
}

/* ------------------------------------------------------------------------------------------------------------- turns */

/** Loans that a wrong wire would let end with the ACK. */
static void end_early(struct wire_world *self, struct wire_side *side)
{
    for (uint32_t s = 1; s <= side->wire->config.outs; s++) {
        struct stream_tx *const tx = &side->wire->tx[s];
        for (uint32_t i = 0; i < tx->loans; i++)
            if (tx->loan[i].is_lent && frame_compare(tx->loan[i].number, tx->first) < 0) {
                wire_ledger_ended(&self->verdict, book_of(self, side, side->way, s),
                                  tx->loan[i].token, WIRE_LOAN_ENDED);
                tx->loan[i].is_lent = false;
                tx->lent--;
            }
    }
}

void wire_workers_collect(struct wire_world *self, struct wire_side *side, bool all)
{
    struct wire_end end;
    if (self->plant == WIRE_PLANT_LOAN && wire_state(side->wire) == SESSION_OPEN)
        end_early(self, side);
    while (wire_ended(side->wire, &end))
        wire_ledger_ended(&self->verdict, book_of(self, side, side->way, end.stream), end.token,
                          end.is_gone ? WIRE_LOAN_GONE : WIRE_LOAN_ENDED);
    while (all && take(self, side))
        ;
}

/** Is something kept that should have been given back? */
static bool is_late(const struct wire_world *self, const struct wire_side *side)
{
    for (uint32_t s = 1; s <= WIRE_STREAMS_MOST; s++)
        for (uint32_t i = 0; i < side->kepts[s]; i++)
            if (side->kept[s][i].until_ns <= self->now_ns)
                return true;
    return false;
}

void wire_workers_turn(struct wire_world *self, struct wire_side *side)
{
    const bool is_busy = wire_world_draw(self, 1000000) < self->scenario.busy_ppm;
    if (!is_busy) {
        for (uint32_t most = 16; most > 0 && take(self, side); most--)
            ;
        release_due(self, side);
    }
    for (uint32_t s = 1; s <= self->scenario.pair[side->pair].streams[side->way]; s++)
        if (side->is_pending[s])
            side->is_pending[s] = !try_publish(self, side, s);
    while (side->answers > 0 && try_publish(self, side, 1))
        side->answers--;
    if (is_late(self, side) || side->wire->unread.count > 0)
        wire_world_turn_soon(self, wire_world_owner(self, side->pair, side->way));
}

static bool side_is_done(const struct wire_world *self, const struct wire_side *side)
{
    bool done = side->answers == 0 && side->owed == 0;
    for (uint32_t s = 1; s <= WIRE_STREAMS_MOST; s++)
        done = done && side->kepts[s] == 0 && !side->is_pending[s];
    return done && self->now_ns >= self->scenario.stop_ns;
}

bool wire_workers_are_done(const struct wire_world *self, uint32_t end)
{
    bool done = self->end[end].is_alive;
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t side = 0; side < 2; side++)
            if (wire_world_owner(self, p, side) == end)
                done = done && side_is_done(self, &self->side[p][side]);
    return done;
}
