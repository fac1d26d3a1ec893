/* SPDX-License-Identifier: BSD-3-Clause */
/** A text file of a result directory, read as a whole. */
#ifndef HARNESS_TWIN_TEXT_FILE_H
#define HARNESS_TWIN_TEXT_FILE_H

#include "core/base/err.h"

#define TEXT_FILE_BYTES_MAX (64u << 20) /* what is behind is not read */

/** *text: malloc'd, NULL where there is no such file. 0, or -errno with a sentence that names the file. */
int text_file_read(const char *path, char **text, struct err *err);

#endif
