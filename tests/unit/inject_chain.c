/* SPDX-License-Identifier: BSD-3-Clause */
/* Two-state chains at random access: shares, lengths of spells, memory, and stationarity from the very start. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "core/base/rng.h"
#include "core/inject/chain.h"

#define SIGMAS 4.5 /* one test in 150 000 fails by chance; the seeds are fixed, so none does */

struct spells {
    double first, second;
};

static struct spells spells[] = {{50, 5}, {9, 1}, {1.2, 1.6}, {1, 1}, {1, 4}, {300, 700}, {2, 2}};
#define SPELLS (sizeof(spells) / sizeof(spells[0]))

ParameterizedTestParameters(chain, has_geometric_spells_of_the_wanted_means)
{
    return cr_make_param_array(struct spells, spells, SPELLS);
}

/* P(length = n) = (1 - 1/mean)^(n-1) / mean; lengths from 8 on are one class. */
static double chi_square(const uint32_t count[9], double mean)
{
    const double stay = 1.0 - 1.0 / mean;
    double total = 0, sum = 0;
    for (uint32_t n = 1; n <= 8; n++)
        total += count[n];
    for (uint32_t n = 1; n <= 8; n++) {
        const double want = total * (n < 8 ? pow(stay, n - 1) / mean : pow(stay, 7));
        sum += want > 0 ? (count[n] - want) * (count[n] - want) / want : count[n];
    }
    return sum;
}

ParameterizedTest(struct spells *want, chain, has_geometric_spells_of_the_wanted_means)
{
    const struct chain chain = chain_of(want->first, want->second);
    uint32_t count[2][9] = {{0}}, length = 0;
    bool before = chain_at(&chain, 7, 0);

    for (uint32_t i = 0; i < 200000; i++) {
        const bool now = chain_at(&chain, 7, i);
        if (now != before) {
            count[before][length < 8 ? length : 8]++;
            length = 0;
        }
        length++;
        before = now;
    }

    /* 7 degrees of freedom: 40.5 is passed once in 10^6 */
    cr_expect_lt(chi_square(count[0], want->first), 40.5, "first of %g", want->first);
    cr_expect_lt(chi_square(count[1], want->second), 40.5, "second of %g", want->second);
}

Test(chain, is_stationary_at_each_index_from_the_first_on)
{
    static const uint64_t index[] = {0, 1, 2, 7, 64, 1000001};
    for (uint32_t s = 0; s < SPELLS; s++) {
        const struct chain chain = chain_of(spells[s].first, spells[s].second);
        const double share = spells[s].second / (spells[s].first + spells[s].second);
        for (uint32_t i = 0; i < 6; i++) {
            uint32_t second = 0;
            for (uint64_t key = 0; key < 20000; key++)
                second += chain_at(&chain, rng_key(3, RNG_TEST, key), index[i]);

            cr_expect_float_eq(second / 20000.0, share, SIGMAS * sqrt(share * (1 - share) / 20000),
                               "spells %u at %llu", s, (unsigned long long)index[i]);
        }
    }
}

Test(chain, remembers_by_one_minus_both_chances_to_leave)
{
    const struct chain chain = chain_of(10, 5);
    const double share = 1.0 / 3, memory = 1.0 - 0.1 - 0.2;
    uint32_t both = 0;

    for (uint64_t key = 0; key < 40000; key++) {
        const uint64_t stream = rng_key(4, RNG_TEST, key);
        both += chain_at(&chain, stream, 40) && chain_at(&chain, stream, 43);
    }

    const double want = share * share + share * (1 - share) * memory * memory * memory;
    cr_expect_float_eq(both / 40000.0, want, SIGMAS * sqrt(want * (1 - want) / 40000));
}

Test(chain, in_time_has_exponential_spells_of_the_wanted_means)
{
    const uint64_t step = 100;
    double length[2] = {0}, square[2] = {0};
    uint32_t count[2] = {0};
    uint64_t begin = 0;
    bool before = chain_time(300000, 100000, 9, 0).second;

    for (uint64_t at = 0; at < UINT64_C(2000000000); at += step) {
        const bool now = chain_time(300000, 100000, 9, at).second;
        if (now == before)
            continue;
        const double spell = (double)(at - begin);
        length[before] += spell;
        square[before] += spell * spell;
        count[before]++;
        before = now;
        begin = at;
    }

    static const double want[2] = {300000, 100000};
    for (uint32_t s = 0; s < 2; s++) {
        const double mean = length[s] / count[s];
        cr_assert_gt(count[s], 4000);
        cr_expect_float_eq(mean, want[s], SIGMAS * want[s] / sqrt(count[s]));
        cr_expect_float_eq(square[s] / count[s] / (mean * mean), 2.0, 0.25,
                           "of an exponential law");
    }
}

Test(chain, in_time_holds_until_it_says)
{
    for (uint64_t i = 0; i < 20000; i++) {
        const uint64_t at = rng_at(5, i) % 1000000000;
        const struct chain_span span = chain_time(7000, 3000, 11, at);

        cr_assert_gt(span.until_ns, at);
        cr_assert_eq(chain_time(7000, 3000, 11, span.until_ns - 1).second, span.second);
        cr_assert_eq(chain_time(7000, 3000, 11, at + (span.until_ns - at) / 2).second, span.second);
    }
}

Test(chain, answers_at_the_ends_of_what_it_can_be_asked)
{
    const struct chain rare = chain_of(0x1p40, 1);
    const struct chain never_ends = chain_of(0x1p40, 0x1p40);

    cr_expect_not(chain_at(&rare, 1, UINT64_MAX - 1));
    (void)chain_at(&never_ends, 1, 0);
    cr_expect_gt(chain_time(UINT64_MAX, 1, 1, UINT64_MAX - 1).until_ns, UINT64_MAX - 1);
    cr_expect_gt(chain_time(1, 1, 1, 5).until_ns, 5);
}
