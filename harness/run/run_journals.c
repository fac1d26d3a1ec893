/* SPDX-License-Identifier: BSD-3-Clause */
/* What the workers recorded, as a file for `dawdle replay`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/digest.h"
#include "core/learn/lanes.h"
#include "harness/record/journal_file.h"
#include "harness/run/plan_digest.h"
#include "harness/run/run_threads.h"

static uint64_t digest_final(const struct run *run, uint32_t w)
{
    struct port *const port = run->port;
    const float *const vector = port->ops->slot(port, w, run->worker[w]->current);
    const uint32_t floats = lanes_floats(run->cell->row->lanes, run->cell->common->model.dim);
    return digest_bytes(DIGEST_START, vector, floats * sizeof(float));
}

int run_write_journals(const struct run_buffers *buffers, const char *path, struct err *err)
{
    const struct run *const run = buffers->run;
    const struct cell *const cell = run->cell;
    const uint32_t workers = cell->graph.workers;
    struct journal_file file = {.seed = cell->seed,
                                .workers = workers,
                                .data = cell->common->data_digest,
                                .training = plan_digest_training(cell->common),
                                .configuration = DIGEST_START,
                                .initial = digest_bytes(DIGEST_START, run->initial,
                                                        cell->common->model.dim * sizeof(float))};
    file.worker = calloc(workers, sizeof(*file.worker));
    if (!file.worker)
        return err_set(err, -ENOMEM, "not enough memory for the journals of %u workers", workers);
    snprintf(file.policy, sizeof(file.policy), "%s", cell->policy->label);
    for (uint32_t w = 0; w < workers; w++) {
        const struct journal *const journal = &run->worker[w]->journal;
        file.configuration = journal_digest_config(file.configuration, cell->row, &run->policy[w]);
        file.worker[w] = (struct journal_file_worker){.data = journal->data,
                                                      .bytes = journal->used,
                                                      .entries = journal->entries,
                                                      .final = digest_final(run, w),
                                                      .full = journal->full};
    }
    const int rc = journal_file_write(path, &file, err);
    free(file.worker);
    return rc;
}
