/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * result.json as a tree: the versioned, machine-readable form of what runs measured (harness/result.schema.json).
 *
 * Keys never vanish: what a run did not measure is null (and `n` is 0). Units are in the key names. NaN and infinities
 * are null; text that is not UTF-8 has its bad bytes replaced by `?`. All functions return new references, or NULL
 * when out of memory.
 */
#ifndef HARNESS_RECORD_RESULTS_JSON_H
#define HARNESS_RECORD_RESULTS_JSON_H

#include <jansson.h>

#include "harness/metric/record.h"
#include "harness/metric/summary.h"
#include "harness/record/verdict.h"

/*
 * The version of result.json, raised with each change of what a key means; results_read reads all of them.
 *   1  the first
 *   2  workers_computing; the worker 0 of a parameter server holds no shard of the training samples
 *   3  staleness: changes of the model between gradient and step, no longer a difference of iteration counters, which
 *      grew with the length of a run; age_ns, age_versions.
 *      allreduce and local-sgd are judged by the last mean of all workers, not by what workers hold within a round
 */
#define RESULTS_SCHEMA 3

/** A number, or null when not finite. */
json_t *results_json_real(double value);

/** A string, or null for NULL. */
json_t *results_json_text(const char *text);

/** One element of `runs`. */
json_t *results_json_run(const struct record_run *run);

/** Its parts `waits`, `wait_matrix` and `stragglers`, and what a worker waited for (results_json_waits.c). */
json_t *results_json_waits(const struct record_run *run);
json_t *results_json_wait_matrix(const struct record_run *run);
/** Adds what was found to `out`. */
void results_json_stragglers(json_t *out, const struct record_run *run);
json_t *results_json_waits_ns(const uint64_t wait_ns[BLAME_COUNT]);

/** The list `summary`, one element per policy and value of the swept key. summary: [count]. */
json_t *results_json_summary(const struct summary *summary, uint32_t count);

/** How the rates were tuned and how much they matter; null when no policy's rate was. */
json_t *results_json_tuning(const struct experiment *experiment);

/** The list `claims`. */
json_t *results_json_claims(const struct claims_result *result, uint32_t count);

/** The list `checks`. */
/** Lines of a text as an array of strings. */
json_t *results_json_lines(const char *lines);

json_t *results_json_checks(const struct checks_result *result, uint32_t count);

#endif
