/* SPDX-License-Identifier: BSD-3-Clause */
/* Every key is there in every result, null where there is no figure: readers need not ask which version had it. */
#include "harness/record/results_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/drive/time_parts.h"
#include "harness/metric/equal.h"
#include "harness/metric/target.h"
#include "harness/record/results_json_put.h"
#include "harness/record/results_links.h"

json_t *results_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *results_json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *string = json_string(text); /* refuses what is not UTF-8 */
    if (string)
        return string;
    char *copy = strdup(text);
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c > 0x7f)
            *c = '?';
    string = copy ? json_string(copy) : NULL;
    free(copy);
    return string;
}

static void put_known(json_t *object, const char *key, const struct record_figures *of,
                      uint64_t value)
{
    if (of->n)
        put_count(object, key, value);
    else
        put(object, key, json_null());
}

static json_t *latency(const struct record_figures *of)
{
    json_t *out = json_object();
    put_known(out, "p50", of, of->p50);
    put_known(out, "p99", of, of->p99);
    put_known(out, "p999", of, of->p999);
    put_known(out, "max", of, of->max);
    put_count(out, "n", of->n);
    put_count(out, "clipped", of->clipped);
    return out;
}

/** Of what is counted: its mean says something. */
static json_t *counts(const struct record_figures *of)
{
    json_t *out = json_object();
    put(out, "mean", of->n ? results_json_real(of->mean) : json_null());
    put_known(out, "p50", of, of->p50);
    put_known(out, "p99", of, of->p99);
    put_known(out, "max", of, of->max);
    put_count(out, "n", of->n);
    return out;
}

static json_t *parts(const uint64_t part_ns[PART_COUNT])
{
    json_t *out = json_object();
    for (uint32_t p = 0; p < PART_COUNT; p++)
        put_count(out, part_name[p], part_ns[p]);
    return out;
}

/** What was not judged is null: a loss of 0 would be a claim. */
static json_t *point(const struct record_point *at, bool judged)
{
    const struct record_point none = {.train_loss_mean_model = (double)NAN,
                                      .heldout_loss_mean_model = (double)NAN,
                                      .heldout_accuracy_mean_model = (double)NAN,
                                      .train_loss_local_mean = (double)NAN,
                                      .train_loss_local_worst = (double)NAN,
                                      .consensus_distance = (double)NAN};
    const struct record_point *const say = judged ? at : &none;
    json_t *out = json_object();
    put(out, "time_s", results_json_real(at->time_s));
    put_count(out, "gradients", at->gradients);
    put_count(out, "bytes", at->bytes);
    put(out, "train_loss_mean_model", results_json_real(say->train_loss_mean_model));
    put(out, "heldout_loss_mean_model", results_json_real(say->heldout_loss_mean_model));
    put(out, "heldout_accuracy_mean_model", results_json_real(say->heldout_accuracy_mean_model));
    put(out, "train_loss_local_mean", results_json_real(say->train_loss_local_mean));
    put(out, "train_loss_local_worst", results_json_real(say->train_loss_local_worst));
    put(out, "consensus_distance", results_json_real(say->consensus_distance));
    put(out, "weight_least",
        at->weight_least > 0 ? results_json_real(at->weight_least) : json_null());
    return out;
}

static json_t *worker(const struct record_worker *at, uint32_t id)
{
    json_t *out = json_object();
    put_count(out, "worker", id);
    put_count(out, "core", at->core);
    put_count(out, "iterations", at->iterations);
    put_count(out, "total_ns", at->total_ns);
    put(out, "parts_ns", parts(at->part_ns));
    put(out, "waits_ns", results_json_waits_ns(at->wait_ns));
    put(out, "iteration_ns", latency(&at->iteration));
    if (at->cost_ratio > 0)
        put(out, "cost_ratio", results_json_real(at->cost_ratio));
    return out;
}

static json_t *final_value(const struct record_run *run, enum metric metric)
{
    return results_json_real(metric_of(run, metric));
}

static void put_target(json_t *out, const struct record_run *run)
{
    const bool reached = run->target.exists && run->target.reached;
    put(out, "time_to_target_s", reached ? results_json_real(run->target.time_s) : json_null());
    put(out, "gradients_to_target",
        reached ? results_json_real(run->target.gradients) : json_null());
    put(out, "bytes_to_target", reached ? results_json_real(run->target.bytes) : json_null());
    put(out, "target_reached", run->target.exists ? json_boolean(reached) : json_null());
    put(out, "target_held_at_end",
        run->target.exists ? json_boolean(run->target.held_at_end) : json_null());
    put(out, "target_value",
        run->target.exists ? results_json_real(run->target.value) : json_null());
    put(out, "target_resolution_s",
        run->target.exists ? results_json_real(run->target.resolution_s) : json_null());
}

/** null where nothing is swept */
static void put_equal(json_t *out, const struct record_run *run)
{
    json_t *const equal = json_object();
    for (uint32_t b = 0; b < RECORD_BUDGETS; b++) {
        const struct record_equal *const at = &run->equal[b];
        const bool known = at->level > 0;
        json_t *const one = json_object();
        put(one, "level", known ? results_json_real(at->level) : json_null());
        put(one, "train_loss_mean_model", known ? results_json_real(at->train_loss) : json_null());
        put(one, "heldout_accuracy_mean_model",
            known ? results_json_real(at->heldout_accuracy) : json_null());
        put(equal, equal_budget_name[b], one);
    }
    put(out, "equal", equal);
}

static void put_learning(json_t *out, const struct record_run *run)
{
    static const enum metric of[] = {
        METRIC_TRAIN_LOSS_MEAN_MODEL,       METRIC_HELDOUT_LOSS_MEAN_MODEL,
        METRIC_HELDOUT_ACCURACY_MEAN_MODEL, METRIC_TRAIN_LOSS_LOCAL_MEAN,
        METRIC_TRAIN_LOSS_LOCAL_WORST,      METRIC_CONSENSUS_DISTANCE,
    };
    for (uint32_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
        put(out, metric_table[of[i]].name, final_value(run, of[i]));
}

static void put_latencies(json_t *out, const struct record_run *run)
{
    put(out, "parts_ns", parts(run->part_ns));
    put_count(out, "total_ns", run->total_ns);
    put(out, "iteration_ns", latency(&run->series[SERIES_ITERATION]));
    put(out, "ready_to_mixed_ns", latency(&run->series[SERIES_READY]));
    put(out, "handle_ns", latency(&run->series[SERIES_HANDLE]));
    put(out, "loop_ns", latency(&run->loop));
    put(out, "injected_requested_ns", latency(&run->series[SERIES_REQUESTED]));
    put(out, "injected_error_ns", latency(&run->series[SERIES_ERROR]));
    put(out, "staleness", counts(&run->series[SERIES_STALENESS]));
    put(out, "age_ns", latency(&run->series[SERIES_AGE]));
    put(out, "age_versions", counts(&run->series[SERIES_AGE_VERSIONS]));
}

/* What the counters say of messages that nobody can account for. */
static void put_unexplained(json_t *out, const struct record_run *run)
{
    put_count(out, "tensors_unexplained", (uint64_t)metric_of(run, METRIC_TENSORS_UNEXPLAINED));
    put_count(out, "control_unexplained", (uint64_t)metric_of(run, METRIC_CONTROL_UNEXPLAINED));
}

/* JSON integers end at 63 bits; a larger seed is written as text rather than wrong. */
static void put_seed(json_t *out, uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, seed);
    put(out, "seed", seed > INT64_MAX ? json_string(text) : json_integer((json_int_t)seed));
}

static json_t *moment(uint64_t ns)
{
    return ns > 0 ? results_json_real((double)ns * 1e-9) : json_null();
}

static json_t *faults(const struct record_run *run)
{
    json_t *const list = json_array();
    for (uint32_t i = 0; i < run->fault_count; i++) {
        const struct record_fault *const fault = &run->fault[i];
        json_t *const out = json_object();
        put(out, "kind", json_string(fault_kind_name[fault->kind]));
        put_count(out, "worker", fault->worker);
        put(out, "at_s", results_json_real((double)fault->at_ns * 1e-9));
        put(out, "noticed_s", moment(fault->noticed_ns));
        put(out, "back_s", moment(fault->back_ns));
        json_array_append_new(list, out);
    }
    return list;
}

/** All that differs when the same virtual run is executed again. */
static json_t *wall(const struct record_run *run)
{
    if (run->wall.threads == 0)
        return json_null();
    json_t *out = json_object();
    const double seconds = run->wall.seconds;
    put(out, "seconds", results_json_real(seconds));
    put(out, "events_per_s", results_json_real((double)run->count.events / seconds));
    put(out, "gradients_per_s", results_json_real((double)run->count.gradients / seconds));
    put_count(out, "threads", run->wall.threads);
    return out;
}

static json_t *frames(const struct record_frames *of)
{
    json_t *const out = json_object();
    put(out, "link", results_json_text(of->link));
    put_count(out, "processes", of->processes);
    put_count(out, "lost", of->lost);
    put_count(out, "clocks", of->clocks);
    put(out, "shared_cores", json_boolean(of->shared_cores));
    put_count(out, "sent", of->sent);
    put_count(out, "received", of->received);
    put_count(out, "captured", of->captured);
    put_count(out, "resent", of->resent);
    put_count(out, "refused", of->refused);
    put_count(out, "overflow", of->overflow);
    put_count(out, "unexplained", of->unexplained);
    return out;
}

/** Virtual runs are given their costs; they do not find them out. */
static json_t *costs(const struct record_run *run)
{
    if (run->wall.threads != 0)
        return json_null();
    json_t *out = json_object();
    put(out, "gradient", results_json_real(run->costs.gradient_ns));
    put(out, "slice", results_json_real(run->costs.slice_ns));
    put(out, "apply", results_json_real(run->costs.apply_ns));
    put(out, "send", results_json_real(run->costs.send_ns));
    put(out, "mix", results_json_real(run->costs.mix_ns));
    put(out, "load", results_json_real(run->costs.load_ns));
    put(out, "rest", results_json_real(run->costs.rest_ns));
    put(out, "event", results_json_real(run->costs.event_ns));
    put(out, "read", results_json_real(run->costs.read_ns));
    return out;
}

/** null: what diverged has no sum that could have been kept. */
static json_t *ledger_ok(const struct record_run *run)
{
    return run->ledger.ok && !isfinite(run->ledger.error) ? json_null()
                                                          : json_boolean(run->ledger.ok);
}

static void put_waits(json_t *out, const struct record_run *run)
{
    put(out, "waits", results_json_waits(run));
    put(out, "wait_matrix", results_json_wait_matrix(run));
    put(out, "wait_matrix_rest_s", results_json_real((double)run->waits.rest_ns * 1e-9));
    results_json_stragglers(out, run);
}

static json_t *points(const struct record_run *run)
{
    json_t *const out = json_array();
    for (uint32_t i = 0; i < run->point_count; i++)
        json_array_append_new(out, point(&run->point[i], run->judged));
    return out;
}

static json_t *per_worker(const struct record_run *run)
{
    json_t *const out = json_array();
    for (uint32_t w = 0; run->worker && w < run->workers; w++)
        json_array_append_new(out, worker(&run->worker[w], w));
    return out;
}

json_t *results_json_run(const struct record_run *run)
{
    json_t *out = json_object();
    put(out, "policy", results_json_text(run->policy));
    put(out, "kind", results_json_text(run->row ? run->row->name : NULL));
    put_seed(out, run->seed);
    put_sweep(out, run->sweep.key, run->sweep.value);
    put(out, "clock", results_json_text(run->clock));
    put_count(out, "workers", run->workers);
    put_count(out, "workers_computing", record_computing(run));
    put(out, "duration_s", results_json_real(run->duration_s));
    put(out, "drain_s", results_json_real(run->drain_s));
    put(out, "drained", json_boolean(run->drained));
    put(out, "lr", results_json_real(run->lr));
    put(out, "lr_from", results_json_text(run->lr_from));
    put_counts(out, &run->count, COUNTS_WORK);
    put(out, "gradients_per_s", results_json_real(run->gradients_per_s));
    put(out, "iterations_per_s", results_json_real(run->iterations_per_s));
    put_target(out, run);
    put_learning(out, run);
    put_equal(out, run);
    put(out, "wait_share", results_json_real(run->waits.share));
    put_waits(out, run);
    put_latencies(out, run);
    put(out, "ledger_error", results_json_real(run->ledger.error));
    put(out, "ledger_ok", ledger_ok(run));
    put_count(out, "diverged", run->ledger.diverged);
    put_counts(out, &run->count, COUNTS_RUN);
    put_unexplained(out, run);
    if (results_links_any(&run->count.links))
        put(out, "links", results_links_json(&run->count));
    if (run->cores.frames.link)
        put(out, "frames", frames(&run->cores.frames));
    if (run->series[SERIES_LATE].n > 0)
        put(out, "link_late_ns", latency(&run->series[SERIES_LATE]));
    if (run->stall[0])
        put(out, "stall", results_json_text(run->stall));
    put(out, "costs_ns", costs(run));
    put(out, "stolen_share",
        run->wall.threads ? json_null() : results_json_real(run->cores.stolen_share));
    put_count(out, "stolen_logged", run->cores.stolen_count);
    put(out, "core_busy_share", results_json_real(run->cores.busy_share));
    put(out, "contended", json_boolean(run->cores.contended));
    put(out, "disturbed", json_boolean(run->cores.disturbed));
    if (run->interrupted)
        put(out, "interrupted", json_true());
    put(out, "loader_tier", results_json_text(run->loader.tier));
    put(out, "loader_reason", results_json_text(run->loader.reason));

    put(out, "points", points(run));
    put(out, "per_worker", per_worker(run));
    put(out, "per_worker_omitted", json_boolean(!run->worker && run->workers > 0));
    if (run->fault_count > 0)
        put(out, "faults", faults(run));
    put_count(out, "locals_judged", run->locals_judged);
    put(out, "wall", wall(run));
    return out;
}
