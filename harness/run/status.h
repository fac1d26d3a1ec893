/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How far something is that takes long: on a terminal one line that is rewritten, with the time that is left; elsewhere plain
 * lines, and not one for each of hundreds of steps.
 *
 * Everything goes to standard error. What took less than two seconds is not spoken of on a terminal.
 */
#ifndef HARNESS_RUN_STATUS_H
#define HARNESS_RUN_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct status {
    bool quiet, terminal;
    bool shown;          /* the rewritten line stands there */
    uint32_t done, all;  /* steps */
    double expected_s;   /* of one step; 0: as long as those before it */
    double began_s;      /* 0: not yet */
    double step_began_s; /* of the step in progress */
    double said_s;       /* when a line was last written */
    char text[200];      /* of the last step */
    struct status_ticker
        *ticker; /* owned: rewrites the line while a step runs; NULL: nobody does */
};

/** From here on, `all` steps of about expected_s each. status_close is due. */
void status_open(struct status *self, uint32_t all, double expected_s, bool quiet);

/** One more step is done. `text` says what came of it; `keep`: it is a reason to worry, and must stay in sight. */
__attribute__((format(printf, 3, 4))) void status_step(struct status *self, bool keep,
                                                       const char *format, ...);

/** A part of a single long step, for who needs no ticker: `doing` is at share done / all. Zeroed at first but for `quiet`. */
void status_share(struct status *self, const char *doing, uint64_t done, uint64_t all);

/** `text` on `out`, which may be the same terminal. */
void status_print(struct status *self, FILE *out, const char *text);

/** Takes the rewritten line away. Accepts a zeroed struct. */
void status_close(struct status *self);

#endif
