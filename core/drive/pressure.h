/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * When the sender on an edge is told that its peer does not read its controls (EV_FULL), and when that it does (EV_ROOM).
 *
 * `bound` is the row's (policy.control_bound); 0: it is told neither. Between the two marks nothing is told, so that one
 * message more or less does not flood a policy with news.
 */
#ifndef CORE_DRIVE_PRESSURE_H
#define CORE_DRIVE_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

static inline bool pressure_is_full(uint64_t unread, uint32_t bound)
{
    return bound > 0 && unread > bound;
}

static inline bool pressure_has_room(uint64_t unread, uint32_t bound)
{
    return unread <= bound / 2;
}

#endif
