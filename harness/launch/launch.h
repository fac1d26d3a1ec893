/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Is this process one of several that were started for one run, which one, and where is rank 0? A table of launchers: by
 * hand (environment variables), and those of clusters (PMIx: Open MPI, Slurm; PMI: MPICH).
 *
 * Launchers are asked once, before anything else is started, and let go: what ranks say to each other afterwards goes over
 * a hub (hub.h). So a launcher's library never sees a thread of ours, or the death of a process it was not told of.
 */
#ifndef HARNESS_LAUNCH_LAUNCH_H
#define HARNESS_LAUNCH_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "harness/launch/hub.h"

#define LAUNCH_TEXT_MAX 128u

struct launch {
    const char *launcher; /* a row's name; NULL: this is the only process */
    uint32_t rank, ranks;
    bool one_host; /* all ranks are on this one */
    struct hub *hub;
    uint64_t token; /* of the job */
};

struct launch_ops {
    const char *name, *help;
    /** Did this launcher start the process? 1, with rank, ranks and one_host; 0: no; -errno with a sentence. */
    int (*find)(struct launch *self, struct err *err);
    /** Of rank 0: where to wait for the others; NULL: at this host's own address. */
    int (*place)(char place[HUB_PLACE_MAX], struct err *err);
    /** What rank 0 says all get to know; the launcher is let go then. 0, or -errno with a sentence. */
    int (*share)(const struct launch *self, char text[LAUNCH_TEXT_MAX], struct err *err);
};

/** Rows, NULL at the end. */
const struct launch_ops *launch_at(uint32_t index);

/** Who we are, with a hub where there are others. `stop`: see hub_open. 0, or -errno with a sentence. */
int launch_open(struct launch *out, bool (*stop)(void), struct err *err);
void launch_close(struct launch *self);

#endif
