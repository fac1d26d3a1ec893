/* SPDX-License-Identifier: BSD-3-Clause */
/* See profile_trace.h. */
#include "harness/experiment/profile_trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROFILE_TRACE_PATH_MAX 2048u

/** The file as terminated text, malloc'd. */
static char *read_file(const char *path, size_t *length, struct err *err)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) { /* opening a pipe would wait for it */
        err_set(err, 0, "is not a file; expected one with measured times");
        return NULL;
    }
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &info)) {
        err_set(err, 0, "%s", strerror(errno));
        if (file)
            fclose(file);
        return NULL;
    }
    char *text = NULL;
    if (info.st_size > (off_t)PROFILE_TRACE_BYTES_MAX) {
        err_set(err, 0, "larger than 64 MiB");
    } else if (!(text = malloc((size_t)info.st_size + 1))) {
        err_set(err, 0, "out of memory");
    } else {
        *length = fread(text, 1, (size_t)info.st_size, file);
        text[*length] = '\0';
    }
    fclose(file);
    return text;
}

/** At most so many values: one a line. */
static uint32_t lines_of(const char *text, size_t length)
{
    uint32_t lines = 1;
    for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))); at++)
        lines++;
    return lines;
}

int profile_trace_load(const char *path, struct law_trace *trace, struct err *err)
{
    size_t length = 0;
    char *text = read_file(path, &length, err);
    if (!text)
        return -EINVAL;
    const uint32_t capacity = lines_of(text, length);
    double *seconds = calloc(capacity, sizeof(*seconds));
    const int rc = seconds ? law_trace_parse(text, length, seconds, capacity, trace, err)
                           : err_set(err, -ENOMEM, "out of memory");
    if (rc) {
        *trace = (struct law_trace){0};
        free(seconds);
    } else {
        trace->seconds = seconds;
    }
    free(text);
    return rc;
}

void profile_trace_free(struct law_trace *trace)
{
    free((void *)(uintptr_t)trace->seconds);
    *trace = (struct law_trace){0};
}

static int parse_sample(const char *text, size_t length, const char *policy,
                        struct law_sample *sample, struct err *err)
{
    const uint32_t capacity = lines_of(text, length);
    struct law_bin *const bin = calloc(capacity, sizeof(*bin));
    if (!bin)
        return err_set(err, -ENOMEM, "out of memory");
    const int rc =
        law_empirical_parse(text, length, policy[0] ? policy : NULL, bin, capacity, sample, err);
    if (rc)
        free(bin);
    return rc;
}

int profile_sample_load(const char *path, const char *policy, struct law_sample *sample,
                        struct err *err)
{
    char inside[PROFILE_TRACE_PATH_MAX];
    struct stat info;
    struct err why = {.text = ""};
    const bool is_run = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    size_t length = 0;
    if ((size_t)snprintf(inside, sizeof(inside), "%s%s", path, is_run ? "/iterations.csv" : "") >=
        sizeof(inside))
        return err_set(err, -ENAMETOOLONG, "the path is too long");
    char *const text = read_file(inside, &length, &why);
    const int rc = text ? parse_sample(text, length, policy, sample, &why) : -EINVAL;
    free(text);
    if (rc)
        err_set(err, rc, "%s%s", is_run ? "iterations.csv: " : "", why.text);
    return rc;
}

void profile_sample_free(struct law_sample *sample)
{
    free((void *)(uintptr_t)sample->bin);
    *sample = (struct law_sample){0};
}
