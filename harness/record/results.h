/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The directory of one execution of a profile: `<out>/<profile>/<UTC>-<id>/`, built as `.tmp-<UTC>-<id>`.
 *
 * It holds resolved.yaml, environment.json, result.json, iterations.csv and latency.hlog, trace.pftrace unless the profile
 * wants none, and stolen.csv if the host took cores away. result.json is replaced as a
 * whole after every run and the other files are flushed, so a killed execution leaves a readable `.tmp-` directory
 * that lacks at most the run in progress (`"complete": false`). The rename at the end makes it final, then
 * `<out>/<profile>/latest` points to it.
 */
#ifndef HARNESS_RECORD_RESULTS_H
#define HARNESS_RECORD_RESULTS_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/metric/record.h"
#include "harness/metric/summary.h"
#include "harness/record/hlog.h"
#include "harness/record/trace_file.h"
#include "harness/record/verdict.h"

#define RESULTS_PATH_MAX 4096u

struct results {
    char parent[RESULTS_PATH_MAX / 2]; /* <out>/<profile> */
    char id[64];                       /* <UTC>-<id> */
    char dir[RESULTS_PATH_MAX];        /* where the files are now */
    json_t *document, *runs;           /* owned; `runs` is borrowed from `document` */
    FILE *csv, *log, *timeline;
    FILE *stolen, *drawn; /* only once something was; trace.pftrace, if wanted */
    struct hlog hlog;
    struct trace_file trace; /* its packets; `out` is NULL without one */
    double start_epoch_s;
    struct err
        warning; /* of results_finish: what is missing though all results are there; "" = nothing */
};

/** Make a folder with its parents, as `mkdir -p`. 0, or -errno with the sentence in `err`. */
int results_make_folder(const char *path, struct err *err);

/** Make the directory and its files. 0, or -errno with the sentence in `err` and nothing left open. */
int results_begin(struct results *self, const char *out, const struct experiment *experiment,
                  struct err *err);

/** Write one more file through `writer` (resolved.yaml, report.html), atomically. 0 or -errno. */
int results_write(struct results *self, const char *name, void (*writer)(FILE *out, void *arg),
                  void *arg, struct err *err);

/** Write `tree` as environment.json; takes the reference over. NULL is -ENOMEM. */
int results_environment(struct results *self, json_t *tree, struct err *err);

/**
 * Add one finished run: rows of iterations.csv, its process in trace.pftrace, its histograms, its element of result.json. The target may still be
 * unjudged (a relative one needs the baseline first); results_finish writes all runs again.
 */
int results_add(struct results *self, const struct record_run *run,
                const struct record_iteration *row, uint64_t rows, struct err *err);

/** What a finished matrix comes to. Borrows. */
struct results_verdict {
    const struct summary *summary; /* [summaries]: one, or one per value of the swept key */
    const struct checks_result *check;
    const struct claims_result *claim;
    uint32_t summaries, checks, claims;
    const char *warnings; /* reasons for doubt, a line each; NULL: none */
    bool complete;        /* everything ran; false: stopped early */
    bool interrupted;     /* by a signal */
};

/**
 * Write the final result.json, close, rename, point `latest` here; self->dir is then where the results are. What the file
 * system refuses of the last two is self->warning. 0 or -errno.
 */
int results_finish(struct results *self, const struct record_run *run, uint32_t count,
                   const struct results_verdict *verdict, struct err *err);

/** Close what is open and leave the directory as it is. Accepts a zeroed struct, and one that is finished. */
void results_close(struct results *self);

#endif
