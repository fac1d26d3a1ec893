/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A profile with everything that it means to run: one experiment, or one per value of the swept key, each planned.
 *
 * All values are loaded, checked and planned before anything starts. They share the names of the policies and the seeds, so
 * that one table can hold them.
 */
#ifndef HARNESS_RUN_SWEEP_H
#define HARNESS_RUN_SWEEP_H

#include "harness/profile/profile_errors.h"
#include "harness/run/plan.h"

/** Zero-initialise. */
struct sweep {
    struct experiment *written; /* the profile as it stands; owned */
    struct experiment *experiment
        [EXPERIMENT_SWEEP_MAX]; /* [values]; owned, but `written` itself if nothing is swept */
    struct plan plan[EXPERIMENT_SWEEP_MAX]; /* [planned] */
    uint32_t values;                        /* 1: nothing is swept */
    uint32_t planned;
};

/** As profile_load, for all values. 0, or -EINVAL or -ENOMEM with at least one more error. Either way sweep_close is due. */
int sweep_load(struct sweep *self, const char *path_or_name, const char *const *set,
               uint32_t set_count, struct profile_errors *errors);

/** As plan_open, for all values; the error names the value. `machine` is borrowed; NULL for virtual. */
int sweep_plan(struct sweep *self, const struct machine *machine, const struct ranks *ranks,
               enum plan_depth depth, struct err *err);

/** Accepts a zeroed struct. */
void sweep_close(struct sweep *self);

/** Cells of the whole matrix: policies x seeds x values. */
uint32_t sweep_cells(const struct sweep *self);

/** `inject.0.law.factor = 10`, or "" if nothing is swept. Returns `out`. */
const char *sweep_title(const struct experiment *experiment, char *out, size_t size);

/** Where the files of this value alone are: the result directory `dir` itself, or a folder in it. Returns `out`. */
const char *sweep_folder(const struct experiment *experiment, const char *dir, char *out,
                         size_t size);

/** As plan_print, for all values. */
int sweep_print(struct sweep *self, uint32_t threads, FILE *out, struct err *err);

#endif
