/* SPDX-License-Identifier: BSD-3-Clause */
/* `report`: results that were made before, as pages. */
#include <errno.h>
#include <stdio.h>

#include "harness/command/command.h"
#include "harness/page/page_file.h"

int command_report(struct command_line *line)
{
    struct err err = {{0}};
    for (uint32_t i = 1; i < line->argument_count; i++) {
        const int rc = page_file_write(line->argument[i], &err);
        if (rc < 0) {
            fprintf(stderr, "dawdle: error: %s\n", err.text);
            return rc == -ENOENT || rc == -EINVAL ? 2 : 3;
        }
        printf("%s/" PAGE_NAME "\n", line->argument[i]);
    }
    return 0;
}
