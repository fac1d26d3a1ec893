/* SPDX-License-Identifier: BSD-3-Clause */
/* Which entries concern an edge and a message on it, and the streams that they draw from. */
#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/inject/link_private.h"

/* Ends of streams that several edges share; edges themselves are {from, to} with from != to. */
static uint64_t shared_by(uint32_t group)
{
    return (uint64_t)group << 32 | group;
}

static uint64_t stream(const struct inject_set *set, uint32_t number, uint64_t edge,
                       uint32_t question, uint32_t class)
{
    const uint64_t key = rng_at(rng_key(set->seed, RNG_IMPAIR, number), edge);
    return rng_at(key, question * LINK_CLASSES + class);
}

static uint64_t edge_word(uint32_t from, uint32_t to)
{
    return (uint64_t)from << 32 | to;
}

static uint32_t group_of(const struct inject_set *set, uint32_t worker)
{
    return set->group ? set->group[worker] : worker;
}

/** The group that an entry with one_draw means by this edge. */
static uint64_t shared_word(const struct inject_set *set, const struct inject *entry,
                            const struct link_packet *packet)
{
    return shared_by(group_of(set, entry->link.edges == EDGES_IN ? packet->to : packet->from));
}

uint64_t link_stream(const struct inject_set *set, uint32_t number,
                     const struct link_packet *packet, enum link_question question)
{
    return stream(set, number, edge_word(packet->from, packet->to), question, packet->class);
}

uint64_t link_shared_stream(const struct inject_set *set, uint32_t number,
                            const struct link_packet *packet, enum link_question question)
{
    const struct inject *const entry = &set->entry[number];
    if (!entry->one_draw)
        return link_stream(set, number, packet, question);
    return stream(set, number, shared_word(set, entry, packet), question, packet->class);
}

uint64_t link_cable_stream(const struct inject_set *set, uint32_t number,
                           const struct link_packet *packet)
{
    const struct inject *const entry = &set->entry[number];
    const uint32_t a = packet->from, b = packet->to;
    const uint64_t cable = a < b ? edge_word(a, b) : edge_word(b, a);
    return stream(set, number, entry->one_draw ? shared_word(set, entry, packet) : cable,
                  LINK_SPELL, LINK_TENSOR);
}

/* ------------------------------------------------------------------------------------------------------ who is hit */

/** Which edges an entry means, given which of their ends it selects. */
static bool means(enum inject_edges edges, bool from, bool to)
{
    switch (edges) {
    case EDGES_OUT:
        return from;
    case EDGES_IN:
        return to;
    case EDGES_BOTH:
        return from || to;
    case EDGES_WITHIN:
        return from && to;
    case EDGES_ACROSS:
        return from != to;
    }
    check_failed(__FILE__, __LINE__, "known edges");
}

/** Does the entry do anything to messages? Its law alone, or any of the rest. */
static bool acts(const struct inject *entry)
{
    const struct inject_link *const link = &entry->link;
    return (entry->law->delay_ns && entry->law->delay_ns != law_table[0].delay_ns) ||
           link->loss > 0.0 || link->duplicate > 0.0 || link->reorder > 0.0 ||
           link->corrupt > 0.0 || link->bytes_per_s > 0.0 || link->cut || link->down_ns > 0;
}

uint64_t link_entries(const struct inject_set *set, uint32_t from, uint32_t to)
{
    CHECK(set->count <= LINK_ENTRIES_MAX);
    uint64_t found = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct inject *const entry = &set->entry[i];
        if (entry->what != INJECT_LINK || !acts(entry))
            continue;
        const bool drawn = entry->select == SELECT_PERCENT_EACH;
        if (drawn ? entry->share > 0.0
                  : means(entry->link.edges, inject_hits(set, i, from, 0),
                          inject_hits(set, i, to, 0)))
            found |= UINT64_C(1) << i;
    }
    return found;
}

bool link_concerns(const struct inject_set *set, uint32_t from, uint32_t to)
{
    return set->count > 0 && link_entries(set, from, to) != 0;
}

static bool draws(const struct inject_set *set, uint32_t number, uint64_t key, uint32_t worker,
                  uint64_t message)
{
    const struct inject *const entry = &set->entry[number];
    const uint32_t item = entry->by_group ? group_of(set, worker) : worker;
    return rng_unit_at(rng_at(key, item), message) < entry->share;
}

bool link_hits(const struct inject_set *set, uint32_t number, const struct link_packet *packet)
{
    const struct inject *const entry = &set->entry[number];
    if (entry->select != SELECT_PERCENT_EACH)
        return true;
    const uint64_t key = link_stream(set, number, packet, LINK_WHO);
    return means(entry->link.edges, draws(set, number, key, packet->from, packet->number),
                 draws(set, number, key, packet->to, packet->number));
}
