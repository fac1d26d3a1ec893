/* SPDX-License-Identifier: BSD-3-Clause */
/* The sum of all parameters says whether averaging lost any, whatever a policy did in between. */
#include "harness/run/ledger.h"

#include <math.h>

#include "core/learn/lanes.h"
#include "core/learn/mix.h"

/* A doubly stochastic policy keeps the sum; float32 rounding of some thousand averages stays two orders below this. */
#define LEDGER_BOUND 1e-5
#define FLOAT_ROUNDING (1.0 / (1 << 24))
#define DEVIATIONS 6

/**
 * What rounding may do to the sum at most. An average is off by about half of FLOAT_ROUNDING in each element. Elements of a
 * vector are rounded independently (so their norm counts), but averages of a model that has converged are all rounded the
 * same way, and so are those of equal models: it grows with the number of averages and of workers, not with its root.
 */
static double bound_of(const struct ledger *self, const struct record_run *out)
{
    if (self->workers == 0 || !(self->scale > 0))
        return LEDGER_BOUND;
    const double averages = (double)out->count.mixes / self->workers;
    const double each = sqrt(self->workers * self->square) / self->scale * FLOAT_ROUNDING / 2;
    return fmax(LEDGER_BOUND, DEVIATIONS * averages * each);
}

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
    for (uint32_t d = 0; d < self->dim; d++) {
        self->scale += fabs((double)vector[d]);
        self->square += (double)vector[d] * (double)vector[d];
    }
}

void ledger_close(const struct ledger *self, const struct policy *row, struct record_run *out)
{
    const double difference = fabs(self->found - self->expected);
    const double error = self->scale > 0 ? difference / self->scale : difference;
    const double weight = self->workers + self->weight_gained;
    const double of_weight = fabs(self->weight - weight) / weight;
    const bool has_sum = isfinite(self->scale) && isfinite(self->expected);
    out->ledger.diverged = self->diverged;
    out->ledger.error = has_sum ? fmax(error, of_weight) : (double)NAN;
    out->ledger.ok = !record_keeps_sum(row) || record_breaks_sum(out) ||
                     ((!has_sum || error <= bound_of(self, out)) &&
                      of_weight <= LEDGER_BOUND); /* false for a NaN */
}
