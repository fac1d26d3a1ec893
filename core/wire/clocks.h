/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the clock of the other end shows: offset and drift from PROBE and ECHO, with a bound that is sure.
 *
 * An ECHO gives four times: t1 asked, t2 received, t3 answered, t4 back. The offset lies within half of (t4 - t1) - (t3 - t2)
 * of ((t2 - t1) + (t3 - t4)) / 2, however unequal the ways were. Of ten seconds the echo of the shortest way counts; two such
 * stretches give the drift.
 *
 * Source: D. Mills, "Internet time synchronization: the Network Time Protocol", IEEE Trans. Comm. 39(10), 1991 (the clock filter).
 */
#ifndef CORE_WIRE_CLOCKS_H
#define CORE_WIRE_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCKS_STRETCH_NS UINT64_C(10000000000)

struct clocks_reading {
    int64_t offset_ns; /* the other clock minus ours */
    uint64_t bound_ns; /* the true offset is no further than this from it */
    uint64_t at_ns;    /* our clock */
    bool is_known;
};

struct clocks {
    struct clocks_reading best;   /* of this stretch */
    struct clocks_reading before; /* of the one before */
    uint64_t began_ns;
};

/** Four times as above. One that cannot be (an answer before its question) is refused. */
bool clocks_take(struct clocks *self, uint64_t t1, uint64_t t2, uint64_t t3, uint64_t t4);

/** Billionths by which the other clock is faster than ours; 0 until two stretches are known. */
int64_t clocks_drift_ppb(const struct clocks *self);

#endif
