/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A part: what a run comes to in the processes of one rank. Rank 0 reads the parts of all others into its own run, which was
 * laid out for all workers, and makes the record as if it had had them itself.
 */
#ifndef HARNESS_RUN_RUN_PART_H
#define HARNESS_RUN_RUN_PART_H

#include "harness/run/pack.h"
#include "harness/run/run_threads.h"

/** Writes or reads the part of `rank`, after its end. `pack->bad` says whether it is one. */
void run_part(struct run *run, uint32_t rank, struct pack *pack);

#endif
