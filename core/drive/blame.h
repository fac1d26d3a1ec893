/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * For what, and for whom, a worker waited: each wait is split by what the peer that ended it was doing meanwhile.
 *
 * Both drivers keep one timeline per worker (what its latest compute phase consisted of) and ask at each wait's end.
 */
#ifndef CORE_DRIVE_BLAME_H
#define CORE_DRIVE_BLAME_H

#include <stdint.h>

enum blame {
    BLAME_WIRE,      /* the message was on its way */
    BLAME_COMPUTING, /* the peer computed what it would have computed anyway */
    BLAME_INJECTED,  /* the peer was made to dawdle */
    BLAME_HELD, /* the peer had sent nothing though it computed nothing: it waited itself, or for its core */
    BLAME_GONE, /* the wait ended because the peer was given up, or by a timer */
    BLAME_COUNT
};
extern const char *const blame_name[BLAME_COUNT];

/** The latest compute phase of a peer, in any one unit of time. */
struct blame_phase {
    uint64_t begin;    /* of the phase */
    uint64_t injected; /* from here on what was injected; ends at `end` */
    uint64_t end;
};

struct blame_split {
    uint64_t part[BLAME_COUNT]; /* adds up to to - from */
};

/** Pure. The wait [from, to], from <= to, that was ended by a message sent at `sent` by a peer whose latest phase before that was `phase`. */
struct blame_split blame_wait(uint64_t from, uint64_t to, uint64_t sent,
                              const struct blame_phase *phase);

/**
 * The same where the peer's two latest phases are known, in either order; one that is zeroed did not happen. When the
 * message arrives its sender may have begun the next phase already: what begins after `sent` is left out.
 */
struct blame_split blame_wait_recent(uint64_t from, uint64_t to, uint64_t sent,
                                     const struct blame_phase phase[2]);

/**
 * A wait of `waited` that lasted until `until` has ended. `phase`: the two latest phases of the peer whose message, sent at
 * `sent`, let the worker go on; NULL: it was a timer, or the peer was given up.
 */
struct blame_split blame_ended(uint64_t waited, uint64_t until, uint64_t sent,
                               const struct blame_phase *phase);

#endif
