/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The draws that `dawdle inject preview` shows: each worker's iterations one after the other, as if nobody waited.
 */
#ifndef HARNESS_REPORT_PREVIEW_DRAW_H
#define HARNESS_REPORT_PREVIEW_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/inject/inject.h"
#include "harness/experiment/experiment.h"

#define PREVIEW_COMPUTE_NS \
    1000000u                     /* stands for the real gradient when the profile emulates none */
#define PREVIEW_LOAD_NS 1000000u /* stands for the loading of a batch, where a law stretches that */

/** Some of the entries of an experiment, in their places: the streams are those of a run with its first seed. */
struct preview_draw {
    const struct experiment *experiment;
    struct inject_set set;
    struct inject entry[EXPERIMENT_INJECT_MAX];
    bool of_time;     /* is an answer another one at another time? */
    bool aside;       /* a single entry for messages: it adds nothing to an iteration */
    uint64_t load_ns; /* of a batch; 0: nothing there depends on it */
    uint32_t *group;
};

/** One worker's iteration. */
struct preview_lap {
    uint64_t base_ns, delay_ns; /* of what the entries delay */
    uint64_t time_ns;           /* from its beginning to that of the next */
    bool hit;
};

/** Entry `number` alone, or all when that is inject_count. Borrows the experiment; 0 or -ENOMEM. */
int preview_draw_open(struct preview_draw *self, const struct experiment *experiment,
                      uint32_t number);
void preview_draw_close(struct preview_draw *self);

struct preview_lap preview_draw_lap(const struct preview_draw *self, uint32_t worker,
                                    uint64_t iteration, uint64_t at_ns);

#endif
