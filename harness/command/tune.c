/* SPDX-License-Identifier: BSD-3-Clause */
/* `tune`: learning rates into a file that profiles include. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/comment.h"
#include "harness/command/output.h"
#include "harness/command/session.h"
#include "harness/run/interrupt.h"

/** `<name>.tuned.yaml` here, in the folder that --out names, or the file that it names. */
static void tuned_path(const struct command_line *line, const struct experiment *e, char *path,
                       size_t size)
{
    const bool given = command_used(line, COMMAND_OUT);
    const bool slash = given && line->out[strlen(line->out) - 1] == '/';
    if (given && !output_is_folder(line->out))
        snprintf(path, size, "%s", line->out);
    else
        snprintf(path, size, "%s%s%s.tuned.yaml", given ? line->out : "",
                 given && !slash ? "/" : "", e->name);
}

/** Before the search: can its file be written? */
static int check_output(const struct command_line *line, struct err *err)
{
    char folder[EXPERIMENT_PATH_MAX];
    const bool given = command_used(line, COMMAND_OUT);
    if (given && output_is_folder(line->out))
        snprintf(folder, sizeof(folder), "%s", line->out);
    else
        output_folder_of(given ? line->out : ".", folder, sizeof(folder));
    return output_check_folder(given && !*line->out ? "" : folder, err);
}

static int tune_planned(struct session *self, const struct command_line *line)
{
    struct err err = {{0}};
    struct host host;
    char path[EXPERIMENT_PATH_MAX], folder[EXPERIMENT_PATH_MAX];
    if (line->dry_run) {
        struct comment rest;
        const int code = session_dry_run(self);
        if (code != 0)
            return code;
        comment_open(&rest);
        const int rc = rest.text ? tune_print(&self->sweep[0].plan[0], self->tuned, self->threads,
                                              rest.text, &err)
                                 : err_set(&err, -ENOMEM, "not enough memory to print the plan");
        comment_close(&rest, stdout);
        return rc < 0 ? (command_complain(err.text), 3) : 0;
    }
    tuned_path(line, self->sweep[0].written, path, sizeof(path));
    output_folder_of(path, folder, sizeof(folder));
    if (session_open_host(self, folder, &host, &err) < 0)
        return fprintf(stderr, "dawdle: error: %s\n", err.text), 3;
    const struct tune_options options = {
        .out = path, .quiet = line->quiet, .threads = self->threads};
    interrupt_watch();
    const int code =
        tune_run(self->machine ? &host : NULL, &self->sweep[0].plan[0], self->tuned, &options);
    if (self->machine)
        host_close(&host);
    return code;
}

int command_tune(struct command_line *line)
{
    struct err err = {{0}};
    const int rc = line->dry_run ? 0 : check_output(line, &err);
    if (rc < 0)
        return command_complain(err.text), output_exit_code(rc);
    struct session *const self = session_new();
    struct tuned_file *const tuned = calloc(1, sizeof(*tuned));
    if (!self || !tuned)
        return free(self), free(tuned), command_complain("not enough memory"), 1;
    line->set[line->set_count++] =
        "train.tuned=";                      /* the old rates, stale or not, are no part of it */
    line->set[line->set_count++] = "sweep="; /* rates are those of the profile as it is written */
    self->tuned = tuned;
    if (line->dry_run)
        self->depth = PLAN_SIZES;
    int code = session_open(self, line);
    if (code == 0)
        code = tune_planned(self, line);
    session_close(self);
    free(tuned);
    return code;
}
