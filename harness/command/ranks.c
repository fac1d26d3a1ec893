/* SPDX-License-Identifier: BSD-3-Clause */
/* What launchers put into the environment of each process they start; no library of theirs is needed to read it. */
#include "harness/command/ranks.h"

#include <stddef.h>
#include <stdlib.h>

#define MPIRUN "mpirun -np 1 --bind-to none"
#define SRUN "srun -n 1 -c CORES"

static const struct {
    const char *size, *rank, *launcher;
} rows[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", MPIRUN}, /* Open MPI, PRRTE */
    {"PMI_SIZE", "PMI_RANK", "mpiexec -n 1"},                 /* MPICH, Intel MPI */
    {"MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK", "mpiexec -n 1"},
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", SRUN}, /* of the step, not of the allocation */
    {"FLUX_JOB_SIZE", "FLUX_TASK_RANK", "flux run -n 1 -c CORES"},
};

static uint32_t number(const char *variable)
{
    const char *const text = getenv(variable);
    const long value = text ? strtol(text, NULL, 10) : 0;
    return value > 0 ? (uint32_t)value : 0;
}

struct rank_signs ranks_find(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (number(rows[i].size) > 1)
            return (struct rank_signs){rows[i].size, rows[i].launcher, number(rows[i].size),
                                       number(rows[i].rank)};
    /* Older Slurm tells the size of the allocation only; within a step its tasks are those of the step. */
    if (getenv("SLURM_STEP_ID") && !getenv("SLURM_STEP_NUM_TASKS") && getenv("SLURM_PROCID") &&
        number("SLURM_NTASKS") > 1)
        return (struct rank_signs){"SLURM_NTASKS", SRUN, number("SLURM_NTASKS"),
                                   number("SLURM_PROCID")};
    if (number("PMIX_RANK") > 0) /* PMIx tells the size through its library */
        return (struct rank_signs){"PMIX_RANK", MPIRUN, 0, number("PMIX_RANK")};
    return (struct rank_signs){0};
}
