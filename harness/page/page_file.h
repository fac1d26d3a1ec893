/* SPDX-License-Identifier: BSD-3-Clause */
/** report.html of a result directory. */
#ifndef HARNESS_PAGE_PAGE_FILE_H
#define HARNESS_PAGE_PAGE_FILE_H

#include "harness/page/page.h"

/** Whole or not at all. 0, or -errno with a sentence: -ENOENT, -EINVAL: `dir` is no result; else it cannot be written. */
int page_file_write(const char *dir, struct err *err);

#endif
