/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `new`: a profile to start from, with its comments. It is loaded before it stays: what names files beside the original
 * would be no beginning.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command/command.h"
#include "harness/profile/profile_text.h"

#define SUFFIX ".yaml"
#define LICENCE "# SPDX-" /* is ours, not that of what users write */

/** The text of a profile; NULL with the errors printed. Owned by the caller. */
static char *read_profile(const char *name)
{
    struct profile_errors *const errors = calloc(1, sizeof(*errors));
    char path[4096];
    char *text = NULL;
    size_t length;
    if (errors && profile_text_find(name, path, sizeof(path), errors) == 0)
        profile_text_read(path, &text, &length, errors);
    if (errors) {
        profile_errors_print(errors, stderr);
        profile_errors_free(errors);
    }
    free(errors);
    return text;
}

static int refuse(const char *path, const char *why)
{
    fprintf(stderr, "dawdle: error: %s %s\n", path, why);
    return 2;
}

/** A file that was not there before. 0 or -errno. */
static int write_file(const char *path, const char *text)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return -errno;
    FILE *const out = fdopen(file, "w");
    for (const char *line = text; out && *line; line += strcspn(line, "\n") + 1) {
        const int length = (int)strcspn(line, "\n");
        if (strncmp(line, LICENCE, strlen(LICENCE)) != 0)
            fprintf(out, "%.*s\n", length, line);
        if (!line[length])
            break;
    }
    if (out && fclose(out) == 0)
        return 0;
    const int rc = -errno;
    unlink(path);
    return rc;
}

int command_new(struct command_line *line)
{
    char path[4096];
    const char *const name = line->argument[1];
    const size_t length = strlen(name), suffix = strlen(SUFFIX);
    const bool has = length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
    if (length == 0 || name[length - 1] == '/')
        return refuse(name, "names no file: give a name such as first, or folder/first");
    if ((size_t)snprintf(path, sizeof(path), "%s%s", name, has ? "" : SUFFIX) >= sizeof(path))
        return command_complain("the name of the new profile is too long");
    if (access(path, F_OK) == 0)
        return refuse(path, "exists and is left as it is: choose another name, or remove it first");
    char *const text = read_profile(line->from);
    if (!text)
        return 2;
    const int rc = write_file(path, text);
    free(text);
    if (rc < 0)
        return refuse(path, strerror(-rc));
    struct sweep sweep = {0};
    const int loaded = command_load(&sweep, line, path);
    sweep_close(&sweep);
    if (loaded < 0) {
        unlink(path);
        return refuse(path, "was taken back: a copy of that profile does not load, because of what "
                            "it names beside itself (above); copy those files too, or start from "
                            "another one");
    }
    printf("%s: a copy of the profile %s, with its comments. Edit it, then:\n"
           "  dawdle run %s --dry-run   # what would happen\n"
           "  dawdle run %s\n",
           path, line->from, path, path);
    return 0;
}
