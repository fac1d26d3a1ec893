/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Flow control by the counters of frames: a receiver says up to which one DATA may come.
 *
 * It says its window beyond the highest counter that has *come*. Frames that were lost before it are spent as well; were
 * they not (were frames counted as they are received), each loss would take one frame of credit for ever, until nothing
 * moves. Frames that are no DATA are not held back, for they are what brings credit, but they use counters up.
 */
#ifndef CORE_WIRE_CREDIT_H
#define CORE_WIRE_CREDIT_H

#include "core/wire/frame.h"

#define CREDIT_WINDOW_LEAST 2u
#define CREDIT_WINDOW_MOST 512u

static inline uint32_t credit_of(uint64_t seen, uint32_t window)
{
    return (uint32_t)seen + window;
}

/** May the frame after `counter` be DATA? */
static inline bool credit_allows(uint32_t credit, uint64_t counter)
{
    return frame_compare(credit, (uint32_t)counter) > 0;
}

/** Frames overtake each other: what an older one said takes nothing back. */
static inline void credit_raise(uint32_t *credit, uint32_t said)
{
    if (frame_compare(said, *credit) > 0)
        *credit = said;
}

#endif
