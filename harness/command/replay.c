/* SPDX-License-Identifier: BSD-3-Clause */
/* `replay`: the events of a live run through the policies again. */
#include <stdio.h>
#include <unistd.h>

#include "harness/command/session.h"
#include "harness/run/replay.h"

/** Not a result directory: say so, rather than that a profile is missing. */
static int check_result(const char *dir, char *profile, size_t size)
{
    char latest[4200];
    snprintf(profile, size, "%s/resolved.yaml", dir);
    if (access(profile, F_OK) == 0)
        return 0;
    snprintf(latest, sizeof(latest), "%s/latest/resolved.yaml", dir);
    fprintf(stderr, "dawdle: error: %s is no result directory: it holds no resolved.yaml", dir);
    if (access(latest, F_OK) == 0)
        fprintf(stderr, "; did you mean %s/latest?", dir);
    fputc('\n', stderr);
    return 2;
}

int command_replay(struct command_line *line)
{
    const char *const dir = line->argument[1];
    char path[4200];
    struct command_line inner = *line;
    if (check_result(dir, path, sizeof(path)))
        return 2;
    struct session *const self = session_new();
    if (!self)
        return command_complain("not enough memory"), 1;
    inner.argument[1] = path;
    int code = session_open(self, &inner);
    const struct replay_options options = {.parameters = line->parameters, .quiet = line->quiet};
    for (uint32_t v = 0; (code == 0 || v > 0) && v < self->sweep[0].values; v++) {
        char title[2 * EXPERIMENT_SWEEP_TEXT_MAX + 8];
        if (*sweep_title(self->sweep[0].experiment[v], title, sizeof(title)))
            printf("%s\n", title);
        const int one = replay_all(dir, &self->sweep[0].plan[v], &options, stdout);
        code = one > code ? one : code;
    }
    session_close(self);
    return code;
}
