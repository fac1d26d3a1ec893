/* See profile_trace.h. */
#include "harness/experiment/profile_trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** The file as terminated text, malloc'd. */
static char *read_file(const char *path, size_t *length, struct err *err)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) { /* opening a pipe would wait for it */
        err_set(err, 0, "is not a file; expected a CSV trace");
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

int profile_trace_load(const char *path, struct law_trace *trace, struct err *err)
{
    size_t length = 0;
    char *text = read_file(path, &length, err);
    if (!text)
        return -EINVAL;
    uint32_t capacity = 0; /* one sample a line at most */
    for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))); at++)
        capacity++;
    capacity++;
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
