/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what the workers counted, after the loops have ended. Losses of the points are the evaluation's business. */
#include "harness/run/run_collect.h"

#include <stdio.h>

#include "core/worker/account.h"
#include "core/worker/stall.h"
#include "harness/metric/waits.h"
#include "harness/run/collect.h"
#include "harness/run/ledger.h"
#include "harness/run/run_costs.h"
#include "harness/run/run_deaths.h"
#include "harness/run/run_link.h"

/* Latency figures of a cooperative run mean something else once a core is busier than this. */
#define CONTENDED_SHARE 0.2

static double seconds(const struct run *run, uint64_t cyc)
{
    return (double)cyc * run->host->clock.ns_per_cyc * 1e-9;
}

static uint64_t to_ns(const struct run *run, uint64_t cyc)
{
    return clock_ns(&run->host->clock, cyc);
}

static struct record_worker worker_of(const struct run *run, uint32_t w)
{
    const struct worker *const worker = run->worker[w];
    const struct hist *const hist = run_worker_hist(run->buffers, w);
    struct record_worker out = {.iterations = worker->account.total_iterations,
                                .total_ns = to_ns(run, worker->account.total_cyc),
                                .core = run->share[w].core,
                                .iteration = record_figures(&hist[SERIES_ITERATION])};
    for (uint32_t h = 0; h < SERIES_COUNT; h++)
        out.hist[h] = h != SERIES_LATE || run->impair ? &hist[h] : NULL;
    for (uint32_t p = 0; p < PART_COUNT; p++)
        out.part_ns[p] = to_ns(run, worker->account.total_part_cyc[p]);
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        out.wait_ns[b] = to_ns(run, worker->account.blamed_cyc[b]);
    return out;
}

static int collect_waits(const struct run *run, struct record_run *out, struct err *err)
{
    struct waits waits = {0};
    for (uint32_t w = 0; w < out->workers; w++) {
        const struct worker *const worker = run->worker[w];
        for (uint32_t e = 0; e < worker->peer_count; e++)
            waits_add(&waits, w, worker->peers[e], to_ns(run, worker->account.edge_cyc[e]));
    }
    return waits_close(&waits, out, err);
}

static struct counts counts_by(const struct worker *worker)
{
    struct counts of = worker->count;
    of.iterations = worker->account.total_iterations;
    of.incomplete = !worker->done;
    of.slots_total = worker->slots.count;
    of.slots_free_min = worker->slots.free_count_min;
    if (worker->common->policy->tensor_class == DELIVERY_EXACT)
        of.exact_superseded = of.tensors_superseded;
    return of;
}

/**
 * What bad links did to the messages that worker `w` sent or received. A copy that took its original's place in a mailbox
 * ended as that one would have: it was counted as superseded, though no message was lost by it.
 */
static void add_links(struct record_run *out, const struct impair_counts *c)
{
    struct counts *const count = &out->count;
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++) {
        count->links.dropped_by[cause] += c->dropped_by[cause];
        count->links.control_dropped_by[cause] += c->control_dropped_by[cause];
        count->tensors_dropped += c->dropped_by[cause];
    }
    count->links.resent += c->resent;
    count->links.duplicated += c->duplicated;
    count->links.corrupted += c->corrupted;
    count->links.caught += c->caught;
    count->duplicates += c->duplicates_seen;
    count->tensors_superseded += c->superseded + c->tensor_duplicates_seen;
    count->tensors_superseded -= c->tensors_duplicated; /* wraps around until all are added */
    count->tensors_in_flight += c->held_tensors;
}

/** A worker that waits for what never comes does not end: say so. */
static void name_stall(struct record_run *out, uint64_t given_up)
{
    if (given_up > 0 && out->count.incomplete > 0)
        snprintf(out->stall, sizeof(out->stall),
                 "%llu messages that are sent again until they arrive were behind a link that "
                 "stays cut",
                 (unsigned long long)given_up);
}

/** When it happened, after the start; 0: it did not. */
static uint64_t since_start_ns(const struct run *run, uint64_t cyc)
{
    return cyc > run->cohort.start_cyc ? to_ns(run, cyc - run->cohort.start_cyc) : 0;
}

static struct sim_fault fault_of(const void *context, uint32_t i)
{
    const struct run *const run = context;
    const struct worker_fault *const was = &run->happened[i];
    return (struct sim_fault){.happened = was->happened,
                              .at_ns = since_start_ns(run, was->at_cyc),
                              .noticed_ns = since_start_ns(run, was->noticed_cyc),
                              .back_ns = since_start_ns(run, was->back_cyc)};
}

static void merge_hists(struct run *run, struct record_run *out)
{
    struct hist *const merged = run_merged_hist(run->buffers);
    struct hist *const loops = run_period_hist(run->buffers, run->cohort.loops);
    for (uint32_t w = 0; w < run->cell->graph.workers; w++)
        for (uint32_t h = 0; h < SERIES_COUNT; h++)
            hist_merge(&merged[h], &run_worker_hist(run->buffers, w)[h]);
    for (uint32_t l = 0; l < run->cohort.loops; l++)
        hist_merge(loops, run_period_hist(run->buffers, l));
    for (uint32_t h = 0; h < SERIES_COUNT; h++)
        out->series[h] = record_figures(&merged[h]);
    out->loop = record_figures(loops);
}

/** Rows for iterations.csv, out of the workers' logs. */
static void collect_rows(struct run *run)
{
    struct run_buffers *const buffers = run->buffers;
    buffers->rows = 0;
    for (uint32_t w = 0; w < run->cell->graph.workers; w++) {
        const struct worker *const worker = run->worker[w];
        for (uint32_t i = 0; i < worker->log.count; i++) {
            const struct worker_iteration *const of = &worker->log.line[i];
            struct sim_iteration line = {.worker = w,
                                         .iteration = of->iteration,
                                         .mixed_with = of->mixed_with,
                                         .start_ns =
                                             to_ns(run, of->start_cyc - run->cohort.start_cyc),
                                         .total_ns = to_ns(run, of->total_cyc),
                                         .own_ns = to_ns(run, of->own_cyc)};
            for (uint32_t p = 0; p < PART_COUNT; p++)
                line.part_ns[p] = to_ns(run, of->part_cyc[p]);
            buffers->row[buffers->rows++] = collect_row(&line, of->loss);
        }
    }
}

static void collect_points(const struct run *run, struct record_run *out)
{
    const struct cohort *const c = &run->cohort;
    const uint32_t cuts = atomic_load(&run->cohort.cut);
    out->point_count = cuts + 1;
    for (uint32_t i = 0; i < cuts; i++)
        collect_point(out, i, seconds(run, c->at[i].cyc - c->start_cyc), c->at[i].gradients,
                      c->at[i].bytes);
    collect_point(out, cuts, out->duration_s, out->count.gradients, out->count.bytes_exchanged);
}

static void check_ledger(const struct run *run, struct record_run *out)
{
    const struct policy *const row = run->cell->row;
    const struct model_config *const model = &run->cell->common->model;
    struct ledger ledger = {.lanes = row->lanes, .dim = model->dim};
    for (uint32_t w = 0; w < out->workers; w++) {
        ledger.weight_gained += run->worker[w]->ledger.weight_gained;
        const struct worker *const worker = run->worker[w];
        if (run_death_left_nothing(run, w))
            continue; /* nor is there a model of it */
        ledger_add(&ledger, run->port->ops->slot(run->port, w, worker->current),
                   worker->ledger.start, worker->ledger.applied);
    }
    ledger_close(&ledger, row, out);
}

/** The least tier of all cores: what was chosen for the matrix, unless a core could not even have that. */
static void collect_loaders(const struct run *run, struct record_run *out)
{
    const char *const chosen = run->cell->common->io_reason;
    enum loader_tier worst = LOADER_AUTO;
    out->loader.tier = "none";
    for (uint32_t l = 0; l < run->cohort.loops; l++) {
        const struct run_thread *const t = &run->thread[l];
        if (!t->loader_config.path || t->tier <= worst)
            continue;
        worst = t->tier;
        out->loader.tier = loader_tier_name(t->tier);
        snprintf(out->loader.reason, sizeof(out->loader.reason), "%.300s%s%.200s", chosen,
                 *chosen && t->loader_reason[0] ? "; " : "", t->loader_reason);
    }
}

static void collect_threads(const struct run *run, struct record_run *out)
{
    for (uint32_t l = 0; l < run->cohort.loops; l++) {
        const struct run_thread *const t = &run->thread[l];
        out->count.involuntary_switches += t->involuntary_switches;
        out->count.page_faults += t->page_faults;
        out->count.batches += t->batches;
        out->count.bytes_read += t->bytes_read;
        out->count.load_retries += t->load_retries;
        if (t->loop.run_cyc > 0) {
            /* what others had of the core counts as work of whoever was waiting for it */
            const double busy =
                ((double)t->loop.work_cyc - (double)t->loop.stolen.cyc) / (double)t->loop.run_cyc;
            out->cores.busy_share = busy > out->cores.busy_share ? busy : out->cores.busy_share;
        }
    }
    collect_loaders(run, out);
    out->cores.contended =
        run->cell->placement.cooperative && out->cores.busy_share > CONTENDED_SHARE;
}

/** When which core was taken away. */
static void collect_stolen(const struct run *run, struct record_run *out)
{
    uint64_t cyc = 0, run_cyc = 0;
    for (uint32_t l = 0; l < run->cohort.loops; l++) {
        const struct loop *const loop = &run->thread[l].loop;
        cyc += loop->stolen.cyc;
        run_cyc += loop->run_cyc;
        for (uint32_t i = 0; i < loop->stolen.count; i++) {
            const struct stolen_hole *const hole = &loop->stolen.hole[i];
            const uint64_t start = account_max(hole->begin_cyc, run->cohort.start_cyc);
            run->buffers->stolen[out->cores.stolen_count++] =
                (struct record_stolen){.core = run->thread[l].core,
                                       .start_ns = to_ns(run, start - run->cohort.start_cyc),
                                       .length_ns = to_ns(run, hole->cyc)};
        }
    }
    out->cores.stolen = run->buffers->stolen;
    out->cores.stolen_share = run_cyc > 0 ? (double)cyc / (double)run_cyc : 0;
}

/** What the channels say is still in them: counted at both their ends, independently of the workers' own counts. */
static void count_in_flight(const struct run *run, struct record_run *out)
{
    uint64_t received = 0;
    for (uint32_t w = 0; w < out->workers; w++) {
        const struct run_share *const share = &run->share[w];
        const struct fabric_counts *const c = &share->channels;
        out->count.tensors_in_flight += c->tensors_sent;
        received += c->tensors_delivered + c->tensors_superseded;
        out->count.tensors_superseded += c->tensors_replaced;
        out->left_in_channels += share->left;
        out->count.loans += share->loans;
    }
    for (uint32_t p = 0; p < run->cohort.bridges; p++) {
        const uint64_t overtaken = run->process[p].counts.wire[WIRE_OVERTAKEN];
        received += overtaken;
        out->count.tensors_superseded += overtaken;
    }
    out->count.tensors_in_flight -= received;
}

/** Frames that a process took, or knows why it did not. */
static uint64_t accounted(const struct spread_counts *of, uint64_t *refused)
{
    *refused = of->link.malformed;
    for (uint32_t c = WIRE_FRAMES_SHORT; c <= WIRE_FRAMES_REPLAYED; c++)
        *refused += of->wire[c];
    return of->wire[WIRE_FRAMES_RECEIVED] + *refused + of->link.overflow;
}

static void collect_frames(const struct run *run, struct record_frames *out)
{
    if (run->cohort.bridges == 0)
        return;
    out->link = run_link(run->cell->common->experiment, run->cell->common->ranks)->name;
    out->processes = run->cohort.bridges;
    out->shared_cores = cell_shares_cores(run->cell);
    out->clocks = run->cell->common->ranks ? ranks_clocks(run->cell->common->ranks) : 1;
    for (uint32_t p = 0; p < run->cohort.bridges; p++) {
        const struct spread_counts *const counts = &run->process[p].counts;
        uint64_t refused;
        const uint64_t known = accounted(counts, &refused);
        out->sent += counts->wire[WIRE_FRAMES_SENT];
        out->received += counts->wire[WIRE_FRAMES_RECEIVED];
        out->captured += counts->link.captured;
        out->resent += counts->wire[WIRE_DATA_RESENT];
        out->refused += refused;
        out->overflow += counts->link.overflow;
        out->unexplained += counts->peers_sent > known ? counts->peers_sent - known : 0;
    }
}

/** All that the workers counted, each by itself and together. */
static void collect_workers(const struct run *run, struct record_run *out)
{
    uint64_t given_up = 0;
    for (uint32_t w = 0; w < out->workers; w++) {
        const struct record_worker worker = worker_of(run, w);
        const struct counts count = counts_by(run->worker[w]);
        collect_worker(out, w, &worker, &count);
        out->count.gradients += atomic_load(&run->cohort.worker[w].finished);
        if (run->impair) {
            add_links(out, &run->share[w].links);
            given_up += run->share[w].links.given_up;
        }
    }
    out->drained = !run->cohort.incomplete;
    name_stall(out, given_up);
    for (uint32_t w = 0; w < out->workers && run->cohort.stall.gave_up && !out->stall[0]; w++)
        stall_sentence(run->worker[w], run->cohort.end_cyc, out->stall, sizeof(out->stall));
}

int run_collect(struct run *run, struct record_run *out, struct err *err)
{
    const struct cell *const cell = run->cell;
    const struct cohort *const c = &run->cohort;
    int rc = collect_begin(out, cell, "live", cell->common->dataset != NULL, err);
    if (rc < 0)
        return rc;
    collect_workers(run, out);
    collect_rates(out, seconds(run, c->stop_cyc - c->start_cyc),
                  seconds(run, c->end_cyc - c->stop_cyc));
    run_costs(run, out);
    merge_hists(run, out);
    collect_rows(run);
    out->count.iterations_logged = run->buffers->rows;
    collect_points(run, out);
    collect_threads(run, out);
    collect_stolen(run, out);
    count_in_flight(run, out);
    collect_frames(run, &out->cores.frames);
    run_deaths_collect(run, out);
    rc = collect_faults(out, run->common.fault, run->common.faults,
                        since_start_ns(run, c->stop_cyc), fault_of, run, err);
    if (rc < 0)
        return rc;
    check_ledger(run, out); /* after all that may excuse it */
    return collect_waits(run, out, err);
}
