/* SPDX-License-Identifier: BSD-3-Clause */
/* Laws of chance on links: shares, bursts, memory over time, exact marginals, and what they do not depend on. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/unit/support_link.h"

#define MESSAGES 100000u
#define SIGMAS 4.5

static bool is_lost(const struct inject_set *set, uint64_t number)
{
    return link_alone(set, link_message(number, number * US)).cause == LINK_LOST;
}

Test(link_chance, loses_the_wanted_share_of_messages_each_by_itself)
{
    static const double shares[] = {0.001, 0.05, 0.5, 0.95};
    for (uint32_t s = 0; s < 4; s++) {
        const double loss = shares[s];
        const struct inject entry = link_entry((struct inject_link){.loss = loss});
        const struct inject_set set = link_set(&entry, 1, s);
        uint32_t lost = 0, twice = 0;
        bool before = false;
        for (uint32_t n = 0; n < MESSAGES; n++) {
            const bool now = is_lost(&set, n);
            lost += now;
            twice += now && before;
            before = now;
        }
        cr_expect_float_eq(lost, MESSAGES * loss, SIGMAS * sqrt(MESSAGES * loss * (1 - loss)));
        cr_expect_float_eq(twice, MESSAGES * loss * loss,
                           SIGMAS * sqrt(3 * MESSAGES * loss * loss * (1 - loss * loss)) + 1);
    }
}

/* P(length = n) = (1 - 1/burst)^(n-1) / burst; from 10 on one class. */
Test(link_chance, loses_in_bursts_of_geometric_length)
{
    const double loss = 0.1, burst = 4;
    const struct inject entry = link_entry((struct inject_link){.loss = loss, .burst = burst});
    const struct inject_set set = link_set(&entry, 1, 3);
    uint32_t count[11] = {0}, length = 0, bursts = 0, lost = 0;

    for (uint32_t n = 0; n < 2 * MESSAGES; n++) {
        if (is_lost(&set, n)) {
            length++;
            lost++;
        } else if (length > 0) {
            count[length < 10 ? length : 10]++;
            bursts++;
            length = 0;
        }
    }

    double chi = 0;
    for (uint32_t n = 1; n <= 10; n++) {
        const double want = bursts * (n < 10 ? pow(0.75, n - 1) / 4 : pow(0.75, 9));
        chi += (count[n] - want) * (count[n] - want) / want;
    }
    cr_expect_lt(chi, 45.0, "9 degrees of freedom: one in 10^6");
    cr_expect_float_eq(lost / (2.0 * MESSAGES), loss, 0.012,
                       "messages of a burst count once: sd is 2.6 times the binomial");
}

Test(link_chance, keeps_the_share_where_it_is_too_large_for_such_short_bursts)
{
    const struct inject entry = link_entry((struct inject_link){.loss = 0.9, .burst = 2});
    const struct inject_set set = link_set(&entry, 1, 3);
    uint32_t lost = 0;

    for (uint32_t n = 0; n < MESSAGES; n++)
        lost += is_lost(&set, n);

    cr_expect_float_eq(lost / (double)MESSAGES, 0.9, 0.01);
}

static struct inject everything(void)
{
    struct inject entry = link_entry((struct inject_link){.loss = 0.1,
                                                          .burst = 3,
                                                          .duplicate = 0.1,
                                                          .reorder = 0.1,
                                                          .corrupt = 0.1,
                                                          .gap_ns = 9 * US,
                                                          .resend_ns = 5 * US,
                                                          .overtake = true});
    entry.law = law_find("lognormal");
    entry.config = (struct law_config){.median_ns = 10 * US, .p99_ns = 100 * US};
    return entry;
}

Test(link_chance, depends_on_neither_time_nor_other_edges_nor_the_order_of_asking)
{
    const struct inject entry = everything();
    const struct inject_set set = link_set(&entry, 1, 5);
    static struct link_fate forth[2000];
    struct link_state state = {0};
    for (uint32_t n = 0; n < 2000; n++) {
        struct link_packet packet = link_message(n, n * US), other = packet;
        other.to = 7;
        struct link_state others = {0};
        link_decide(&set, &other, &others);
        packet.resends = n % 2;
        forth[n] = link_decide(&set, &packet, &state);
        forth[n].release_ns -= packet.at_ns;
        forth[n].copy_ns -= forth[n].copy_ns ? packet.at_ns : 0;
    }

    for (uint32_t n = 2000; n-- > 0;) {
        struct link_packet packet = link_message(n, 77 * MS);
        packet.resends = n % 2;
        const struct link_fate back = link_alone(&set, packet);
        cr_assert_eq(back.release_ns - packet.at_ns, forth[n].release_ns, "message %u", n);
        cr_assert_eq(back.cause, forth[n].cause);
        cr_assert_eq(back.resent, forth[n].resent);
        cr_assert_eq(back.flip, forth[n].flip);
        cr_assert_eq(back.copy_ns ? back.copy_ns - packet.at_ns : 0, forth[n].copy_ns);
    }
}

Test(link_chance, draws_anew_for_another_edge_class_entry_and_seed)
{
    struct inject entry[2] = {everything(), everything()};
    const struct inject_set set = link_set(entry, 1, 5), reseeded = link_set(entry, 1, 6);
    const struct inject_set moved = {.entry = entry, .count = 2, .seed = 5, .workers = 16};
    uint32_t same[4] = {0};
    for (uint32_t n = 0; n < 1000; n++) {
        struct link_packet packet = link_message(n, 0);
        packet.resends = true;
        const uint64_t release_ns = link_alone(&set, packet).release_ns;
        same[0] += link_alone(&reseeded, packet).release_ns == release_ns;
        packet.class = LINK_CONTROL;
        same[1] += link_alone(&set, packet).release_ns == release_ns;
        packet.class = LINK_TENSOR;
        packet.to = 6;
        same[2] += link_alone(&set, packet).release_ns == release_ns;
    }
    entry[0] = link_entry((struct inject_link){0});
    for (uint32_t n = 0; n < 1000; n++) {
        const struct inject alone = everything();
        const struct inject_set first = link_set(&alone, 1, 5);
        same[3] += link_alone(&moved, link_message(n, 0)).release_ns ==
                   link_alone(&first, link_message(n, 0)).release_ns;
    }

    for (uint32_t i = 0; i < 3; i++)
        cr_expect_lt(same[i], 10, "%u", i);
    cr_expect_lt(same[3], 200, "those that are lost are released at once in both");
}

/* --------------------------------------------------------------------------------------------- memory over time */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct inject remembering(uint64_t half_life_ns)
{
    struct inject entry =
        link_entry((struct inject_link){.half_life_ns = half_life_ns, .overtake = true});
    entry.law = law_find("shifted-exp");
    entry.config = (struct law_config){.mean_ns = MS};
    return entry;
}

/* Kolmogorov-Smirnov over messages so far apart that nothing is left of their memory. */
Test(link_chance, delays_with_memory_have_the_law_of_those_without)
{
    const struct inject entry = remembering(10 * US);
    const struct inject_set set = link_set(&entry, 1, 8);
    static double delay[5000];
    for (uint32_t n = 0; n < 5000; n++) {
        const struct link_packet packet = link_message(0, n * MS);
        delay[n] = (double)(link_alone(&set, packet).release_ns - packet.at_ns);
    }
    qsort(delay, 5000, sizeof(delay[0]), ascending);

    double distance = 0;
    for (uint32_t n = 0; n < 5000; n++)
        distance = fmax(distance, fabs(1 - exp(-delay[n] / 1e6) - (n + 0.5) / 5000));
    cr_expect_lt(distance, 2.2 / sqrt(5000), "one in 10^4");
}

/* Normal scores of the delays: their correlation halves with every half-life of elapsed time, whatever was sent between. */
Test(link_chance, memory_halves_with_elapsed_time)
{
    const uint64_t half_life_ns = 32 * US;
    const struct inject entry = remembering(half_life_ns);
    for (uint32_t halves = 1; halves <= 3; halves++) {
        double product = 0, square = 0;
        for (uint64_t seed = 0; seed < 4000; seed++) {
            const struct inject_set set = link_set(&entry, 1, seed);
            double score[2];
            for (uint32_t k = 0; k < 2; k++) {
                const struct link_packet packet =
                    link_message(k, 100 * MS + k * halves * half_life_ns);
                const double delay =
                    (double)(link_alone(&set, packet).release_ns - packet.at_ns) / 1e6;
                /* ln of an exponential variate is a monotone score with finite moments, mean -0.5772 */
                score[k] = log(delay + 1e-9) + 0.5772;
            }
            product += score[0] * score[1];
            square += score[0] * score[0];
        }
        const double r = product / square, want = pow(0.5, halves);
        cr_expect_float_eq(r, want, 0.06, "after %u half-lives: %g", halves, r);
    }
}

Test(link_chance, messages_of_one_moment_are_late_alike)
{
    const struct inject entry = remembering(100 * MS);
    const struct inject_set set = link_set(&entry, 1, 4);

    const uint64_t one = link_alone(&set, link_message(1, 500 * MS)).release_ns;
    const uint64_t two = link_alone(&set, link_message(2, 500 * MS + 10)).release_ns;

    cr_expect_eq(two, one + 10);
}
