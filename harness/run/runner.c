/* SPDX-License-Identifier: BSD-3-Clause */
/* The only place that knows both clocks; what runs a matrix or a search sees cells and records. */
#include "harness/run/runner.h"

#include <errno.h>

#include "harness/run/interrupt.h"

static bool is_virtual(const struct runner *self)
{
    return self->plan->experiment->clock == CLOCK_VIRTUAL;
}

int runner_open(struct runner *self, struct host *host, struct plan *plan, uint32_t threads,
                const struct run_options *options, struct err *err)
{
    *self = (struct runner){.host = host, .plan = plan, .options = options};
    plugin_on_failure(interrupt_stop);
    if (is_virtual(self))
        return virtual_buffers_open(&self->simulated, &plan->common, threads, err);
    return run_buffers_open(&self->live, plan->experiment->workers.count, plan->loops,
                            plan->snapshot_bytes, plan->log_capacity, plan->journal_bytes,
                            plan->experiment->processes > 1, err);
}

void runner_close(struct runner *self)
{
    run_buffers_close(&self->live);
    virtual_buffers_close(&self->simulated);
}

static int execute(struct runner *self, const struct cell *cell, const struct evaluation_data *data,
                   struct record_run *out, struct err *err)
{
    self->simulated.keep = self->keep;
    if (is_virtual(self))
        return run_virtual(&self->simulated, cell, data, out, err);
    const int rc = run_live(self->host, &self->live, cell, self->options, out, err);
    const struct evaluation_snapshots snapshots = {.vector = self->live.snapshot,
                                                   .absent = self->live.snapshot_absent,
                                                   .average = self->live.snapshot_average,
                                                   .keep = self->keep};
    if (rc == 0 &&
        evaluate_run(out, &self->plan->common.model, data, &snapshots, self->plan->loops) < 0)
        return err_set(err, -ENOMEM, "not enough memory to evaluate a run");
    return rc;
}

int runner_execute(struct runner *self, const struct cell *cell, const struct evaluation_data *data,
                   struct record_run *out, struct err *err)
{
    const struct dataset *const used = cell->common->dataset;
    int rc = execute(self, cell, data, out, err);
    const char *const why = plugin_failure(&self->plan->plugin);
    if (why) {
        interrupt_take_back();
        rc = err_set(err, -EPROTO, "the plug-in %s failed: %s", self->plan->plugin.path, why);
    }
    if (rc == 0 && used) /* what learned from two versions of a file has learned from none */
        rc = dataset_unchanged(used, err);
    if (rc < 0)
        record_free(out);
    return rc;
}

const struct record_iteration *runner_rows(const struct runner *self, uint64_t *rows)
{
    *rows = is_virtual(self) ? self->simulated.rows : self->live.rows;
    return is_virtual(self) ? self->simulated.row : self->live.row;
}
