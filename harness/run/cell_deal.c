/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes of one host share its cores as the placement has them. Of several ranks none knows the cores of the others, only
 * how many there are: workers are dealt by their numbers, which are neighbours in the regular graphs, and all ranks come to
 * the same deal.
 */
#include "harness/run/cell_deal.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t processes_of(const struct cell *self)
{
    return self->common->experiment->processes;
}

void cell_loops(const struct cell *self, uint32_t process, uint32_t *first, uint32_t *end)
{
    *first = self->process_loop[process];
    *end = self->process_loop[process + 1];
}

void cell_processes(const struct cell *self, uint32_t rank, uint32_t *first, uint32_t *end)
{
    const uint32_t ranks = self->common->ranks ? self->common->ranks->count : 1;
    *first = processes_of(self) * rank / ranks;
    *end = processes_of(self) * (rank + 1) / ranks;
}

bool cell_rank_has(const struct cell *self, uint32_t rank, uint32_t w)
{
    uint32_t first, end;
    cell_processes(self, rank, &first, &end);
    return self->process[w] >= first && self->process[w] < end;
}

bool cell_is_ours(const struct cell *self, uint32_t w)
{
    const struct ranks *const ranks = self->common->ranks;
    return !self->process || !ranks || (!ranks->gathers && cell_rank_has(self, ranks->rank, w));
}

static int make_tables(struct cell *self, struct err *err)
{
    self->process = calloc(self->graph.workers, sizeof(*self->process));
    self->process_loop = calloc(processes_of(self) + 1, sizeof(*self->process_loop));
    if (self->process && self->process_loop)
        return 0;
    return err_set(err, -ENOMEM, "out of memory for %u workers", self->graph.workers);
}

/* ------------------------------------------------------------ one host */

/** One loop for each process, on fewer cores than processes: workers that were near each other stay together. */
static int share_cores(struct cell *self, uint32_t processes, struct err *err)
{
    struct placement *const place = &self->placement;
    const uint32_t cores = place->cores_used, workers = self->graph.workers;
    uint32_t *const pu = calloc(processes, sizeof(*pu));
    uint32_t next = 0;
    if (!pu)
        return err_set(err, -ENOMEM, "out of memory for %u processes", processes);
    for (uint32_t p = 0; p < processes; p++)
        pu[p] = place->loop_pu[p * cores / processes];
    uint32_t *const loop = calloc(workers, sizeof(*loop));
    for (uint32_t c = 0; loop && c < cores; c++)
        for (uint32_t w = 0; w < workers; w++)
            if (place->loop[w] == c)
                loop[w] = next++ * processes / workers;
    free(place->loop_pu);
    free(place->loop);
    place->loop_pu = pu;
    place->loop = loop;
    if (!loop)
        return err_set(err, -ENOMEM, "out of memory for %u workers", workers);
    for (uint32_t w = 0; w < workers; w++)
        place->pu[w] = pu[loop[w]];
    place->cores_used = processes;
    place->cooperative = place->shared = true;
    return 0;
}

static int deal_to_processes(struct cell *self, struct err *err)
{
    const uint32_t processes = processes_of(self);
    if (self->placement.cores_used < processes && share_cores(self, processes, err) < 0)
        return -ENOMEM;
    const int rc = make_tables(self, err);
    for (uint32_t p = 0; p <= processes && rc == 0; p++)
        self->process_loop[p] = self->placement.cores_used * p / processes;
    for (uint32_t p = 0; p < processes && rc == 0; p++)
        for (uint32_t w = 0; w < self->graph.workers; w++)
            if (self->placement.loop[w] >= self->process_loop[p] &&
                self->placement.loop[w] < self->process_loop[p + 1])
                self->process[w] = (uint16_t)p;
    return rc;
}

/* --------------------------------------------------------------- ranks */

/** Has it fewer cores than processes, or cores that are other ranks' as well? */
static bool rank_shares(const struct cell *self, uint32_t rank)
{
    const struct ranks *const ranks = self->common->ranks;
    return ranks->member[rank].shares ||
           ranks->member[rank].cores < processes_of(self) / ranks->count;
}

bool cell_shares_cores(const struct cell *self)
{
    const struct ranks *const ranks = self->common->ranks;
    bool shares = self->placement.shared;
    for (uint32_t r = 0; ranks && r < ranks->count; r++)
        shares |= rank_shares(self, r);
    return shares;
}

/** Loops of process `p`: a core of its rank for each worker, as far as they go round. */
static uint32_t loops_of(const struct cell *self, uint32_t p, uint32_t workers)
{
    const struct ranks *const ranks = self->common->ranks;
    const uint32_t processes = processes_of(self), rank = p * ranks->count / processes;
    const uint32_t most = self->common->experiment->workers.cores;
    const uint32_t cores = ranks->member[rank].cores * ranks->count / processes;
    uint32_t loops = cores < workers ? cores : workers;
    if (most > 0 && loops > most / processes)
        loops = most / processes;
    if (loops > CELL_LOOPS_MAX / processes)
        loops = CELL_LOOPS_MAX / processes;
    return loops > 0 ? loops : 1;
}

/** This rank's loops on its cores one after the other; what stands for those of others nobody binds to. */
static void bind_loops(struct cell *self)
{
    struct placement *const place = &self->placement;
    const uint32_t pus = machine_pu_count(self->common->machine);
    uint32_t first, end;
    cell_processes(self, self->common->ranks->rank, &first, &end);
    for (uint32_t l = 0; l < place->cores_used; l++) {
        const bool ours = l >= self->process_loop[first] && l < self->process_loop[end];
        place->loop_pu[l] = ours ? (l - self->process_loop[first]) % pus : 0;
    }
    for (uint32_t w = 0; w < self->graph.workers; w++)
        place->pu[w] = place->loop_pu[place->loop[w]];
}

static int deal_to_ranks(struct cell *self, struct err *err)
{
    struct placement *const place = &self->placement;
    const uint32_t processes = processes_of(self), workers = self->graph.workers;
    int rc = make_tables(self, err);
    uint32_t loops = 0;
    place->cooperative = place->shared = rank_shares(self, self->common->ranks->rank);
    for (uint32_t p = 0; p < processes && rc == 0; p++) {
        const uint32_t first = workers * p / processes, end = workers * (p + 1) / processes;
        const uint32_t its = loops_of(self, p, end - first);
        for (uint32_t w = first; w < end; w++) {
            self->process[w] = (uint16_t)p;
            place->loop[w] = loops + (w - first) * its / (end - first);
        }
        place->cooperative |= its < end - first;
        loops += its;
        self->process_loop[p + 1] = loops;
    }
    uint32_t *const pu = rc == 0 ? realloc(place->loop_pu, loops * sizeof(*pu)) : NULL;
    if (!pu)
        return err_set(err, -ENOMEM, "out of memory for %u loops", loops);
    place->loop_pu = pu;
    place->cores_used = loops;
    bind_loops(self);
    return 0;
}

int cell_deal(struct cell *self, struct err *err)
{
    if (self->common->ranks)
        return deal_to_ranks(self, err);
    return processes_of(self) > 1 ? deal_to_processes(self, err) : 0;
}
