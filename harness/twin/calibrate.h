/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a live run says about the host: the simulator's costs, latency and cores, out of a run without stragglers.
 *
 * Everything becomes a value of a profile's key, given as `--set` would: the resolved profile of the simulation shows
 * what was used, and repeats it. Means over all runs of the directory:
 *   costs.iteration  loading, and of `rest` what events do not explain: where workers share a core, that passes for all
 *                    of them at once
 *   costs.apply, costs.send, costs.mix, costs.event, costs.read
 *                    as recorded (costs_ns), without what was stolen meanwhile
 *   links.latency    median from sent to seen, less what of that was waiting for the end of a slice
 *   compute.core     the real gradient, where workers share cores (workers.cores says how many) …
 *   compute.slice    … and what it is computed in at one go
 * What the host gave to other programs meanwhile (stolen.csv) is no cost; the simulation imitates it as it came (twin.h).
 * compute.base and its jitter are the profile's where it emulates compute time: both drivers draw it from the same
 * function. Where the run had only real gradients, the base is their mean, and each worker draws from those that it was
 * measured to take (gradients.h).
 */
#ifndef HARNESS_TWIN_CALIBRATE_H
#define HARNESS_TWIN_CALIBRATE_H

#include <stdio.h>

#include "core/base/err.h"
#include "harness/record/results_read.h"

#define CALIBRATE_SETS 16u
#define CALIBRATE_SET_BYTES 64u

struct calibration {
    double iteration_ns, apply_ns, send_ns, mix_ns, event_ns, read_ns;
    double latency_ns, gradient_ns, slice_ns;
    uint64_t base_ns;        /* of gradients, where all were real; else 0: the profile's holds */
    double load_ns, rest_ns; /* of which iteration_ns is made */
    double stolen_share;     /* of the time of the cores */
    uint32_t runs, workers, cores; /* cores: 0 = one for each worker */
    char policies[256];            /* whose runs, for people */
    char set[CALIBRATE_SETS][CALIBRATE_SET_BYTES];
    uint32_t sets;
};

/** 0, or -EINVAL with a sentence: the run is virtual, incomplete, has stragglers, or lacks the figures. */
int calibrate(const struct results_read *run, struct calibration *out, struct err *err);

/** The run had no emulated compute time: its base is the mean of its real gradients, with coefficient of variation `cv`. */
void calibrate_base(struct calibration *self, double mean_s, double cv);

/** Distinct cores among `os_index` [workers]; number: [workers] each one's, ascending from 0, or NULL. */
uint32_t calibrate_cores(const uint32_t *os_index, uint32_t workers, uint32_t *number);

/**
 * Put what was found behind the user's own `set` [count], each a key=value: `workers={count: 8}` must not undo
 * workers.cores. What the user speaks of, by its path or inside a map, is the user's. Returns the new count, at most
 * count + CALIBRATE_SETS; the texts are borrowed.
 */
uint32_t calibrate_fold(const struct calibration *self, const char **set, uint32_t count);

void calibrate_print(FILE *out, const struct calibration *self, const char *dir);

#endif
