/* SPDX-License-Identifier: BSD-3-Clause */
/* `Tag=<tag>,<start s>,<length s>,<max>,HISTF...`: the payload is what follows the fourth comma. */
#include "harness/record/hlog_read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/hlog.h"

#define FIELDS 4u /* before the payload */

/** The payload of a line, or NULL: it has none. The tag is terminated in place. */
static const char *split(char *line)
{
    char *at = line;
    for (uint32_t i = 0; i < FIELDS; i++) {
        at = strchr(at, ',');
        if (!at)
            return NULL;
        *at++ = '\0';
    }
    at[strcspn(at, "\r\n")] = '\0';
    return at;
}

/** One line; `scratch` is for its histogram. 0 or -errno. */
static int take(char *line, hlog_read_pick *pick, void *context, struct hist *scratch,
                struct err *err)
{
    static const char mark[] = "Tag=";
    if (strncmp(line, mark, sizeof(mark) - 1) != 0)
        return 0;
    const char *const payload = split(line);
    if (!payload)
        return err_set(err, -EINVAL, "expected five fields after Tag=");
    struct hist *const into = pick(context, line + sizeof(mark) - 1);
    const int rc = into ? hlog_decode(payload, scratch, err) : 0;
    if (into && rc == 0)
        hist_merge(into, scratch);
    return rc;
}

int hlog_read(const char *path, hlog_read_pick *pick, void *context, struct err *err)
{
    FILE *const file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? 1 : err_set(err, -errno, "%s: %s", path, strerror(errno));
    struct hist *const scratch = malloc(sizeof(*scratch));
    char *line = NULL;
    size_t room = 0;
    int rc = scratch ? 0 : err_set(err, -ENOMEM, "not enough memory for a histogram");
    for (uint32_t number = 1; rc == 0 && getline(&line, &room, file) >= 0; number++) {
        struct err why = {.text = ""};
        rc = take(line, pick, context, scratch, &why);
        if (rc < 0)
            err_set(err, rc, "%s:%u: %s", path, number, why.text);
    }
    free(line);
    free(scratch);
    fclose(file);
    return rc;
}
