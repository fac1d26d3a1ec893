/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * All figures that `dawdle plot` draws, a row each: X(name, help). harness/report/figure.c makes its table of it,
 * with a function figure_NAME for each, and `dawdle list figures` and `--help` their lines.
 */
#ifndef HARNESS_METRIC_FIGURE_ROWS_H
#define HARNESS_METRIC_FIGURE_ROWS_H

/* clang-format off */
#define FIGURE_ROWS(X) \
    X(convergence, "training loss and held-out accuracy against time, mean over seeds with its interval") \
    X(percentiles, "each latency against its percentile, on an axis of nines: 0 90 99 99.9 99.99 ...") \
    X(parts, "where the time of a worker went: computing, injected delay, waiting, averaging ...") \
    X(waits, "who waited for whom: share of the time of each worker that it waited for each other one") \
    X(staleness, "how stale gradients were: share of them by the number of changes that they missed") \
    X(speedup, "time of the synchronous baseline over that of each policy, for every target on the curve") \
    X(sweep, "metrics against the values of the swept key")
/* clang-format on */

#endif
