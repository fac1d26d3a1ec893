/* SPDX-License-Identifier: BSD-3-Clause */
/* `run` and `sim`: profiles as they are, or in virtual time. */
#include <stdio.h>

#include "harness/command/output.h"
#include "harness/command/session_ranks.h"
#include "harness/record/results.h"

static int plan(struct session *self, const struct command_line *line)
{
    const int code = session_open(self, line);
    return code == 0 ? session_dry_run(self) : code;
}

/** Of several ranks all hear why one of them cannot start. */
static int execute(struct session *self, struct command_line *line)
{
    char dir[RESULTS_PATH_MAX];
    int code = session_meet(self, line);
    if (code == 0)
        code = session_open(self, line);
    if (code == 0)
        return session_run(self, line, dir);
    if (self->ranks)
        session_agree(self, code);
    return code;
}

int command_profiles(struct command_line *line)
{
    struct err err = {{0}};
    const int rc = line->dry_run ? 0 : output_check_folder(line->out, &err);
    if (rc < 0)
        return command_complain(err.text), output_exit_code(rc);
    struct session *const self = session_new();
    if (!self)
        return command_complain("not enough memory"), 1;
    command_fold_seeds(line);
    if (line->dry_run)
        self->depth = PLAN_SIZES;
    const int code = line->dry_run ? plan(self, line) : execute(self, line);
    session_close(self);
    return code;
}

void command_force_virtual(struct command_line *line)
{
    line->set[line->set_count++] = "clock=virtual";
}

int command_sim(struct command_line *line)
{
    command_force_virtual(line);
    return command_profiles(line);
}
