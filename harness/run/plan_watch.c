/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/run/plan_watch.h"

#include <stdio.h>
#include <time.h>

#include "harness/run/interrupt.h"

#define PATIENCE_S 2.0 /* without a word */
#define PAUSE_S 5.0    /* between two lines */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int plan_watch_step(void *context, const char *doing, const char *path, uint64_t done, uint64_t all)
{
    struct plan_watch *const self = context;
    const double now = now_s();
    if (self->began_s <= 0)
        self->began_s = now;
    const bool due = now - self->began_s > PATIENCE_S && now - self->said_s > PAUSE_S;
    if (due && !self->quiet && done < all) {
        fprintf(stderr, "dawdle: %s %s: %.0f %%\n", doing, path,
                100.0 * (double)done / (double)all);
        self->said_s = now;
    }
    return interrupt_seen();
}
