/* SPDX-License-Identifier: BSD-3-Clause */
/* One list for both directions, as in run_part.c. Ranks saw the last snapshot up to one round apart. */
#include "harness/run/run_keep.h"

#include <errno.h>
#include <string.h>

#include "harness/run/run_books.h"
#include "harness/run/run_deaths.h"
#include "harness/run/run_part.h"
#include "harness/run/run_share.h"

/** Of the whole run, as one rank knew it. */
struct outline {
    uint64_t stop_cyc, end_cyc;
    uint64_t lost; /* processes that had died before */
    uint64_t lost_cyc[EXPERIMENT_PROCESSES_MAX], noticed_cyc[EXPERIMENT_PROCESSES_MAX];
    uint32_t cut;
    struct cohort_cut at[COHORT_CUTS_MAX];
};

static void pack_outline(struct pack *pack, struct outline *it)
{
    pack_moments(pack, &it->stop_cyc, 1);
    pack_moments(pack, &it->end_cyc, 1);
    pack_words(pack, &it->lost, 1);
    pack_moments(pack, it->lost_cyc, EXPERIMENT_PROCESSES_MAX);
    pack_moments(pack, it->noticed_cyc, EXPERIMENT_PROCESSES_MAX);
    it->cut = (uint32_t)pack_count(pack, it->cut, COHORT_CUTS_MAX);
    for (uint32_t i = 0; i < it->cut; i++) {
        pack_moments(pack, &it->at[i].cyc, 1);
        pack_words(pack, &it->at[i].gradients, 1);
        pack_words(pack, &it->at[i].bytes, 1);
    }
}

static struct outline outline_of(const struct run *run)
{
    const struct cohort *const c = &run->cohort;
    struct outline out = {.stop_cyc = c->stop_cyc,
                          .end_cyc = c->end_cyc,
                          .lost = atomic_load(&c->lost),
                          .cut = atomic_load(&c->cut)};
    for (uint32_t p = 0; p < c->bridges; p++) {
        out.lost_cyc[p] = run->process[p].lost_cyc;
        out.noticed_cyc[p] = run->process[p].noticed_cyc;
    }
    memcpy(out.at, c->at, sizeof(out.at));
    return out;
}

void run_keep(struct run *run, struct pack *out)
{
    const uint32_t rank = run->cell->common->ranks->rank;
    uint64_t start = run->cohort.start_cyc;
    double ns_per_cyc = run->host->clock.ns_per_cyc;
    struct outline outline = outline_of(run);
    for (uint32_t w = 0; w < run->cell->graph.workers; w++)
        if (cell_is_ours(run->cell, w))
            (run_death_took(run, w) ? run_death_settle : run_share_settle)(run, w);
    *out = pack_writer();
    pack_clock(out, &start, &ns_per_cyc);
    pack_outline(out, &outline);
    run_books(out, run, rank);
    run_part(run, rank, out);
}

/* --------------------------------------------------------------- gather */

static void take_outline(struct run *run, const struct outline *it)
{
    struct cohort *const c = &run->cohort;
    c->stop_cyc = it->stop_cyc > c->stop_cyc ? it->stop_cyc : c->stop_cyc;
    c->end_cyc = it->end_cyc > c->end_cyc ? it->end_cyc : c->end_cyc;
    memcpy(c->at, it->at, it->cut * sizeof(*it->at));
    atomic_store(&c->cut, it->cut);
    for (uint32_t p = 0; p < c->bridges; p++) {
        if (!(it->lost >> p & 1) || cohort_is_lost(c, p))
            continue;
        run->process[p].lost_cyc = it->lost_cyc[p];
        run->process[p].noticed_cyc = it->noticed_cyc[p];
        cohort_lose(c, p);
    }
}

static int read_kept(struct run *run, const struct run_kept *kept, uint32_t *cut, struct err *err)
{
    struct pack pack = pack_reader(kept->data, kept->bytes);
    struct outline outline = {.cut = 0};
    uint64_t start = 0;
    double ns_per_cyc = 1;
    pack_clock(&pack, &start, &ns_per_cyc);
    pack.clock = (struct clock_shift){.there = start,
                                      .here = run->cohort.start_cyc,
                                      .scale = ns_per_cyc / run->host->clock.ns_per_cyc};
    pack_outline(&pack, &outline);
    pack.bad |= outline.cut > run->cohort.cuts;
    if (!pack.bad) {
        take_outline(run, &outline);
        run_books(&pack, run, kept->rank);
        run_part(run, kept->rank, &pack);
    }
    *cut = outline.cut;
    if (pack.bad || pack.used != pack.size)
        return err_set(err, -EPROTO, "what rank %u measured is not what this profile measures",
                       kept->rank);
    return 0;
}

/** Its worker's last model becomes what all others have as their last. */
static void bring_last(struct run *run, uint32_t w, uint32_t from, uint32_t to)
{
    const struct cell *const cell = run->cell;
    const struct run_buffers *const b = run->buffers;
    const size_t floats = worker_snapshot_floats(cell->row, &cell->common->model);
    const size_t source = (size_t)from * cell->graph.workers + w;
    const size_t target = (size_t)to * cell->graph.workers + w;
    memcpy(b->snapshot + target * floats, b->snapshot + source * floats, floats * sizeof(float));
    b->snapshot_absent[target] = b->snapshot_absent[source];
    b->snapshot_average[target] = b->snapshot_average[source];
}

/** Who left nothing is gone since the others ended, unless they had seen it die before. */
static void lose_missing(struct run *run, uint32_t rank)
{
    uint32_t p, end;
    cell_processes(run->cell, rank, &p, &end);
    for (; p < end; p++) {
        struct run_process *const process = &run->process[p];
        if (process->has_part || cohort_is_lost(&run->cohort, p))
            continue;
        process->lost_cyc = process->noticed_cyc = run->cohort.stop_cyc;
        cohort_lose(&run->cohort, p);
    }
}

int run_gather(struct run *run, const struct run_kept *kept, uint32_t count, struct err *err)
{
    struct cohort *const c = &run->cohort;
    uint32_t cut[HUB_RANKS_MAX] = {0}, fewest = UINT32_MAX;
    c->start_cyc = clock_cyc();
    for (uint32_t i = 0; i < count; i++) {
        const int rc = read_kept(run, &kept[i], &cut[i], err);
        if (rc < 0)
            return rc;
        fewest = cut[i] < fewest ? cut[i] : fewest;
    }
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t w = 0; w < c->workers && cut[i] > fewest; w++)
            if (cell_rank_has(run->cell, kept[i].rank, w))
                bring_last(run, w, cut[i], fewest);
    atomic_store(&c->cut, fewest);
    for (uint32_t r = 0; r < run->cell->common->ranks->count; r++)
        lose_missing(run, r);
    atomic_store(&c->phase, COHORT_END);
    c->incomplete = true;
    return 0;
}
