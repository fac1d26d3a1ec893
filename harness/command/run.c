/* SPDX-License-Identifier: BSD-3-Clause */
/* `run` and `sim`: profiles as they are, or in virtual time. */
#include <stdio.h>

#include "harness/command/output.h"
#include "harness/command/session_ranks.h"
#include "harness/record/results.h"

int command_profiles(struct command_line *line)
{
    struct err err = {{0}};
    const int rc = line->dry_run ? 0 : output_check_folder(line->out, &err);
    if (rc < 0)
        return command_complain(err.text), output_exit_code(rc);
    struct session *const self = session_new();
    char dir[RESULTS_PATH_MAX];
    if (!self)
        return command_complain("not enough memory"), 1;
    command_fold_seeds(line);
    if (line->dry_run)
        self->depth = PLAN_SIZES;
    int code = line->dry_run ? 0 : session_meet(self, line);
    if (code == 0)
        code = session_open(self, line);
    if (code != 0 && self->ranks)
        session_agree(self, code);
    if (code == 0)
        code = line->dry_run ? session_dry_run(self) : session_run(self, line, dir);
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
