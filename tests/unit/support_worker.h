/* SPDX-License-Identifier: BSD-3-Clause */
/** Files for the tests of core/worker: written into the build folder (a real disk, where O_DIRECT works). */
#ifndef TESTS_UNIT_SUPPORT_WORKER_H
#define TESTS_UNIT_SUPPORT_WORKER_H

#include <stddef.h>

/** A path of this process's own, below DAWDLE_TEST_TMP. Valid for the next 15 calls. */
const char *support_path(const char *name);

/** A new, empty folder of this test; the name must not contain '/'. Same lifetime. */
const char *support_folder(const char *name);

void support_write(const char *path, const void *bytes, size_t count);

/** Remove all files and folders of this process. */
void support_clean(void);

#endif
