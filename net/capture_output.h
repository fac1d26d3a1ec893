/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Hold back what a chatty library prints, and quote the one line that matters.
 *
 * Between capture_output_begin and capture_output_end, file descriptors 1 and 2 of the whole process lead to an anonymous file: for set-up
 * code only, while no other thread prints.
 */
#ifndef NET_CAPTURE_OUTPUT_H
#define NET_CAPTURE_OUTPUT_H

#include <stddef.h>

struct capture_output {
    int file; /* anonymous memory file, or -1: nothing is held back */
    int out;  /* the real stdout and stderr, or -1 when they were closed */
    int err;
};

void capture_output_begin(struct capture_output *self);

/** Restore both streams; `line` gets the last non-empty line that starts with `prefix` (or the last of all). */
void capture_output_end(struct capture_output *self, const char *prefix, char *line, size_t size);

#endif
