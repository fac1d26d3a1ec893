/* SPDX-License-Identifier: BSD-3-Clause */
/* A run keeps figures and forgets buffers: a matrix of hundreds of runs must hold as little memory as one. */
#include "harness/metric/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Buckets are named by their upper end, which may lie above everything that was measured. */
static uint64_t percentile(const struct hist *hist, double p)
{
    const uint64_t value = hist_percentile(hist, p);
    return value < hist->max ? value : hist->max;
}

struct record_figures record_figures(const struct hist *hist)
{
    return (struct record_figures){.n = hist->total,
                                   .p50 = percentile(hist, 50),
                                   .p99 = percentile(hist, 99),
                                   .p999 = percentile(hist, 99.9),
                                   .max = hist->max,
                                   .clipped = hist->clipped,
                                   .mean = hist->total ? hist_mean(hist) : 0};
}

bool record_keeps_sum(const struct policy *row)
{
    if (row->central) /* the workers' copies come and go */
        return false;
    return row->lanes != LANES_PLAIN || row->matrix == MATRIX_NONE ||
           row->matrix == MATRIX_EXACT_MEAN || row->matrix == MATRIX_DOUBLY;
}

uint64_t record_control_ended(const struct record_run *self)
{
    uint64_t sum = self->count.links.control_held;
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++)
        sum += self->count.links.control_dropped_by[cause];
    return sum;
}

bool record_breaks_sum(const struct record_run *self)
{
    uint64_t lost = self->count.links.tensors_held + self->count.links.control_held +
                    self->count.crashes + self->count.policy.torn + (self->stall[0] != 0);
    if (self->row && self->row->tensor_class == DELIVERY_EXACT)
        for (uint32_t cause = 0; cause < LINK_GONE; cause++)
            lost += self->count.links.dropped_by[cause];
    return lost > 0;
}

const char *record_label(const struct record_run *self, char out[RECORD_LABEL_MAX])
{
    const bool swept = self->sweep.value != NULL;
    snprintf(out, RECORD_LABEL_MAX, "%s%s%s", self->policy, swept ? "@" : "",
             swept ? self->sweep.value : "");
    return out;
}

void record_settle(struct record_run *self)
{
    memset(self->merged, 0, sizeof(self->merged));
    self->cores.stolen = NULL;
    for (uint32_t w = 0; self->worker && w < self->workers; w++)
        memset(self->worker[w].hist, 0, sizeof(self->worker[w].hist));
}

int record_faults_open(struct record_run *self, uint32_t count, struct err *err)
{
    self->fault = calloc(count, sizeof(*self->fault));
    return self->fault ? 0 : err_set(err, -ENOMEM, "not enough memory for the record of a run");
}

void record_fault_add(struct record_run *self, const struct record_fault *fault, uint64_t stop_ns)
{
    struct record_fault *const out = &self->fault[self->fault_count++];
    *out = *fault;
    if (out->noticed_ns > stop_ns)
        out->noticed_ns = 0;
    if (out->back_ns > stop_ns)
        out->back_ns = 0;
}

void record_free(struct record_run *self)
{
    free(self->worker);
    free(self->fault);
    self->fault = NULL;
    free(self->waits.edge);
    stragglers_free(&self->stragglers);
    self->worker = NULL;
    self->waits.edge = NULL;
}
