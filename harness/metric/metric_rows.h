/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * All metrics, a row each: X(ID, name, unit, timing, needs, figure of `run`, help). metric.h makes their enum of it and
 * metric.c their table: what a metric is stands nowhere else.
 */
#ifndef HARNESS_METRIC_METRIC_ROWS_H
#define HARNESS_METRIC_METRIC_ROWS_H

/* clang-format off */
#define METRIC_ROWS(X) \
    X(GRADIENTS_PER_S, "gradients_per_s", UNIT_RATE, TIMING_CLOCK, 0, run->gradients_per_s, \
      "gradients computed per second, all workers") \
    X(ITERATIONS_PER_S, "iterations_per_s", UNIT_RATE, TIMING_CLOCK, 0, run->iterations_per_s, \
      "gradients computed per second and computing worker (the worker 0 of a parameter server computes none)") \
    X(WAIT_SHARE, "wait_share", UNIT_SHARE, TIMING_CLOCK, 0, run->waits.share, \
      "share of iteration time spent waiting for peers") \
    X(COMPUTE_SHARE, "compute_share", UNIT_SHARE, TIMING_CLOCK, 0, share(run->part_ns[PART_COMPUTE], run->total_ns), \
      "share of iteration time spent computing") \
    X(INJECTED_SHARE, "injected_share", UNIT_SHARE, TIMING_CLOCK, 0, share(run->part_ns[PART_INJECTED], run->total_ns), \
      "share of iteration time that was injected delay") \
    X(MIX_SHARE, "mix_share", UNIT_SHARE, TIMING_CLOCK, 0, share(run->part_ns[PART_MIX], run->total_ns), \
      "share of iteration time spent averaging") \
    X(HELD_SHARE, "held_share", UNIT_SHARE, TIMING_CLOCK, 0, share(run->part_ns[PART_HELD], run->total_ns), \
      "share of iteration time in which something else had the core") \
    X(REST_SHARE, "rest_share", UNIT_SHARE, TIMING_CLOCK, 0, share(run->part_ns[PART_REST], run->total_ns), \
      "share of iteration time no part accounts for") \
    X(WAIT_INJECTED_SHARE, "wait_injected_share", UNIT_SHARE, TIMING_CLOCK, 0, share(run->waits.ns[BLAME_INJECTED], run->part_ns[PART_WAIT]), \
      "of all waiting, the share in which the peer waited for was delayed on purpose") \
    X(STRAGGLERS_PRECISION, "stragglers_precision", UNIT_SHARE, TIMING_CLOCK, 0, share(run->stragglers.hits, run->stragglers.hits + run->stragglers.wrong), \
      "of the stragglers found in the iterations, the share that was injected; none found: no figure") \
    X(STRAGGLERS_RECALL, "stragglers_recall", UNIT_SHARE, TIMING_CLOCK, 0, share(run->stragglers.hits, run->stragglers.injected - run->stragglers.unknown), \
      "of the stragglers that were injected and of which anything can be said, the share that was found; none: no figure") \
    X(TIME_TO_TARGET_S, "time_to_target_s", UNIT_SECONDS, TIMING_CLOCK, METRIC_NEEDS_TARGET | METRIC_OF_LEARNING, cost(run, RECORD_TIME), \
      "time to the target; unbounded above when not reached") \
    X(GRADIENTS_TO_TARGET, "gradients_to_target", UNIT_COUNT, TIMING_NONE, METRIC_NEEDS_TARGET | METRIC_OF_LEARNING, cost(run, RECORD_GRADIENTS), \
      "gradients that all workers computed until the target; unbounded above when not reached") \
    X(BYTES_TO_TARGET, "bytes_to_target", UNIT_BYTES, TIMING_NONE, METRIC_NEEDS_TARGET | METRIC_OF_LEARNING, cost(run, RECORD_BYTES), \
      "parameter bytes that all workers exchanged until the target; unbounded above when not reached") \
    X(SPEEDUP, "speedup", UNIT_REAL, TIMING_CLOCK, METRIC_NEEDS_TARGET | METRIC_OF_LEARNING, (double)NAN, \
      "time to target of the synchronous baseline over this policy's, paired by seed") \
    X(SPEEDUP_GRADIENTS, "speedup_gradients", UNIT_REAL, TIMING_NONE, METRIC_NEEDS_TARGET | METRIC_OF_LEARNING, (double)NAN, \
      "gradients to target of the synchronous baseline over this policy's, paired by seed") \
    X(TRAIN_LOSS_MEAN_MODEL, "train_loss_mean_model", UNIT_REAL, TIMING_BUDGET, METRIC_OF_LEARNING, final_loss(run, last(run)->train_loss_mean_model), \
      "final training loss of the mean model") \
    X(HELDOUT_LOSS_MEAN_MODEL, "heldout_loss_mean_model", UNIT_REAL, TIMING_BUDGET, METRIC_NEEDS_HELDOUT | METRIC_OF_LEARNING, final_loss(run, last(run)->heldout_loss_mean_model), \
      "final held-out loss of the mean model") \
    X(HELDOUT_ACCURACY_MEAN_MODEL, "heldout_accuracy_mean_model", UNIT_SHARE, TIMING_BUDGET, METRIC_NEEDS_HELDOUT | METRIC_OF_LEARNING, final_accuracy(run), \
      "final held-out accuracy of the mean model") \
    X(TRAIN_LOSS_LOCAL_MEAN, "train_loss_local_mean", UNIT_REAL, TIMING_BUDGET, METRIC_OF_LEARNING, final_loss(run, last(run)->train_loss_local_mean), \
      "final training loss, mean over local models") \
    X(TRAIN_LOSS_LOCAL_WORST, "train_loss_local_worst", UNIT_REAL, TIMING_BUDGET, METRIC_OF_LEARNING, final_loss(run, last(run)->train_loss_local_worst), \
      "final training loss of the worst local model") \
    X(CONSENSUS_DISTANCE, "consensus_distance", UNIT_REAL, TIMING_NONE, METRIC_OF_LEARNING, final_loss(run, last(run)->consensus_distance), \
      "final mean squared distance from the mean model") \
    X(WEIGHT_LEAST, "weight_least", UNIT_REAL, TIMING_NONE, METRIC_OF_LEARNING, weight_least(run), \
      "smallest push-sum weight of any worker in any snapshot; the published step is 1 / weight times as long") \
    X(TRAIN_LOSS_EQUAL_TIME, "train_loss_equal_time", UNIT_REAL, TIMING_CLOCK, METRIC_OF_LEARNING, equal(run, RECORD_TIME, false), \
      "training loss of the mean model at a time that every run reached") \
    X(TRAIN_LOSS_EQUAL_GRADIENTS, "train_loss_equal_gradients", UNIT_REAL, TIMING_NONE, METRIC_OF_LEARNING, equal(run, RECORD_GRADIENTS, false), \
      "the same after as many gradients as every run computed") \
    X(TRAIN_LOSS_EQUAL_BYTES, "train_loss_equal_bytes", UNIT_REAL, TIMING_NONE, METRIC_OF_LEARNING, equal(run, RECORD_BYTES, false), \
      "the same for as many bytes as every run exchanged") \
    X(HELDOUT_ACCURACY_EQUAL_TIME, "heldout_accuracy_equal_time", UNIT_SHARE, TIMING_CLOCK, METRIC_NEEDS_HELDOUT | METRIC_OF_LEARNING, equal(run, RECORD_TIME, true), \
      "held-out accuracy of the mean model at a time that every run reached") \
    X(HELDOUT_ACCURACY_EQUAL_GRADIENTS, "heldout_accuracy_equal_gradients", UNIT_SHARE, TIMING_NONE, METRIC_NEEDS_HELDOUT | METRIC_OF_LEARNING, equal(run, RECORD_GRADIENTS, true), \
      "the same after as many gradients as every run computed") \
    X(HELDOUT_ACCURACY_EQUAL_BYTES, "heldout_accuracy_equal_bytes", UNIT_SHARE, TIMING_NONE, METRIC_NEEDS_HELDOUT | METRIC_OF_LEARNING, equal(run, RECORD_BYTES, true), \
      "the same for as many bytes as every run exchanged") \
    X(BYTES_EXCHANGED, "bytes_exchanged", UNIT_BYTES, TIMING_BUDGET, 0, run->count.bytes_exchanged, \
      "parameter bytes exchanged, all workers") \
    X(ITERATION_NS_P50, "iteration_ns_p50", UNIT_ITERATION_NS, TIMING_CLOCK, 0, OF(ITERATION, p50), \
      "median iteration time") \
    X(ITERATION_NS_P99, "iteration_ns_p99", UNIT_ITERATION_NS, TIMING_CLOCK, 0, OF(ITERATION, p99), \
      "99th percentile of the iteration time") \
    X(ITERATION_NS_P999, "iteration_ns_p999", UNIT_ITERATION_NS, TIMING_CLOCK, 0, OF(ITERATION, p999), \
      "99.9th percentile of the iteration time") \
    X(ITERATION_NS_MAX, "iteration_ns_max", UNIT_ITERATION_NS, TIMING_CLOCK, 0, OF(ITERATION, max), \
      "longest iteration") \
    X(READY_TO_MIXED_NS_P50, "ready_to_mixed_ns_p50", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(READY, p50), \
      "median time from gradient ready to parameters mixed") \
    X(READY_TO_MIXED_NS_P99, "ready_to_mixed_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(READY, p99), \
      "its 99th percentile") \
    X(READY_TO_MIXED_NS_P999, "ready_to_mixed_ns_p999", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(READY, p999), \
      "its 99.9th percentile") \
    X(READY_TO_MIXED_NS_MAX, "ready_to_mixed_ns_max", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(READY, max), \
      "its maximum") \
    X(HANDLE_NS_P50, "handle_ns_p50", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(HANDLE, p50), \
      "median time from a snapshot published to seen by a peer") \
    X(HANDLE_NS_P99, "handle_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(HANDLE, p99), \
      "its 99th percentile") \
    X(HANDLE_NS_P999, "handle_ns_p999", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(HANDLE, p999), \
      "its 99.9th percentile") \
    X(HANDLE_NS_MAX, "handle_ns_max", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(HANDLE, max), \
      "its maximum") \
    X(AGE_NS_P50, "age_ns_p50", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(AGE, p50), \
      "median age of a received model: from its publication until it is averaged") \
    X(AGE_NS_P99, "age_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(AGE, p99), \
      "its 99th percentile") \
    X(AGE_NS_P999, "age_ns_p999", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(AGE, p999), \
      "its 99.9th percentile") \
    X(AGE_NS_MAX, "age_ns_max", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(AGE, max), \
      "its maximum") \
    X(STALENESS_MEAN, "staleness_mean", UNIT_REAL, TIMING_NONE, 0, OF(STALENESS, mean), \
      "mean staleness of a gradient: how often the model that it steps had changed since the model it was taken at") \
    X(STALENESS_P50, "staleness_p50", UNIT_COUNT, TIMING_NONE, 0, OF(STALENESS, p50), \
      "median staleness of a gradient") \
    X(STALENESS_P99, "staleness_p99", UNIT_COUNT, TIMING_NONE, 0, OF(STALENESS, p99), \
      "its 99th percentile") \
    X(STALENESS_MAX, "staleness_max", UNIT_COUNT, TIMING_NONE, 0, OF(STALENESS, max), \
      "its maximum") \
    X(AGE_VERSIONS_MEAN, "age_versions_mean", UNIT_REAL, TIMING_NONE, 0, OF(AGE_VERSIONS, mean), \
      "mean age of a received model in versions: how many newer ones its sender has when it is averaged") \
    X(AGE_VERSIONS_P50, "age_versions_p50", UNIT_COUNT, TIMING_NONE, 0, OF(AGE_VERSIONS, p50), \
      "its median") \
    X(AGE_VERSIONS_P99, "age_versions_p99", UNIT_COUNT, TIMING_NONE, 0, OF(AGE_VERSIONS, p99), \
      "its 99th percentile") \
    X(AGE_VERSIONS_MAX, "age_versions_max", UNIT_COUNT, TIMING_NONE, 0, OF(AGE_VERSIONS, max), \
      "its maximum") \
    X(INJECTED_ERROR_NS_P99, "injected_error_ns_p99", UNIT_LATENCY_NS, TIMING_CLOCK, 0, OF(ERROR, p99), \
      "99th percentile of |achieved - requested| delay") \
    X(INJECTED_ERROR_SHARE_P99, "injected_error_share_p99", UNIT_SHARE, TIMING_CLOCK, 0, OF(ERROR, p99) / OF(REQUESTED, p50), \
      "the same as a share of the median requested delay") \
    X(LEDGER_ERROR, "ledger_error", UNIT_REAL, TIMING_NONE, 0, isfinite(run->ledger.error) ? run->ledger.error : (double)INFINITY, \
      "relative error of the parameter ledger") \
    X(TENSORS_SUPERSEDED, "tensors_superseded", UNIT_COUNT, TIMING_NONE, 0, run->count.tensors_superseded, \
      "snapshots replaced by newer ones before they were read") \
    X(TENSORS_UNEXPLAINED, "tensors_unexplained", UNIT_COUNT, TIMING_NONE, 0, distance(run->count.tensors_sent, run->count.tensors_delivered + run->count.tensors_superseded + run->count.tensors_dropped + run->count.tensors_in_flight), \
      "|sent - delivered - superseded - dropped - in flight|; must be 0") \
    X(CONTROL_UNEXPLAINED, "control_unexplained", UNIT_COUNT, TIMING_NONE, 0, distance(run->count.control_sent, run->count.control_delivered + record_control_ended(run)), \
      "|control messages sent - delivered - dropped|; must be 0") \
    X(EXACT_SUPERSEDED, "exact_superseded", UNIT_COUNT, TIMING_NONE, 0, run->count.exact_superseded, \
      "messages lost on edges that may lose none; must be 0") \
    X(REFUSED, "refused", UNIT_COUNT, TIMING_NONE, 0, run->count.policy.refused, \
      "refused averaging requests") \
    X(UNMIXED_SHARE, "unmixed_share", UNIT_SHARE, TIMING_NONE, 0, share(run->count.policy.unmixed, run->count.mixes + run->count.policy.unmixed), \
      "share of releases that mixed with no neighbour") \
    X(TENSORS_DROPPED, "tensors_dropped", UNIT_COUNT, TIMING_NONE, 0, run->count.tensors_dropped, \
      "snapshots lost by a named cause: a fault of a link, a receiver that is gone") \
    X(EVICTED, "evicted", UNIT_COUNT, TIMING_NONE, 0, run->count.policy.evicted, \
      "neighbours given up by some worker") \
    X(ALARMS, "alarms", UNIT_COUNT, TIMING_NONE, 0, run->count.policy.alarms, \
      "times that a worker missed more epochs than max_staleness allows") \
    X(DROPPED, "dropped", UNIT_COUNT, TIMING_NONE, 0, run->count.policy.dropped, \
      "gradients or models that came too late to be used") \
    X(ABANDONED, "abandoned", UNIT_COUNT, TIMING_NONE, 0, run->count.abandoned, \
      "gradients given up while they were computed") \
    X(SLOT_WAITS, "slot_waits", UNIT_COUNT, TIMING_NONE, 0, run->count.slot_waits, \
      "publishes that had to wait for a free slot") \
    X(COMPUTE_OVERRUNS, "compute_overruns", UNIT_COUNT, TIMING_CLOCK, 0, run->count.compute_overruns, \
      "gradients that took longer than the emulated time") \
    X(INVOLUNTARY_SWITCHES, "involuntary_switches", UNIT_COUNT, TIMING_NONE, 0, run->count.involuntary_switches, \
      "times the kernel took a loop off its core") \
    X(STOLEN_SHARE, "stolen_share", UNIT_SHARE, TIMING_NONE, 0, run->wall.threads ? (double)NAN : run->cores.stolen_share, \
      "live: share of the time of its cores that other programs took") \
    X(DIVERGED, "diverged", UNIT_COUNT, TIMING_NONE, 0, run->ledger.diverged, \
      "workers whose final model holds a value that is no number") \
    X(INCOMPLETE, "incomplete", UNIT_COUNT, TIMING_NONE, 0, run->count.incomplete, \
      "workers that did not drain; must be 0")
/* clang-format on */

#endif
