/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `dawdle twin PROFILE --like RUN --against RUN`: a live host, simulated.
 *
 * --like calibrates the simulator on a live run without stragglers; --against says how well the simulation predicted a
 * live run of the same profile. Others take the cores away as they did in the calibrating run, again and again: the measured
 * run tells the simulation nothing but who sat where, and next to whom.
 *
 * Seeds: a simulation with the seed of a live run replays its very delays, so an error of next to nothing would say nothing. Each
 * measured run is therefore simulated TWIN_DRAWS times with seeds that neither it nor the calibrating run used; from
 * the measured run such a run has its graph and its cores, and nothing else. (Other seeds' graphs would be other
 * experiments; but jitter, who is slow and when, the policy's own choices and the data are drawn anew.) Seeds that the user
 * gives are taken as they are: those of the measured run replay it.
 */
#ifndef HARNESS_TWIN_TWIN_H
#define HARNESS_TWIN_TWIN_H

#include <stdio.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/record/results_read.h"
#include "harness/run/cell.h"
#include "harness/twin/calibrate.h"
#include "harness/twin/gradients.h"
#include "harness/twin/stolen.h"

#define TWIN_DRAWS 4u
#define TWIN_SEEDS_MAX 64u

struct twin {
    struct results_read like, against; /* zero: not given */
    struct calibration calibration;
    struct cell_place *place; /* [host.count] of the measured run, or else of the calibrating one */
    uint32_t **number;        /* [host.count] what place->core points at */
    struct stolen_times *stolen; /* [stolen_count] of each place with hindsight, else one for all */
    uint32_t stolen_count;
    struct gradients gradients;     /* of the calibrating run, if it had nothing but real ones */
    double *cost_ratio;             /* [workers] means over the calibrating runs */
    uint64_t shape[TWIN_SEEDS_MAX]; /* seeds of the measured run */
    uint64_t fresh[TWIN_SEEDS_MAX]; /* [fresh_count] seeds that nobody used */
    uint32_t fresh_count;
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

/** Choose `draws` fresh seeds for each of the measured run's, and take those runs' graphs for theirs, in turn. */
void twin_draw_anew(struct twin *self, uint32_t draws);

/**
 * Compare the simulation in `dir` with `against`, on `out` and as twin.csv in `dir`. plain: directory of the simulation that
 * nothing calibrated, or NULL. 0 or -errno.
 */
int twin_compare(const struct twin *self, const char *dir, const char *plain, FILE *out,
                 struct err *err);

#endif
