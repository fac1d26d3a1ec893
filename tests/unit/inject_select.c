/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom an entry hits, where it is a number of workers or of racks; shares and lists of workers are in inject_law.c. */
#include <criterion/criterion.h>
#include <math.h>

#include "support_inject.h"

#define WORKERS 12u

/* Racks of 2, 4 and 6. */
static const uint32_t racks[WORKERS] = {0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2};

static struct inject_set racked(const struct inject *entry, uint64_t seed)
{
    return (struct inject_set){
        .entry = entry, .count = 1, .seed = seed, .workers = WORKERS, .group = racks, .groups = 3};
}

static uint32_t hits_of(const struct inject_set *set, uint64_t iteration)
{
    uint32_t bits = 0;
    for (uint32_t w = 0; w < set->workers; w++)
        bits |= (uint32_t)inject_hits(set, 0, w, iteration) << w;
    return bits;
}

Test(select, draws_exactly_so_many_workers_anew_in_each_iteration)
{
    const struct inject three = {.select = SELECT_COUNT_EACH, .count = 3};
    uint32_t hits[WORKERS] = {0};

    for (uint64_t i = 0; i < 4000; i++) {
        uint32_t all = 0;
        for (uint32_t w = 0; w < WORKERS; w++) {
            const bool hit = is_hit(&three, 0, 7, WORKERS, w, i);
            hits[w] += hit;
            all += hit;
        }
        cr_assert_eq(all, 3u, "iteration %lu", i);
    }

    for (uint32_t w = 0; w < WORKERS; w++)
        cr_expect_leq(fabs(hits[w] - 1000.0), 4.5 * sqrt(750.0), "worker %u: %u", w, hits[w]);
}

Test(select, draws_exactly_so_many_workers_once)
{
    for (uint32_t count = 0; count <= WORKERS; count++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            const struct inject once = {.select = SELECT_COUNT_ONCE, .count = count};
            const struct inject_set set = {
                .entry = &once, .count = 1, .seed = seed, .workers = WORKERS};

            cr_expect_eq(__builtin_popcount(hits_of(&set, 0)), (int)count);
            cr_expect_eq(hits_of(&set, 0), hits_of(&set, 999), "for good");
        }
}

Test(select, draws_whole_racks)
{
    const struct inject anew = {.select = SELECT_COUNT_EACH, .count = 1, .by_group = true};
    const struct inject once = {.select = SELECT_PERCENT_ONCE, .share = 0.67, .by_group = true};
    uint32_t seen = 0;

    for (uint64_t i = 0; i < 200; i++) {
        const struct inject_set set = racked(&anew, 5);
        const uint32_t hits = hits_of(&set, i);
        cr_assert(hits == 0x3 || hits == 0x3c || hits == 0xfc0, "one rack: %x", hits);
        seen |= hits;
    }
    cr_expect_eq(seen, 0xfffu, "each rack has its turn");
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct inject_set set = racked(&once, seed);
        const uint32_t hits = hits_of(&set, 0);
        cr_expect(hits == (0xfff ^ 0x3) || hits == (0xfff ^ 0x3c) || hits == (0xfff ^ 0xfc0));
    }
}

Test(select, hits_everybody_in_the_listed_racks)
{
    const uint32_t listed[] = {2, 0};
    const struct inject some = {
        .select = SELECT_WORKERS, .workers = listed, .worker_count = 2, .by_group = true};

    const struct inject_set set = racked(&some, 1);

    cr_expect_eq(hits_of(&set, 0), 0xfc3u);
}
