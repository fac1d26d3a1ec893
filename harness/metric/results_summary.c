/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/metric/results_summary.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"

// clang-format off
const struct results_metric_row results_metric_table[RESULTS_METRICS] = {
    [RESULTS_GRADIENTS_PER_S] = {"gradients_per_s", UNIT_RATE, TIMING_CLOCK, "gradients computed per second, all workers"},
    [RESULTS_ITERATIONS_PER_S] = {"iterations_per_s", UNIT_RATE, TIMING_CLOCK, "gradients computed per second and computing worker (the worker 0 of a parameter server computes none)"},
    [RESULTS_WAIT_SHARE] = {"wait_share", UNIT_SHARE, TIMING_CLOCK, "share of iteration time spent waiting for peers"},
    [RESULTS_COMPUTE_SHARE] = {"compute_share", UNIT_SHARE, TIMING_CLOCK, "share of iteration time spent computing"},
    [RESULTS_INJECTED_SHARE] = {"injected_share", UNIT_SHARE, TIMING_CLOCK, "share of iteration time that was injected delay"},
    [RESULTS_MIX_SHARE] = {"mix_share", UNIT_SHARE, TIMING_CLOCK, "share of iteration time spent averaging"},
    [RESULTS_HELD_SHARE] = {"held_share", UNIT_SHARE, TIMING_CLOCK, "share of iteration time in which something else had the core"},
    [RESULTS_REST_SHARE] = {"rest_share", UNIT_SHARE, TIMING_CLOCK, "share of iteration time no part accounts for"},
    [RESULTS_WAIT_INJECTED_SHARE] = {"wait_injected_share", UNIT_SHARE, TIMING_CLOCK, "of all waiting, the share in which the peer waited for was delayed on purpose"},
    [RESULTS_STRAGGLERS_PRECISION] = {"stragglers_precision", UNIT_SHARE, TIMING_CLOCK, "of the stragglers found in the iterations, the share that was injected; none found: no figure"},
    [RESULTS_STRAGGLERS_RECALL] = {"stragglers_recall", UNIT_SHARE, TIMING_CLOCK, "of the stragglers that were injected and of which anything can be said, the share that was found; none: no figure"},
    [RESULTS_TIME_TO_TARGET_S] = {"time_to_target_s", UNIT_SECONDS, TIMING_CLOCK, "time to the target; unbounded above when not reached"},
    [RESULTS_GRADIENTS_TO_TARGET] = {"gradients_to_target", UNIT_COUNT, TIMING_NONE, "gradients that all workers computed until the target; unbounded above when not reached"},
    [RESULTS_BYTES_TO_TARGET] = {"bytes_to_target", UNIT_BYTES, TIMING_NONE, "parameter bytes that all workers exchanged until the target; unbounded above when not reached"},
    [RESULTS_SPEEDUP] = {"speedup", UNIT_REAL, TIMING_CLOCK, "time to target of the synchronous baseline over this policy's, paired by seed"},
    [RESULTS_SPEEDUP_GRADIENTS] = {"speedup_gradients", UNIT_REAL, TIMING_NONE, "gradients to target of the synchronous baseline over this policy's, paired by seed"},
    [RESULTS_TRAIN_LOSS_MEAN_MODEL] = {"train_loss_mean_model", UNIT_REAL, TIMING_BUDGET, "final training loss of the mean model"},
    [RESULTS_HELDOUT_LOSS_MEAN_MODEL] = {"heldout_loss_mean_model", UNIT_REAL, TIMING_BUDGET, "final held-out loss of the mean model"},
    [RESULTS_HELDOUT_ACCURACY_MEAN_MODEL] = {"heldout_accuracy_mean_model", UNIT_SHARE, TIMING_BUDGET, "final held-out accuracy of the mean model"},
    [RESULTS_TRAIN_LOSS_LOCAL_MEAN] = {"train_loss_local_mean", UNIT_REAL, TIMING_BUDGET, "final training loss, mean over local models"},
    [RESULTS_TRAIN_LOSS_LOCAL_WORST] = {"train_loss_local_worst", UNIT_REAL, TIMING_BUDGET, "final training loss of the worst local model"},
    [RESULTS_CONSENSUS_DISTANCE] = {"consensus_distance", UNIT_REAL, TIMING_NONE, "final mean squared distance from the mean model"},
    [RESULTS_WEIGHT_LEAST] = {"weight_least", UNIT_REAL, TIMING_NONE, "smallest push-sum weight of any worker in any snapshot; the published step is 1 / weight times as long"},
    [RESULTS_TRAIN_LOSS_EQUAL_TIME] = {"train_loss_equal_time", UNIT_REAL, TIMING_CLOCK, "training loss of the mean model at a time that every run reached"},
    [RESULTS_TRAIN_LOSS_EQUAL_GRADIENTS] = {"train_loss_equal_gradients", UNIT_REAL, TIMING_NONE, "the same after as many gradients as every run computed"},
    [RESULTS_TRAIN_LOSS_EQUAL_BYTES] = {"train_loss_equal_bytes", UNIT_REAL, TIMING_NONE, "the same for as many bytes as every run exchanged"},
    [RESULTS_HELDOUT_ACCURACY_EQUAL_TIME] = {"heldout_accuracy_equal_time", UNIT_SHARE, TIMING_CLOCK, "held-out accuracy of the mean model at a time that every run reached"},
    [RESULTS_HELDOUT_ACCURACY_EQUAL_GRADIENTS] = {"heldout_accuracy_equal_gradients", UNIT_SHARE, TIMING_NONE, "the same after as many gradients as every run computed"},
    [RESULTS_HELDOUT_ACCURACY_EQUAL_BYTES] = {"heldout_accuracy_equal_bytes", UNIT_SHARE, TIMING_NONE, "the same for as many bytes as every run exchanged"},
    [RESULTS_BYTES_EXCHANGED] = {"bytes_exchanged", UNIT_BYTES, TIMING_BUDGET, "parameter bytes exchanged, all workers"},
    [RESULTS_ITERATION_NS_P50] = {"iteration_ns_p50", UNIT_ITERATION_NS, TIMING_CLOCK, "median iteration time"},
    [RESULTS_ITERATION_NS_P99] = {"iteration_ns_p99", UNIT_ITERATION_NS, TIMING_CLOCK, "99th percentile of the iteration time"},
    [RESULTS_ITERATION_NS_P999] = {"iteration_ns_p999", UNIT_ITERATION_NS, TIMING_CLOCK, "99.9th percentile of the iteration time"},
    [RESULTS_ITERATION_NS_MAX] = {"iteration_ns_max", UNIT_ITERATION_NS, TIMING_CLOCK, "longest iteration"},
    [RESULTS_READY_TO_MIXED_NS_P50] = {"ready_to_mixed_ns_p50", UNIT_LATENCY_NS, TIMING_CLOCK, "median time from gradient ready to parameters mixed"},
    [RESULTS_READY_TO_MIXED_NS_P99] = {"ready_to_mixed_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, "its 99th percentile"},
    [RESULTS_READY_TO_MIXED_NS_P999] = {"ready_to_mixed_ns_p999", UNIT_LATENCY_NS, TIMING_CLOCK, "its 99.9th percentile"},
    [RESULTS_READY_TO_MIXED_NS_MAX] = {"ready_to_mixed_ns_max", UNIT_LATENCY_NS, TIMING_CLOCK, "its maximum"},
    [RESULTS_HANDLE_NS_P50] = {"handle_ns_p50", UNIT_LATENCY_NS, TIMING_CLOCK, "median time from a snapshot published to seen by a peer"},
    [RESULTS_HANDLE_NS_P99] = {"handle_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, "its 99th percentile"},
    [RESULTS_HANDLE_NS_P999] = {"handle_ns_p999", UNIT_LATENCY_NS, TIMING_CLOCK, "its 99.9th percentile"},
    [RESULTS_HANDLE_NS_MAX] = {"handle_ns_max", UNIT_LATENCY_NS, TIMING_CLOCK, "its maximum"},
    [RESULTS_AGE_NS_P50] = {"age_ns_p50", UNIT_LATENCY_NS, TIMING_CLOCK, "median age of a received model: from its publication until it is averaged"},
    [RESULTS_AGE_NS_P99] = {"age_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, "its 99th percentile"},
    [RESULTS_AGE_NS_P999] = {"age_ns_p999", UNIT_LATENCY_NS, TIMING_CLOCK, "its 99.9th percentile"},
    [RESULTS_AGE_NS_MAX] = {"age_ns_max", UNIT_LATENCY_NS, TIMING_CLOCK, "its maximum"},
    [RESULTS_STALENESS_MEAN] = {"staleness_mean", UNIT_REAL, TIMING_NONE, "mean staleness of a gradient: how often the model that it steps had changed since the model it was taken at"},
    [RESULTS_STALENESS_P50] = {"staleness_p50", UNIT_COUNT, TIMING_NONE, "median staleness of a gradient"},
    [RESULTS_STALENESS_P99] = {"staleness_p99", UNIT_COUNT, TIMING_NONE, "its 99th percentile"},
    [RESULTS_STALENESS_MAX] = {"staleness_max", UNIT_COUNT, TIMING_NONE, "its maximum"},
    [RESULTS_AGE_VERSIONS_MEAN] = {"age_versions_mean", UNIT_REAL, TIMING_NONE, "mean age of a received model in versions: how many newer ones its sender has when it is averaged"},
    [RESULTS_AGE_VERSIONS_P50] = {"age_versions_p50", UNIT_COUNT, TIMING_NONE, "its median"},
    [RESULTS_AGE_VERSIONS_P99] = {"age_versions_p99", UNIT_COUNT, TIMING_NONE, "its 99th percentile"},
    [RESULTS_AGE_VERSIONS_MAX] = {"age_versions_max", UNIT_COUNT, TIMING_NONE, "its maximum"},
    [RESULTS_INJECTED_ERROR_NS_P99] = {"injected_error_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, "99th percentile of |achieved - requested| delay"},
    [RESULTS_INJECTED_ERROR_SHARE_P99] = {"injected_error_share_p99", UNIT_SHARE, TIMING_CLOCK, "the same as a share of the median requested delay"},
    [RESULTS_LEDGER_ERROR] = {"ledger_error", UNIT_REAL, TIMING_NONE, "relative error of the parameter ledger"},
    [RESULTS_TENSORS_SUPERSEDED] = {"tensors_superseded", UNIT_COUNT, TIMING_NONE, "snapshots replaced by newer ones before they were read"},
    [RESULTS_TENSORS_UNEXPLAINED] = {"tensors_unexplained", UNIT_COUNT, TIMING_NONE, "|sent - delivered - superseded - dropped - in flight|; must be 0"},
    [RESULTS_CONTROL_UNEXPLAINED] = {"control_unexplained", UNIT_COUNT, TIMING_NONE, "|control messages sent - delivered - dropped|; must be 0"},
    [RESULTS_EXACT_SUPERSEDED] = {"exact_superseded", UNIT_COUNT, TIMING_NONE, "messages lost on edges that may lose none; must be 0"},
    [RESULTS_REFUSED] = {"refused", UNIT_COUNT, TIMING_NONE, "refused averaging requests"},
    [RESULTS_UNMIXED_SHARE] = {"unmixed_share", UNIT_SHARE, TIMING_NONE, "share of releases that mixed with no neighbour"},
    [RESULTS_TENSORS_DROPPED] = {"tensors_dropped", UNIT_COUNT, TIMING_NONE, "snapshots lost by a named cause: a fault of a link, a receiver that is gone"},
    [RESULTS_EVICTED] = {"evicted", UNIT_COUNT, TIMING_NONE, "neighbours given up by some worker"},
    [RESULTS_ALARMS] = {"alarms", UNIT_COUNT, TIMING_NONE, "times that a worker missed more epochs than max_staleness allows"},
    [RESULTS_DROPPED] = {"dropped", UNIT_COUNT, TIMING_NONE, "gradients or models that came too late to be used"},
    [RESULTS_ABANDONED] = {"abandoned", UNIT_COUNT, TIMING_NONE, "gradients given up while they were computed"},
    [RESULTS_SLOT_WAITS] = {"slot_waits", UNIT_COUNT, TIMING_NONE, "publishes that had to wait for a free slot"},
    [RESULTS_COMPUTE_OVERRUNS] = {"compute_overruns", UNIT_COUNT, TIMING_CLOCK, "gradients that took longer than the emulated time"},
    [RESULTS_INVOLUNTARY_SWITCHES] = {"involuntary_switches", UNIT_COUNT, TIMING_NONE, "times the kernel took a loop off its core"},
    [RESULTS_STOLEN_SHARE] = {"stolen_share", UNIT_SHARE, TIMING_NONE, "live: share of the time of its cores that other programs took"},
    [RESULTS_DIVERGED] = {"diverged", UNIT_COUNT, TIMING_NONE, "workers whose final model holds a value that is no number"},
    [RESULTS_INCOMPLETE] = {"incomplete", UNIT_COUNT, TIMING_NONE, "workers that did not drain; must be 0"},
};
// clang-format on

enum results_metric results_metric_find(const char *name)
{
    uint32_t i = 0;
    while (i < RESULTS_METRICS && strcmp(results_metric_table[i].name, name) != 0)
        i++;
    return (enum results_metric)i;
}

bool results_metric_is_timed(enum results_metric metric, bool budget_is_time)
{
    const enum results_timing timing = results_metric_table[metric].timing;
    return timing == TIMING_CLOCK || (timing == TIMING_BUDGET && budget_is_time);
}

static double known(const struct record_figures *of, uint64_t value)
{
    return of->n ? (double)value : (double)NAN;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : (double)NAN;
}

static double distance(uint64_t a, uint64_t b)
{
    return (double)(a > b ? a - b : b - a);
}

/* A loss that is not finite has diverged: the worst there is, and no reason to leave the seed out. */
static double final_loss(const struct record_run *run, double loss)
{
    if (!run->judged || run->point_count == 0)
        return (double)NAN;
    return isfinite(loss) ? loss : (double)INFINITY;
}

/* The worst accuracy there is, and so that it shows: a model that is no number still hits some class. */
static double final_accuracy(const struct record_run *run, const struct record_point *last)
{
    if (!run->judged || run->point_count == 0)
        return (double)NAN;
    const bool diverged = isinf(final_loss(run, last->train_loss_mean_model));
    return diverged ? -(double)INFINITY : last->heldout_accuracy_mean_model;
}

static double weight_least(const struct record_run *run)
{
    double least = (double)INFINITY;
    for (uint32_t i = 0; i < run->point_count; i++)
        if (run->point[i].weight_least > 0)
            least = fmin(least, run->point[i].weight_least);
    return isfinite(least) ? least : (double)NAN;
}

bool results_metric_is_heldout(enum results_metric metric)
{
    return metric == RESULTS_HELDOUT_LOSS_MEAN_MODEL ||
           metric == RESULTS_HELDOUT_ACCURACY_MEAN_MODEL ||
           (metric >= RESULTS_HELDOUT_ACCURACY_EQUAL_TIME &&
            metric <= RESULTS_HELDOUT_ACCURACY_EQUAL_BYTES);
}

static double learning_metric(const struct record_run *run, enum results_metric metric)
{
    static const struct record_point none;
    const struct record_point *last = run->point_count ? &run->point[run->point_count - 1] : &none;
    switch (metric) {
    case RESULTS_TRAIN_LOSS_MEAN_MODEL:
        return final_loss(run, last->train_loss_mean_model);
    case RESULTS_HELDOUT_LOSS_MEAN_MODEL:
        return final_loss(run, last->heldout_loss_mean_model);
    case RESULTS_TRAIN_LOSS_LOCAL_MEAN:
        return final_loss(run, last->train_loss_local_mean);
    case RESULTS_TRAIN_LOSS_LOCAL_WORST:
        return final_loss(run, last->train_loss_local_worst);
    case RESULTS_CONSENSUS_DISTANCE:
        return final_loss(run, last->consensus_distance);
    case RESULTS_HELDOUT_ACCURACY_MEAN_MODEL:
        return run->point_count ? final_accuracy(run, last) : (double)NAN;
    case RESULTS_WEIGHT_LEAST:
        return weight_least(run);
    case RESULTS_TIME_TO_TARGET_S:
        return run->has_target ? target_time(run).high : (double)NAN;
    case RESULTS_GRADIENTS_TO_TARGET:
        return run->has_target ? target_cost(run, RECORD_GRADIENTS).high : (double)NAN;
    case RESULTS_BYTES_TO_TARGET:
        return run->has_target ? target_cost(run, RECORD_BYTES).high : (double)NAN;
    default:
        return (double)NAN; /* a speed-up belongs to a pair of runs */
    }
}

static double equal_metric(const struct record_run *run, enum results_metric metric)
{
    const uint32_t k = (uint32_t)metric - RESULTS_TRAIN_LOSS_EQUAL_TIME;
    const struct record_equal *const at = &run->equal[k % RECORD_BUDGETS];
    if (at->level <= 0)
        return (double)NAN;
    return k < RECORD_BUDGETS ? at->train_loss : at->heldout_accuracy;
}

_Static_assert(RESULTS_HELDOUT_ACCURACY_EQUAL_BYTES - RESULTS_TRAIN_LOSS_EQUAL_TIME ==
                   2 * RECORD_BUDGETS - 1,
               "losses, then accuracies, in the order of the budgets");

/** mean, p50, p99 or max */
static double counted(const struct record_figures *of, uint32_t which)
{
    const uint64_t value[] = {0, of->p50, of->p99, of->max};
    return which == 0 ? (of->n ? of->mean : (double)NAN) : known(of, value[which]);
}

static double latency_metric(const struct record_run *run, enum results_metric metric)
{
    const struct record_figures *const of[] = {&run->iteration, &run->ready_to_mixed, &run->handle,
                                               &run->age};
    const uint32_t k = (uint32_t)metric - RESULTS_ITERATION_NS_P50;
    if (k < 16) {
        const struct record_figures *const f = of[k / 4];
        const uint64_t value[] = {f->p50, f->p99, f->p999, f->max};
        return known(f, value[k % 4]);
    }
    if (k < 24)
        return counted(k < 20 ? &run->staleness : &run->age_versions, k % 4);
    switch (metric) {
    case RESULTS_INJECTED_ERROR_NS_P99:
        return known(&run->injected_error, run->injected_error.p99);
    default:
        return known(&run->injected_error, run->injected_error.p99) /
               known(&run->injected_requested, run->injected_requested.p50);
    }
}

_Static_assert(RESULTS_AGE_NS_MAX - RESULTS_ITERATION_NS_P50 == 15, "four times p50 p99 p999 max");
_Static_assert(RESULTS_AGE_VERSIONS_MAX - RESULTS_STALENESS_MEAN == 7, "twice mean p50 p99 max");

static double run_metric(const struct record_run *run, enum results_metric metric)
{
    switch (metric) {
    case RESULTS_GRADIENTS_PER_S:
        return run->gradients_per_s;
    case RESULTS_ITERATIONS_PER_S:
        return run->iterations_per_s;
    case RESULTS_WAIT_SHARE:
        return run->wait_share;
    case RESULTS_COMPUTE_SHARE:
        return share(run->part_ns[PART_COMPUTE], run->total_ns);
    case RESULTS_INJECTED_SHARE:
        return share(run->part_ns[PART_INJECTED], run->total_ns);
    case RESULTS_MIX_SHARE:
        return share(run->part_ns[PART_MIX], run->total_ns);
    case RESULTS_HELD_SHARE:
        return share(run->part_ns[PART_HELD], run->total_ns);
    case RESULTS_REST_SHARE:
        return share(run->part_ns[PART_REST], run->total_ns);
    case RESULTS_WAIT_INJECTED_SHARE:
        return share(run->wait_ns[BLAME_INJECTED], run->part_ns[PART_WAIT]);
    case RESULTS_STRAGGLERS_PRECISION:
        return share(run->stragglers.hits, run->stragglers.hits + run->stragglers.wrong);
    case RESULTS_STRAGGLERS_RECALL:
        return share(run->stragglers.hits, run->stragglers.injected - run->stragglers.unknown);
    case RESULTS_STOLEN_SHARE:
        return run->wall.threads ? (double)NAN : run->stolen_share;
    case RESULTS_BYTES_EXCHANGED:
        return (double)run->bytes_exchanged;
    case RESULTS_LEDGER_ERROR:
        return isfinite(run->ledger_error) ? run->ledger_error : (double)INFINITY;
    default:
        return (double)NAN;
    }
}

static double counter_metric(const struct record_run *run, enum results_metric metric)
{
    switch (metric) {
    case RESULTS_TENSORS_SUPERSEDED:
        return (double)run->tensors_superseded;
    case RESULTS_TENSORS_UNEXPLAINED:
        return distance(run->tensors_sent, run->tensors_delivered + run->tensors_superseded +
                                               run->tensors_dropped + run->tensors_in_flight);
    case RESULTS_CONTROL_UNEXPLAINED:
        return distance(run->control_sent, run->control_delivered + record_control_ended(run));
    case RESULTS_EXACT_SUPERSEDED:
        return (double)run->exact_superseded;
    case RESULTS_REFUSED:
        return (double)run->counters.refused;
    case RESULTS_UNMIXED_SHARE:
        return share(run->counters.unmixed, run->mixes + run->counters.unmixed);
    case RESULTS_TENSORS_DROPPED:
        return (double)run->tensors_dropped;
    case RESULTS_EVICTED:
        return (double)run->counters.evicted;
    case RESULTS_ALARMS:
        return (double)run->counters.alarms;
    case RESULTS_DROPPED:
        return (double)run->counters.dropped;
    case RESULTS_ABANDONED:
        return (double)run->abandoned;
    case RESULTS_SLOT_WAITS:
        return (double)run->slot_waits;
    case RESULTS_COMPUTE_OVERRUNS:
        return (double)run->compute_overruns;
    case RESULTS_INVOLUNTARY_SWITCHES:
        return (double)run->involuntary_switches;
    case RESULTS_DIVERGED:
        return run->diverged;
    case RESULTS_INCOMPLETE:
        return (double)run->incomplete;
    default:
        return (double)NAN;
    }
}

double results_metric_of(const struct record_run *run, enum results_metric metric)
{
    CHECK(metric < RESULTS_METRICS);
    if (run->no_heldout && results_metric_is_heldout(metric))
        return (double)NAN;
    if (metric >= RESULTS_TENSORS_SUPERSEDED)
        return counter_metric(run, metric);
    if (metric >= RESULTS_ITERATION_NS_P50 && metric <= RESULTS_INJECTED_ERROR_SHARE_P99)
        return latency_metric(run, metric);
    if (metric >= RESULTS_TIME_TO_TARGET_S && metric <= RESULTS_WEIGHT_LEAST)
        return learning_metric(run, metric);
    if (metric >= RESULTS_TRAIN_LOSS_EQUAL_TIME && metric <= RESULTS_HELDOUT_ACCURACY_EQUAL_BYTES)
        return equal_metric(run, metric);
    return run_metric(run, metric);
}

bool results_metric_needs_target(enum results_metric metric)
{
    return metric >= RESULTS_TIME_TO_TARGET_S && metric <= RESULTS_SPEEDUP_GRADIENTS;
}

struct target_bound results_bound_of(const struct record_run *run, enum results_metric metric)
{
    if (metric >= RESULTS_TIME_TO_TARGET_S && metric <= RESULTS_BYTES_TO_TARGET && run->has_target)
        return target_cost(run, (enum record_budget)(metric - RESULTS_TIME_TO_TARGET_S));
    const double value = results_metric_of(run, metric);
    return (struct target_bound){value, value};
}

_Static_assert(RESULTS_BYTES_TO_TARGET - RESULTS_TIME_TO_TARGET_S == RECORD_BUDGETS - 1,
               "what the target costs, in the order of the budgets");

static const struct record_run *run_of(const struct record_run *run, uint32_t count,
                                       const char *policy, uint64_t seed)
{
    for (uint32_t i = 0; i < count; i++)
        if (run[i].seed == seed && strcmp(run[i].policy, policy) == 0)
            return &run[i];
    return NULL;
}

static double clipped(const struct record_run *run)
{
    return (double)(run->iteration.clipped + run->ready_to_mixed.clipped + run->handle.clipped +
                    run->staleness.clipped);
}

/* An interval around a mean near a bound of its range reaches beyond it; what cannot be is cut off. */
static void clip(struct target_spread *at, enum results_unit unit)
{
    if (unit != UNIT_REAL && at->low < 0 && at->min >= 0)
        at->low = 0;
    if (unit == UNIT_SHARE && at->high > 1 && at->max <= 1)
        at->high = 1;
}

static void summarise_policy(const struct record_run *run, uint32_t count,
                             struct results_policy *self)
{
    struct target_bound cost[RECORD_BUDGETS][EXPERIMENT_SEEDS_MAX];
    double value[EXPERIMENT_SEEDS_MAX];
    uint32_t timed = 0;
    double stolen = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(run[i].policy, self->policy) != 0)
            continue;
        CHECK(self->seeds < EXPERIMENT_SEEDS_MAX);
        self->seeds++;
        self->contended += run[i].contended;
        self->interrupted += run[i].interrupted;
        stolen += run[i].wall.threads ? 0 : run[i].stolen_share;
        self->incomplete += run[i].incomplete != 0 || !run[i].drained;
        self->ledger_bad += !run[i].ledger_ok;
        self->latency_clipped += clipped(&run[i]);
        if (run[i].has_target) {
            self->reached += run[i].target_reached;
            self->held_at_end += run[i].target_held_at_end;
            for (uint32_t b = 0; b < RECORD_BUDGETS; b++)
                cost[b][timed] = target_cost(&run[i], (enum record_budget)b);
            timed++;
        }
    }
    self->stolen_share = self->seeds ? stolen / self->seeds : 0;
    self->has_target = timed > 0;
    for (uint32_t b = 0; b < RECORD_BUDGETS; b++)
        self->cost[b] = target_median(cost[b], timed);
    for (uint32_t m = 0; m < RESULTS_METRICS; m++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < count; i++)
            if (strcmp(run[i].policy, self->policy) == 0)
                value[n++] = results_metric_of(&run[i], (enum results_metric)m);
        self->metric[m] = target_spread(value, n);
        clip(&self->metric[m], results_metric_table[m].unit);
    }
}

/**
 * Only seeds that both ran are compared: everything but the policy is then the same. Returns the median ratio of what the
 * target costs them; its spread goes to `metric`.
 */
static struct target_bound compare_policy(const struct record_run *run, uint32_t count,
                                          const struct results_policy *baseline,
                                          enum record_budget budget, enum results_metric metric,
                                          struct results_policy *self)
{
    uint32_t pairs = 0;
    struct target_bound ratio[EXPERIMENT_SEEDS_MAX];
    double exact[EXPERIMENT_SEEDS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(run[i].policy, self->policy) != 0 || !run[i].has_target)
            continue;
        const struct record_run *pair = run_of(run, count, baseline->policy, run[i].seed);
        if (!pair || !pair->has_target)
            continue;
        const struct target_bound r =
            target_speedup(target_cost(pair, budget), target_cost(&run[i], budget));
        exact[pairs] = r.low == r.high ? r.low : (double)NAN;
        ratio[pairs++] = r;
    }
    self->metric[metric] = target_spread(exact, pairs);
    self->speedup_pairs = pairs;
    return target_median(ratio, pairs);
}

static uint32_t find_baseline(const struct results_summary *summary)
{
    static const char *const preferred[] = {"allreduce", "dsgd"};
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < summary->policy_count; i++)
            if (summary->policy[i].row && strcmp(summary->policy[i].row->name, preferred[k]) == 0)
                return i;
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (summary->policy[i].row && summary->policy[i].row->synchronous)
            return i;
    return summary->policy_count;
}

void results_summarise(const struct record_run *run, uint32_t count, struct results_summary *out)
{
    memset(out, 0, sizeof(*out));
    out->sweep_key = count ? run[0].sweep_key : NULL;
    out->sweep_value = count ? run[0].sweep_value : NULL;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = 0;
        while (k < out->policy_count && strcmp(out->policy[k].policy, run[i].policy) != 0)
            k++;
        if (k < out->policy_count)
            continue;
        CHECK(k < EXPERIMENT_POLICIES_MAX);
        memcpy(out->policy[k].policy, run[i].policy, sizeof(run[i].policy));
        out->policy[k].row = run[i].row;
        out->policy_count++;
    }
    for (uint32_t k = 0; k < out->policy_count; k++) {
        summarise_policy(run, count, &out->policy[k]);
        out->seeds = out->policy[k].seeds > out->seeds ? out->policy[k].seeds : out->seeds;
    }
    out->baseline = find_baseline(out);
    for (uint32_t k = 0; k < out->policy_count; k++) {
        struct results_policy *const self = &out->policy[k];
        const struct results_policy *const baseline = &out->policy[out->baseline];
        self->speedup = self->speedup_gradients = (struct target_bound){0, (double)INFINITY};
        if (out->baseline == out->policy_count)
            continue;
        self->speedup = compare_policy(run, count, baseline, RECORD_TIME, RESULTS_SPEEDUP, self);
        self->speedup_gradients =
            compare_policy(run, count, baseline, RECORD_GRADIENTS, RESULTS_SPEEDUP_GRADIENTS, self);
    }
}

struct target_bound results_value(const struct results_policy *self, enum results_metric metric)
{
    static const struct target_bound nothing = {(double)INFINITY, -(double)INFINITY};
    if (metric == RESULTS_TIME_TO_TARGET_S)
        return self->has_target ? self->cost[RECORD_TIME] : nothing;
    if (metric == RESULTS_GRADIENTS_TO_TARGET)
        return self->has_target ? self->cost[RECORD_GRADIENTS] : nothing;
    if (metric == RESULTS_BYTES_TO_TARGET)
        return self->has_target ? self->cost[RECORD_BYTES] : nothing;
    if (metric == RESULTS_SPEEDUP)
        return self->speedup_pairs ? self->speedup : nothing;
    if (metric == RESULTS_SPEEDUP_GRADIENTS)
        return self->speedup_pairs ? self->speedup_gradients : nothing;
    const struct target_spread *spread = &self->metric[metric];
    return spread->count ? (struct target_bound){spread->median, spread->median} : nothing;
}
