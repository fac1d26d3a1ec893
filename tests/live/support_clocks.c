/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/live/support_clocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/command/command.h"

static char folder[64];

void clocks_enter(void)
{
    char path[80];
    strcpy(folder, "/tmp/dawdle-clocks-XXXXXX");
    cr_assert(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    snprintf(path, sizeof(path), "%s/stdout", folder);
    cr_assert(freopen(path, "w", stdout)); /* the tables */
}

const char *clocks_folder(void)
{
    return folder;
}

void clocks_leave(void)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

static struct command_line *command_line(const char *command, const char *profile, const char *out)
{
    struct command_line *const line = calloc(1, sizeof(*line));
    cr_assert(line);
    line->argument[0] = command;
    line->argument[1] = profile;
    line->argument_count = 2;
    line->out = out;
    line->quiet = true;
    return line;
}

static int run_here(const char *clock, const char *name, const char *set)
{
    char profile[512], out[96], set_clock[32];
    const char *const source = getenv("DAWDLE_SOURCE");
    if (strchr(name, '/'))
        snprintf(profile, sizeof(profile), "%s", name);
    else
        snprintf(profile, sizeof(profile), "%s/tests/live/%s.yaml", source ? source : ".", name);
    snprintf(out, sizeof(out), "%s/%s", folder, clock);
    snprintf(set_clock, sizeof(set_clock), "clock=%s", clock);
    struct command_line *const line = command_line("run", profile, out);
    line->set[line->set_count++] = set_clock;
    if (set)
        line->set[line->set_count++] = set;
    const int code = command_run(line);
    free(line);
    return code;
}

int clocks_twin(const char *path, const char *name)
{
    char measured[192], out[96];
    snprintf(measured, sizeof(measured), "%s/live/%s/latest", folder, name);
    snprintf(out, sizeof(out), "%s/virtual", folder);
    struct command_line *const line = command_line("twin", path, out);
    line->like = line->against = measured;
    line->hindsight = true;
    line->set[line->set_count++] = "seeds=[1]";
    const int code = command_run(line);
    free(line);
    return code;
}

/* In a process of its own: DPDK starts once in each. */
int clocks_run(const char *clock, const char *name, const char *set)
{
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(run_here(clock, name, set));
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

json_t *clocks_result(const char *clock, const char *name)
{
    char path[192];
    json_error_t error;
    const char *const slash = strrchr(name, '/');
    snprintf(path, sizeof(path), "%s/%s/%s/latest/result.json", folder, clock,
             slash ? slash + 1 : name);
    json_t *const result = json_load_file(path, 0, &error);
    cr_assert(result, "%s: %s", path, error.text);
    return result;
}

double clocks_number(const json_t *object, const char *path)
{
    char key[64];
    for (const char *at = path; at;) {
        const char *const dot = strchr(at, '.');
        const size_t length = dot ? (size_t)(dot - at) : strlen(at);
        cr_assert_lt(length, sizeof(key));
        memcpy(key, at, length);
        key[length] = 0;
        object = json_object_get(object, key);
        at = dot ? dot + 1 : NULL;
    }
    cr_assert(json_is_number(object), "no number at %s", path);
    return json_number_value(object);
}
