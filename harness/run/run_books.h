/* SPDX-License-Identifier: BSD-3-Clause */
/** What workers and processes count while a run goes on, for copies on other ranks. Internal to harness/run. */
#ifndef HARNESS_RUN_RUN_BOOKS_H
#define HARNESS_RUN_RUN_BOOKS_H

#include "harness/run/pack.h"
#include "harness/run/run_threads.h"

/** Writes the books of `rank`, which is this one, or reads those of another one. `pack->bad` says whether they are some. */
void run_books(struct pack *pack, struct run *run, uint32_t rank);

#endif
