/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/base/arena.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

static _Alignas(64) unsigned char area[1024];

Test(arena, hands_out_aligned_slices_that_do_not_overlap)
{
    struct arena arena;
    arena_init(&arena, area, sizeof(area));

    unsigned char *first = arena_take(&arena, 1);
    unsigned char *second = arena_take(&arena, 65);
    unsigned char *third = arena_take(&arena, 64);

    cr_expect_eq((uintptr_t)first % ARENA_ALIGN, 0u);
    cr_expect_eq(second - first, 64);
    cr_expect_eq(third - second, 128);
    cr_expect_eq(arena.used_bytes, 256u);
}

Test(arena, zeroes_what_an_earlier_life_left_behind)
{
    struct arena arena;
    memset(area, 0xa5, sizeof(area));
    arena_init(&arena, area, sizeof(area));

    const unsigned char *slice = arena_take(&arena, 100);

    for (int i = 0; i < 100; i++)
        cr_assert_eq(slice[i], 0);
    cr_expect_eq(area[128], 0xa5, "memory that nobody took stays untouched");
}

Test(arena, refuses_more_than_is_left_and_changes_nothing)
{
    struct arena arena;
    arena_init(&arena, area, 128);
    arena_take(&arena, 64);

    cr_expect_null(arena_take(&arena, 65));
    cr_expect_null(arena_take(&arena, SIZE_MAX), "no wrap-around");
    cr_expect_eq(arena.used_bytes, 64u);
    cr_expect_not_null(arena_take(&arena, 64), "the rest still fits exactly");
}

Test(arena, counts_the_padding_when_the_area_ends_inside_it)
{
    struct arena arena;
    arena_init(&arena, area, 100);

    cr_expect_null(arena_take(&arena, 70), "70 bytes cost 128");
    cr_expect_not_null(arena_take(&arena, 60));
}

Test(arena, costs_whole_lines)
{
    cr_expect_eq(arena_cost(0), 0u);
    cr_expect_eq(arena_cost(1), 64u);
    cr_expect_eq(arena_cost(64), 64u);
    cr_expect_eq(arena_cost(65), 128u);
}

Test(arena, hands_out_the_whole_area_again_after_a_reset)
{
    struct arena arena;
    arena_init(&arena, area, sizeof(area));
    arena_take(&arena, 1024);
    arena_seal(&arena);

    arena_reset(&arena);

    cr_expect_eq(arena_take(&arena, 512), (void *)area);
    cr_expect_eq(arena.used_bytes, 512u);
    cr_expect_eq(arena.peak_bytes, 1024u, "the peak is of all lives");
}

Test(arena, aborts_on_a_request_after_the_seal, .signal = SIGABRT)
{
    struct arena arena;
    arena_init(&arena, area, sizeof(area));
    arena_seal(&arena);

    arena_take(&arena, 1);
}

Test(arena, aborts_on_a_misaligned_area, .signal = SIGABRT)
{
    struct arena arena;

    arena_init(&arena, area + 8, 512);
}
