/* SPDX-License-Identifier: BSD-3-Clause */
/** Random values for the options that a policy reads. */
#ifndef TESTS_RANDOM_OPTIONS_H
#define TESTS_RANDOM_OPTIONS_H

#include "core/base/rng.h"
#include "core/policy/policy.h"

/** Draw every option that `row` reads; the others are zero. The row's own check may still refuse the combination. */
struct policy_options options_draw(struct rng *rng, const struct policy *row, uint32_t workers,
                                   uint64_t base_ns);

#endif
