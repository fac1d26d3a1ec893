/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/live/support_virtual.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command/command.h"

static char folder[64];
static const char *chosen_out;

static char *path_of(const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", folder, name);
    return out;
}

void virtual_enter(void)
{
    char path[128];
    strcpy(folder, "/tmp/dawdle-virtual-XXXXXX");
    cr_assert(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    cr_assert(freopen(path_of("stdout", path, sizeof(path)), "w", stdout));
}

void virtual_leave(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

static char *read_whole(const char *path)
{
    FILE *const file = fopen(path, "r");
    cr_assert(file, "%s", path);
    char *text = NULL;
    size_t bytes = 0;
    cr_assert(getdelim(&text, &bytes, '\0', file) >= 0 || text);
    fclose(file);
    return text;
}

static int execute(const char *command, const char *yaml, uint32_t threads, bool dry)
{
    char profile[128], out[128], said[128];
    FILE *const file = fopen(path_of("t.yaml", profile, sizeof(profile)), "w");
    cr_assert(file);
    fputs(yaml, file);
    fclose(file);
    struct command_line *const line = calloc(1, sizeof(*line));
    cr_assert(line);
    line->argument[0] = command;
    line->argument[1] = profile;
    line->argument_count = 2;
    line->out = chosen_out ? chosen_out : path_of("runs", out, sizeof(out));
    line->used = chosen_out ? 1u << COMMAND_OUT : 0;
    line->quiet = true;
    line->dry_run = dry;
    line->threads = threads;
    fflush(stderr);
    const int kept = dup(STDERR_FILENO);
    FILE *const text = fopen(path_of("stderr", said, sizeof(said)), "w");
    cr_assert(text && dup2(fileno(text), STDERR_FILENO) >= 0);
    const int code = command_run(line);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    fclose(text);
    free(line);
    return code;
}

int virtual_command(const char *command, const char *yaml, uint32_t threads)
{
    return execute(command, yaml, threads, false);
}

char *virtual_dry_run(const char *yaml)
{
    char path[128];
    const bool simulated = strstr(yaml, "clock: virtual") != NULL;
    cr_assert_eq(execute("run", yaml, simulated ? 2 : 0, true), 0);
    fflush(stdout);
    return read_whole(path_of("stdout", path, sizeof(path)));
}

void virtual_out(const char *path)
{
    chosen_out = path;
}

bool virtual_has_cache(void)
{
    char path[128];
    return access(path_of("dawdle", path, sizeof(path)), F_OK) == 0;
}

bool virtual_has_results(void)
{
    char path[128];
    return access(path_of("runs", path, sizeof(path)), F_OK) == 0;
}

char *virtual_errors(void)
{
    char path[128];
    return read_whole(path_of("stderr", path, sizeof(path)));
}

char *virtual_file(const char *name)
{
    char path[256], inside[128];
    snprintf(inside, sizeof(inside), "runs/t/latest/%s", name);
    return read_whole(path_of(inside, path, sizeof(path)));
}

json_t *virtual_result(void)
{
    char *const text = virtual_file("result.json");
    json_t *const result = json_loads(text, 0, NULL);
    size_t i;
    json_t *run;
    cr_assert(result);
    free(text);
    json_object_del(result, "id");
    json_array_foreach(json_object_get(result, "runs"), i, run)
        cr_assert_eq(json_object_del(run, "wall"), 0);
    return result;
}

json_t *virtual_run(const char *yaml, uint32_t threads)
{
    const int code = virtual_command("run", yaml, threads);
    if (code != 0) {
        char *const said = virtual_errors();
        cr_assert_eq(code, 0, "%s", said);
    }
    return virtual_result();
}

const json_t *virtual_of(const json_t *result, uint32_t index)
{
    const json_t *const run = json_array_get(json_object_get(result, "runs"), index);
    cr_assert(run, "there is no run %u", index);
    return run;
}

double virtual_number(const json_t *result, uint32_t index, const char *key)
{
    const json_t *const value = json_object_get(virtual_of(result, index), key);
    cr_assert(json_is_number(value), "run %u has no number %s", index, key);
    return json_number_value(value);
}
