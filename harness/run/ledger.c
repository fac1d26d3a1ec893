/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/run/ledger.h"

#include <math.h>

#include "core/learn/lanes.h"
#include "core/learn/mix.h"

/* A doubly stochastic policy keeps the sum; float32 rounding of a run stays two orders below this. */
#define LEDGER_BOUND 1e-5

/** Is the model x / y one that can be computed with? */
static bool is_number(enum lanes lanes, const float *vector, uint32_t dim)
{
    float largest = 0;
    for (uint32_t d = 0; d < dim; d++) {
        if (isnan(vector[d]))
            return false;
        largest = fmaxf(largest, fabsf(vector[d]));
    }
    return isfinite(largest / lanes_weight(lanes, vector, dim)); /* 0 / 0 and 1 / 0 are not */
}

void ledger_add(struct ledger *self, const float *vector, double start, double applied)
{
    self->expected += start - applied;
    if (!vector)
        return;
    self->workers++;
    self->diverged += !is_number(self->lanes, vector, self->dim);
    self->weight += (double)lanes_weight(self->lanes, vector, self->dim);
    self->found += mix_ledger(vector, self->dim);
    for (uint32_t d = 0; d < self->dim; d++)
        self->scale += fabs((double)vector[d]);
}

void ledger_close(const struct ledger *self, const struct policy *row, struct record_run *out)
{
    const double difference = fabs(self->found - self->expected);
    const double error = self->scale > 0 ? difference / self->scale : difference;
    const double weight = self->workers + self->weight_gained;
    const double of_weight = fabs(self->weight - weight) / weight;
    const bool has_sum = isfinite(self->scale) && isfinite(self->expected);
    out->diverged = self->diverged;
    out->ledger_error = has_sum ? fmax(error, of_weight) : (double)NAN;
    out->ledger_ok =
        !record_keeps_sum(row) || record_breaks_sum(out) ||
        ((!has_sum || error <= LEDGER_BOUND) && of_weight <= LEDGER_BOUND); /* false for a NaN */
}
