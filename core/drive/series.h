/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What both drivers keep a histogram of, and those that only live runs have.
 *
 * Live each worker has one of each kind, in virtual time all workers have one together. Times are in ns.
 */
#ifndef CORE_DRIVE_SERIES_H
#define CORE_DRIVE_SERIES_H

enum series {
    SERIES_ITERATION, /* whole iterations */
    SERIES_READY,     /* from a gradient ready to the parameters mixed */
    SERIES_HANDLE,    /* from a model sent to seen by its receiver (arrival.h) */
    SERIES_STALENESS, /* of gradients, in versions (core/policy/staleness.h) */
    SERIES_AGE,       /* of received models, when they are averaged */
    SERIES_AGE_VERSIONS,
    SERIES_REQUESTED, /* injected delays */
    SERIES_BOTH,      /* so many have both clocks */
    SERIES_ACHIEVED = SERIES_BOTH, /* injected delays, as they came out … */
    SERIES_LATE,                   /* messages that a bad link held: left - planned */
    SERIES_ERROR,                  /* … and |achieved - requested| */
    SERIES_COUNT
};

/** As in latency.hlog; NULL: it is not written there. */
extern const char *const series_name[SERIES_COUNT];

#endif
