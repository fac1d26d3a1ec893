/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One profile, two clocks: what a bad link does to message number n of an edge depends on n alone, so where a policy sends
 * as many messages in both, the same happens to the same ones.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/live/support_virtual.h"

#define PROFILE                                                                                  \
    "name: t\nclock: %s\nseeds: [4, 9]\nworkers: {count: 4, graph: complete}\n"                  \
    "data: none\nmodel: {kind: none}\ncompute: {base: 50us}\npolicies: [dsgd, allreduce]\n"      \
    "inject: [{what: link, link: {loss: 10%%, duplicate: 10%%, corrupt: 5%%, resend: 100us}}]\n" \
    "stop: {iterations: 40}\n"
#define RUNS 4u

static json_t *result_in(const char *clock)
{
    char yaml[1000];
    snprintf(yaml, sizeof(yaml), PROFILE, clock);
    cr_assert_eq(virtual_command("run", yaml, 0), 0, "%s", virtual_errors());
    return virtual_result();
}

static json_int_t of_links(const json_t *result, uint32_t run, const char *key)
{
    const json_t *const links = json_object_get(virtual_of(result, run), "links");
    cr_assert(json_is_integer(json_object_get(links, key)), "%s", key);
    return json_integer_value(json_object_get(links, key));
}

Test(parity, of_what_links_do_to_messages_in_both_clocks, .init = virtual_enter,
     .fini = virtual_leave, .timeout = 60)
{
    static const char *const keys[] = {"resent", "duplicated", "corrupted", "caught"};
    setenv("DAWDLE_EAL", "nohuge", 1);

    json_t *const live = result_in("live"), *const virtual = result_in("virtual");

    for (uint32_t run = 0; run < RUNS; run++) {
        cr_expect_eq(virtual_number(live, run, "tensors_sent"),
                     virtual_number(virtual, run, "tensors_sent"), "as many in both");
        for (uint32_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
            cr_expect_eq(of_links(live, run, keys[k]), of_links(virtual, run, keys[k]),
                         "run %u: %s", run, keys[k]);
        cr_expect_gt(of_links(live, run, "resent"), 10);
    }
    json_decref(live);
    json_decref(virtual);
}
