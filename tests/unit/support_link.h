/* SPDX-License-Identifier: BSD-3-Clause */
/* One edge, its state, and messages on it numbered from 0. */
#ifndef TESTS_UNIT_SUPPORT_LINK_H
#define TESTS_UNIT_SUPPORT_LINK_H

#include "core/inject/link.h"

#define US 1000ull
#define MS 1000000ull

static inline struct inject link_entry(struct inject_link link)
{
    return (struct inject){.law = law_find("none"), .what = INJECT_LINK, .link = link};
}

static inline struct inject_set link_set(const struct inject *entry, uint32_t count, uint64_t seed)
{
    return (struct inject_set){.entry = entry, .count = count, .seed = seed, .workers = 16};
}

/** A message from worker 2 to worker 5, 1000 bytes, that no transport resends. */
static inline struct link_packet link_message(uint64_t number, uint64_t at_ns)
{
    return (struct link_packet){
        .from = 2, .to = 5, .number = number, .at_ns = at_ns, .bytes = 1000};
}

/** Its fate as if it were the first one of its edge. */
static inline struct link_fate link_alone(const struct inject_set *set, struct link_packet packet)
{
    struct link_state state = {0};
    return link_decide(set, &packet, &state);
}

#endif
