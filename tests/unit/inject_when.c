/* SPDX-License-Identifier: BSD-3-Clause */
/* When an entry acts: windows, ramps, schedules, alone and together. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/base/rng.h"
#include "tests/unit/support_inject.h"

#define MS 1000000ull

static void expect(const struct inject_when *when, uint64_t at_ns, double scale, uint64_t until_ns)
{
    const struct inject_span span = inject_when_at(when, at_ns);
    cr_expect_float_eq(span.scale, scale, 1e-12, "at %lu: %g, not %g", at_ns, span.scale, scale);
    cr_expect_eq(span.until_ns, until_ns, "at %lu: until %lu, not %lu", at_ns, span.until_ns,
                 until_ns);
}

Test(when, zeroed_is_always_and_in_full)
{
    const struct inject_when when = {0};

    expect(&when, 0, 1, UINT64_MAX);
    expect(&when, UINT64_MAX - 1, 1, UINT64_MAX);
}

Test(when, opens_at_start_and_closes_at_stop)
{
    const struct inject_when when = {.start_ns = 5, .stop_ns = 9};

    expect(&when, 0, 0, 5);
    expect(&when, 4, 0, 5);
    expect(&when, 5, 1, 9);
    expect(&when, 8, 1, 9);
    expect(&when, 9, 0, UINT64_MAX);
}

Test(when, repeats_from_its_start_on)
{
    const struct inject_when when = {.start_ns = 100, .every_ns = 10, .for_ns = 3, .stop_ns = 125};

    expect(&when, 99, 0, 100);
    expect(&when, 100, 1, 103);
    expect(&when, 102, 1, 103);
    expect(&when, 103, 0, 110);
    expect(&when, 110, 1, 113);
    expect(&when, 124, 0, 125);
    expect(&when, 125, 0, UINT64_MAX);
}

Test(when, that_is_open_for_all_of_each_period_is_open)
{
    const struct inject_when when = {.every_ns = 10, .for_ns = 10};

    expect(&when, 10, 1, UINT64_MAX);
}

Test(when, ramps_up_in_steps_of_equal_height)
{
    const struct inject_when when = {.start_ns = 1000, .ramp_ns = 64 * 100};
    double before = 0.0;
    uint64_t at = 1000;
    uint32_t steps = 0;
    for (; at < 1000 + 6400; steps++) {
        const struct inject_span span = inject_when_at(&when, at);
        cr_assert_gt(span.until_ns, at);
        cr_assert_float_eq(span.scale, steps / 64.0, 1e-12);
        cr_assert_geq(span.scale, before);
        before = span.scale;
        at = span.until_ns;
    }

    cr_expect_eq(at, 7400, "the ramp ends when it should");
    cr_expect_leq(steps, 64u);
    expect(&when, 7400, 1, UINT64_MAX);
}

Test(when, a_ramp_of_a_few_ns_still_ends)
{
    const struct inject_when when = {.ramp_ns = 3};

    expect(&when, 2, 2 / 64.0, 3);
    expect(&when, 3, 1, UINT64_MAX);
}

Test(when, follows_a_schedule)
{
    const struct inject_when when = {.step = {{10, 0.5}, {20, 0}, {30, 2}}, .steps = 3};

    expect(&when, 0, 0, 10);
    expect(&when, 10, 0.5, 20);
    expect(&when, 20, 0, 30);
    expect(&when, 30, 2, UINT64_MAX);
}

/* Whatever is combined: a span ends after the time asked for, what it says holds to its end, and not beyond. */
Test(when, spans_tile_time)
{
    struct rng rng = rng_start(1, RNG_TEST, 0);
    for (uint32_t round = 0; round < 300; round++) {
        struct inject_when when = {.start_ns = rng_below(&rng, 2) * rng_below(&rng, 500)};
        if (rng_below(&rng, 2))
            when.stop_ns = when.start_ns + 1 + rng_below(&rng, 2000);
        if (rng_below(&rng, 2)) {
            when.every_ns = 1 + rng_below(&rng, 300);
            when.for_ns = rng_below(&rng, (uint32_t)when.every_ns + 1);
        }
        when.ramp_ns = rng_below(&rng, 2) * rng_below(&rng, 1000);
        for (when.steps = 0; when.steps < 4 && rng_below(&rng, 2); when.steps++)
            when.step[when.steps] = (struct inject_step){
                (when.steps ? when.step[when.steps - 1].at_ns : 0) + rng_below(&rng, 400),
                rng_unit(&rng)};
        struct inject_span span = inject_when_at(&when, 0);
        for (uint64_t at = 0; at < 3000; at++) {
            if (at == span.until_ns)
                span = inject_when_at(&when, at);
            const struct inject_span now = inject_when_at(&when, at);
            cr_assert_gt(now.until_ns, at);
            cr_assert(now.scale >= span.scale && now.scale <= span.scale, "round %u at %lu", round,
                      at);
            cr_assert_eq(now.until_ns, span.until_ns, "round %u at %lu", round, at);
        }
    }
}

Test(when, neither_overflows_nor_stops_at_the_end_of_time)
{
    const struct inject_when cases[] = {
        {.start_ns = UINT64_MAX - 5, .ramp_ns = UINT64_MAX / 2},
        {.every_ns = UINT64_MAX / 2 + 1, .for_ns = 1},
        {.every_ns = 7, .for_ns = 3, .start_ns = 1},
    };
    for (uint32_t c = 0; c < 3; c++)
        for (uint64_t back = 1; back < 20; back++)
            cr_assert_gt(inject_when_at(&cases[c], UINT64_MAX - back).until_ns, UINT64_MAX - back);
}

Test(when, scales_delays_by_the_time_at_which_a_phase_begins)
{
    const struct inject entry = {.law = law_find("const"),
                                 .config = {.delay_ns = 8 * MS},
                                 .when = {.start_ns = 10 * MS,
                                          .stop_ns = 50 * MS,
                                          .step = {{0, 1}, {20 * MS, 0.25}},
                                          .steps = 2}};

    cr_expect_eq(phase_of(&entry, 1, 0, 0, 9 * MS, MS).delay_ns, 0);
    cr_expect_eq(phase_of(&entry, 1, 0, 0, 10 * MS, MS).delay_ns, 8 * MS);
    cr_expect_eq(phase_of(&entry, 1, 0, 0, 20 * MS, MS).delay_ns, 2 * MS);
    cr_expect_eq(phase_of(&entry, 1, 0, 0, 50 * MS, MS).delay_ns, 0);
}

/* A rate of 1/2, half acting, is 3/4. The phase begins before the window and ends in it. */
Test(when, scales_what_a_rate_lacks_and_that_within_a_phase)
{
    const struct inject entry = {.law = law_find("duty"),
                                 .config = {.period_ns = 2000, .share = 0.5, .aligned = true},
                                 .when = {.step = {{10 * MS, 0.5}}, .steps = 1}};

    const struct inject_phase phase = phase_of(&entry, 1, 0, 0, 9 * MS, 4 * MS);

    cr_expect_float_eq((double)phase.delay_ns, 1e6, 2000, "1 ms at full speed, then 3 ms at 3/4");
    cr_expect_eq(phase_of(&entry, 1, 0, 0, 0, 9 * MS).delay_ns, 0);
}

/* A worker that is not hit must not be slowed by an entry that is shut, nor marked by it. */
Test(when, marks_a_phase_only_by_what_acted_in_it)
{
    const struct inject entries[] = {
        {.law = law_find("const"), .config = {.delay_ns = 5}},
        {.law = law_find("pause"),
         .config = {.every_ns = 10 * MS, .length_ns = MS, .aligned = true},
         .scope = SCOPE_PROCESS,
         .mode = INJECT_SPIN},
    };
    const struct inject_set set = {.entry = entries, .count = 2, .seed = 1, .workers = 8};

    const struct inject_phase calm = inject_phase(&set, INJECT_COMPUTE, 0, 0, 0, 5 * MS);
    const struct inject_phase hit = inject_phase(&set, INJECT_COMPUTE, 0, 0, 5 * MS, 5 * MS);

    cr_expect(calm.delay_ns == 5 && !calm.process && !calm.spin);
    cr_expect(hit.delay_ns == MS + 5 && hit.process && hit.spin);
}

Test(when, an_entry_for_something_else_does_nothing)
{
    const struct inject entries[] = {
        {.law = law_find("const"), .config = {.delay_ns = 1}, .what = INJECT_LOAD},
        {.law = law_find("const"), .config = {.delay_ns = 2}, .what = INJECT_PUBLISH},
        {.law = law_find("const"), .config = {.delay_ns = 4}, .what = INJECT_LINK},
        {.law = law_find("const"), .config = {.delay_ns = 8}, .what = INJECT_NODE},
        {.law = law_find("const"), .config = {.delay_ns = 16}, .what = INJECT_COMPUTE},
    };
    const struct inject_set set = {.entry = entries, .count = 5, .seed = 1, .workers = 8};

    const struct inject_phase compute = inject_phase(&set, INJECT_COMPUTE, 0, 0, 0, MS);

    cr_expect_eq(compute.delay_ns, 24, "a node's delay is one of its gradient");
    cr_expect(compute.process, "and meanwhile it answers nothing");
    cr_expect_eq(inject_phase(&set, INJECT_LOAD, 0, 0, 0, MS).delay_ns, 1);
    cr_expect_eq(inject_phase(&set, INJECT_PUBLISH, 0, 0, 0, MS).delay_ns, 2);
    for (uint32_t i = 0; i < 5; i++)
        cr_expect_eq(inject_delay_ns(&set, i, 0, 0, 0, MS), 1u << i);
}
