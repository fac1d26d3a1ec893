/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drive/counts.h"

#include <criterion/criterion.h>
#include <string.h>

#define WORDS (sizeof(struct counts) / sizeof(uint64_t))

/* Each counter holds a number of its own. */
static struct counts numbered(uint64_t from)
{
    struct counts count;
    uint64_t word[WORDS];
    for (size_t i = 0; i < WORDS; i++)
        word[i] = from + i;
    memcpy(&count, word, sizeof(count));
    return count;
}

Test(counts, shows_each_counter_in_one_row_or_by_cause)
{
    const struct counts count = numbered(1);
    uint32_t shown[WORDS + 1] = {0};
    for (uint32_t i = 0; i < counts_rows; i++)
        shown[counts_of(&count, &counts_table[i])]++;
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++) {
        shown[count.links.dropped_by[cause]]++;
        shown[count.links.control_dropped_by[cause]]++;
    }
    for (size_t i = 1; i <= WORDS; i++)
        cr_expect_eq(shown[i], 1u, "word %zu is shown %u times", i - 1, shown[i]);
}

Test(counts, names_and_explains_each_counter_once)
{
    for (uint32_t i = 0; i < counts_rows; i++) {
        cr_expect(*counts_table[i].help);
        for (uint32_t k = 0; k < i; k++)
            cr_expect_str_neq(counts_table[k].name, counts_table[i].name);
    }
}

Test(counts, adds_all_but_the_least)
{
    struct counts sum = numbered(1000);
    const struct counts one = numbered(7), was = sum;
    counts_add(&sum, &one);
    for (uint32_t i = 0; i < counts_rows; i++) {
        const uint64_t to = counts_of(&one, &counts_table[i]);
        const bool least = strcmp(counts_table[i].name, "slots_free_min") == 0;
        cr_expect_eq(counts_of(&sum, &counts_table[i]),
                     least ? to : counts_of(&was, &counts_table[i]) + to, "%s",
                     counts_table[i].name);
    }
    cr_expect_eq(sum.links.dropped_by[LINK_CUT],
                 was.links.dropped_by[LINK_CUT] + one.links.dropped_by[LINK_CUT]);
}

Test(counts, counts_what_is_dropped_by_its_cause)
{
    struct counts count = {0};
    counts_dropped(&count, true, LINK_LOST);
    counts_dropped(&count, true, LINK_GONE);
    counts_dropped(&count, false, LINK_GONE);
    cr_expect_eq(count.tensors_dropped, 2u);
    cr_expect_eq(count.links.dropped_by[LINK_LOST], 1u);
    cr_expect_eq(count.links.dropped_by[LINK_GONE], 1u);
    cr_expect_eq(count.links.control_dropped_by[LINK_GONE], 1u);
}
