/* SPDX-License-Identifier: BSD-3-Clause */
/* The loader knows nothing of terminals and signals; it calls this, and may be told to stop. */
#include "harness/run/plan_watch.h"

#include <stdio.h>

#include "harness/run/interrupt.h"

int plan_watch_step(void *context, const char *doing, const char *path, uint64_t done, uint64_t all)
{
    char text[160];
    snprintf(text, sizeof(text), "%s %s", doing, path);
    status_share(context, text, done, all);
    return interrupt_seen();
}
