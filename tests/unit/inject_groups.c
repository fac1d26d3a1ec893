/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups of workers: a rack, a host. They may be hit together, and draw together. */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/support_inject.h"

#define MS 1000000ull

enum { WORKERS = 12, GROUPS = 4 };
static const uint32_t group[WORKERS] = {0, 1, 2, 3, 3, 2, 1, 0, 0, 0, 2, 1};

static struct inject_set grouped(const struct inject *entry, uint64_t seed)
{
    return (struct inject_set){.entry = entry,
                               .count = 1,
                               .seed = seed,
                               .workers = WORKERS,
                               .group = group,
                               .groups = GROUPS};
}

/** The groups that are hit, one bit each; fails where part of a group is. */
static uint32_t hit_groups(const struct inject_set *set, uint64_t iteration)
{
    uint32_t hit = 0, spared = 0;
    for (uint32_t w = 0; w < WORKERS; w++)
        *(inject_hits(set, 0, w, iteration) ? &hit : &spared) |= 1u << group[w];
    cr_assert_eq(hit & spared, 0, "a group is hit as one");
    return hit;
}

Test(groups, are_hit_as_one_and_each_with_the_given_share)
{
    const struct inject entry = {
        .law = law_find("none"), .select = SELECT_PERCENT_EACH, .share = 0.3, .by_group = true};
    const struct inject_set set = grouped(&entry, 1);
    uint32_t seen[1 << GROUPS] = {0};
    double share[1 << GROUPS];
    for (uint64_t i = 0; i < 20000; i++)
        seen[hit_groups(&set, i)]++;
    for (uint32_t k = 0; k < 1u << GROUPS; k++) /* independently of each other */
        share[k] = pow(0.3, __builtin_popcount(k)) * pow(0.7, GROUPS - __builtin_popcount(k));

    cr_expect_lt(chi_square(seen, share, 1 << GROUPS, 20000), chi_square_limit((1 << GROUPS) - 1));
}

Test(groups, are_drawn_once_to_the_rounded_share_of_groups)
{
    const struct inject entry = {
        .law = law_find("none"), .select = SELECT_PERCENT_ONCE, .share = 0.5, .by_group = true};
    uint32_t seen[1 << GROUPS] = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        const struct inject_set set = grouped(&entry, seed);
        const uint32_t hit = hit_groups(&set, 0);
        cr_assert_eq(__builtin_popcount(hit), 2);
        cr_assert_eq(hit_groups(&set, 999), hit, "for good");
        seen[hit]++;
    }

    const uint32_t pairs[] = {seen[3], seen[5], seen[6], seen[9], seen[10], seen[12]};
    const double sixth[] = {1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0};
    cr_expect_lt(chi_square(pairs, sixth, 6, 6000), chi_square_limit(5));
}

/* Also where the law keeps a state, remembers, or is one of time. */
Test(groups, draw_together_and_apart_from_other_groups)
{
    const struct inject entries[] = {
        {.law = law_find("exp"), .config = {.mean_ns = MS}},
        {.law = law_find("exp"), .config = {.mean_ns = MS}, .half_life = 5},
        {.law = law_find("markov"), .config = {.factor = 2, .slow = 3, .fast = 3}},
        {.law = law_find("fail-slow"),
         .config = {.factor = 2, .every_ns = 10 * MS, .shortest_ns = MS, .longest_ns = 20 * MS}},
        {.law = law_find("pause"), .config = {.every_ns = 10 * MS, .length_ns = 5 * MS}},
    };
    for (uint32_t e = 0; e < 5; e++) {
        struct inject entry = entries[e];
        entry.one_draw = true;
        const struct inject_set set = grouped(&entry, 4);
        uint32_t apart = 0;
        for (uint64_t i = 0; i < 200; i++) {
            uint64_t ns[WORKERS];
            for (uint32_t w = 0; w < WORKERS; w++)
                ns[w] = inject_delay_ns(&set, 0, w, i, i * 3 * MS, MS);
            cr_assert(ns[0] == ns[7] && ns[7] == ns[8] && ns[8] == ns[9]);
            cr_assert(ns[1] == ns[6] && ns[6] == ns[11]);
            cr_assert(ns[2] == ns[5] && ns[5] == ns[10] && ns[3] == ns[4]);
            apart += ns[0] != ns[1];
        }
        cr_expect_gt(apart, 30, "%s", entry.law->name);
    }
}

Test(groups, without_a_grouping_every_worker_is_one)
{
    struct inject entry = {.law = law_find("exp"),
                           .config = {.mean_ns = MS},
                           .select = SELECT_PERCENT_EACH,
                           .share = 0.5};
    for (uint64_t i = 0; i < 100; i++)
        for (uint32_t w = 0; w < 8; w++) {
            struct inject other = entry;
            other.by_group = other.one_draw = true;
            cr_assert_eq(adds_ns(&other, 1, 1, 8, w, i, 0), adds_ns(&entry, 1, 1, 8, w, i, 0));
        }
}
