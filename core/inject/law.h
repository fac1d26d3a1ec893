/**
 * Laws of delay: how much longer a worker's iteration takes, as a pure function of (seed, worker, iteration).
 *
 * One row per law (law_table), one file per family. `per: iteration` only: the live and the virtual driver ask the same
 * function and get the same answer in any order. Results are durations added to the undisturbed compute time, and equal
 * on every x86-64: the elementary functions are our own (draw.h), because libm's differ between CPUs in the last bit.
 */
#ifndef CORE_INJECT_LAW_H
#define CORE_INJECT_LAW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

/** No single delay is longer than an hour: heavy tails saturate here instead of overflowing. */
#define LAW_DELAY_NS_MAX 3600000000000ull

/** Whom a law hits. */
enum inject_select {
    SELECT_ALL,
    SELECT_PERCENT_EACH, /* each worker and iteration independently with probability `share` (transient) */
    SELECT_PERCENT_ONCE, /* round(share * workers) distinct workers drawn once (permanent) */
    SELECT_WORKERS,      /* a fixed list */
};

enum inject_mode { INJECT_PARK, INJECT_SPIN };
enum inject_scope { SCOPE_COMPUTE, SCOPE_PROCESS };

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

struct law_config {
    double factor;      /* slowdown: compute takes factor times as long (>= 1) */
    uint64_t mean_ns;   /* shifted-exp: mean of the exponential part */
    uint64_t shift_ns;  /* shifted-exp: constant part */
    uint64_t scale_ns;  /* pareto: smallest delay t_m */
    double alpha;       /* pareto: tail index */
    uint64_t median_ns; /* lognormal */
    uint64_t p99_ns;    /* lognormal */
    struct law_trace
        trace; /* trace: iteration i, worker w takes seconds[i mod steps][w mod workers] / median * base */
    struct law_sample sample; /* empirical */
};

struct law {
    const char *name, *help;
    /** Which parameters it reads, for profile checks: space-separated key names, e.g. "factor". */
    const char *parameters;
    /** Sentence what is wrong with the parameters, or NULL. */
    const char *(*check)(const struct law_config *config);
    /** Extra ns on top of `compute_ns`, at most LAW_DELAY_NS_MAX. `key` is the stream of (seed, law number, worker). */
    uint64_t (*delay_ns)(const struct law_config *config, uint64_t key, uint32_t worker,
                         uint64_t iteration, uint64_t compute_ns);
    /** What is left of compute_ns before the delay is added, at most all of it; NULL: the law only adds. Pure. */
    uint64_t (*shorten)(const struct law_config *config, uint64_t key, uint32_t worker,
                        uint64_t iteration, uint64_t compute_ns);
};

extern const struct law law_table[];
extern const uint32_t law_count;
const struct law *law_find(const char *name);

/** One entry of a profile's `inject:` list. */
struct inject {
    const struct law *law;
    struct law_config config;
    enum inject_select select;
    double share;
    const uint32_t *workers; /* SELECT_WORKERS, borrowed */
    uint32_t worker_count;
    enum inject_mode mode;
    enum inject_scope scope;
};

/** Is worker `worker` of `workers` hit by entry `number` in `iteration`? Pure. */
bool inject_hits(const struct inject *self, uint32_t number, uint64_t seed, uint32_t workers,
                 uint32_t worker, uint64_t iteration);

/** Extra ns of this entry for (worker, iteration), 0 when not hit. Pure. */
uint64_t inject_delay_ns(const struct inject *self, uint32_t number, uint64_t seed,
                         uint32_t workers, uint32_t worker, uint64_t iteration,
                         uint64_t compute_ns);

/** What this entry leaves of `compute_ns` before its delay is drawn (measured times may be below it). Pure. */
uint64_t inject_shortened_ns(const struct inject *self, uint32_t number, uint64_t seed,
                             uint32_t workers, uint32_t worker, uint64_t iteration,
                             uint64_t compute_ns);

/**
 * Base compute time of (worker, iteration): base times lognormal jitter of mean 1 and coefficient of variation cv >= 0.
 * At most LAW_DELAY_NS_MAX.
 */
uint64_t inject_base_ns(uint64_t base_ns, double cv, uint64_t seed, uint32_t worker,
                        uint64_t iteration);

/** What inject_base_ns computes of (base_ns, cv), for whoever asks it millions of times. */
struct inject_base {
    uint64_t base_ns;
    double sigma, shift; /* of the logarithm of the factor; sigma 0: there is no jitter */
};

#define INJECT_BASE_LANES 4u

void inject_base_init(struct inject_base *self, uint64_t base_ns, double cv);

/**
 * inject_base_ns of iterations first .. first + INJECT_BASE_LANES - 1, the same to the bit. Pure. Together they take
 * little longer than one.
 */
void inject_base_lanes(const struct inject_base *self, uint64_t seed, uint32_t worker,
                       uint64_t first, uint64_t out_ns[INJECT_BASE_LANES]);

/**
 * Parse a CSV trace `step,worker,compute_s` (header required, sorted by step then worker, both from 0, no gaps, finite,
 * > 0; LF or CRLF). seconds: caller's array of `capacity`, borrowed by `out` as long as that is used; its content is
 * undefined after an error, `out` is not touched then. 0, or -EINVAL / -ENOSPC with line number and sentence in err.
 */
int law_trace_parse(const char *text, uint64_t length, double *seconds, uint32_t capacity,
                    struct law_trace *out, struct err *err);

/**
 * Parse measured durations, all above 0 and at most an hour. Three formats, told apart by the first line:
 *   iterations.csv of a run  compute + injected part of the rows of policy `only` (NULL: there must be one policy)
 *   low_s,high_s,count       a histogram: bins ascend and do not overlap; uniform within a bin
 *   one number per line      seconds, in any order; the first line may be the name `seconds`
 * bin: caller's array of `capacity`, borrowed by `out` as long as that is used; undefined after an error, `out` is not
 * touched then. `only` must be NULL except for the first format. 0, or -EINVAL / -ENOSPC with line and sentence in err.
 */
int law_empirical_parse(const char *text, uint64_t length, const char *only, struct law_bin *bin,
                        uint32_t capacity, struct law_sample *out, struct err *err);

#endif
