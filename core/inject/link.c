/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of one message: sent until it gets through, held by its delays and its bandwidth, and let go in its order.
 *
 * All that depends on chance is indexed by the message's number (and by how often it was sent), all that depends on time
 * by the sender's time, and only two things remember: the buckets, and the latest release in order.
 */
#include "core/inject/link.h"

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/inject/ar1.h"
#include "core/inject/draw.h"
#include "core/inject/law_rows.h"
#include "core/inject/link_private.h"

#define ENTRIES_FOUND (UINT64_C(1) << LINK_ENTRIES_MAX)
#define QUANTA_PER_HALF_LIFE 32u

const char *const link_cause_name[LINK_CAUSES] = {"passes", "lost",    "cut",
                                                  "full",   "corrupt", "gone"};

/** One message and the entries that mean it. */
struct passage {
    const struct inject_set *set;
    const struct link_packet *packet;
    struct link_state *state;
    uint64_t hits; /* by number */
};

static uint32_t next_entry(uint64_t *left)
{
    const uint32_t number = (uint32_t)__builtin_ctzll(*left);
    *left &= *left - 1;
    return number;
}

static uint64_t later(uint64_t at_ns, uint64_t by_ns)
{
    return at_ns > LINK_NEVER_NS - by_ns ? LINK_NEVER_NS : at_ns + by_ns;
}

static uint64_t up_to(double limit_ns, uint64_t key, uint64_t index)
{
    return (uint64_t)(rng_unit_at(key, index) * limit_ns);
}

/* ------------------------------------------------------------------------------------------------------ bandwidth */

/** Which bucket of an edge's state is that of entry `number`. */
static uint32_t bucket_of(const struct inject_set *set, uint32_t number)
{
    uint32_t bucket = 0;
    for (uint32_t i = 0; i < number; i++)
        bucket += set->entry[i].what == INJECT_LINK && set->entry[i].link.bytes_per_s > 0.0;
    CHECK(bucket < INJECT_LINKS_MAX);
    return bucket;
}

/** How long a byte takes at at_ns, 0 where nothing limits. What the rate lacks to none at all grows with the scale. */
static double byte_ns(const struct inject *entry, uint64_t at_ns)
{
    if (!(entry->link.bytes_per_s > 0.0))
        return 0.0;
    return inject_when_at(&entry->when, at_ns).scale * 1e9 / entry->link.bytes_per_s;
}

static uint64_t bytes_ns(double bytes, double byte)
{
    const double ns = bytes * byte;
    return ns < 0x1p62 ? (uint64_t)(ns + 0.5) : UINT64_C(1) << 62;
}

/** When the entry's queue has room, at_ns if it has some now. A link that is idle takes a message of any size. */
static uint64_t room_at(const struct passage *self, uint32_t number, uint64_t at_ns)
{
    const struct inject *const entry = &self->set->entry[number];
    const double byte = byte_ns(entry, at_ns);
    if (!(byte > 0.0) || entry->link.queue_bytes == 0)
        return at_ns;
    const uint64_t free_ns = self->state->bucket_free_ns[bucket_of(self->set, number)];
    const double room = (double)entry->link.bucket_bytes + (double)entry->link.queue_bytes;
    const double left = room - (double)self->packet->bytes; /* for those before it */
    const uint64_t ahead_ns = left > 0.0 ? bytes_ns(left, byte) : 0;
    return free_ns > later(at_ns, ahead_ns) ? free_ns - ahead_ns : at_ns;
}

/** Take the message's bytes from the entry's bucket; when they may go. */
static uint64_t through_bucket(const struct passage *self, uint32_t number, uint64_t at_ns)
{
    const struct inject *const entry = &self->set->entry[number];
    const double byte = byte_ns(entry, at_ns);
    if (!(byte > 0.0))
        return at_ns;
    uint64_t *const free_ns = &self->state->bucket_free_ns[bucket_of(self->set, number)];
    const uint64_t begin_ns = *free_ns > at_ns ? *free_ns : at_ns;
    *free_ns = later(begin_ns, bytes_ns((double)self->packet->bytes, byte));
    const uint64_t ahead_ns = bytes_ns((double)entry->link.bucket_bytes, byte);
    return *free_ns > later(at_ns, ahead_ns) ? *free_ns - ahead_ns : at_ns;
}

/* ---------------------------------------------------------------------------------------------------- getting through */

/** The first thing that keeps the message's sending number `attempt` from arriving. */
static struct link_obstacle obstacle(const struct passage *self, uint32_t attempt, uint64_t at_ns)
{
    struct link_obstacle worst = {.cause = LINK_PASSES};
    for (uint64_t left = self->hits; left != 0;) {
        const uint32_t number = next_entry(&left);
        struct link_obstacle one = link_meets(self->set, number, self->packet, attempt, at_ns);
        const uint64_t room_ns = one.cause == LINK_CUT ? at_ns : room_at(self, number, at_ns);
        if (room_ns > at_ns) {
            one.cause = LINK_FULL;
            one.until_ns = room_ns;
        }
        /* In the order cut, full, lost, corrupt: what happens first on the way is what is told. */
        static const uint8_t order[LINK_CAUSES] = {
            [LINK_CUT] = 4, [LINK_FULL] = 3, [LINK_LOST] = 2, [LINK_CORRUPT] = 1};
        if (order[one.cause] > order[worst.cause])
            worst = one;
    }
    return worst;
}

/** When the message is sent again: one step later, or by whole steps once a cut or a full queue has ended. */
static uint64_t resend_at(const struct link_obstacle *met, uint64_t at_ns, uint32_t *resent)
{
    if (met->until_ns == LINK_NEVER_NS)
        return LINK_NEVER_NS;
    const uint64_t wait_ns = met->until_ns > at_ns ? met->until_ns - at_ns : 1;
    const uint64_t step_ns = met->resend_ns > 0 ? met->resend_ns : wait_ns;
    const uint64_t steps = (wait_ns - 1) / step_ns + 1;
    const uint32_t room = UINT32_MAX - *resent;
    *resent += steps < room ? (uint32_t)steps : room;
    return steps > LINK_NEVER_NS / step_ns ? LINK_NEVER_NS : later(at_ns, steps * step_ns);
}

/** When the sending that gets through begins, or, for good or for what does not resend, what stopped it. */
static uint64_t get_through(const struct passage *self, struct link_fate *fate)
{
    uint64_t at_ns = self->packet->at_ns;
    for (uint32_t attempt = 0; attempt < LINK_RESENDS_MAX; attempt++) {
        const struct link_obstacle met = obstacle(self, attempt, at_ns);
        const bool lets_go =
            !self->packet->resends || (met.final && self->packet->class == LINK_TENSOR);
        if (met.cause == LINK_PASSES || lets_go) {
            fate->cause = met.cause;
            return at_ns;
        }
        fate->cause = fate->resent_for = met.cause;
        at_ns = resend_at(&met, at_ns, &fate->resent);
        if (at_ns == LINK_NEVER_NS)
            return at_ns;
    }
    return LINK_NEVER_NS;
}

/* ------------------------------------------------------------------------------------------------------- being late */

/** What the law of an entry draws for the message. */
static uint64_t drawn_ns(const struct passage *self, uint32_t number)
{
    const struct inject *const entry = &self->set->entry[number];
    const struct link_packet *const packet = self->packet;
    const double scale = inject_when_at(&entry->when, packet->at_ns).scale;
    if (!entry->law->delay_ns || scale <= 0.0)
        return 0;
    const uint64_t key = link_shared_stream(self->set, number, packet, LINK_DELAY);
    struct law_draw draw = {.key = key, .iteration = packet->number, .worker = packet->from};
    if (entry->link.half_life_ns > 0) {
        const uint64_t quantum_ns = entry->link.half_life_ns / QUANTA_PER_HALF_LIFE + 1;
        draw.bits = ar1_bits(key, packet->at_ns / quantum_ns,
                             (double)entry->link.half_life_ns / (double)quantum_ns);
    } else if (entry->half_life > 0.0) {
        draw.bits = ar1_bits(key, packet->number, entry->half_life);
    } else {
        draw.bits = rng_at(key, packet->number);
    }
    const uint64_t ns = entry->law->delay_ns(&entry->config, &draw);
    return scale < 1.0 || scale > 1.0 ? law_saturate_ns((double)ns * scale) : ns;
}

static bool happens(const struct passage *self, uint32_t number, enum link_question question,
                    double share)
{
    const struct link_packet *const packet = self->packet;
    if (!(share > 0.0))
        return false;
    const double scale = inject_when_at(&self->set->entry[number].when, packet->at_ns).scale;
    return rng_unit_at(link_stream(self->set, number, packet, question), packet->number) <
           scale * share;
}

static uint64_t gap_ns(const struct passage *self, uint32_t number, enum link_question question)
{
    return up_to((double)self->set->entry[number].link.gap_ns,
                 link_stream(self->set, number, self->packet, question), self->packet->number);
}

/** When a message whose way begins at_ns is let go, if no order bound it. */
static uint64_t held_until(const struct passage *self, uint64_t at_ns, struct link_fate *fate)
{
    uint64_t delay_ns = 0;
    for (uint64_t left = self->hits; left != 0;) {
        const uint32_t number = next_entry(&left);
        const struct inject_link *const link = &self->set->entry[number].link;
        at_ns = through_bucket(self, number, at_ns);
        delay_ns = later(delay_ns, drawn_ns(self, number));
        fate->overtakes |= link->overtake;
        if (happens(self, number, LINK_REORDER, link->reorder)) {
            fate->overtakes = true;
            delay_ns = later(delay_ns, gap_ns(self, number, LINK_REORDER_GAP));
        }
    }
    return later(at_ns, delay_ns);
}

static void copy(const struct passage *self, struct link_fate *fate)
{
    for (uint64_t left = self->hits; left != 0;) {
        const uint32_t number = next_entry(&left);
        if (!happens(self, number, LINK_COPY, self->set->entry[number].link.duplicate))
            continue;
        const uint64_t at_ns = later(fate->release_ns, gap_ns(self, number, LINK_COPY_GAP));
        fate->copy_ns = at_ns > 0 ? at_ns : 1; /* 0 means that there is none */
        return;
    }
}

static uint64_t hits_of(const struct inject_set *set, const struct link_packet *packet,
                        struct link_state *state)
{
    if (!(state->entries & ENTRIES_FOUND))
        state->entries = ENTRIES_FOUND | link_entries(set, packet->from, packet->to);
    uint64_t hits = 0;
    for (uint64_t left = state->entries & ~ENTRIES_FOUND; left != 0;) {
        const uint32_t number = next_entry(&left);
        if (link_hits(set, number, packet))
            hits |= UINT64_C(1) << number;
    }
    return hits;
}

/** Which bit of it flips. */
static uint32_t flipped(const struct inject_set *set, const struct link_packet *packet)
{
    const uint64_t edge = (uint64_t)packet->from << 32 | packet->to;
    return (uint32_t)rng_at(rng_at(rng_key(set->seed, RNG_IMPAIR, UINT32_MAX), edge),
                            packet->number);
}

/** A message that is not to overtake leaves after all before it, and behind one that never leaves, nothing does. */
static void keep_order(struct link_fate *fate, uint64_t *last_ns)
{
    if (!fate->overtakes)
        fate->release_ns = *last_ns = fate->release_ns > *last_ns ? fate->release_ns : *last_ns;
    if (fate->release_ns == LINK_NEVER_NS && fate->cause == LINK_PASSES)
        fate->cause = LINK_CUT;
}

struct link_fate link_decide(const struct inject_set *set, const struct link_packet *packet,
                             struct link_state *state)
{
    const struct passage self = {set, packet, state, hits_of(set, packet, state)};
    struct link_fate fate = {.release_ns = packet->at_ns};
    fate.release_ns = get_through(&self, &fate);
    const bool travels = fate.cause == LINK_PASSES || fate.cause == LINK_CORRUPT;
    if (travels && fate.release_ns != LINK_NEVER_NS)
        fate.release_ns = held_until(&self, fate.release_ns, &fate);
    if (fate.cause == LINK_CORRUPT || fate.resent_for == LINK_CORRUPT)
        fate.flip = flipped(set, packet);
    if (!travels && fate.release_ns != LINK_NEVER_NS)
        return fate;
    keep_order(&fate, &state->last_ns[packet->class]);
    if (fate.cause == LINK_PASSES)
        copy(&self, &fate);
    return fate;
}

uint64_t link_publish_ns(const struct inject_set *set, uint32_t worker, uint64_t iteration,
                         uint64_t at_ns)
{
    return inject_phase(set, INJECT_PUBLISH, worker, iteration, at_ns, 0).delay_ns;
}
