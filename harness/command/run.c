/* SPDX-License-Identifier: BSD-3-Clause */
/* `run` and `sim`: profiles as they are, or in virtual time. */
#include <stdio.h>

#include "harness/command/output.h"
#include "harness/command/session.h"
#include "harness/fuzz/fuzz.h"
#include "harness/results/results.h"
#include "harness/run/interrupt.h"

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
    int code = session_open(self, line);
    if (code == 0)
        code = line->dry_run ? session_dry_run(self) : session_run(self, line, dir);
    session_close(self);
    return code;
}

/** `sim` is short for the profile's `clock: virtual`. */
static void force_virtual(struct command_line *line)
{
    line->set[line->set_count++] = "clock=virtual";
}

static int fuzz(const struct command_line *line)
{
    const struct fuzz_config config = {
        .from = line->fuzz_from, .seeds = line->fuzz, .policy = line->fuzz_policy};
    struct fuzz_result result;
    if (line->argument_count > 1 || line->fuzz == 0 || line->used != COMMAND_FUZZ)
        return command_complain(
            "expected `sim --fuzz SEEDS [--from N] [--policy NAME]`, and nothing else");
    if (line->fuzz_policy && !policy_find(line->fuzz_policy))
        return command_complain("--policy: no such policy (see dawdle list policies)");
    interrupt_watch();
    const int code = fuzz_run(&config, stdout, &result);
    if (code == 3)
        return command_complain("no child process could be made for the scenarios"), 3;
    printf("%llu scenarios, %llu with parameters, %llu events: %u broke an invariant\n",
           (unsigned long long)result.seeds, (unsigned long long)result.values,
           (unsigned long long)result.events, result.findings);
    return code == 0 && result.seeds < config.seeds ? 5 : code;
}

int command_sim(struct command_line *line)
{
    if (line->used & COMMAND_FUZZ)
        return fuzz(line);
    if (line->argument_count < 2)
        return command_complain("sim takes at least 1 arguments, 0 given (see dawdle --help)");
    force_virtual(line);
    if (line->against && line->argument_count > 2)
        return command_complain("--against compares one profile");
    return line->like || line->against || line->hindsight ? command_twin(line)
                                                          : command_profiles(line);
}
