/* SPDX-License-Identifier: BSD-3-Clause */
/** Values for the options of a policy: written as in a profile, its defaults, or by chance. */
#ifndef TESTS_RANDOM_OPTIONS_H
#define TESTS_RANDOM_OPTIONS_H

#include "core/base/rng.h"
#include "core/policy/policy.h"

/** Options as text, `wait: timeout, timeout: 500us`; "" are none. What is not named is zero, not its default. */
struct policy_options options_read(const struct policy *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The same for some of them: the others stay. */
void options_change(const struct policy *row, struct policy_options *options, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/** What a profile gets that sets none. */
struct policy_options options_default(const struct policy *row);

/** Draw every option that `row` reads; the others are zero. The row's own check may still refuse the combination. */
struct policy_options options_draw(struct rng *rng, const struct policy *row, uint32_t workers,
                                   uint64_t base_ns);

#endif
