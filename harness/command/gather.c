/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `gather`: ranks of a run whose rank 0 died have each left a folder with the profile and a part. The profile is planned as
 * for a run of these ranks, the parts are read into it, and what comes of that is a result as of any run.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/command/output.h"
#include "harness/command/session_ranks.h"
#include "harness/record/results.h"
#include "harness/run/interrupt.h"
#include "harness/run/matrix.h"
#include "harness/run/part_file.h"
#include "harness/version.h"

struct gather {
    struct part_file part[HUB_RANKS_MAX];
    struct run_kept kept[HUB_RANKS_MAX];
    uint32_t count;
    char profile[RESULTS_PATH_MAX]; /* of the first one */
    struct ranks ranks;
};

/** Is it of the run of the first one, and not there yet? */
static int check_part(const struct gather *self, const struct part_file *part, const char *folder,
                      struct err *err)
{
    const struct part_file *const first = &self->part[0];
    if (strcmp(part->version, DAWDLE_VERSION) != 0)
        return err_set(err, -EINVAL, "%s was left by dawdle %s, this is %s: gather it with that",
                       folder, part->version, DAWDLE_VERSION);
    if (self->count > 0 && part->run != first->run)
        return err_set(
            err, -EINVAL, "%s is of run %016llx, %s of run %016llx: gather one run at a time",
            folder, (unsigned long long)part->run, self->profile, (unsigned long long)first->run);
    for (uint32_t i = 0; i < self->count; i++)
        if (self->part[i].ranks.rank == part->ranks.rank)
            return err_set(err, -EINVAL, "%s is of rank %u, which is there already", folder,
                           part->ranks.rank);
    return 0;
}

static int add_part(struct gather *self, const char *folder, struct err *err)
{
    if (self->count == HUB_RANKS_MAX)
        return err_set(err, -EINVAL, "more than %u parts", HUB_RANKS_MAX);
    struct part_file *const part = &self->part[self->count];
    int rc = part_file_read(part, folder, err);
    if (rc == 0)
        rc = check_part(self, part, folder, err);
    if (rc < 0) {
        part_file_free(part);
        return rc;
    }
    if (self->count == 0)
        snprintf(self->profile, sizeof(self->profile), "%s/resolved.yaml", folder);
    self->kept[self->count++] = (struct run_kept){part->ranks.rank, part->data, part->bytes};
    return 0;
}

/** A part, or a folder of parts. */
static int add(struct gather *self, const char *folder, struct err *err)
{
    char path[RESULTS_PATH_MAX];
    struct stat status;
    glob_t found = {0};
    int rc = 0;
    if (stat(folder, &status) < 0)
        return err_set(err, -errno, "cannot read %s: %s", folder, strerror(errno));
    snprintf(path, sizeof(path), "%s/" PART_FILE_NAME, folder);
    if (stat(path, &status) == 0)
        return add_part(self, folder, err);
    snprintf(path, sizeof(path), "%s/part-*/" PART_FILE_NAME, folder);
    if (glob(path, 0, NULL, &found) != 0)
        rc = err_set(err, -ENOENT,
                     "%s is no part of a run and has none in it: expected " PART_FILE_NAME
                     ", or folders part-RUN-RANK",
                     folder);
    for (size_t i = 0; i < found.gl_pathc && rc == 0; i++) {
        *strrchr(found.gl_pathv[i], '/') = 0;
        rc = add_part(self, found.gl_pathv[i], err);
    }
    globfree(&found);
    return rc;
}

static int read_all(struct gather *self, const struct command_line *line, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 1; i < line->argument_count && rc == 0; i++)
        rc = add(self, line->argument[i], err);
    self->ranks = self->part[0].ranks;
    self->ranks.rank = 0;
    self->ranks.gathers = true;
    return rc;
}

static int check_turn(const struct gather *self, const struct sweep *sweep, struct err *err)
{
    const struct ranks_turn *const turn = &self->part[0].turn;
    const struct experiment *const e = sweep->written;
    if (turn->profile == 0 && turn->value < sweep->planned && turn->seed < e->seed_count &&
        turn->policy < e->policy_count)
        return 0;
    return err_set(err, -EINVAL, "%s does not have the run that was cut short", self->profile);
}

/** Have the ranks run what this process has planned? */
static int check_plan(const struct session *session, const struct gather *self, struct err *err)
{
    struct ranks_word here = {0};
    const struct ranks_word *const there = &self->part[0].agreed;
    const struct sweep *const sweep = &session->sweep[0];
    const int rc = session_digest(sweep, 1, &here, err);
    if (rc < 0)
        return rc;
    const char *const differs = here.profile != there->profile ? "the profile"
                                : here.data != there->data     ? "the data set"
                                : here.plan != there->plan     ? "the plan"
                                                               : NULL;
    if (differs)
        return err_set(err, -EINVAL,
                       "%s is not the one that the ranks had: gather on one of their hosts, "
                       "without --set but for paths",
                       differs);
    return check_turn(self, sweep, err);
}

static int run(struct session *session, const struct command_line *line, const struct gather *self)
{
    struct host host = {0};
    struct err err = {{0}};
    const struct matrix_options options = {.out = line->out,
                                           .quiet = line->quiet,
                                           .only = &self->part[0].turn,
                                           .run = {.kept = self->kept, .kept_count = self->count}};
    if (check_plan(session, self, &err) < 0)
        return command_complain(err.text);
    if (session_open_host(session, line->out, &host, &err) < 0)
        return command_complain(err.text), 3;
    host.ranks = session->ranks;
    interrupt_watch();
    const int code = matrix_run(&host, &session->sweep[0], &options);
    host_close(&host);
    return code;
}

static int gather(struct gather *self, struct command_line *line)
{
    struct err err = {{0}};
    if (read_all(self, line, &err) < 0)
        return command_complain(err.text);
    struct session *const session = session_new();
    if (!session)
        return command_complain("not enough memory"), 1;
    struct command_line inner = *line;
    inner.argument[1] = self->profile;
    inner.argument_count = 2;
    session->ranks = &self->ranks;
    int code = session_open(session, &inner);
    if (code == 0)
        code = run(session, &inner, self);
    session->ranks = NULL;
    session_close(session);
    return code;
}

int command_gather(struct command_line *line)
{
    struct err err = {{0}};
    const int rc = output_check_folder(line->out, &err);
    if (rc < 0)
        return command_complain(err.text), output_exit_code(rc);
    struct gather *const self = calloc(1, sizeof(*self));
    if (!self)
        return command_complain("not enough memory"), 1;
    const int code = gather(self, line);
    for (uint32_t i = 0; i < self->count; i++)
        part_file_free(&self->part[i]);
    free(self);
    return code;
}
