/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums: the published values, by both ways, and every single flipped bit. */
#include <criterion/criterion.h>

#include "core/base/crc32c.h"
#include "core/base/rng.h"

Test(crc32c, gives_the_sums_of_the_standard)
{
    uint64_t zeros[4] = {0};
    uint64_t ones[4] = {~0ull, ~0ull, ~0ull, ~0ull};
    uint64_t rising[4] = {0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110,
                          0x1f1e1d1c1b1a1918};

    cr_expect_eq(crc32c(zeros, 4), 0x8a9136aau, "RFC 3720, B.4");
    cr_expect_eq(crc32c(ones, 4), 0x62a8ab43u);
    cr_expect_eq(crc32c(rising, 4), 0x46dd794eu);
}

Test(crc32c, is_the_same_with_and_without_the_instruction)
{
    uint64_t line[8];
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (uint32_t i = 0; i < 8; i++)
            line[i] = rng_at(seed, i);

        cr_assert_eq(crc32c(line, 8), crc32c_by_table(line, 8));
    }
}

Test(crc32c, changes_with_every_single_bit)
{
    uint64_t line[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint32_t whole = crc32c(line, 8);
    for (uint32_t bit = 0; bit < 512; bit++) {
        line[bit / 64] ^= UINT64_C(1) << bit % 64;
        cr_assert_neq(crc32c(line, 8), whole, "bit %u", bit);
        line[bit / 64] ^= UINT64_C(1) << bit % 64;
    }
}

Test(crc32c, of_bytes_is_that_of_the_standard_however_they_are_cut)
{
    const char digits[] = "123456789";
    uint64_t line[8];
    for (uint32_t i = 0; i < 8; i++)
        line[i] = rng_at(1, i);

    cr_expect_eq(~crc32c_add(CRC32C_START, digits, 9), 0xe3069283u, "the usual check value");
    for (uint32_t cut = 0; cut <= sizeof(line); cut++) {
        const uint32_t first = crc32c_add(CRC32C_START, line, cut);
        const uint32_t all = crc32c_add(first, (const char *)line + cut, sizeof(line) - cut);
        cr_expect_eq(~all, crc32c(line, 8), "cut at %u", cut);
    }
}

/* Long pieces go three lanes at a time; a table, word by word, knows nothing of lanes. */
Test(crc32c, of_long_pieces_is_that_of_their_words)
{
    static uint64_t line[2100];
    for (uint32_t i = 0; i < 2100; i++)
        line[i] = rng_at(3, i);
    for (uint32_t words = 0; words <= 2100; words += words < 400 ? 1 : 53) {
        const uint32_t sum = ~crc32c_add(CRC32C_START, line, words * sizeof(*line));
        cr_assert_eq(sum, crc32c_by_table(line, words), "%u words", words);
    }
    for (uint32_t cut = 1300; cut < 1400; cut++) {
        const uint32_t first = crc32c_add(CRC32C_START, line, cut);
        const uint32_t all = crc32c_add(first, (const char *)line + cut, sizeof(line) - cut);
        cr_assert_eq(~all, crc32c_by_table(line, 2100), "cut at %u", cut);
    }
}
