/* SPDX-License-Identifier: BSD-3-Clause */
/* The table is spelled as its generator: four bits at a time need 16 entries, and the fallback need not be fast. */
#include "core/base/crc32c.h"

#include <string.h>

/* clang-format off */
static const uint32_t nibble[16] = { /* entry i: i run through four steps of the reflected polynomial 0x82f63b78 */
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};
/* clang-format on */

static uint32_t add_by_table(uint32_t crc, uint64_t word, uint32_t bits)
{
    for (uint32_t shift = 0; shift < bits; shift += 8) {
        crc ^= (uint32_t)(word >> shift) & 0xff;
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

uint32_t crc32c_by_table(const uint64_t *word, size_t words)
{
    uint32_t crc = CRC32C_START;
    for (size_t i = 0; i < words; i++)
        crc = add_by_table(crc, word[i], 64);
    return ~crc;
}

#if defined(__SSE4_2__)

static uint32_t add_word(uint32_t crc, uint64_t word)
{
    return (uint32_t)__builtin_ia32_crc32di(crc, word);
}

static uint32_t add_byte(uint32_t crc, unsigned char byte)
{
    return __builtin_ia32_crc32qi(crc, byte);
}

uint32_t crc32c(const uint64_t *word, size_t words)
{
    uint64_t crc = CRC32C_START;
    for (size_t i = 0; i < words; i++)
        crc = __builtin_ia32_crc32di(crc, word[i]);
    return ~(uint32_t)crc;
}

#else

static uint32_t add_word(uint32_t crc, uint64_t word)
{
    return add_by_table(crc, word, 64);
}

static uint32_t add_byte(uint32_t crc, unsigned char byte)
{
    return add_by_table(crc, byte, 8);
}

uint32_t crc32c(const uint64_t *word, size_t words)
{
    return crc32c_by_table(word, words);
}

#endif

uint32_t crc32c_add(uint32_t state, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    uint64_t word;
    for (; count >= sizeof(word); at += sizeof(word), count -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        state = add_word(state, word);
    }
    for (; count > 0; at++, count--)
        state = add_byte(state, *at);
    return state;
}
