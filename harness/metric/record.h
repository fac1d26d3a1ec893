/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What one run measured, and what the whole matrix adds up to: the data behind result.json, the table and the report.
 *
 * Filled by run_collect.c (live), run_virtual_collect.c and evaluate.c; read by results_*.c and table.c. Of its histograms a run keeps only the figures, so
 * that a matrix of any length holds flat memory; the histograms of its workers go to latency.hlog before the next run.
 */
#ifndef HARNESS_METRIC_RECORD_H
#define HARNESS_METRIC_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/hist.h"
#include "core/drive/blame.h"
#include "core/drive/counts.h"
#include "core/drive/series.h"
#include "core/drive/time_parts.h"
#include "core/inject/fault.h"
#include "core/policy/policy.h"
#include "harness/metric/limits.h"
#include "harness/metric/stragglers.h"

/** What a histogram comes down to. All 0 when n is 0. */
struct record_figures {
    uint64_t n, p50, p99, p999, max, clipped;
    double mean;
};

struct record_figures record_figures(const struct hist *hist);

/** Do this row's exchanges move parameters, or shares of them, without making or losing any? Then the ledger must balance. */
bool record_keeps_sum(const struct policy *row);

struct record_run;

/** Control messages that a cause kept from their receivers. */
uint64_t record_control_ended(const struct record_run *self);

/** Was part of an exchange lost for good, or did it never come, or was a peer evicted in its midst? Then no sum need be kept. */
bool record_breaks_sum(const struct record_run *self);

/** Workers of whom result.json says each one's own figures; of more, only what they come to together. */
#define RECORD_WORKERS_MAX 1024u

/** One judged snapshot. Losses are mean cross-entropies in nats. */
struct record_point {
    double time_s;      /* since the start of training */
    uint64_t gradients; /* computed by all workers until then */
    uint64_t bytes;     /* exchanged by all workers until then */
    double train_loss_mean_model;
    double heldout_loss_mean_model;
    double heldout_accuracy_mean_model;
    double train_loss_local_mean;
    double train_loss_local_worst;
    double consensus_distance; /* (1/N) sum ||x_i - mean||^2 */
    double
        weight_least; /* push-sum: of all workers; 0: the policy has no weights, or nothing was judged */
};

/** What a run spends, and policies may be compared at. */
enum record_budget { RECORD_TIME, RECORD_GRADIENTS, RECORD_BYTES, RECORD_BUDGETS };

/** A run's mean model where `level` of a budget is spent (equal.h). Level 0: there is no such figure. */
struct record_equal {
    double level; /* seconds, gradients or bytes */
    double train_loss, heldout_accuracy;
};

struct record_worker {
    uint64_t iterations;
    uint64_t part_ns[PART_COUNT];
    uint64_t wait_ns[BLAME_COUNT]; /* add up to part_ns[PART_WAIT] */
    uint64_t total_ns;             /* of whole iterations: the parts must add up to it */
    uint32_t core;                 /* OS index of its PU */
    double
        cost_ratio; /* time that its work took, gradients aside, by what the mean worker's would have */
    struct record_figures iteration;
    /* Borrowed, valid until the next run begins; NULL after record_settle. */
    const struct hist *hist[SERIES_COUNT]; /* NULL: there is none of its own */
};

/** What executing a virtual run took: the only figures of it that differ from host to host. */
struct record_wall {
    double seconds;
    uint32_t threads; /* 0: not a virtual run */
};

/** A core was not the run's. */
struct record_stolen {
    uint32_t core; /* OS index */
    uint64_t start_ns, length_ns;
};

#define RECORD_EDGES_MAX 1000u
#define RECORD_SENDERS_MAX 8u
#define RECORD_EVERYBODY UINT32_MAX

/** How long `receiver` waited for `sender`. RECORD_EVERYBODY: all workers together. */
struct record_edge {
    uint32_t receiver, sender;
    uint64_t ns;
};

/**
 * What work took the thread that did it, on average without what was stolen meanwhile; 0 = none of it was done. Live runs
 * only.
 */
struct record_costs {
    double gradient_ns;               /* a real gradient … */
    double slice_ns;                  /* … and one of the slices that it is computed in */
    double apply_ns, send_ns, mix_ns; /* one optimizer step, message, vector averaged */
    double load_ns, rest_ns;          /* of one iteration: parts of that name */
    double
        event_ns; /* a step of the policy: message, timer or gradient, without what is named above */
    double read_ns; /* a batch: what asking the kernel for it took the loop */
};

#define RECORD_STALL_MAX 256u

/** A fault that happened, from the start of the run; 0: it was not noticed, or did not end, within it. */
struct record_fault {
    enum fault_kind kind;
    uint32_t worker;
    uint64_t at_ns, noticed_ns, back_ns;
};

/** Room for so many that may have happened. */
int record_faults_open(struct record_run *self, uint32_t count, struct err *err);

/** Append one that has; what became of it after the run's end at `stop_ns` is left out. */
void record_fault_add(struct record_run *self, const struct record_fault *fault, uint64_t stop_ns);

/** Borrowed from the experiment. */
struct record_sweep {
    const char *key, *value; /* NULL: nothing is swept */
};

struct record_target {
    bool exists, reached, held_at_end;
    double value;
    double time_s;           /* valid if reached */
    double gradients, bytes; /* the same; of all workers */
    double resolution_s;     /* distance of snapshots */
};

/** For what, and for whom, workers waited. */
struct record_waits {
    double share;             /* wait / total of iterations, until the stop */
    uint64_t ns[BLAME_COUNT]; /* what for; add up to part_ns[PART_WAIT] */
    struct record_edge *edge; /* [edges] the longest waits, longest first; owned */
    uint32_t edges;
    uint64_t rest_ns;                              /* of all other pairs */
    struct record_edge sender[RECORD_SENDERS_MAX]; /* [senders] who was waited for longest */
    uint32_t senders;
};

/** What the parameters add up to, at the end. */
struct record_ledger {
    double error; /* relative; NaN: parameters are no numbers, so they have no sum */
    bool ok;
    uint32_t diverged; /* workers whose final model holds a value that is no number */
};

/** The cores of a live run, and who else had them. */
/** What crossed from process to process, in frames of all of them. */
struct record_frames {
    const char *link; /* NULL: one process has all workers */
    uint32_t processes;
    uint32_t lost; /* of them, that died during the run */
    bool shared_cores; /* on which they take turns */
    uint32_t clocks;   /* counters that stamps are of: hosts, where they are several */
    uint64_t sent, received;
    uint64_t captured; /* of those sent and received, in files of --capture */
    uint64_t resent;   /* of those sent, for others that were lost */
    uint64_t refused;  /* came, and were damaged, repeated, or of nobody known */
    uint64_t overflow; /* came, and found the receiver's buffer full */
    uint64_t
        unexplained; /* sent, as their senders said at the end, and neither received nor one of these */
};

struct record_cores {
    struct record_frames frames;
    const struct record_stolen *stolen; /* [stolen_count] borrowed like the histograms */
    uint64_t stolen_count;
    double stolen_share; /* of the time of all cores used */
    double quota; /* what the cgroup grants, where that is less than the cores used; 0: no less */
    double busy_share; /* of the busiest core, all its workers together */
    bool contended;    /* cooperative and busy share over 20 % */
    bool disturbed;    /* stolen_share is above the profile's judge.stolen */
};

struct record_loader {
    const char *tier;
    char reason[512];
};

struct record_run {
    char policy[EXPERIMENT_NAME_MAX]; /* label */
    struct record_sweep sweep;
    const struct policy *row;
    uint64_t seed;
    const char *clock;       /* "live" | "virtual" */
    bool judged;             /* false: nothing to learn (model none), losses mean nothing */
    uint32_t smallest_shard; /* in samples; 0: no data */
    bool
        no_heldout; /* the split leaves no held-out samples: what is judged on them has no figure */
    uint32_t workers;
    struct record_fault *fault; /* [fault_count] owned, in order of the schedule */
    uint32_t fault_count;
    double duration_s; /* of training, stop included, drain not */
    double drain_s;
    double lr;
    const char *lr_from; /* "shared" | "own" | "tuned" */

    struct counts count; /* of all workers */
    double gradients_per_s,
        iterations_per_s; /* all workers; iterations_per_s per computing worker */

    struct record_point point[EXPERIMENT_POINTS_MAX];
    uint32_t point_count; /* the last point is the end of the budget */

    struct record_target target;
    struct record_equal equal[RECORD_BUDGETS];

    char stall
        [RECORD_STALL_MAX]; /* why workers did not come to an end, as a sentence; "" = they did */
    struct record_waits waits;
    struct stragglers stragglers; /* found in the iterations that were logged */
    uint64_t part_ns[PART_COUNT];
    uint64_t total_ns;
    struct record_figures series[SERIES_COUNT]; /* all workers */
    struct record_figures loop;                 /* loop period, all cores */
    struct record_ledger ledger;
    bool drained;
    uint64_t left_in_channels; /* messages of any kind; 0 after a whole drain */
    struct record_costs costs;
    struct record_cores cores;
    bool interrupted; /* cut short by a signal */
    struct record_loader loader;

    uint32_t locals_judged; /* local models that each snapshot evaluates */
    struct record_wall wall;
    const struct hist *merged
        [SERIES_COUNT]; /* of all workers, where they have none of their own; borrowed like theirs */

    struct record_worker *worker; /* [workers], or NULL: too many to be told apart */
};

/** Workers that compute gradients: where worker 0 serves them, the others. */
static inline uint32_t record_computing(const struct record_run *self)
{
    return self->workers - (self->row && self->row->central);
}

/** Policy, and the value of the swept key: `aau`, or `aau@10%`. */
#define RECORD_LABEL_MAX (EXPERIMENT_NAME_MAX + EXPERIMENT_SWEEP_TEXT_MAX)
const char *record_label(const struct record_run *self, char out[RECORD_LABEL_MAX]);

/** Forget what the record borrows from the buffers of a run, before the next run uses them. */
void record_settle(struct record_run *self);

/** Free what the record owns. */
void record_free(struct record_run *self);

/** iterations.csv rows, kept in a bounded buffer per run. */
struct record_iteration {
    uint32_t worker;
    uint32_t iteration;
    uint64_t start_ns, total_ns;
    uint32_t part_us10[PART_COUNT]; /* tenths of a microsecond, saturating */
    uint32_t own_us10; /* load, compute and injected of the gradient; 0: none was finished */
    uint32_t mixed_with;
    float batch_loss;
};

#endif
