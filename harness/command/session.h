/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The profiles of one command line: all are loaded, planned and checked against this host before the first one starts.
 * Every error is printed where it is found; functions return the exit code of the program.
 */
#ifndef HARNESS_COMMAND_SESSION_H
#define HARNESS_COMMAND_SESSION_H

#include "harness/command/command.h"
#include "harness/run/host.h"
#include "harness/run/run_capture.h"
#include "harness/run/sweep.h"
#include "harness/tune/tune.h"

struct session_ranks;

struct session {
    struct machine *machine; /* NULL: nothing runs live */
    uint32_t threads;        /* of virtual runs */
    enum plan_depth depth;   /* PLAN_RUN unless the command says otherwise before session_open */
    uint32_t count;
    struct sweep sweep[COMMAND_ARGUMENTS_MAX];
    struct tuned_file *tuned;      /* NULL, or the profile (one) is to be tuned */
    bool silent;                   /* neither progress nor table */
    struct run_capture capture;    /* what the line asks for */
    struct session_ranks *meeting; /* session_ranks.h; NULL: nobody was looked for … */
    struct ranks *ranks;           /* … NULL: this is the only one */
    struct err complaint;          /* what was printed last */
};

/** Zeroed; NULL: no memory. Give it to session_close, which frees it. */
struct session *session_new(void);

/** Load and plan all profiles that the line names. */
int session_open(struct session *self, const struct command_line *line);
void session_close(struct session *self);

/** Resolved profiles; and as comments behind each, so that it can be loaded, placement or graph, memory and time. */
int session_dry_run(struct session *self);

/** Everything that could refuse a run on this host. `host` is opened only if something runs live; then close it. */
int session_open_host(const struct session *self, const char *out, struct host *host,
                      struct err *err);

/** dir: [RESULTS_PATH_MAX] gets where the results of the last profile are. */
int session_run(struct session *self, const struct command_line *line, char *dir);

#endif
