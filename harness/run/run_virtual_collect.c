/* SPDX-License-Identifier: BSD-3-Clause */
/* From the counters of a simulation to the record that a live run fills too. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/metric/waits.h"
#include "harness/run/ledger.h"
#include "harness/run/virtual_private.h"

static void collect_totals(const struct virtual_run *self)
{
    const struct sim_totals *const t = sim_totals(self->sim);
    struct record_run *const out = self->out;
    out->duration_s = (double)t->stop_ns * 1e-9;
    out->drain_s = (double)(t->end_ns > t->stop_ns ? t->end_ns - t->stop_ns : 0) * 1e-9;
    out->count = t->count;
    out->gradients_per_s = out->duration_s > 0 ? (double)t->count.gradients / out->duration_s : 0;
    out->iterations_per_s = out->gradients_per_s / record_computing(out);
    out->left_in_channels = t->count.tensors_in_flight;
    out->total_ns = t->total_ns;
    memcpy(out->part_ns, t->part_ns, sizeof(out->part_ns));
    out->wait_share = t->total_ns > 0 ? (double)t->part_ns[PART_WAIT] / (double)t->total_ns : 0;
    out->count.batches = self->values ? t->count.gradients : 0;
    if (self->cell->row->tensor_class == DELIVERY_EXACT)
        out->count.exact_superseded = t->count.tensors_superseded;
    out->count.iterations_logged = self->buffers->rows;
    snprintf(out->stall, sizeof(out->stall), "%s", sim_stall(self->sim));
}

static int collect_workers(const struct virtual_run *self, struct err *err)
{
    struct record_run *const out = self->out;
    const bool listed = out->workers <= RECORD_WORKERS_MAX;
    if (listed && !(out->worker = calloc(out->workers, sizeof(*out->worker))))
        return err_set(err, -ENOMEM, "not enough memory for the record of a run");
    for (uint32_t w = 0; w < out->workers; w++) {
        const struct sim_worker_record *const from = sim_worker(self->sim, w);
        counts_add(&out->count, &(struct counts){.policy = agent_counters(sim_agent(self->sim, w)),
                                                 .incomplete = !from->done && !from->crashed,
                                                 .slots_free_min = UINT64_MAX});
        for (uint32_t b = 0; b < BLAME_COUNT; b++)
            out->wait_ns[b] += from->wait_ns[b];
        if (!listed)
            continue;
        struct record_worker *const to = &out->worker[w];
        to->iterations = from->iterations;
        to->total_ns = from->total_ns;
        to->core = self->core ? self->core[w] : w;
        memcpy(to->part_ns, from->part_ns, sizeof(to->part_ns));
        memcpy(to->wait_ns, from->wait_ns, sizeof(to->wait_ns));
        if (out->workers <= VIRTUAL_HIST_WORKERS_MAX) {
            to->hist[SERIES_ITERATION] = &self->buffers->worker[w];
            to->iteration = record_figures(to->hist[SERIES_ITERATION]);
        }
    }
    out->drained = out->count.incomplete == 0;
    return 0;
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
    struct record_point *const out = &self->out->point[number];
    out->time_s = (double)at.ns * 1e-9;
    out->gradients = at.gradients;
    out->bytes = at.bytes;
}

/** The judge has filled the losses in; an interrupted run has fewer points, and the end follows the last of them. */
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

static int collect_faults(const struct virtual_run *self, struct err *err)
{
    struct record_run *const out = self->out;
    if (self->fault_count == 0)
        return 0;
    const int rc = record_faults_open(out, self->fault_count, err);
    for (uint32_t i = 0; rc == 0 && i < self->fault_count; i++) {
        const struct sim_fault was = sim_fault(self->sim, i);
        if (!was.happened)
            continue;
        out->count.crashes += self->fault[i].kind == FAULT_CRASH;
        out->count.returns += self->fault[i].kind <= FAULT_JOIN && was.back_ns > 0;
        const struct record_fault fault = {.kind = self->fault[i].kind,
                                           .worker = self->fault[i].worker,
                                           .at_ns = was.at_ns,
                                           .noticed_ns = was.noticed_ns,
                                           .back_ns = was.back_ns};
        record_fault_add(out, &fault, sim_totals(self->sim)->stop_ns);
    }
    return rc;
}

static void check_ledger(const struct virtual_run *self)
{
    const struct cell *const cell = self->cell;
    struct ledger ledger = {.lanes = cell->row->lanes, .dim = cell->common->model.dim};
    if (!self->values) {
        self->out->ledger_ok = true; /* no parameters, no sum */
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
    const struct cell *const cell = self->cell;
    snprintf(out->policy, sizeof(out->policy), "%s", cell->policy->label);
    out->row = cell->row;
    out->seed = cell->seed;
    out->clock = "virtual";
    out->judged = self->values != NULL;
    out->smallest_shard = out->judged ? cell_smallest_shard(cell) : 0;
    out->no_heldout = out->judged && cell->split.validation == 0;
    out->workers = cell->graph.workers;
    out->lr = cell->policy->lr;
    out->lr_from = experiment_rate(cell->policy);
    out->locals_judged = judge_locals(out->workers, cell->row->central);
    out->loader_tier = self->values ? "memory" : "none";
    out->wall = (struct record_wall){.seconds = self->wall_s, .threads = self->buffers->threads};
    collect_totals(self);
    collect_hists(self);
    collect_points(self);
    int rc = collect_faults(self, err);
    check_ledger(self);
    if (rc == 0)
        rc = collect_workers(self, err);
    return rc < 0 ? rc : collect_waits(self, err);
}
