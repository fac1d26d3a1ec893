/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drive/arrival.h"

#include <criterion/criterion.h>

Test(arrival, takes_from_sent_to_seen)
{
    cr_expect_eq(arrival_took(100, 130), 30u);
    cr_expect_eq(arrival_took(100, 100), 0u);
}

Test(arrival, takes_no_time_where_the_clocks_of_two_cores_disagree)
{
    cr_expect_eq(arrival_took(101, 100), 0u);
}

Test(arrival, counts_each_tensor_once_and_each_control)
{
    struct counts count = {0};
    arrival_count(&count, true, false);
    arrival_count(&count, true, true);
    arrival_count(&count, false, false);
    arrival_count(&count, false, false);
    cr_expect_eq(count.tensors_delivered, 1u);
    cr_expect_eq(count.control_delivered, 2u);
}

Test(arrival, ages_a_model_in_time_and_in_versions)
{
    const struct arrival_age age = arrival_age(slots_pack(3, 2, 7), 100, 9, 140);
    cr_expect_eq(age.time, 40u);
    cr_expect_eq(age.versions, 2u);
}

Test(arrival, knows_that_versions_wrap_around)
{
    cr_expect_eq(arrival_age(slots_pack(1, 0, UINT32_MAX), 0, 1, 0).versions, 2u);
}
