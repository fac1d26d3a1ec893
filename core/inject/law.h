/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Laws of delay: how much longer something takes, as a pure function of (key, iteration) or of (key, time).
 *
 * One row per law (law_table), one file per family. Laws `per iteration` give a duration that is added to the
 * undisturbed one; laws `per time` give a rate, and work W begun at t ends when the integral of the rate reaches W. The
 * live and the virtual driver ask the same functions and get the same answers in any order, equal on every x86-64: the
 * elementary functions are our own (draw.h), because libm's differ between CPUs in the last bit. Who is hit, when, and
 * what of an iteration is meant belongs to the entries of a profile (inject.h).
 */
#ifndef CORE_INJECT_LAW_H
#define CORE_INJECT_LAW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

/** No single delay is longer than an hour: heavy tails saturate here instead of overflowing. */
#define LAW_DELAY_NS_MAX 3600000000000ull

/** A trace of compute times: seconds[step * workers + worker]; owned by whoever loaded it. */
struct law_trace {
    const double *seconds;
    uint32_t steps, workers;
    double median_s;
};

/** A stretch of a measured distribution. low_s == high_s: a single value. */
struct law_bin {
    double low_s, high_s;
    uint64_t upto; /* values in this bin and all before it */
};

/** Measured durations, each drawn with equal chance; owned by whoever loaded them. */
struct law_sample {
    const struct law_bin *bin; /* [count] */
    uint32_t count;
};

/** Parameters of all laws; each reads those that its row names. */
struct law_config {
    uint64_t delay_ns;          /* const */
    uint64_t low_ns, high_ns;   /* uniform: between them; bimodal: one or the other */
    uint64_t mean_ns, sd_ns;    /* normal (cut off at 0), paretonormal; mean_ns: exp, shifted-exp */
    uint64_t shift_ns;          /* shifted-exp: constant part */
    uint64_t median_ns, p99_ns; /* lognormal */
    uint64_t scale_ns;          /* pareto: smallest delay t_m; weibull, gamma */
    double alpha;               /* pareto: tail index */
    double shape;               /* weibull, gamma */
    double share;  /* bimodal: probability of high_ns; duty: of each period in which work goes on */
    double factor; /* slowdown, markov, fail-slow, ramp: so many times as long at worst (>= 1) */
    double slow, fast; /* markov: mean length of a slow and of a fast spell, in iterations (>= 1) */
    uint64_t every_ns; /* fail-slow: mean time between starts; pause: from one start to the next */
    uint64_t shortest_ns,
        longest_ns;     /* fail-slow: length of an episode, log-uniform between them */
    uint64_t length_ns; /* pause */
    uint64_t period_ns; /* ramp, duty */
    bool aligned;  /* pause, ramp, duty: all workers at once; else each has a phase of its own */
    bool once;     /* trace: nothing after its last step; else it repeats */
    bool absolute; /* trace: seconds as they are; else its median becomes the base time */
    struct law_trace
        trace; /* trace: iteration i, worker w takes seconds[i mod steps][w mod workers], / median * base unless absolute */
    struct law_sample sample; /* empirical */
};

/** What a law may look at. */
struct law_draw {
    uint64_t bits; /* uniform; of a correlated entry, tied to those of the iterations before */
    uint64_t
        key; /* stream of (seed, entry, worker or group): rng_at(key, iteration) is `bits` unless correlated */
    uint64_t iteration;  /* or number of the packet */
    uint64_t compute_ns; /* what the delay is added to */
    uint32_t worker;
};

/** A stretch of time over which a rate does not change. */
struct law_piece {
    double
        rate; /* work done per unit of time: 1 = undisturbed, 0.5 = half as fast, 0 = stands still */
    uint64_t until_ns; /* after the time asked for; UINT64_MAX: for good */
};

struct law {
    const char *name, *help;
    /** Which parameters it reads, for profile checks: space-separated key names, e.g. "factor". */
    const char *parameters;
    /** Sentence what is wrong with the parameters, or NULL. */
    const char *(*check)(const struct law_config *config);
    /** Extra ns on top of `compute_ns`, at most LAW_DELAY_NS_MAX. NULL: a law per time. Pure. */
    uint64_t (*delay_ns)(const struct law_config *config, const struct law_draw *draw);
    /** What is left of compute_ns before the delay is added, at most all of it; NULL: the law only adds. Pure. */
    uint64_t (*shorten)(const struct law_config *config, const struct law_draw *draw);
    /** How fast work goes `at_ns` after the start. NULL: a law per iteration. Pure. */
    struct law_piece (*piece)(const struct law_config *config, uint64_t key, uint64_t at_ns);
    /** The delay is a monotone function of `bits` alone: it may be correlated over iterations, and its marginals stay exact. */
    bool inverts;
};

extern const struct law law_table[];
extern const uint32_t law_count;
const struct law *law_find(const char *name);
/** "time" or "iteration": results name which. */
const char *law_per(const struct law *law);

/**
 * Parse a CSV trace with the columns step, worker and compute_s, found by name among any others (csv.h says what is read
 * as CSV); sorted by step then worker, both from 0, no gaps, finite, > 0. seconds: caller's array of `capacity`, borrowed
 * by `out` as long as that is used; its content is undefined after an error, `out` is not touched then. 0, or -EINVAL /
 * -ENOSPC with line number and sentence in err.
 */
int law_trace_parse(const char *text, uint64_t length, double *seconds, uint32_t capacity,
                    struct law_trace *out, struct err *err);

/**
 * Parse measured durations, all above 0 and at most an hour. Three formats, told apart by the names in the first line
 * (other columns are skipped):
 *   policy, compute_us, injected_us  iterations.csv of a run: their sum in rows of policy `only` (NULL: there is one)
 *   low_s, high_s, count             a histogram: bins ascend and do not overlap; uniform within a bin
 *   seconds, or no name              one number per line, in any order
 * bin: caller's array of `capacity`, borrowed by `out` as long as that is used; undefined after an error, `out` is not
 * touched then. `only` must be NULL except for the first format. 0, or -EINVAL / -ENOSPC with line and sentence in err.
 */
int law_empirical_parse(const char *text, uint64_t length, const char *only, struct law_bin *bin,
                        uint32_t capacity, struct law_sample *out, struct err *err);

#endif
