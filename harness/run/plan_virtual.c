/* SPDX-License-Identifier: BSD-3-Clause */
/* What --dry-run says of a run in virtual time; how long it will take is found out by plan_probe.c. */
#include "harness/run/plan_virtual.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/units.h"
#include "core/learn/lanes.h"
#include "core/sim/sim.h"
#include "harness/run/plan_probe.h"

/* One step of a policy with its queue and messages: 0.7 to 1.1 us were seen with 1000 and 100000 workers (dsgd, adpsgd) on
 * a cloud machine with an EPYC whose two cores had other work too. */
#define EVENT_S 1e-6
/* Vectors per worker that are alive at a time: current, lent, being written, the newest gradient. */
#define VECTORS_ALIVE 4.0

double plan_virtual_bytes(const struct cell *cell)
{
    const struct cell_common *const common = cell->common;
    const uint32_t workers = cell->graph.workers;
    double bytes = (double)(SERIES_BOTH * 2 + VIRTUAL_HIST_WORKERS_MAX) * sizeof(struct hist) +
                   (double)VIRTUAL_ROWS_MAX * sizeof(struct record_iteration) +
                   (double)cell->peer_begin[workers] * 64;
    if (common->dataset)
        bytes += (double)common->dataset->samples * common->dataset->record_bytes +
                 VECTORS_ALIVE * workers * lanes_floats(cell->row->lanes, common->model.dim) *
                     sizeof(float);
    for (uint32_t w = 0; w < workers; w++) {
        const struct policy_config config = cell_policy_config(cell, w);
        bytes += (double)agent_bytes(cell->row, &config) +
                 (double)slots_bytes(cell->slots, config.peer_count) + 1024.0;
    }
    return bytes;
}

static void print_graph(const struct cell *cell, FILE *out)
{
    const uint32_t edges = graph_edges(&cell->graph);
    fprintf(out, "\ngraph (seed %llu)\n  %u workers, %u edges, mean degree %.2f\n",
            (unsigned long long)cell->seed, cell->graph.workers, edges,
            2.0 * edges / cell->graph.workers);
    fprintf(out, "  spectral gap: %.3g\n", graph_spectral_gap(&cell->graph));
}

static void print_policy(const struct cell *cell, double seconds, FILE *out)
{
    char memory[64], wall[64];
    fprintf(out, "  %-16s about %s, %u slots per worker; about %s", cell->policy->label,
            units_short_bytes(plan_virtual_bytes(cell), memory, sizeof(memory)), cell->slots,
            units_short_ns(seconds * 1e9, wall, sizeof(wall)));
    if (cell->side)
        fprintf(out, ", bipartite: %u edges dropped", cell->edges_dropped);
    fprintf(out, ", lr %g (%s)\n", cell->policy->lr, experiment_rate(cell->policy));
}

/** One line for this policy; its time is added to `all_s`. */
static int print_cell(const struct plan *self, uint32_t index, struct plan_trial *trial,
                      double *all_s, FILE *out, struct err *err)
{
    struct cell cell;
    double seconds = 0;
    int rc = cell_open(&cell, &trial->common, index, 0, err);
    if (rc < 0)
        return rc;
    if (index == 0) {
        print_graph(&cell, out);
        fprintf(out, "\nmemory and wall time of one run, on %u thread%s\n", trial->buffers.threads,
                trial->buffers.threads == 1 ? "" : "s");
    }
    rc = plan_probe(trial, &cell, &seconds, err);
    cell.common = &self->common; /* the real sizes */
    if (rc == 0)
        print_policy(&cell, seconds, out);
    if (rc == 0 && index == 0 && self->common.dataset) {
        const struct experiment *const e = self->experiment;
        struct cell even = {.row = cell.row,
                            .graph = {.workers = cell.graph.workers},
                            .split = shard_counts(self->common.dataset->samples, e->data.split)};
        plan_print_batch(self, &even, out);
    }
    *all_s += seconds;
    cell_close(&cell);
    return rc;
}

int plan_virtual_print(struct plan *self, uint32_t threads, FILE *out, struct err *err)
{
    const struct experiment *const e = self->experiment;
    char text[64];
    struct plan_trial trial;
    double all_s = 0;
    int rc = plan_trial_open(&trial, &self->common, threads, err);
    for (uint32_t p = 0; p < e->policy_count && rc == 0; p++)
        rc = print_cell(self, p, &trial, &all_s, out, err);
    if (rc == 0 && self->common.dataset)
        fprintf(out, "  one gradient takes %s\n",
                units_short_ns(trial.costs.gradient_s * 1e9, text, sizeof(text)));
    plan_trial_close(&trial);
    if (rc < 0)
        return rc;
    self->seconds = all_s * e->seed_count;
    fprintf(out, "\ntime\n  %u policies x %u seeds: about %s\n", e->policy_count, e->seed_count,
            units_short_ns(self->seconds * 1e9, text, sizeof(text)));
    return 0;
}

int plan_virtual_seconds(const struct plan *self, uint32_t threads, double *out, struct err *err)
{
    struct plan_trial trial;
    int rc = plan_trial_open(&trial, &self->common, threads, err);
    *out = 0;
    for (uint32_t p = 0; p < self->experiment->policy_count && rc == 0; p++) {
        struct cell cell;
        double seconds = 0;
        rc = cell_open(&cell, &trial.common, p, 0, err);
        if (rc < 0)
            break;
        rc = plan_probe(&trial, &cell, &seconds, err);
        cell_close(&cell);
        *out += self->experiment->seed_count * seconds;
    }
    plan_trial_close(&trial);
    return rc;
}
