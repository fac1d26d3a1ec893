/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Is this process one of several that a launcher started (mpirun, srun)? Of commands other than `run` each rank would
 * repeat the whole experiment on a part of the cores.
 */
#ifndef HARNESS_COMMAND_RANKS_H
#define HARNESS_COMMAND_RANKS_H

#include <stdint.h>

struct rank_signs {
    const char *variable; /* what says so; NULL: this is the only process */
    const char *launcher; /* how to start one process instead */
    uint32_t size, rank;  /* size 0: more than one */
};

/** From the environment. The shell of an allocation (salloc, sbatch) is one process, whatever its tasks are to be. */
struct rank_signs ranks_find(void);

#endif
