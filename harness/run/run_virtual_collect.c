/* SPDX-License-Identifier: BSD-3-Clause */
/* From the counters of a simulation to the record that a live run fills too. */
#include <stdio.h>
#include <string.h>

#include "harness/metric/waits.h"
#include "harness/run/collect.h"
#include "harness/run/ledger.h"
#include "harness/run/virtual_private.h"

static void collect_totals(const struct virtual_run *self)
{
    const struct sim_totals *const t = sim_totals(self->sim);
    struct record_run *const out = self->out;
    counts_add(&out->count, &t->count);
    out->count.batches = self->values ? t->count.gradients : 0;
    if (self->cell->row->tensor_class == DELIVERY_EXACT)
        out->count.exact_superseded = t->count.tensors_superseded;
    out->count.iterations_logged = self->buffers->rows;
    out->left_in_channels = t->count.tensors_in_flight;
    snprintf(out->stall, sizeof(out->stall), "%s", sim_stall(self->sim));
    collect_rates(out, (double)t->stop_ns * 1e-9, (double)(t->end_ns - t->stop_ns) * 1e-9);
}

static void collect_workers(const struct virtual_run *self)
{
    struct record_run *const out = self->out;
    for (uint32_t w = 0; w < out->workers; w++) {
        const struct sim_worker_record *const from = sim_worker(self->sim, w);
        const struct counts count = {COUNTS_NONE, .policy = agent_counters(sim_agent(self->sim, w)),
                                     .incomplete = !from->done && !from->crashed};
        struct record_worker worker = {.iterations = from->iterations,
                                       .total_ns = from->total_ns,
                                       .core = self->core ? self->core[w] : w};
        memcpy(worker.part_ns, from->part_ns, sizeof(worker.part_ns));
        memcpy(worker.wait_ns, from->wait_ns, sizeof(worker.wait_ns));
        if (out->workers <= VIRTUAL_HIST_WORKERS_MAX) {
            worker.hist[SERIES_ITERATION] = &self->buffers->worker[w];
            worker.iteration = record_figures(&self->buffers->worker[w]);
        }
        collect_worker(out, w, &worker, &count);
    }
    out->drained = out->count.incomplete == 0;
}

static int collect_waits(const struct virtual_run *self, struct err *err)
{
    struct waits waits = {0};
    sim_waits(self->sim, &waits, waits_add);
    return waits_close(&waits, self->out, err);
}
_Static_assert(SIM_EVERYBODY == RECORD_EVERYBODY, "the same word");

static void collect_hists(const struct virtual_run *self)
{
    struct record_run *const out = self->out;
    struct hist *const merged = self->buffers->merged;
    for (uint32_t h = 0; h < SERIES_BOTH; h++) {
        memcpy(&merged[h], sim_hist(self->sim, (enum series)h), sizeof(merged[h]));
        out->merged[h] = &merged[h];
        if (h != SERIES_REQUESTED) /* what it is compared with does not exist */
            out->series[h] = record_figures(&merged[h]);
    }
    if (out->workers <= VIRTUAL_HIST_WORKERS_MAX)
        out->merged[SERIES_ITERATION] = NULL; /* the workers have their own */
}

static void place_point(const struct virtual_run *self, uint32_t number, uint32_t cut)
{
    const struct sim_cut at = sim_cut(self->sim, cut);
    collect_point(self->out, number, (double)at.ns * 1e-9, at.gradients, at.bytes);
}

/** The evaluation has filled the losses in; an interrupted run has fewer points, and the end follows the last of them. */
static void collect_points(const struct virtual_run *self)
{
    struct record_run *const out = self->out;
    const uint32_t passed = self->cuts_passed;
    for (uint32_t i = 0; i < passed; i++)
        place_point(self, i, i);
    if (passed < self->cuts)
        out->point[passed] = out->point[self->cuts];
    place_point(self, passed, self->cuts);
    out->point_count = passed + 1;
}

static struct sim_fault fault_of(const void *sim, uint32_t i)
{
    return sim_fault(sim, i);
}

static void check_ledger(const struct virtual_run *self)
{
    const struct cell *const cell = self->cell;
    struct ledger ledger = {.lanes = cell->row->lanes, .dim = cell->common->model.dim};
    if (!self->values) {
        self->out->ledger.ok = true; /* no parameters, no sum */
        return;
    }
    for (uint32_t w = 0; w < self->out->workers; w++) {
        const uint32_t slot = sim_current(self->sim, w);
        ledger_add(&ledger, slot == SLOTS_NONE ? NULL : values_vector(self->values, w, slot),
                   values_sum_start(self->values, w) + values_sum_gained(self->values, w),
                   values_sum_applied(self->values, w));
    }
    ledger_close(&ledger, cell->row, self->out);
}

int virtual_collect(struct virtual_run *self, struct err *err)
{
    struct record_run *const out = self->out;
    int rc = collect_begin(out, self->cell, "virtual", self->values != NULL, err);
    if (rc < 0)
        return rc;
    out->loader.tier = self->values ? "memory" : "none";
    out->wall = (struct record_wall){.seconds = self->wall_s, .threads = self->buffers->threads};
    collect_workers(self);
    collect_totals(self);
    collect_hists(self);
    collect_points(self);
    rc = collect_faults(out, self->fault, self->fault_count, sim_totals(self->sim)->stop_ns,
                        fault_of, self->sim, err);
    check_ledger(self);
    return rc < 0 ? rc : collect_waits(self, err);
}
