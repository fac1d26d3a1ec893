/* SPDX-License-Identifier: BSD-3-Clause */
/* `twin`: a simulation that imitates a live run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/comment.h"
#include "harness/command/output.h"
#include "harness/command/session.h"
#include "harness/record/results.h"
#include "harness/twin/twin.h"

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

static bool has_seeds(const struct command_line *line)
{
    bool has = command_used(line, COMMAND_SEED);
    for (uint32_t i = 0; i < line->set_count; i++)
        has |= strncmp(line->set[i], "seeds=", 6) == 0;
    return has;
}

/** Seeds that no live run used, unless the user wants others. */
static void fold_seeds(struct command_line *line, struct twin *twin)
{
    size_t used = 0;
    if (!line->against || has_seeds(line)) {
        command_fold_seeds(line);
        return;
    }
    twin_draw_anew(twin, line->repeat ? line->repeat : TWIN_DRAWS);
    for (uint32_t i = 0; i < twin->fresh_count; i++)
        used += (size_t)snprintf(line->seed_set + used, sizeof(line->seed_set) - used, "%s%llu",
                                 i ? ", " : "seeds=[", (unsigned long long)twin->fresh[i]);
    snprintf(line->seed_set + used, sizeof(line->seed_set) - used, "]");
    line->set[line->set_count++] = line->seed_set;
}

static int check(struct session *self, const struct twin *twin, const struct cell_host *host)
{
    struct err err = {{0}};
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->sweep[i].values > 1)
            return command_complain(
                "--like and --against take one experiment; take the sweep back with "
                "--set sweep=");
        self->sweep[i].plan[0].common.imitated = host;
        if (twin_check(twin, self->sweep[i].written, &err) < 0)
            return command_complain(err.text);
    }
    return 0;
}

/**
 * The same profile with the same seeds and graphs, as `sim` alone has it: what calibrating is worth. Results go below those
 * of the calibrated simulation. `line` is as it was before calibrate_fold, but for the seeds.
 */
static int simulate_plain(const struct command_line *line, const struct twin *twin, char *dir)
{
    char out[RESULTS_PATH_MAX];
    const struct cell_host host = {.shape = twin->host.shape, .shapes = twin->host.shapes};
    struct session *const self = session_new();
    struct command_line plain = *line;
    if (!self)
        return command_complain("not enough memory"), 1;
    if ((size_t)snprintf(out, sizeof(out), "%s/plain", dir) >= sizeof(out))
        return command_complain("the path of the results is too long"), 3;
    plain.out = out;
    self->silent = true;
    int code = session_open(self, &plain);
    if (code == 0)
        code = check(self, twin, &host);
    if (code == 0)
        code = session_run(self, &plain, dir);
    session_close(self);
    return code;
}

static bool is_complete(int code)
{
    return code == 0 || code == 4;
}

static int compare(const struct command_line *plain, const struct twin *twin, const char *dir)
{
    struct err err = {{0}};
    char plain_dir[RESULTS_PATH_MAX];
    snprintf(plain_dir, sizeof(plain_dir), "%s", dir);
    const bool has_plain = twin->like.count > 0 && twin->calibration.base_ns == 0;
    if (has_plain && !is_complete(simulate_plain(plain, twin, plain_dir)))
        return 1;
    if (twin->fresh_count > 0)
        printf("\nseeds %llu to %llu, which no live run used; graphs and cores are those of the "
               "measured run\n",
               (unsigned long long)twin->fresh[0],
               (unsigned long long)twin->fresh[twin->fresh_count - 1]);
    if (twin_compare(twin, dir, has_plain ? plain_dir : NULL, stdout, &err) < 0)
        return command_complain(err.text);
    if (!has_plain && twin->like.count > 0)
        printf(" plain: none, the profile emulates no compute time that could be simulated\n");
    return 0;
}

static int imitate(struct session *self, const struct command_line *plain, const struct twin *twin,
                   const struct command_line *line)
{
    char dir[RESULTS_PATH_MAX] = "";
    int code = check(self, twin, &twin->host);
    if (code != 0)
        return code;
    if (line->dry_run)
        return imitate_dry(self, twin, line);
    if (line->like)
        calibrate_print(stdout, &twin->calibration, line->like);
    code = session_run(self, line, dir);
    if (!is_complete(code) || !line->against)
        return code;
    const int compared = compare(plain, twin, dir);
    return compared ? compared : code;
}

int command_twin(struct command_line *line)
{
    struct err err = {{0}};
    if (!line->like && !line->against)
        return command_complain("twin needs a live run to imitate or to predict: --like RUN, "
                                "--against RUN, or both");
    if (line->against && line->argument_count > 2)
        return command_complain("--against compares one profile");
    command_force_virtual(line);
    const int rc = line->dry_run ? 0 : output_check_folder(line->out, &err);
    if (rc < 0)
        return command_complain(err.text), output_exit_code(rc);
    struct session *const self = session_new();
    struct twin *const twin = calloc(1, sizeof(*twin));
    struct command_line plain;
    int code = 0;
    if (!self || !twin)
        code = (command_complain("not enough memory"), 1);
    else if (twin_open(twin, line->like, line->against, line->hindsight, &err) < 0)
        code = command_complain(err.text);
    if (code == 0) {
        fold_seeds(line, twin);
        plain = *line;
        line->set_count = calibrate_fold(&twin->calibration, line->set, line->set_count);
        if (line->dry_run)
            self->depth = PLAN_SIZES;
        code = session_open(self, line);
    }
    if (code == 0)
        code = imitate(self, &plain, twin, line);
    if (self)
        session_close(self);
    if (twin)
        twin_close(twin);
    free(twin);
    return code;
}
