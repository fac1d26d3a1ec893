/* The edges of a run: data that vanishes, budgets shorter than the curve. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/live/support_run.h"

#define PROFILE(stop)                                                      \
    "name: t\nseeds: [1]\nworkers: {count: 2, graph: ring}\n"              \
    "data: {format: synthetic, samples: 2000, features: 16, classes: 4}\n" \
    "model: {kind: softmax}\ncompute: {base: 300us}\npolicies: [dsgd]\n" stop

Test(run, ends_with_an_error_when_the_data_is_cut_before_the_first_batch, .timeout = 20)
{
    struct err err = {{0}};

    const int rc = live_run_without_data(PROFILE("stop: {time: 200ms}\n"), &err);

    cr_expect_lt(rc, 0);
    cr_expect(strstr(err.text, ".npy") && strstr(err.text, "truncated"), "%s", err.text);
}

Test(run, judges_only_models_that_existed_when_the_budget_is_shorter_than_the_curve)
{
    struct live *const live =
        live_run(PROFILE("stop: {iterations: 4}\njudge: {points: 20}\n"), (struct run_faults){0});
    const struct record_run *const r = &live->record;

    cr_assert_geq(r->point_count, 2u);
    for (uint32_t i = 1; i < r->point_count; i++) {
        cr_expect_geq(r->point[i].time_s, r->point[i - 1].time_s, "point %u", i);
        cr_expect_geq(r->point[i].gradients, r->point[i - 1].gradients, "point %u", i);
    }
    live_close(live);
}
