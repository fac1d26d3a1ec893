/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Executing a mix: which rows, in which order, with which weights. Both drivers call it, so live and simulated models
 * are bit-equal.
 */
#ifndef CORE_LEARN_COMBINE_H
#define CORE_LEARN_COMBINE_H

#include <stdint.h>

#include "core/base/mix_rules.h"

struct combine_row {
    const float *row;
    const float *base; /* delta rules, MIX_COLLECT: what is subtracted; NULL = zero */
    uint32_t id;       /* of the worker: rows are summed in this order, self among them */
    uint32_t weight;   /* as in core/policy/step.h: degree, out-degree, weight, divisor or slice */
};

struct combine {
    enum mix_rule rule;
    enum lanes lanes;
    uint32_t dim; /* of the parameters, without further lanes; a multiple of 16 */
    const float *self;
    uint32_t self_id, degree, slice, slices;
    struct combine_row *row; /* [count], sorted by id in place */
    uint32_t count;          /* below MIX_ROWS_MAX */
};

/** out: lanes_floats(lanes, dim) floats, 64-byte aligned, aliases no row. */
void combine(const struct combine *self, float *out);

#endif
