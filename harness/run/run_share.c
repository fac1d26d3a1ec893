/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks what only the process that had a worker can know: its channels, its links, its loans. */
#include "harness/run/run_share.h"

#include "net/edges.h"

/** After everything that came back was collected. */
static uint64_t count_loans(const struct run *run, uint32_t w)
{
    struct slots *const slots = &run->worker[w]->slots;
    uint64_t loans = 0;
    while (run->port->ops->reclaim(run->port, w, slots) > 0)
        ;
    for (uint32_t s = 0; s < slots->count; s++)
        loans += slots->entry[s].loans;
    return loans;
}

void run_share_settle(struct run *run, uint32_t w)
{
    const struct edge_kind *const kind = edges_find(run->cell->common->experiment->edges);
    run->share[w] = (struct run_share){.channels = kind->counts(run->edges, w),
                                       .left = run->port->ops->in_flight(run->port, w),
                                       .loans = count_loans(run, w),
                                       .core = run->thread[run->cell->placement.loop[w]].core};
    if (run->impair)
        run->share[w].links = impair_counts(run->impair, w);
}
