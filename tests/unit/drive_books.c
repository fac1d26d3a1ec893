/* SPDX-License-Identifier: BSD-3-Clause */
/* Whatever is booked, the parts add up to the time that has passed. */
#include "core/drive/books.h"

#include <criterion/criterion.h>

static struct books books;

static void open_at_100(void)
{
    books_open(&books, 100);
}

static void expect_whole(void)
{
    uint64_t sum = 0;
    for (uint32_t p = 0; p < PART_COUNT; p++)
        sum += books.part[p];
    cr_expect_eq(sum, books.edge - books.begin);
}

TestSuite(books, .init = open_at_100, .fini = expect_whole);

Test(books, give_a_stretch_to_whoever_claims_it_first)
{
    books_fill(&books, PART_MIX, 130);
    books_fill(&books, PART_PUBLISH, 120);
    books_fill(&books, PART_PUBLISH, 140);

    cr_expect_eq(books.part[PART_MIX], 30u);
    cr_expect_eq(books.part[PART_PUBLISH], 10u);
}

Test(books, share_no_more_than_is_open)
{
    cr_expect_eq(books_share(&books, PART_HELD, 50, 130), 30u);
    cr_expect_eq(books_share(&books, PART_HELD, 50, 130), 0u);
    cr_expect_eq(books_share(&books, PART_HELD, 5, 150), 5u);
    cr_expect_eq(books.edge, 135u);
}

Test(books, split_a_phase_at_whatever_point_it_is_looked_at)
{
    const struct blame_phase phase = {.begin = 110, .injected = 150, .end = 180};

    books_phase(&books, &phase, 105);
    cr_expect_eq(books.part[PART_HELD], 5u);
    books_phase(&books, &phase, 160);
    cr_expect_eq(books.part[PART_HELD], 10u);
    cr_expect_eq(books.part[PART_COMPUTE], 40u);
    cr_expect_eq(books.part[PART_INJECTED], 10u);
    books_phase(&books, &phase, 500);
    cr_expect_eq(books.part[PART_INJECTED], 30u);
    cr_expect_eq(books.edge, 180u, "what comes behind the phase is not its own");
}

Test(books, correct_the_past_within_the_whole)
{
    books_fill(&books, PART_WAIT, 140);

    cr_expect_eq(books_move(&books, PART_WAIT, PART_HELD, 15), 15u);
    cr_expect_eq(books_move(&books, PART_WAIT, PART_HELD, 100), 25u);
    cr_expect_eq(books.part[PART_HELD], 40u);
}

Test(books, take_back_what_lies_ahead)
{
    books_fill(&books, PART_MIX, 110);
    books_fill(&books, PART_LOAD, 140);

    books_cut(&books, PART_LOAD, 120);
    cr_expect_eq(books.part[PART_LOAD], 10u);
    books_cut(&books, PART_LOAD, 100);
    books_cut(&books, PART_MIX, 105);
    cr_expect_eq(books.edge, 105u);
}
