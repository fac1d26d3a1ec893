/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How many seeds a property is tried with. Under the address sanitizer, where each takes ten times as long, a tenth: what it
 * finds (memory that nobody owns, undefined arithmetic) it finds in each, and the release build runs them all.
 * DAWDLE_SEEDS_DIVISOR says otherwise.
 */
#ifndef TESTS_PROP_SEEDS_H
#define TESTS_PROP_SEEDS_H

#include <stdint.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SEEDS_DIVISOR 10u
#else
#define SEEDS_DIVISOR 1u
#endif

/** Also for what so many seeds are to bring about at least. */
static inline uint64_t seeds_of(uint64_t all)
{
    const char *const text = getenv("DAWDLE_SEEDS_DIVISOR");
    const uint64_t divisor = text ? strtoull(text, NULL, 10) : SEEDS_DIVISOR;
    return divisor > 1 ? (all + divisor - 1) / divisor : all;
}

#endif
