/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drive/blame.h"

#include <stdbool.h>

#include "core/base/check.h"

const char *const blame_name[BLAME_COUNT] = {
    [BLAME_WIRE] = "wire",
    [BLAME_COMPUTING] = "peer_computing",
    [BLAME_INJECTED] = "peer_injected",
    [BLAME_HELD] = "peer_held",
    [BLAME_GONE] = "peer_gone",
};

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** Of [from, to], what lies in [begin, end]. */
static inline uint64_t overlap(uint64_t from, uint64_t to, uint64_t begin, uint64_t end)
{
    const uint64_t low = begin > from ? begin : from, high = earlier(end, to);
    return high > low ? high - low : 0;
}

struct blame_split blame_wait(uint64_t from, uint64_t to, uint64_t sent,
                              const struct blame_phase *phase)
{
    struct blame_split out = {{0}};
    DCHECK(from <= to);
    /* A message that left before the wait began was on its way for all of it. */
    const uint64_t left = sent < from ? from : earlier(sent, to);
    const uint64_t injected = phase->injected < phase->begin ? phase->begin : phase->injected;
    out.part[BLAME_WIRE] = to - left;
    out.part[BLAME_COMPUTING] = overlap(from, left, phase->begin, earlier(injected, phase->end));
    out.part[BLAME_INJECTED] = overlap(from, left, injected, phase->end);
    out.part[BLAME_HELD] = left - from - out.part[BLAME_COMPUTING] - out.part[BLAME_INJECTED];
    return out;
}

struct blame_split blame_wait_recent(uint64_t from, uint64_t to, uint64_t sent,
                                     const struct blame_phase phase[2])
{
    const uint32_t later = phase[1].begin > phase[0].begin;
    const uint32_t latest = phase[later].begin <= sent ? later : !later;
    const bool only = latest != later || phase[!later].end == 0;
    const struct blame_phase *const now = &phase[latest];
    if (only || now->begin <= from)
        return blame_wait(from, to, sent, now);
    const uint64_t middle = earlier(now->begin, to);
    struct blame_split out = blame_wait(middle, to, sent, now);
    const struct blame_split before = blame_wait(from, middle, sent, &phase[!latest]);
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        out.part[b] += before.part[b];
    return out;
}

struct blame_split blame_ended(uint64_t waited, uint64_t until, uint64_t sent,
                               const struct blame_phase *phase)
{
    if (!phase)
        return (struct blame_split){.part[BLAME_GONE] = waited};
    return blame_wait_recent(until - waited, until, sent, phase);
}
