/* SPDX-License-Identifier: BSD-3-Clause */
/* Whoever looks for bugs must find those that were put there. Each stops at its first find. */
#include <criterion/criterion.h>

#include "tests/random/fuzz.h"

#define SEEDS 2000u

static struct fuzz_result find(const char *policy, enum plant_kind plant, bool trusts_channels)
{
    const struct fuzz_config config = {.from = 1,
                                       .seeds = SEEDS,
                                       .policy = policy,
                                       .findings_max = 1,
                                       .plant = plant,
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
    find(NULL, PLANT_ONE_SIDED_MIX, false);
}

Test(fuzz_plants, sums_in_another_order_are_found)
{
    const struct fuzz_result result = find(NULL, PLANT_DISORDER, false);
    cr_expect_not_null(strstr(result.first, "in order of id"), "%s", result.first);
}

Test(fuzz_plants, a_slot_that_is_written_while_it_is_lent_is_found)
{
    find(NULL, PLANT_EARLY_REUSE, false);
}

Test(fuzz_plants, a_lost_control_is_found)
{
    find(NULL, PLANT_LOST_CONTROL, false);
}

Test(fuzz_plants, a_lost_control_is_found_by_what_it_leads_to)
{
    find(NULL, PLANT_LOST_CONTROL, true);
}

Test(fuzz_plants, a_control_of_another_epoch_is_found)
{
    find(NULL, PLANT_STALE_EPOCH, false);
}

Test(fuzz_plants, a_control_of_another_epoch_is_found_by_what_it_leads_to)
{
    const struct fuzz_result result = find(NULL, PLANT_STALE_EPOCH, true);
    cr_expect_not_null(strstr(result.first, "epoch"), "%s", result.first);
}
