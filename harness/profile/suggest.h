/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * "did you mean ...?": the valid name nearest to what somebody typed.
 *
 * Distance: restricted Damerau-Levenshtein (insert, delete, replace, swap of neighbours, each 1), ignoring case.
 */
#ifndef HARNESS_PROFILE_SUGGEST_H
#define HARNESS_PROFILE_SUGGEST_H

#include <stdint.h>

/** Longest name looked at; longer ones are at least this far from everything. */
#define SUGGEST_MAX 64u

uint32_t suggest_distance(const char *a, const char *b);

/** The best name so far while walking over candidates; start with {.typed = text}. */
struct suggest {
    const char *typed;
    const char *best; /* borrowed; NULL while nothing is near enough */
    uint32_t distance;
};

/**
 * Offer one candidate. It is kept when it is nearer than the best so far and near enough to be a slip of the fingers:
 * at most a third of its length (at least 1), or the typed text is its beginning (3 characters or more).
 */
void suggest_offer(struct suggest *self, const char *candidate);

#endif
