/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A run whose rank 0 died: what each other rank has measured is kept as bytes (`run_keep`), and one process makes a record of
 * them later (`run_gather`), in which the workers of rank 0 count as crashed. Internal to harness/run.
 */
#ifndef HARNESS_RUN_RUN_KEEP_H
#define HARNESS_RUN_RUN_KEEP_H

#include "harness/run/pack.h"
#include "harness/run/run_threads.h"

/** Everything of this rank's workers, whose loops have ended. Then pack_close is due; out->bad: not enough memory. */
void run_keep(struct run *run, struct pack *out);

/**
 * Into a run that is set up and never began: its times are then of this host's clock. 0, or -EPROTO with a sentence that
 * names the rank: the bytes are not of such a run.
 */
int run_gather(struct run *run, const struct run_kept *kept, uint32_t count, struct err *err);

#endif
