/* SPDX-License-Identifier: BSD-3-Clause */
/* How a world ends: waves until all is quiet, a look whether that is so, BYE, and every frame accounted for. */
#include "tests/random/wire_world.h"

#define WAVES_AT_ONCE 100u

/** What one wire of a process adds to its books. False: it is not at rest. */
static bool add_wire(const struct wire_world *self, const struct wire_side *side, uint64_t *sent,
                     uint64_t *received)
{
    const struct wire *const wire = side->wire;
    if (!wire)
        return false;
    const struct wire_books books = wire_books(wire);
    *received += books.received;
    *sent += books.sent;
    for (uint32_t i = 1; self->plant == WIRE_PLANT_LATE_BOOKS && i <= wire->config.ins; i++)
        *sent -= wire->rx[i].unread;
    return wire_state(wire) == SESSION_OPEN && side->era == self->era[side->pair] &&
           wire_is_idle(wire);
}

/** What a process answers in a wave. */
static void answer(const struct wire_world *self, uint32_t end, bool *is_at_rest, uint64_t *sent)
{
    uint64_t received = self->end[end].received;
    *sent = self->end[end].sent;
    *is_at_rest = wire_workers_are_done(self, end);
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++)
            if (wire_world_owner(self, p, s) == end &&
                !add_wire(self, &self->side[p][s], sent, &received))
                *is_at_rest = false;
    *is_at_rest = *is_at_rest && received == *sent;
}

static void say_bye(struct wire_world *self)
{
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++) {
            wire_bye(self->side[p][s].wire, self->now_ns);
            wire_world_turn_soon(self, wire_world_owner(self, p, s));
        }
}

/** The last one that was published came, and where none is left out, all did. */
static void check_last(struct wire_world *self, const struct wire_stream_book *book)
{
    if (book->published > 0 && book->taken_id != book->last_id)
        wire_verdict_say(&self->verdict, "W8: message %llu was published and %llu taken last",
                         (unsigned long long)book->last_id, (unsigned long long)book->taken_id);
    if (!stream_newer_wins(book->draw->class) && book->taken != book->published)
        wire_verdict_say(&self->verdict, "W4: %llu were published and %llu taken",
                         (unsigned long long)book->published, (unsigned long long)book->taken);
}

static void check_stream(struct wire_world *self, const struct wire_stream_book *book,
                         const struct stream_tx *tx, const struct stream_rx *rx)
{
    for (uint32_t i = 0; i < book->loans; i++)
        if (book->loan[i].is_lent)
            wire_verdict_say(&self->verdict, "quiet: a loan is out");
    if (!stream_tx_is_idle(tx) || rx->unread > 0 || stream_rx_assembling(rx) > 0)
        wire_verdict_say(&self->verdict, "quiet: a message is under way or unread");
    if (rx->plan.class != STREAM_CONTROL && rx->frees != rx->plan.slots)
        wire_verdict_say(&self->verdict, "W5: a slot is not free");
    check_last(self, book);
}

/** END was said: is it true? */
static void check_quiet(struct wire_world *self)
{
    for (uint32_t e = 0; e < self->scenario.ends; e++)
        if (!wire_workers_are_done(self, e))
            wire_verdict_say(&self->verdict, "quiet: process %u is not done", e);
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t s = 0; s < 2; s++) {
            const struct wire *const from = self->side[p][s].wire;
            const struct wire *const to = self->side[p][1 - s].wire;
            for (uint32_t i = 1; from && to && i <= from->config.outs; i++)
                check_stream(self, &self->way[p][s].stream[i], &from->tx[i], &to->rx[i]);
        }
}

void wire_close_ask(struct wire_world *self, uint32_t process)
{
    bool is_at_rest;
    uint64_t sent;
    if (process == 0)
        quiet_ask(&self->quiet);
    answer(self, process, &is_at_rest, &sent);
    enum quiet_news news = quiet_hear(&self->quiet, process, self->quiet.wave, is_at_rest, sent);
    if (self->plant == WIRE_PLANT_ONE_WAVE && news == QUIET_AGAIN) {
        news = QUIET_OVER;
        for (uint32_t e = 0; e < self->scenario.ends; e++)
            if (!self->process[e].was_at_rest)
                news = QUIET_AGAIN;
    }
    if (news == QUIET_OVER) {
        self->is_over = true;
        self->useful_ns = self->now_ns;
        check_quiet(self);
        say_bye(self);
        return;
    }
    const bool again = news == QUIET_AGAIN;
    /* Who has waited long can wait longer. */
    const uint64_t pause_ns = again && self->quiet.wave > WAVES_AT_ONCE ? self->now_ns / 32 : 0;
    wire_world_push(self, (struct wire_event){.kind = WIRE_WAVE, .end = again ? 0 : process + 1},
                    self->now_ns + 1 + pause_ns + wire_world_draw_ns(self, self->scenario.wave_ns));
}

/** After every turn: what the wire counts is what its user counts, and every message is somewhere. */
void wire_close_check_counts(struct wire_world *self, struct wire_side *side)
{
    const struct wire *const wire = side->wire;
    uint64_t under_way = 0, unread = 0;
    for (uint32_t s = 1; s <= wire->config.outs; s++)
        under_way += wire->tx[s].count + wire->tx[s].waits;
    for (uint32_t s = 1; s <= wire->config.ins; s++) {
        unread += wire->rx[s].unread;
        if (stream_rx_assembling(&wire->rx[s]) > wire->rx[s].shape.window)
            wire_verdict_say(&self->verdict, "W3: more than a window is being assembled");
    }
    if (wire_counted(wire, WIRE_PUBLISHED) != wire_counted(wire, WIRE_REPLACED) +
                                                  wire_counted(wire, WIRE_ACKNOWLEDGED) +
                                                  wire_counted(wire, WIRE_GONE) + under_way)
        wire_verdict_say(&self->verdict, "W4: a publish has no end");
    if (wire_counted(wire, WIRE_DELIVERED) !=
        wire_counted(wire, WIRE_OVERTAKEN) + side->taken + unread)
        wire_verdict_say(&self->verdict, "W4: a delivery has no end");
    if (wire_counted(wire, WIRE_FRAMES_UNPLANNED) + wire_counted(wire, WIRE_DATA_BEYOND) +
            wire_counted(wire, WIRE_HELLOS_REFUSED) + wire_counted(wire, WIRE_DATA_NO_SLOT) >
        0)
        wire_verdict_say(&self->verdict, "a frame was sent that no plan has, or had no slot");
}

static void check_frames(struct wire_world *self, uint32_t pair, uint32_t way)
{
    const struct wire_link *const link = &self->link[pair][way];
    const struct wire *const from = self->side[pair][way].wire, *const to =
                                                                    self->side[pair][1 - way].wire;
    uint64_t came = 0;
    for (uint32_t i = WIRE_FRAMES_RECEIVED; i <= WIRE_FRAMES_REPLAYED; i++)
        came += wire_counted(to, (enum wire_count)i);
    if (wire_counted(from, WIRE_FRAMES_SENT) != link->sent ||
        came != link->sent - link->lost + link->twice)
        wire_verdict_say(&self->verdict, "W9: frames are unexplained");
    const uint64_t said = wire_peer_sent(to) - self->way[pair][way].first;
    if (wire_peer_sent(to) == 0 || said > link->sent)
        wire_verdict_say(&self->verdict, "W9: BYE said %llu of %llu frames",
                         (unsigned long long)said, (unsigned long long)link->sent);
    const uint64_t resent = wire_counted(from, WIRE_DATA_RESENT);
    if (link->law->keeps_order && resent != self->way[pair][way].data_lost)
        wire_verdict_say(&self->verdict, "%llu chunks were sent again where %llu were lost",
                         (unsigned long long)resent,
                         (unsigned long long)self->way[pair][way].data_lost);
}

void wire_close_check(struct wire_world *self)
{
    if (self->scenario.mortal < WIRE_ENDS_MOST)
        return; /* what the dead one counted is gone with it */
    for (uint32_t p = 0; p < self->scenario.pairs; p++)
        for (uint32_t way = 0; way < 2; way++)
            check_frames(self, p, way);
}
