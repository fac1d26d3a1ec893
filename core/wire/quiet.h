/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Is everything over, in all processes? One asks all of them, twice.
 *
 * A process is at rest when its workers are done, what they and its wires have received equals what they have sent
 * (received read first), and nothing is under way on its wires. It answers with that and with what it has sent. All is over
 * when all were at rest in two waves that follow each other, the second asked after every answer to the first, and none has
 * sent anything between.
 *
 * Why twice: a message that is not counted yet where it was asked first may be counted already where it is asked last. Between
 * its two looks a process that sent nothing and balances at both received nothing either; so at the moment between the two
 * waves nothing moved anywhere, and whatever existed then would stand in somebody's books as sent and not received.
 *
 * Source: F. Mattern, "Algorithms for distributed termination detection", Distributed Computing 2, 1987 (the four-counter
 *         method), with sums per process.
 */
#ifndef CORE_WIRE_QUIET_H
#define CORE_WIRE_QUIET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quiet_process {
    uint64_t sent; /* in the last wave */
    uint32_t wave; /* of its last answer */
    bool was_at_rest;
    bool is_gone; /* dead: nobody waits for it */
};

struct quiet {
    struct quiet_process *process; /* [processes], the caller's */
    uint32_t processes;
    uint32_t wave;    /* 0: none asked */
    uint32_t missing; /* answers to it */
    bool same;        /* all answers so far repeat those of the wave before, at rest */
};

enum quiet_news {
    QUIET_WAITS, /* for more answers */
    QUIET_AGAIN, /* the wave is complete: ask again, now or later */
    QUIET_OVER,
};

void quiet_init(struct quiet *self, struct quiet_process *process, uint32_t processes);

/** Begin a wave, whose number the answers must carry. Requires that the one before is complete. */
uint32_t quiet_ask(struct quiet *self);

/** An answer. One to another wave, a second one, and one of a dead process are ignored. */
enum quiet_news quiet_hear(struct quiet *self, uint32_t process, uint32_t wave, bool is_at_rest,
                           uint64_t sent);

/** A process died. What it knew is gone with it: two whole waves are needed from here. */
enum quiet_news quiet_drop(struct quiet *self, uint32_t process);

#endif
