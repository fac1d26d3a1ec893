/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What is opened once per process: one machine, one calibrated clock, one EAL with one memory area.
 */
#ifndef HARNESS_RUN_HOST_H
#define HARNESS_RUN_HOST_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/worker/clock.h"
#include "net/eal.h"
#include "topo/machine.h"

struct ranks;

struct host {
    struct machine *machine; /* owned by the caller */
    struct clock clock;
    struct eal eal;
    struct arena arena;      /* EAL memory, or shared */
    size_t shared_bytes;     /* 0: EAL memory */
    const char *runtime_dir; /* where each process' EAL may write */
    struct ranks *ranks;     /* that this process is one of; NULL: it is alone */
};

/** For runs of several processes: an area that they share, and no EAL, which each of them starts for itself. */
int host_open_shared(struct host *out, struct machine *machine, size_t bytes,
                     const char *runtime_dir, struct err *err);

/** Calibrate the clock and start the EAL with one area of `bytes`. 0, or -errno with `err`. */
int host_open(struct host *out, struct machine *machine, size_t bytes, const char *runtime_dir,
              struct err *err);
void host_close(struct host *self);

#endif
