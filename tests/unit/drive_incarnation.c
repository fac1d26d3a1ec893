/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drive/incarnation.h"

#include <criterion/criterion.h>

/* The receiver is in its second life and has heard of the sender's third. */
static enum incarnation_verdict judged(uint32_t sender, uint32_t receiver, bool gone)
{
    return incarnation_judge(incarnation_pair(sender, receiver), 2, 3, gone);
}

Test(incarnation, takes_what_both_ends_know_of)
{
    cr_expect_eq(judged(3, 2, false), INCARNATION_TAKE);
}

Test(incarnation, drops_what_was_sent_by_or_to_an_earlier_life)
{
    cr_expect_eq(judged(2, 2, false), INCARNATION_DROP);
    cr_expect_eq(judged(3, 1, false), INCARNATION_DROP);
    cr_expect_eq(judged(3, 2, true), INCARNATION_DROP, "it is known to be gone");
}

Test(incarnation, keeps_for_later_what_a_life_sent_that_was_not_heard_of)
{
    cr_expect_eq(judged(4, 2, false), INCARNATION_LATER);
    cr_expect_eq(judged(4, 2, true), INCARNATION_LATER);
    cr_expect_eq(judged(4, 1, true), INCARNATION_DROP, "it took the receiver for the one before");
}

Test(incarnation, counts_round_the_end)
{
    cr_expect_eq(incarnation_judge(incarnation_pair(16, 5), 21, 15, false), INCARNATION_LATER);
    cr_expect_eq(incarnation_judge(incarnation_pair(15, 5), 21, 16, false), INCARNATION_DROP);
}
