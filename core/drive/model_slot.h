/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What becomes of the slot of a model that another one replaces.
 *
 * Two things keep it beyond that: a gradient under way that reads it, until that is done, and, where the last exact mean of
 * all workers is what is judged, its being that mean, until the next one. A policy of the latter kind changes no model while
 * its gradient is computed, so never both.
 */
#ifndef CORE_DRIVE_MODEL_SLOT_H
#define CORE_DRIVE_MODEL_SLOT_H

#include <stdbool.h>

enum model_slot {
    MODEL_SLOT_DROPPED,
    MODEL_SLOT_ORPHANED, /* dropped when the gradient is done */
    MODEL_SLOT_KEPT,     /* dropped when the next mean is there */
};

/** `is_read`: by the gradient under way, for which no slot is kept yet. `is_average`: the mean that is judged. */
static inline enum model_slot model_slot_replaced(bool is_read, bool is_average)
{
    if (is_average)
        return MODEL_SLOT_KEPT;
    return is_read ? MODEL_SLOT_ORPHANED : MODEL_SLOT_DROPPED;
}

#endif
