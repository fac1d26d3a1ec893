/* SPDX-License-Identifier: BSD-3-Clause */
/* Whoever looks for bugs must find those that were put there. Each stops at its first find. */
#include <criterion/criterion.h>

#include "tests/random/fuzz.h"

#define SEEDS 2000u

static struct fuzz_result find(const char *policy, struct sim_plants plants, bool trusts_channels)
{
    const struct fuzz_config config = {.from = 1,
                                       .seeds = SEEDS,
                                       .policy = policy,
                                       .findings_max = 1,
                                       .plants = &plants,
                                       .trusts_channels = trusts_channels};
    struct fuzz_result result;
    FILE *const out = tmpfile();
    cr_assert_not_null(out);
    const int code = fuzz_run(&config, out, &result);
    fclose(out);
    cr_assert_eq(code, 4, "nothing was found in %u seeds", SEEDS);
    cr_log_info("seed %llu: %s", (unsigned long long)result.first_seed, result.first);
    return result;
}

Test(fuzz_plants, a_mix_at_one_end_only_is_found)
{
    find(NULL, (struct sim_plants){.one_sided_mix = true}, false);
}

Test(fuzz_plants, sums_in_order_of_arrival_are_found)
{
    const struct fuzz_result result = find(NULL, (struct sim_plants){.arrival_order = true}, false);
    cr_expect_not_null(strstr(result.first, "in order of id"), "%s", result.first);
}

Test(fuzz_plants, a_slot_that_is_written_while_it_is_lent_is_found)
{
    find(NULL, (struct sim_plants){.early_reuse = true}, false);
}

Test(fuzz_plants, a_lost_control_is_found)
{
    find(NULL, (struct sim_plants){.lost_accept = true}, false);
}

Test(fuzz_plants, a_lost_control_is_found_by_what_it_leads_to)
{
    find(NULL, (struct sim_plants){.lost_accept = true}, true);
}

Test(fuzz_plants, a_control_of_another_epoch_is_found)
{
    find(NULL, (struct sim_plants){.stale_epoch = true}, false);
}

Test(fuzz_plants, a_control_of_another_epoch_is_found_by_what_it_leads_to)
{
    const struct fuzz_result result = find(NULL, (struct sim_plants){.stale_epoch = true}, true);
    cr_expect_not_null(strstr(result.first, "epoch"), "%s", result.first);
}
