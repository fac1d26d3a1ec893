/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A 64-bit digest of bytes and words, the same on every machine: tells two runs apart, resists nobody.
 *
 * Source: the round is that of FNV-1a widened to 64-bit words, with the finaliser of SplitMix64.
 */
#ifndef CORE_BASE_DIGEST_H
#define CORE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_START 0xcbf29ce484222325ull

static inline uint64_t digest_word(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * 0x9e3779b97f4a7c15ull;
    return digest ^ (digest >> 29);
}

/** Bytes in order, eight to a word, the last word filled up with zeros, then the length. */
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t count);

#endif
