/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of simulations: whatever way a block took to its size, what is new in it is zero and what was there is kept. */
#include "harness/run/heap.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#define MAPPED ((size_t)1 << 20)

static void expect_grown(size_t first, size_t shrunk, size_t grown)
{
    unsigned char *block = heap_memory.resize(NULL, NULL, 0, first);
    cr_assert_not_null(block);
    memset(block, 0xa5, first);
    block = heap_memory.resize(NULL, block, first, shrunk);
    cr_assert_not_null(block);

    block = heap_memory.resize(NULL, block, shrunk, grown);

    cr_assert_not_null(block);
    cr_expect_eq((uintptr_t)block % 64, 0);
    for (size_t i = 0; i < grown; i++)
        cr_assert_eq(block[i], i < shrunk ? 0xa5 : 0, "byte %zu of %zu", i, grown);
    heap_memory.resize(NULL, block, grown, 0);
}

Test(heap, a_small_block_grows_by_zeros)
{
    expect_grown(300, 100, 1000);
}

Test(heap, a_small_block_becomes_a_mapped_one)
{
    expect_grown(5000, 4999, MAPPED + 7);
}

Test(heap, a_mapped_block_shows_nothing_that_it_held_before_it_shrank)
{
    expect_grown(MAPPED + 3000, MAPPED + 50, 3 * MAPPED);
}
