/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The search for one policy's learning rate: a grid of powers of two around its current rate, the same for every policy,
 * extended while the best lies on its edge. Pure: asks for rates, is told values.
 *
 *   begin, then while next: measure that rate with every seed, tell the values; then end.
 */
#ifndef HARNESS_TUNE_TUNE_SEARCH_H
#define HARNESS_TUNE_TUNE_SEARCH_H

#include <stdbool.h>

#include "harness/experiment/tuned_file.h"

/** Rates of the grid: centre * 2^-3 to centre * 2^3. */
#define TUNE_GRID 7u
/** Rates by which one grid is extended at most, both directions together. */
#define TUNE_EXTENSIONS_MAX 6u
/** The range of train.lr. */
#define TUNE_RATE_MIN 1e-9
#define TUNE_RATE_MAX 1e6

struct tune_search {
    struct tuned_policy *curve; /* borrowed: what is known so far, ascending */
    enum target_metric metric;
    uint32_t seeds;
    bool below; /* the rate that was asked for lies below the curve, not above */
};

/** curve: zeroed but for its label and digest. */
void tune_search_begin(struct tune_search *self, double centre, enum target_metric metric,
                       uint32_t seeds, struct tuned_policy *curve);

/** The next rate to measure, or false: the search is over. Asks for the same rate until it is told. */
bool tune_search_next(struct tune_search *self, double *lr);

/** value: [seeds] for the rate that was asked for; what is not finite counts as the worst. */
void tune_search_tell(struct tune_search *self, double lr, const double *value);

/**
 * Choose: the best median; of equal ones, that nearest to the centre, the lower first. Says whether the choice lies on the
 * edge of all that was measured, and whether it can be used at all (not every rate diverged).
 */
void tune_search_end(struct tune_search *self);

#endif
