/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes are put together by hand: the digest is part of results, so it may not depend on the order of a machine's bytes. */
#include "core/base/digest.h"

/* One expression: compilers make a single load of it. */
static uint64_t eight(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    size_t left = count;
    for (; left >= 8; at += 8, left -= 8)
        digest = digest_word(digest, eight(at));
    if (left > 0) {
        uint64_t word = 0;
        for (size_t i = 0; i < left; i++)
            word |= (uint64_t)at[i] << (8 * i);
        digest = digest_word(digest, word);
    }
    return digest_word(digest, count);
}
