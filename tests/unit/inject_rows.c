/* SPDX-License-Identifier: BSD-3-Clause */
/* The table's rows: what their checks refuse, and that whatever they accept is safe. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/unit/support_inject.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define HOUR LAW_DELAY_NS_MAX
#define FOREVER UINT64_C(36000000000000000)

struct domain {
    const char *law;
    struct law_config config;
    const char *complaint; /* a piece of the sentence; NULL: accepted */
};

// clang-format off
static const struct domain domains[] = {
    {"const", {.delay_ns = 0}, NULL},
    {"const", {.delay_ns = HOUR}, NULL},
    {"const", {.delay_ns = HOUR + 1}, "delay"},
    {"uniform", {.low_ns = 7, .high_ns = 7}, NULL},
    {"uniform", {.low_ns = 8, .high_ns = 7}, "high must be at least low"},
    {"uniform", {.high_ns = HOUR + 1}, "1h"},
    {"bimodal", {.high_ns = 7, .share = 0.5}, NULL},
    {"bimodal", {.high_ns = 7, .share = 1.01}, "share"},
    {"bimodal", {.high_ns = 7, .share = -0.01}, "share"},
    {"bimodal", {.high_ns = 7, .share = (double)NAN}, "share"},
    {"bimodal", {.low_ns = 8, .high_ns = 7, .share = 0.5}, "high"},
    {"normal", {.mean_ns = 0, .sd_ns = 1}, NULL},
    {"normal", {.mean_ns = 5}, "const"},
    {"normal", {.mean_ns = HOUR + 1, .sd_ns = 1}, "1h"},
    {"normal", {.mean_ns = 1, .sd_ns = HOUR + 1}, "1h"},
    {"paretonormal", {.mean_ns = 5}, "sd"},
    {"paretonormal", {.mean_ns = 5, .sd_ns = HOUR + 1}, "1h"},
    {"exp", {.mean_ns = 1}, NULL},
    {"exp", {.mean_ns = 0}, "mean"},
    {"exp", {.mean_ns = HOUR + 1}, "1h"},
    {"weibull", {.scale_ns = 1, .shape = 0.001}, NULL},
    {"weibull", {.scale_ns = 1, .shape = 0}, "shape"},
    {"weibull", {.scale_ns = 1, .shape = HUGE_VAL}, "shape"},
    {"weibull", {.scale_ns = 0, .shape = 1}, "scale"},
    {"gamma", {.scale_ns = HOUR, .shape = 1000}, NULL},
    {"gamma", {.scale_ns = 1, .shape = 0.009}, "shape"},
    {"gamma", {.scale_ns = 1, .shape = 1001}, "shape"},
    {"gamma", {.scale_ns = 1, .shape = (double)NAN}, "shape"},
    {"gamma", {.scale_ns = 0, .shape = 1}, "scale"},
    {"markov", {.factor = 2, .slow = 2, .fast = 2}, NULL},
    {"markov", {.factor = 2, .slow = 1e9, .fast = 1e9}, NULL},
    {"markov", {.factor = 0.5, .slow = 2, .fast = 2}, "factor"},
    {"markov", {.factor = 2, .slow = 0.5, .fast = 2}, "slow"},
    {"markov", {.factor = 2, .slow = 2, .fast = 2e9}, "fast"},
    {"markov", {.factor = 2, .slow = (double)NAN, .fast = 2}, "slow"},
    {"fail-slow", {.factor = 3, .every_ns = 1000, .shortest_ns = 1, .longest_ns = 63999}, NULL},
    {"fail-slow", {.factor = 3, .every_ns = 1000, .shortest_ns = 1, .longest_ns = 64000}, "64 times"},
    {"fail-slow", {.factor = 0.3, .every_ns = 1000, .shortest_ns = 1, .longest_ns = 1}, "factor"},
    {"fail-slow", {.factor = 3, .every_ns = 999, .shortest_ns = 1, .longest_ns = 1}, "every"},
    {"fail-slow", {.factor = 3, .every_ns = FOREVER + 1, .shortest_ns = 1, .longest_ns = 1}, "every"},
    {"fail-slow", {.factor = 3, .every_ns = 1000, .shortest_ns = 0, .longest_ns = 1}, "shortest"},
    {"fail-slow", {.factor = 3, .every_ns = 1000, .shortest_ns = 2, .longest_ns = 1}, "longest"},
    {"pause", {.every_ns = 1000, .length_ns = 999}, NULL},
    {"pause", {.every_ns = 1000, .length_ns = 1000}, "length"},
    {"pause", {.every_ns = 1000, .length_ns = 0}, "length"},
    {"pause", {.every_ns = 999, .length_ns = 1}, "every"},
    {"duty", {.period_ns = 1000, .share = 1}, NULL},
    {"duty", {.period_ns = 999, .share = 1}, "period"},
    {"duty", {.period_ns = 1000, .share = 0}, "share"},
    {"duty", {.period_ns = 1000, .share = 1.1}, "share"},
    {"duty", {.period_ns = 1000, .share = (double)NAN}, "share"},
    {"ramp", {.period_ns = 1000, .factor = 1}, NULL},
    {"ramp", {.period_ns = FOREVER + 1, .factor = 2}, "period"},
    {"ramp", {.period_ns = 1000, .factor = 0.9}, "factor"},
    {"ramp", {.period_ns = 1000, .factor = (double)NAN}, "factor"},
};
// clang-format on

Test(rows, check_names_what_is_out_of_domain)
{
    for (uint32_t i = 0; i < COUNT(domains); i++) {
        const char *const sentence = law_find(domains[i].law)->check(&domains[i].config);
        if (!domains[i].complaint)
            cr_expect_null(sentence, "%s (case %u): %s", domains[i].law, i,
                           sentence ? sentence : "");
        else
            cr_expect(sentence && strstr(sentence, domains[i].complaint), "%s (case %u): %s",
                      domains[i].law, i, sentence ? sentence : "no complaint");
    }
}

Test(rows, are_laws_of_iterations_or_of_time_and_invert_only_as_the_former)
{
    for (uint32_t i = 0; i < law_count; i++) {
        const struct law *const law = &law_table[i];
        cr_expect_neq(law->delay_ns == NULL, law->piece == NULL, "%s", law->name);
        cr_expect(!law->inverts || law->delay_ns, "%s", law->name);
        cr_expect(law->check && law->help[0], "%s", law->name);
    }
}

/** From 0 to what no check accepts, by orders of magnitude. */
static uint64_t any_ns(struct rng *rng)
{
    const uint64_t edges[] = {0, 1, HOUR - 1, HOUR, 63 * FOREVER};
    if (rng_below(rng, 3) == 0)
        return edges[rng_below(rng, COUNT(edges))];
    return rng_next(rng) >> (7 + rng_below(rng, 57));
}

static double any_real(struct rng *rng)
{
    const double edges[] = {0.0, 1.0, 0.01, 1000.0, 1e300, 1e-300};
    if (rng_below(rng, 3) == 0)
        return edges[rng_below(rng, COUNT(edges))];
    return ldexp(rng_unit(rng), (int)rng_below(rng, 40) - 20);
}

/* What a check lets pass can neither overflow nor run away: not for the extreme bits, nor late iterations. */
Test(rows, whatever_is_accepted_is_safe)
{
    static const double seconds[] = {1e-9, 3600};
    static const struct law_bin bin[] = {{0.0, 1e-9, 1}, {1, 3600, UINT64_C(1) << 52}};
    struct rng rng = rng_start(6, RNG_TEST, 0);
    uint32_t accepted[32] = {0};
    for (uint32_t round = 0; round < 60000; round++) {
        const struct law *const law = &law_table[round % law_count];
        const struct law_config config = {.delay_ns = any_ns(&rng),
                                          .low_ns = any_ns(&rng),
                                          .high_ns = any_ns(&rng),
                                          .mean_ns = any_ns(&rng),
                                          .sd_ns = any_ns(&rng),
                                          .shift_ns = any_ns(&rng),
                                          .median_ns = any_ns(&rng),
                                          .p99_ns = any_ns(&rng),
                                          .scale_ns = any_ns(&rng),
                                          .alpha = any_real(&rng),
                                          .shape = any_real(&rng),
                                          .share = any_real(&rng),
                                          .factor = 1.0 + any_real(&rng),
                                          .slow = 1.0 + any_real(&rng),
                                          .fast = 1.0 + any_real(&rng),
                                          .every_ns = any_ns(&rng),
                                          .shortest_ns = any_ns(&rng),
                                          .longest_ns = any_ns(&rng),
                                          .length_ns = any_ns(&rng),
                                          .period_ns = any_ns(&rng),
                                          .aligned = rng_below(&rng, 2),
                                          .once = rng_below(&rng, 2),
                                          .trace = {seconds, 2, 1, 1.0},
                                          .sample = {bin, 2}};
        if (law->check(&config))
            continue;
        accepted[round % law_count]++;
        const uint64_t bits[] = {0, UINT64_MAX, rng_next(&rng)};
        const uint64_t places[] = {0, any_ns(&rng), UINT64_MAX - 1};
        for (uint32_t k = 0; k < 9; k++) {
            const struct law_draw draw = {.bits = bits[k % 3],
                                          .key = rng_next(&rng),
                                          .iteration = places[k / 3],
                                          .compute_ns = any_ns(&rng) % (HOUR + 1),
                                          .worker = k};
            if (law->delay_ns)
                cr_assert_leq(law->delay_ns(&config, &draw), HOUR, "%s", law->name);
            if (law->shorten)
                cr_assert_leq(law->shorten(&config, &draw), draw.compute_ns, "%s", law->name);
            if (law->piece)
                cr_assert_gt(law->piece(&config, draw.key, draw.iteration).until_ns,
                             draw.iteration);
        }
    }
    for (uint32_t i = 0; i < law_count; i++)
        cr_expect_gt(accepted[i], 100u, "%s was accepted %u times", law_table[i].name, accepted[i]);
}

Test(rows, a_trace_played_once_leaves_what_follows_undisturbed)
{
    static const double seconds[] = {2, 4, 1, 2, 3, 2};
    const struct law_trace trace = {.seconds = seconds, .steps = 2, .workers = 3, .median_s = 2};
    const struct inject once = {.law = law_find("trace"), .config = {.trace = trace, .once = true}};

    cr_expect_eq(adds_ns(&once, 0, 1, 8, 1, 0, 1000), 1000u);
    cr_expect_eq(adds_ns(&once, 0, 1, 8, 1, 1, 1000), 500u);
    cr_expect_eq(adds_ns(&once, 0, 1, 8, 1, 2, 1000), 0u);
    cr_expect_eq(phase_of(&once, 1, 2, 0, 0, 1000).base_ns, 500u);
    cr_expect_eq(phase_of(&once, 1, 2, 2, 0, 1000).base_ns, 1000u);
}

/* A set may hold as many entries as bits; each must be told from the others. */
Test(rows, sixty_four_entries_add_up)
{
    struct inject entries[INJECT_ENTRIES_MAX];
    for (uint32_t i = 0; i < INJECT_ENTRIES_MAX; i++)
        entries[i] = (struct inject){.law = law_find("const"), .config = {.delay_ns = i + 1}};
    const struct inject_set set = {
        .entry = entries, .count = INJECT_ENTRIES_MAX, .seed = 1, .workers = 8};

    cr_expect_eq(inject_phase(&set, INJECT_COMPUTE, 0, 0, 0, 1).delay_ns, 64u * 65 / 2);
}
