/* SPDX-License-Identifier: BSD-3-Clause */
/* Result files are small beside the runs that made them; whole, they can be cut up in place. */
#include "harness/twin/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int text_file_read(const char *path, char **text, struct err *err)
{
    *text = NULL;
    FILE *const file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
    *text = malloc(TEXT_FILE_BYTES_MAX);
    if (*text)
        (*text)[fread(*text, 1, TEXT_FILE_BYTES_MAX - 1, file)] = '\0';
    fclose(file);
    return *text ? 0 : err_set(err, -ENOMEM, "not enough memory for %s", path);
}
