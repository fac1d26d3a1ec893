/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Everything that is wrong with a profile, collected first and printed at once, compiler style:
 *
 *   bad.yaml:4:22: error: unknown key 'graf' in workers; did you mean 'graph'?
 *     workers: {count: 8, graf: ring}
 *                         ^~~~
 */
#ifndef HARNESS_PROFILE_PROFILE_ERRORS_H
#define HARNESS_PROFILE_PROFILE_ERRORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** More errors than this are counted, not kept. */
#define PROFILE_ERRORS_MAX 100u

/** Rank of another file that the profile names: its errors have lines, and come last. */
#define PROFILE_RANK_FILE UINT32_MAX

/** Where text came from: the profile, one `--set`, or another file. */
struct profile_source {
    const char *name; /* as printed: a path, or `--set workers.count=8` */
    const char *text; /* [length], not terminated */
    size_t length;
    uint32_t rank; /* 0 = the profile, n = the n-th --set, PROFILE_RANK_FILE: order of printing */
    bool bytes;    /* not proven UTF-8: columns are bytes and only ASCII is echoed */
};

/** A place in a source; the source must outlive the adding of errors only. */
struct profile_mark {
    const struct profile_source *source;
    uint32_t line, column; /* from 1, columns in characters; line 0 = the source as a whole */
    uint32_t width;        /* characters to underline, at least 1 */
};

struct profile_error {
    uint32_t rank, line, column;
    char *text; /* rendered, owned */
};

/** Zero-initialise; profile_errors_free accepts that too. */
struct profile_errors {
    struct profile_error item[PROFILE_ERRORS_MAX];
    uint32_t count;
    uint32_t dropped;
    const char
        *circumstance; /* stands behind each error that is added, in brackets; NULL = nothing */
};

__attribute__((format(printf, 3, 4))) void
profile_errors_add(struct profile_errors *self, struct profile_mark mark, const char *format, ...);

/** In order of place, whatever order they were found in. */
void profile_errors_print(const struct profile_errors *self, FILE *out);

void profile_errors_free(struct profile_errors *self);

#endif
