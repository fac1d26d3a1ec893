/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A message reaches its receiver: what is counted, and how old it is. Time in any one unit.
 *
 * Handle latency   from when a model was sent until its receiver takes it.
 * Age of a model   when it is averaged (core/policy/staleness.h): since it was sent last, and in newer versions of it.
 */
#ifndef CORE_DRIVE_ARRIVAL_H
#define CORE_DRIVE_ARRIVAL_H

#include "core/base/slots.h"
#include "core/drive/counts.h"

/** How long it took. Live the stamps are of two cores, so a fresh message may seem to come from the future: it took 0. */
static inline uint64_t arrival_took(uint64_t sent, uint64_t now)
{
    return now > sent ? now - sent : 0;
}

/** A copy that a link made was sent once with its original, which counts. */
static inline void arrival_count(struct counts *count, bool tensor, bool copy)
{
    count->tensors_delivered += tensor && !copy;
    count->control_delivered += !tensor;
}

struct arrival_age {
    uint64_t time;
    uint32_t versions;
};

/** Of the model of that handle, sent last at `sent`, when its sender has version `newest`. */
static inline struct arrival_age arrival_age(slots_handle handle, uint64_t sent, uint32_t newest,
                                             uint64_t now)
{
    return (struct arrival_age){.time = arrival_took(sent, now),
                                .versions = newest - slots_version_of(handle)};
}

#endif
