/* SPDX-License-Identifier: BSD-3-Clause */
/** Where results go, checked before anything is made or run. */
#ifndef HARNESS_COMMAND_OUTPUT_H
#define HARNESS_COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

/** Can the folder, or the nearest one above it that exists, be written into? Makes nothing. 0, or -errno with `err`. */
int output_check_folder(const char *folder, struct err *err);

/** The folder that a file at `path` lies in. */
void output_folder_of(const char *path, char *folder, size_t size);

/** Is `path` a folder, or written as one (`name/`)? */
bool output_is_folder(const char *path);

/** The exit code of an error of output_check_folder: 2 where the path itself is wrong, 3 where this host forbids it. */
int output_exit_code(int rc);

#endif
