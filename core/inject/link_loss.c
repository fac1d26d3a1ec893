/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a message does not get through: partitions, links that flap, losses alone and in bursts, flipped bits.
 *
 * Bursts are Gilbert's model: a chain over the messages of an edge has a good state, in which all pass, and a bad one, in
 * which none does. Its bad spells have mean length `burst` and its share of bad messages is `loss`.
 *
 * Source: E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960).
 */
#include "core/base/rng.h"
#include "core/inject/chain.h"
#include "core/inject/link_private.h"

/** Is the link down, and until when at least? The window of the entry is open. */
static bool is_cut(const struct inject_set *set, uint32_t number, const struct link_packet *packet,
                   uint64_t at_ns, uint64_t *until_ns)
{
    const struct inject_link *const link = &set->entry[number].link;
    if (link->up_ns > 0 && link->down_ns > 0) {
        const struct chain_span spell =
            chain_time(link->up_ns, link->down_ns, link_cable_stream(set, number, packet), at_ns);
        *until_ns = spell.until_ns < *until_ns ? spell.until_ns : *until_ns;
        return spell.second;
    }
    return link->cut;
}

/** In a bad spell? Where more is lost than such short bursts allow, good spells of one message part longer bursts. */
static bool is_bad(const struct inject_set *set, uint32_t number, const struct link_packet *packet)
{
    const struct inject_link *const link = &set->entry[number].link;
    if (link->loss >= 1.0)
        return true;
    const double odds = link->loss / (1.0 - link->loss);
    const double good = link->burst > odds ? link->burst / odds : 1.0;
    const double bad = good * odds > 1.0 ? good * odds : 1.0; /* but for rounding, it is */
    const struct chain chain = chain_of(good, bad);
    return chain_at(&chain, link_stream(set, number, packet, LINK_BURST), packet->number);
}

/** Draw `attempt` of the message's own stream. */
static double unit_of(const struct inject_set *set, uint32_t number,
                      const struct link_packet *packet, enum link_question question,
                      uint32_t attempt)
{
    return rng_unit_at(rng_at(link_stream(set, number, packet, question), packet->number), attempt);
}

static bool is_lost(const struct inject_set *set, uint32_t number, const struct link_packet *packet,
                    uint32_t attempt, double scale)
{
    const struct inject_link *const link = &set->entry[number].link;
    if (!(link->loss > 0.0))
        return false;
    const bool bursts = link->burst > 1.0 && attempt == 0;
    if (bursts && !is_bad(set, number, packet))
        return false;
    const double chance = bursts ? scale : scale * link->loss;
    return unit_of(set, number, packet, LINK_LOSS, attempt) < chance;
}

struct link_obstacle link_meets(const struct inject_set *set, uint32_t number,
                                const struct link_packet *packet, uint32_t attempt, uint64_t at_ns)
{
    const struct inject *const entry = &set->entry[number];
    const struct inject_span span = inject_when_at(&entry->when, at_ns);
    struct link_obstacle out = {.until_ns = span.until_ns,
                                .resend_ns = entry->link.resend_ns,
                                .final = entry->link.unreliable};
    if (span.scale <= 0.0)
        return out;
    if (is_cut(set, number, packet, at_ns, &out.until_ns)) {
        out.cause = LINK_CUT;
        return out;
    }
    out.until_ns = at_ns;
    if (is_lost(set, number, packet, attempt, span.scale))
        out.cause = LINK_LOST;
    else if (entry->link.corrupt > 0.0 &&
             unit_of(set, number, packet, LINK_FLIP, attempt) < span.scale * entry->link.corrupt)
        out.cause = LINK_CORRUPT;
    return out;
}
