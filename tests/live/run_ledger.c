/* SPDX-License-Identifier: BSD-3-Clause */
/* The double ledger must not only hold: it must notice when an average is one-sided. */
#include <criterion/criterion.h>

#include "tests/live/support_run.h"

#define PROFILE                                                              \
    "name: t\nseeds: [5]\nworkers: {count: 4, graph: ring}\n"                \
    "data: {format: synthetic, samples: 2000, features: 16, classes: 4, "    \
    "shards: {kind: labels, per_worker: 2}}\nmodel: {kind: softmax}\n"       \
    "train: {batch: 8, lr: 0.1}\ncompute: {base: 300us}\npolicies: [dsgd]\n" \
    "stop: {iterations: 100}\n"

Test(ledger, holds_for_an_honest_run)
{
    struct live *const live = live_run(PROFILE, (struct run_options){0});

    cr_expect(live->record.ledger.ok);
    cr_expect_lt(live->record.ledger.error, 1e-5);
    live_close(live);
}

Test(ledger, is_tripped_by_a_single_one_sided_mix)
{
    struct live *const live = live_run_one_sided(PROFILE);

    cr_expect_not(live->record.ledger.ok, "error %g", live->record.ledger.error);
    live_close(live);
}
