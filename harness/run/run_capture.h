/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Frames between processes, as files for Wireshark (net/link_capture.h): one file per process, with all runs of a command, each
 * an interface.
 */
#ifndef HARNESS_RUN_RUN_CAPTURE_H
#define HARNESS_RUN_RUN_CAPTURE_H

#include "harness/experiment/experiment.h"
#include "net/capture.h"

struct run;

struct run_capture {
    const char *file; /* before its suffix each process has its number; NULL: nothing is captured */
    /* by process */
    struct capture_counts sum[EXPERIMENT_PROCESSES_MAX]; /* of all runs … */
    uint32_t runs[EXPERIMENT_PROCESSES_MAX];             /* … that are in the file */
};

/**
 * Can the files of processes `first` to before `end` be written? Makes those that are not there, and leaves what others hold.
 * 0, -EINVAL for a name that is none, or another -errno, with a sentence.
 */
int run_capture_check(const struct run_capture *self, uint32_t first, uint32_t end,
                      struct err *err);

/** In a process of a run: `out` gets what takes its frames; NULL: none are wanted. 0, or -errno with a sentence. */
int run_capture_open(struct run *run, uint32_t process, struct capture **out, struct err *err);

/** After the run, where its processes came from: adds up what those from `first` to before `end` have written. */
void run_capture_add(const struct run *run, uint32_t first, uint32_t end);

/** On stderr: how many frames are where, and how many are not. */
void run_capture_say(const struct run_capture *self);

#endif
