/* SPDX-License-Identifier: BSD-3-Clause */
/* Claims from profile to result.json and exit code. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/live/support_virtual.h"

/* Who waits for nobody computes more gradients per second; whether that helps learning is not known without tuned rates. */
#define PROFILE                                                                             \
    "clock: virtual\nname: t\nseeds: 10\nworkers: {count: 4, graph: ring}\n"                \
    "data: {samples: 400, features: 8, classes: 4}\nmodel: softmax\ncompute: {base: 1ms}\n" \
    "policies: [allreduce, none]\nstop: {time: 20ms}\njudge: {points: 3}\n"                 \
    "inject: {select: {percent: 25%}, law: {kind: slowdown, factor: 5}}\n"                  \
    "claims:\n  - gradients_per_s(none) > gradients_per_s(allreduce)\n"                     \
    "  - gradients_per_s(none) < gradients_per_s(allreduce)\n"                              \
    "  - train_loss_mean_model(none) < train_loss_mean_model(allreduce)\n"

TestSuite(virtual_claims, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

static void expect_claim(const json_t *result, uint32_t index, const char *verdict,
                         const char *words)
{
    const json_t *const claim = json_array_get(json_object_get(result, "claims"), index);
    const char *const finding = json_string_value(json_object_get(claim, "finding"));
    cr_expect_str_eq(json_string_value(json_object_get(claim, "verdict")), verdict, "%s", finding);
    cr_expect(strstr(finding, words) != NULL, "%s\n  does not say: %s", finding, words);
    cr_expect_eq(json_integer_value(json_object_get(claim, "pairs")), 10);
}

Test(virtual_claims, are_in_the_result_and_on_the_terminal)
{
    json_t *const result = virtual_run(PROFILE, 1);

    expect_claim(result, 0, "held", "held (ratio ");
    expect_claim(result, 1, "refuted", "refuted (ratio ");
    expect_claim(result, 2, "open", "open: the rate of none was not tuned");
    json_decref(result);
}

Test(virtual_claims, fail_a_run_only_among_the_checks)
{
    cr_expect_eq(virtual_command("run",
                                 PROFILE "checks:\n  - claim: gradients_per_s(none) > "
                                         "gradients_per_s(allreduce)\n",
                                 1),
                 0, "held");
    cr_expect_eq(virtual_command("run",
                                 PROFILE "checks: \"claim: gradients_per_s(none) < "
                                         "gradients_per_s(allreduce)\"\n",
                                 1),
                 4, "refuted");
    cr_expect_eq(virtual_command("run",
                                 PROFILE "checks: {claim: train_loss_mean_model(none) < "
                                         "train_loss_mean_model(allreduce)}\n",
                                 1),
                 4, "open is not held");
}
