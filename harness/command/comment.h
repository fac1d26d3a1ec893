/* SPDX-License-Identifier: BSD-3-Clause */
/** Text behind a profile on the same stream, as comments: what is printed can be kept as a file and loaded again. */
#ifndef HARNESS_COMMAND_COMMENT_H
#define HARNESS_COMMAND_COMMENT_H

#include <stdio.h>

struct comment {
    FILE *text; /* to print to; NULL: no memory */
    char *bytes;
    size_t size;
};

void comment_open(struct comment *self);

/** Each line that was printed goes to `out` behind a `# `. */
void comment_close(struct comment *self, FILE *out);

#endif
