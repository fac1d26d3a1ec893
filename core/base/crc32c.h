/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * CRC32C (Castagnoli) of a message line or a frame: what travels with it so that its receiver catches flipped bits.
 *
 * With SSE4.2 eight instructions, otherwise a table; both give the same sums. Any single flipped bit changes it.
 *
 * Source: G. Castagnoli et al., "Optimization of cyclic redundancy-check codes", IEEE Trans. Comm. 41(6), 1993;
 *         reflected polynomial 0x82f63b78, start and end inverted, as in iSCSI (RFC 3720).
 */
#ifndef CORE_BASE_CRC32C_H
#define CORE_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/** Of `words` 64-bit words, by the fastest way this CPU has. */
uint32_t crc32c(const uint64_t *word, size_t words);

/** The portable way. */
uint32_t crc32c_by_table(const uint64_t *word, size_t words);

/** Of bytes in pieces: begin with CRC32C_START, add each piece in turn; the sum is the complement of what comes out. */
#define CRC32C_START (~UINT32_C(0))
uint32_t crc32c_add(uint32_t state, const void *bytes, size_t count);

#endif
