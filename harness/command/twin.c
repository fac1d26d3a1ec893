/* SPDX-License-Identifier: BSD-3-Clause */
/* `sim --like` and `--against`: a simulation that imitates a live run. */
#include <stdlib.h>
#include <string.h>

#include "harness/command/comment.h"
#include "harness/command/output.h"
#include "harness/command/session.h"
#include "harness/results/results.h"
#include "harness/twin/twin.h"

/** What --like found out goes before the user's own --set, which win. */
static void fold_calibration(struct command_line *line, const struct calibration *found)
{
    memmove(line->set + found->sets, line->set, line->set_count * sizeof(line->set[0]));
    for (uint32_t i = 0; i < found->sets; i++)
        line->set[i] = found->set[i];
    line->set_count += found->sets;
}

static int imitate_dry(struct session *self, const struct twin *twin,
                       const struct command_line *line)
{
    struct comment found;
    const int code = session_dry_run(self);
    comment_open(&found);
    if (found.text && line->like)
        calibrate_print(found.text, &twin->calibration, line->like);
    comment_close(&found, stdout);
    return code;
}

static int imitate(struct session *self, const struct twin *twin, const struct command_line *line)
{
    struct err err = {{0}};
    char dir[RESULTS_PATH_MAX] = "";
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->sweep[i].values > 1)
            return command_complain(
                "--like and --against take one experiment; take the sweep back with "
                "--set sweep=");
        self->sweep[i].plan[0].common.imitated = &twin->host;
        if (twin_check(twin, self->sweep[i].written, &err) < 0)
            return command_complain(err.text);
    }
    if (line->dry_run)
        return imitate_dry(self, twin, line);
    if (line->like)
        calibrate_print(stdout, &twin->calibration, line->like);
    const int code = session_run(self, line, dir);
    const bool complete = code == 0 || code == 4;
    if (complete && line->against && twin_compare(twin, dir, stdout, &err) < 0)
        return command_complain(err.text);
    return code;
}

/** `sim` with --like or --against. */
int command_twin(struct command_line *line)
{
    struct err err = {{0}};
    const int rc = line->dry_run ? 0 : output_check_folder(line->out, &err);
    if (rc < 0)
        return command_complain(err.text), output_exit_code(rc);
    struct session *const self = session_new();
    struct twin *const twin = calloc(1, sizeof(*twin));
    int code = 0;
    if (!self || !twin)
        code = (command_complain("not enough memory"), 1);
    else if (twin_open(twin, line->like, line->against, line->hindsight, &err) < 0)
        code = command_complain(err.text);
    if (code == 0) {
        command_fold_seeds(line);
        fold_calibration(line, &twin->calibration);
        if (line->dry_run)
            self->depth = PLAN_SIZES;
        code = session_open(self, line);
    }
    if (code == 0)
        code = imitate(self, twin, line);
    if (self)
        session_close(self);
    if (twin)
        twin_close(twin);
    free(twin);
    return code;
}
