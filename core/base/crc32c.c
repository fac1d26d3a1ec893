/* SPDX-License-Identifier: BSD-3-Clause */
/* The table is spelled as its generator: four bits at a time need 16 entries, and the fallback need not be fast. */
#include "core/base/crc32c.h"

/* clang-format off */
static const uint32_t nibble[16] = { /* entry i: i run through four steps of the reflected polynomial 0x82f63b78 */
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};
/* clang-format on */

uint32_t crc32c_by_table(const uint64_t *word, size_t words)
{
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < words; i++)
        for (uint32_t shift = 0; shift < 64; shift += 8) {
            crc ^= (uint32_t)(word[i] >> shift) & 0xff;
            crc = crc >> 4 ^ nibble[crc & 15];
            crc = crc >> 4 ^ nibble[crc & 15];
        }
    return ~crc;
}

#if defined(__SSE4_2__)

uint32_t crc32c(const uint64_t *word, size_t words)
{
    uint64_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < words; i++)
        crc = __builtin_ia32_crc32di(crc, word[i]);
    return ~(uint32_t)crc;
}

#else

uint32_t crc32c(const uint64_t *word, size_t words)
{
    return crc32c_by_table(word, words);
}

#endif
