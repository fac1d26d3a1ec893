/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Small experiments in virtual time, for tests of what the papers behind the policies say.
 *
 * Workers on a circulant graph minimise f_w(x) = mean over their samples s of |x - s|^2 / 2, with one sample per gradient: the
 * gradient is x - s, so optima, rates of contraction and noise floors are known in closed form. The coordinates are
 * independent repetitions. Everything is a function of the trial alone.
 */
#ifndef TESTS_PROP_SUPPORT_PUBLISHED_H
#define TESTS_PROP_SUPPORT_PUBLISHED_H

#include "tests/unit/support_sim.h"

#define TRIAL_WORKERS_MAX 64u
#define TRIAL_CUTS_MAX 512u
#define TRIAL_DIM 64u /* coordinates */

/** What is run. Zero: none of it. The base time of a gradient is 1 ms. */
struct trial {
    const char *policy;
    const struct policy *row; /* instead of `policy`: one that stands in no table */
    struct policy_options options;
    uint32_t workers;
    uint32_t degree; /* even */
    uint64_t seed;
    uint64_t stop_ns, iterations; /* one of them */
    uint64_t latency_ns;
    double jitter_cv;              /* of the compute time */
    struct inject inject;          /* law NULL: nobody dawdles */
    uint32_t cuts;                 /* evenly spaced */
    const struct sim_watch *watch; /* `stepped` and `cut` are called */

    /* with `learns` */
    bool learns;
    bool bent;      /* the gradient is tanh(x - s) instead: nothing is linear, optima stay */
    bool scattered; /* workers start at samples of their own; else all at 0 */
    float lr;
    float noise;         /* samples are the centre plus up to this, uniform */
    const float *centre; /* [workers] the same in each coordinate; NULL: 0 */
};

/** What it came to, up to the stop; sums and means over coordinates and workers. */
struct outcome {
    double seconds, wait_share, staleness_mean;
    uint64_t gradients, bytes;
    uint64_t computed[TRIAL_WORKERS_MAX]; /* gradients of each worker */
    struct policy_counters counters;
    /* at each cut, and at the end, after the drain, at `cuts`: */
    double mean[TRIAL_CUTS_MAX + 1];  /* of the mean model's coordinates */
    double error[TRIAL_CUTS_MAX + 1]; /* of the mean model: mean square of a coordinate */
    double distance[TRIAL_CUTS_MAX +
                    1]; /* consensus distance per coordinate: mean square from the mean model */
    double raw_distance[TRIAL_CUTS_MAX + 1]; /* the same without dividing by push-sum weights */
};

/** Fails the test if the run is not sound or does not drain. */
struct outcome trial_run(const struct trial *trial);

/** Transient stragglers: each gradient takes `factor` times as long with probability `share`. */
struct inject trial_transient(double share, double factor);

/** A permanent one: worker `worker`, borrowed, is `factor` times as slow. */
struct inject trial_permanent(const uint32_t *worker, double factor);

/** Gradients per second of all workers but `worker`. */
double trial_rate_without(const struct outcome *outcome, uint32_t workers, uint32_t worker);

/** Mean of values[from .. to). */
double trial_mean(const double *values, uint32_t from, uint32_t to);

/** Steps of a circulant graph from one worker to another. */
uint32_t trial_steps_apart(const struct trial *trial, uint32_t a, uint32_t b);

/** Id of a worker's peer `index` on the circulant graph. */
uint32_t trial_peer(const struct trial *trial, uint32_t worker, uint32_t index);

/** `measured` lies in [least, most]; --verbose prints it. */
void expect_figure(const char *what, double measured, double least, double most);

#endif
