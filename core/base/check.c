/* SPDX-License-Identifier: BSD-3-Clause */
/* The one place that ends the program: on a broken CHECK, after saying where. */
#include "core/base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, what);
    abort();
}
