/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/page/page_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/results.h"

static void write_page(FILE *out, void *page)
{
    page_write(page, out);
}

int page_file_write(const char *dir, struct err *err)
{
    struct results folder = {.dir = ""};
    struct page *const page = malloc(sizeof(*page));
    if (!page)
        return err_set(err, -ENOMEM, "not enough memory for a report");
    snprintf(folder.dir, sizeof(folder.dir), "%s", dir);
    int rc = page_open(page, dir, err);
    if (rc == 0)
        rc = results_write(&folder, PAGE_NAME, write_page, page, err);
    page_close(page);
    free(page);
    return rc;
}
