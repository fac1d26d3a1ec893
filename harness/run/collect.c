/* SPDX-License-Identifier: BSD-3-Clause */
/* A figure that both clocks have is made in one place, or a comparison of the two compares two formulas. */
#include "harness/run/collect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/run/evaluate.h"

int collect_begin(struct record_run *out, const struct cell *cell, const char *clock, bool judged,
                  struct err *err)
{
    snprintf(out->policy, sizeof(out->policy), "%s", cell->policy->label);
    out->row = cell->row;
    out->seed = cell->seed;
    out->clock = clock;
    out->judged = judged;
    out->smallest_shard = judged ? cell_smallest_shard(cell) : 0;
    out->no_heldout = judged && cell->split.validation == 0;
    out->workers = cell->graph.workers;
    out->lr = cell->policy->lr;
    out->lr_from = experiment_rate(cell->policy);
    out->locals_judged = evaluate_locals(out->workers, cell->row->central);
    out->count = (struct counts){COUNTS_NONE};
    if (out->workers > RECORD_WORKERS_MAX)
        return 0;
    out->worker = calloc(out->workers, sizeof(*out->worker));
    return out->worker ? 0 : err_set(err, -ENOMEM, "not enough memory for the record of a run");
}

void collect_worker(struct record_run *out, uint32_t w, const struct record_worker *worker,
                    const struct counts *count)
{
    counts_add(&out->count, count);
    out->total_ns += worker->total_ns;
    for (uint32_t p = 0; p < PART_COUNT; p++)
        out->part_ns[p] += worker->part_ns[p];
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        out->waits.ns[b] += worker->wait_ns[b];
    if (out->worker)
        out->worker[w] = *worker;
}

void collect_rates(struct record_run *out, double duration_s, double drain_s)
{
    out->duration_s = duration_s;
    out->drain_s = drain_s;
    out->gradients_per_s = duration_s > 0 ? (double)out->count.gradients / duration_s : 0;
    out->iterations_per_s = out->gradients_per_s / record_computing(out);
    out->waits.share =
        out->total_ns > 0 ? (double)out->part_ns[PART_WAIT] / (double)out->total_ns : 0;
}

void collect_point(struct record_run *out, uint32_t number, double time_s, uint64_t gradients,
                   uint64_t bytes)
{
    struct record_point *const point = &out->point[number];
    point->time_s = time_s;
    point->gradients = gradients;
    point->bytes = bytes;
}

int collect_faults(struct record_run *out, const struct fault *fault, uint32_t count,
                   uint64_t stop_ns, struct sim_fault (*of)(const void *context, uint32_t i),
                   const void *context, struct err *err)
{
    const int rc = count > 0 ? record_faults_open(out, count, err) : 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        const struct sim_fault was = of(context, i);
        if (!was.happened)
            continue;
        out->count.crashes += fault[i].kind == FAULT_CRASH;
        out->count.returns += fault_is_absence(fault[i].kind) && was.back_ns > 0;
        record_fault_add(out,
                         &(struct record_fault){.kind = fault[i].kind,
                                                .worker = fault[i].worker,
                                                .at_ns = was.at_ns,
                                                .noticed_ns = was.noticed_ns,
                                                .back_ns = was.back_ns},
                         stop_ns);
    }
    return rc;
}

static uint32_t us10(uint64_t ns)
{
    return ns / 100 < UINT32_MAX ? (uint32_t)(ns / 100) : UINT32_MAX;
}

struct record_iteration collect_row(const struct sim_iteration *line, float loss)
{
    struct record_iteration row = {.worker = line->worker,
                                   .iteration = line->iteration,
                                   .start_ns = line->start_ns,
                                   .total_ns = line->total_ns,
                                   .own_us10 = us10(line->own_ns),
                                   .mixed_with = line->mixed_with,
                                   .batch_loss = loss};
    for (uint32_t p = 0; p < PART_COUNT; p++)
        row.part_us10[p] = us10(line->part_ns[p]);
    return row;
}
