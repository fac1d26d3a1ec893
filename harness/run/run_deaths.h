/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A process of a run dies: its workers count as crashed, and the others go on. Called by the process that all others come from,
 * which sees the death. Internal to harness/run.
 */
#ifndef HARNESS_RUN_RUN_DEATHS_H
#define HARNESS_RUN_RUN_DEATHS_H

#include "harness/run/run_threads.h"

/** NULL: the others can go on without process `p`. Otherwise why they cannot. */
const char *run_death_ends_run(const struct run *run, uint32_t p);

/** It has died. Nobody waits for it any more; `how` ends the sentence "process 1 …". */
void run_death(struct run *run, uint32_t p, const char *how);

/** Peers are told as soon as the living have let go of what was under way to the dead. Called until the run is over. */
void run_deaths_look(struct run *run);

/** After the run: the last that this worker, which was one of theirs, had. */
void run_death_settle(struct run *run, uint32_t worker);

/** After all parts came: faults that nobody had planned, and workers of whom nothing came. */
void run_deaths_close(struct run *run);

/** Was this worker's process one of them? And did nothing come of what it measured? */
bool run_death_took(const struct run *run, uint32_t worker);
bool run_death_left_nothing(const struct run *run, uint32_t worker);

/** Messages that went with them: of a record whose other messages have been counted. */
void run_deaths_collect(const struct run *run, struct record_run *out);

#endif
