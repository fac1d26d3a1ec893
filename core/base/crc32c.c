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

/*
 * The instruction takes three cycles, and a new one can begin in each: three lanes at a time are three times as fast. What
 * follows on a lane multiplies its sum by x^(8 * bytes); as a product without carries, of which the instruction makes a sum
 * again (and brings x^33 with it). V. Gopal et al., "Fast CRC computation for iSCSI polynomial using CRC32 instruction",
 * Intel, 2011. A frame of the usual Ethernet payload is one turn.
 */
#define LANE_WORDS 56u
#define LANE_BYTES (LANE_WORDS * sizeof(uint64_t))
#define PAST_ONE UINT64_C(0x1b03397f) /* x^(8 * 448 - 33) modulo the polynomial, reflected */
#define PAST_TWO UINT64_C(0x68bce87a) /* x^(8 * 896 - 33) */

typedef long long two_words __attribute__((vector_size(16)));

__attribute__((target("pclmul"))) static uint64_t past(uint64_t sum, uint64_t power)
{
    const two_words a = {(long long)sum, 0}, b = {(long long)power, 0};
    const two_words product = __builtin_ia32_pclmulqdq128(a, b, 0);
    return __builtin_ia32_crc32di(0, (uint64_t)product[0]);
}

static uint64_t word_at(const unsigned char *at, size_t word)
{
    uint64_t out;
    memcpy(&out, at + word * sizeof(out), sizeof(out));
    return out;
}

/** Whole triples of lanes; returns how many bytes these are. */
__attribute__((target("pclmul"))) static size_t add_lanes(uint32_t *state, const unsigned char *at,
                                                          size_t count)
{
    size_t done = 0;
    for (; count - done >= 3 * LANE_BYTES; done += 3 * LANE_BYTES) {
        const unsigned char *const from = at + done;
        uint64_t first = *state, second = 0, third = 0;
        for (size_t w = 0; w < LANE_WORDS; w++) {
            first = __builtin_ia32_crc32di(first, word_at(from, w));
            second = __builtin_ia32_crc32di(second, word_at(from, LANE_WORDS + w));
            third = __builtin_ia32_crc32di(third, word_at(from, 2 * LANE_WORDS + w));
        }
        *state = (uint32_t)(past(first, PAST_TWO) ^ past(second, PAST_ONE) ^ third);
    }
    return done;
}

static size_t add_fast(uint32_t *state, const unsigned char *at, size_t count)
{
    if (count < 3 * LANE_BYTES || !__builtin_cpu_supports("pclmul"))
        return 0;
    return add_lanes(state, at, count);
}

#else

static size_t add_fast(uint32_t *state, const unsigned char *at, size_t count)
{
    (void)state;
    (void)at;
    (void)count;
    return 0;
}

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
    const size_t done = add_fast(&state, at, count);
    at += done;
    count -= done;
    for (; count >= sizeof(word); at += sizeof(word), count -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        state = add_word(state, word);
    }
    for (; count > 0; at++, count--)
        state = add_byte(state, *at);
    return state;
}
