/* SPDX-License-Identifier: BSD-3-Clause */
/* The shipped profiles of the paper's experiment: each loads, with rates that are still its own, and can be planned. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/run/sweep.h"
#include "tests/live/support_virtual.h"

#define NAME_BYTES 64u

TestSuite(virtual_paper, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

static struct criterion_test_params all_profiles(void)
{
    static char name[32][NAME_BYTES];
    char pattern[512];
    glob_t found = {0};
    const char *const source = getenv("DAWDLE_SOURCE");
    snprintf(pattern, sizeof(pattern), "%s/harness/profiles/paper/[a-h]-*.yaml",
             source ? source : ".");
    size_t count = 0;
    if (glob(pattern, 0, NULL, &found) == 0)
        for (; count < found.gl_pathc && count < 32; count++) {
            const char *const file = strrchr(found.gl_pathv[count], '/') + 1;
            snprintf(name[count], NAME_BYTES, "paper/%.*s", (int)(strlen(file) - strlen(".yaml")),
                     file);
        }
    globfree(&found);
    return cr_make_param_array(char[NAME_BYTES], name, count);
}

static void load(struct sweep *out, const char *name, const char *const *set, uint32_t sets)
{
    static struct profile_errors errors;
    const int rc = sweep_load(out, name, set, sets, &errors);
    cr_assert_eq(rc, 0, "%s: %s", name, errors.count ? errors.item[0].text : "");
}

ParameterizedTestParameters(virtual_paper, claims_ten_paired_seeds_with_tuned_rates)
{
    return all_profiles();
}

ParameterizedTest(char (*name)[NAME_BYTES], virtual_paper, claims_ten_paired_seeds_with_tuned_rates)
{
    struct sweep sweep;

    load(&sweep, *name, NULL, 0);

    cr_expect_eq(sweep.written->seed_count, 10u, "%s", *name);
    cr_expect_gt(sweep.written->claims_count, 0u, "%s", *name);
    cr_expect(strstr(sweep.written->claim, "Refuted"), "%s says what would refute it", *name);
    for (uint32_t v = 0; v < sweep.values; v++)
        for (uint32_t p = 0; p < sweep.written->policy_count; p++)
            cr_expect(sweep.experiment[v]->policy[p].tuned.set, "%s: %s", *name,
                      sweep.written->policy[p].label);
    sweep_close(&sweep);
}

ParameterizedTestParameters(virtual_paper, can_be_planned_for_each_of_its_values)
{
    return all_profiles();
}

/* Smaller, so that a test may do it: the pieces that are tried are a twentieth of a short run with little data. */
ParameterizedTest(char (*name)[NAME_BYTES], virtual_paper, can_be_planned_for_each_of_its_values)
{
    const char *const set[] = {"train.tuned=",          "data.samples=10000",
                               "data.features=8",       "stop.time=5ms",
                               "judge.points=3",        "judge.train_samples=100",
                               "judge.local_samples=5", "judge.heldout_samples=100"};
    struct sweep sweep;
    struct err err = {""};
    char *text = NULL;
    size_t bytes = 0;
    load(&sweep, *name, set, sizeof(set) / sizeof(set[0]));
    FILE *const out = open_memstream(&text, &bytes);

    cr_assert_eq(sweep_plan(&sweep, NULL, NULL, PLAN_RUN, &err), 0, "%s: %s", *name, err.text);
    cr_assert_eq(sweep_print(&sweep, 1, out, &err), 0, "%s: %s", *name, err.text);

    fclose(out);
    cr_expect(strstr(text, "\ntime\n"), "%s", text);
    for (uint32_t v = 0; v < sweep.values; v++)
        cr_expect_gt(sweep.plan[v].seconds, 0.0, "%s", *name);
    free(text);
    sweep_close(&sweep);
}
