/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `dawdle sim PROFILE --like RUN --against RUN`: a live host, simulated.
 *
 * --like calibrates the simulator on a live run without stragglers; --against says how well the simulation predicted a
 * live run of the same profile. Where both have the runs of a cell, its workers share cores as they did live. Others
 * take the cores away as they did in the calibrating run, again and again: the measured run tells the simulation nothing
 * but who sat where.
 */
#ifndef HARNESS_TWIN_TWIN_H
#define HARNESS_TWIN_TWIN_H

#include <stdio.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/results/results_read.h"
#include "harness/run/cell.h"
#include "harness/twin/calibrate.h"
#include "harness/twin/gradients.h"
#include "harness/twin/stolen.h"

struct twin {
    struct results_read like, against; /* zero: not given */
    struct calibration calibration;
    struct cell_place *place; /* [host.count] of the measured run, or else of the calibrating one */
    uint32_t **number;        /* [host.count] what place->core points at */
    struct stolen_times *stolen; /* [stolen_count] of each place with hindsight, else one for all */
    uint32_t stolen_count;
    struct gradients gradients;     /* of the calibrating run, if it had nothing but real ones */
    struct cell_host host;
};

/**
 * Either directory may be NULL. hindsight: others take the cores away as they did in the measured run itself, so that what
 * is left of the errors is the simulation's and not the host's. 0, or -errno with a sentence that names the directory.
 */
int twin_open(struct twin *out, const char *like, const char *against, bool hindsight,
              struct err *err);
void twin_close(struct twin *self);

/** Was `against` a run of this profile, as far as its times depend on it? 0, or -EINVAL with what differs. */
int twin_check(const struct twin *self, const struct experiment *simulated, struct err *err);

/** Compare the simulation in `dir` with `against`, on `out` and as twin.csv in `dir`. 0 or -errno. */
int twin_compare(const struct twin *self, const char *dir, FILE *out, struct err *err);

#endif
