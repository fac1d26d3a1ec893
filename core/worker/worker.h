/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One live participant: its model versions, its compute phase, its policy and its measurements.
 *
 * Single-threaded: everything here belongs to the loop that serves the worker. Memory is handed in at set-up (EAL huge
 * pages or plain pages), nothing is allocated afterwards.
 */
#ifndef CORE_WORKER_WORKER_H
#define CORE_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/hist.h"
#include "core/base/slots.h"
#include "core/drive/books.h"
#include "core/drive/counts.h"
#include "core/drive/series.h"
#include "core/inject/disk.h"
#include "core/inject/fault.h"
#include "core/inject/inject.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "core/learn/model.h"
#include "core/learn/shard.h"
#include "core/policy/agent.h"
#include "core/policy/journal.h"
#include "core/worker/clock.h"
#include "core/worker/cohort.h"
#include "core/worker/dataset.h"
#include "core/worker/loader.h"
#include "core/worker/port.h"

#define WORKER_TIMERS_MAX 4u
#define PEER_WORDS ((STEP_PEERS_MAX + 63u) / 64u)

/** What became of a fault; 0: it was not noticed, or is not over. Written by the worker that it befell. */
struct worker_fault {
    uint64_t at_cyc, noticed_cyc, back_cyc;
    bool happened;
};

/** What all workers of a run have in common. Borrowed by every worker, constant during the run. */
struct worker_common {
    struct port *port;
    struct cohort *cohort;
    const struct clock *clock;
    const struct model_config *model;
    const struct dataset *dataset; /* NULL: the model needs no data */
    const struct policy *policy;
    struct inject_set inject;
    uint32_t workers;
    uint32_t control_bound; /* more unread controls than these are EV_FULL; 0: never */
    uint64_t base_ns;       /* emulated compute, 0 = the real gradient only */
    double jitter_cv;
    struct inject_jitter jitter; /* instead, if it has a law */
    float lr;
    struct progress_decay decay;
    uint64_t payload_bytes;    /* of one whole model, unpadded */
    const struct fault *fault; /* [faults] ascending by at_ns, borrowed */
    uint32_t faults;
    struct worker_fault *happened;     /* [faults]; read after the end */
    uint32_t prefetch;                 /* batches in flight per worker; 0: nothing delays them */
    void (*say)(const char *sentence); /* why the run is stalled; NULL: nobody wants to know */
    float *
        snapshot; /* [cuts + 1][workers][worker_snapshot_floats] snapshots; the last one is the end */
    uint8_t *
        snapshot_absent; /* [cuts + 1][workers] 1: it was not there, what its snapshot says is past; may be NULL */
    uint64_t *
        snapshot_average; /* [cuts + 1][workers] worker.average_number of the snapshot; may be NULL */
};

/** Floats of a worker's vector: parameters and whatever else the policy lets it carry. */
static inline uint32_t worker_floats(const struct policy *policy, const struct model_config *model)
{
    return lanes_floats(policy->lanes, model->dim);
}

/** Of these, what a snapshot for the evaluation holds: parameters and weight; the rest is books that say nothing. */
static inline uint32_t worker_snapshot_floats(const struct policy *policy,
                                              const struct model_config *model)
{
    return lanes_floats(policy->lanes == LANES_PLAIN ? LANES_PLAIN : LANES_WEIGHT, model->dim);
}

/** Where a worker is in its iteration. */
enum worker_phase {
    WORKER_IDLE,    /* the policy waits for its peers */
    WORKER_LOADING, /* a gradient is asked for, the batch is not there yet */
    WORKER_COMPUTING,
};

/** One line of iterations.csv. */
struct worker_iteration {
    uint64_t start_cyc, total_cyc;
    uint64_t part_cyc[PART_COUNT];
    uint64_t own_cyc; /* load, compute and injected of the gradient; 0: it was abandoned */
    uint32_t iteration;
    uint32_t mixed_with;
    float loss;
};

struct worker_timer {
    uint64_t at_cyc, generation;
    bool armed;
};

/** The compute phase of the current iteration. Times are TSC cycles. */
struct worker_compute {
    struct gradient gradient;
    uint64_t begin_cyc;   /* batch there, gradient begun */
    uint64_t planned_cyc; /* end of emulated compute and injected delay */
    uint64_t emulated_cyc, injected_cyc;
    uint64_t real_cyc;     /* spent in slices so far */
    uint64_t slot_version; /* model version the gradient is taken at */
    uint32_t slot;         /* held until the gradient is done */
    bool slot_orphan;      /* the current model moved on meanwhile */
    bool abandoned;        /* this iteration ends without a gradient */
    bool sliced;           /* the real gradient is finished */
    bool spin, process;    /* how the injected delay is spent */
};

/** What the worker's own thread spent on one kind of work, beside computing or not, until the halt. */
struct worker_spent {
    uint64_t cyc;
    double count;
    double typical_cyc; /* of one, about their median */
};

enum membership_state {
    MEMBER_PRESENT,
    MEMBER_LEAVING, /* its policy was told to stop */
    MEMBER_GONE,
    MEMBER_STATE_TRANSFER, /* gone, and waits for a neighbour's parameters */
};

/** A tensor that the policy has and has not given back. */
struct membership_loan {
    slots_handle handle;
    uint32_t edge;
};

/** What the policy knows of a peer. */
struct membership_peer {
    uint32_t epoch; /* cohort_worker.epoch, as far as the policy was told */
    uint32_t
        departing; /* an epoch that is not told before all that the peer sent has been handled */
};

/** What the faults do to the worker (membership.h). Times are TSC cycles, UINT64_MAX: never. */
struct membership {
    uint64_t wake_cyc; /* nothing is to be looked at before */
    enum membership_state state;
    bool paused;
    bool changed;   /* something happened to somebody */
    bool start_due; /* the policy has not had its EV_START */
    bool has_early; /* … in `early` */
    uint32_t slots_keep;
    uint32_t next;               /* fault to look at */
    uint32_t away;               /* fault by which it went or is to come */
    uint32_t spell[FAULT_KINDS]; /* latest fault of each kind that is no absence */
    uint64_t pause_cyc, pause_end_cyc, disk_end_cyc, slots_end_cyc;
    uint64_t notice_cyc, back_cyc; /* gone: its peers are told; it comes back */
    uint64_t last_round;           /* leaving */
    bool parting; /* has left, but not all that it sent has left its links: nobody is told yet */
    uint32_t transfer_slot, transfer_from; /* state transfer: where the model is to be, and whose */
    double lost;                           /* gone: mix_ledger of the model it had … */
    float lost_weight;                     /* … and its weight */
    struct membership_peer *known;         /* [peer_count] */
    bool departing;                        /* of any of them */
    struct membership_loan *loan;          /* [loans_max] */
    uint32_t loans, loans_max;
    struct port_arrival early; /* arrival of an incarnation that the policy has not been told of */
    const struct policy_config *config;
    void *agent; /* [agent_bytes] memory of the policy */
    size_t agent_bytes;
};

/** Until the halt. */
struct worker_costs {
    struct worker_spent gradients; /* real ones that were finished */
    struct worker_spent slices;    /* of them */
    struct worker_spent applies, sends;
    struct worker_spent vectors;      /* averaged; a slice counts as a part of one */
    struct worker_spent loads, rests; /* of whole iterations */
    struct worker_spent conversions;  /* of batches, to floats */
    struct worker_spent events;       /* told to the policy, without what is named above */
};

/** The wait that was booked in this turn, and may be booked otherwise when more messages are seen. */
struct worker_woken {
    uint64_t from_cyc, enabled_cyc; /* the wait */
    uint64_t seen_cyc;              /* when its end was noticed */
    uint64_t others_cyc, held_cyc;  /* what the core gave to others until then; booked as held */
    uint64_t turn_cyc;              /* served_cyc of the turn */
    bool open;                      /* the worker has not gone on since */
};

/** What the policy is being told by: who is to blame for the wait, if that ends it. */
struct worker_cause {
    uint64_t sent_cyc, left_cyc; /* published; on its way */
    uint32_t edge;               /* in-edge, or WORKER_NO_EDGE: a timer */
    bool lost;                   /* the peer is gone */
    bool set;
};
#define WORKER_NO_EDGE UINT32_MAX

/** Peers, as bits, that have not read more controls than the row's bound (pressure.h). */
struct worker_pressure {
    uint64_t due[PEER_WORDS];  /* EV_FULL is to come … */
    uint64_t told[PEER_WORDS]; /* … or has come, and EV_ROOM is */
    uint32_t dues, tolds;
};

/** The last exact mean of all workers, kept until the next one, to be judged. */
struct worker_average {
    bool kept;
    uint32_t slot;
    uint64_t number; /* from 1; 0: the initial model */
};

/** What its gradients are computed from, and in. */
struct worker_data {
    struct sampler sampler;
    uint32_t *indices; /* [batch] */
    struct loader *loader;
    uint32_t loop_index; /* number among the workers of its loop, for the loader */
    float *x;            /* [batch][features] */
    uint8_t *label;      /* [batch] */
    struct disk disk;    /* its batches, where they are delayed */
    uint64_t since_cyc;  /* loading: since when the batch is there; 0: it is not */
    uint32_t
        unused; /* batches of gradients abandoned before theirs came: they are still to be taken */
    float *gradient; /* [dim] */
    float *debiased; /* [dim] the model x / y that a gradient is taken at; NULL for plain vectors */
    float *scratch;
};

/** The actions of the latest step; executed from `next` on. */
struct worker_todo {
    struct actions actions;
    uint32_t next;
    uint32_t next_peer; /* within an ACT_SEND or ACT_CONTROL that met back-pressure */
    bool blocked;
};

/** An ACT_COMPUTE that came after HALT, for this round. */
struct worker_held {
    bool compute;
    uint32_t round;
};

/** Where its time went (account.h). */
struct worker_account {
    struct books books;  /* of the iteration, in cycles */
    bool closed;         /* those of the iteration in progress, by a halt or because it is gone */
    uint64_t ready_cyc;  /* when the gradient was ready that was not averaged yet; else 0 */
    uint64_t served_cyc; /* end of the previous service */
    uint64_t busy_seen;  /* loop's busy counter then */
    uint64_t others_cyc; /* time the core gave to others since then */
    uint32_t mixed_with;
    struct worker_woken woken;
    struct worker_cause cause;
    uint64_t open_cyc;  /* of the iteration's waits, what nobody is blamed for yet */
    uint64_t *edge_cyc; /* [peer_count] waited for the peer of this in-edge; until the halt */
    uint64_t blamed_cyc[BLAME_COUNT]; /* adds up to total_part_cyc[PART_WAIT] */
    uint64_t longest_cyc;             /* iteration so far */
    uint64_t total_part_cyc[PART_COUNT], total_cyc, total_iterations;
};

/** What its parameters should add up to (harness/run/ledger.h). */
struct worker_ledger {
    double start, applied;
    double weight_gained; /* push-sum weight that came with its returns, less what it had */
};

struct worker_log {
    struct worker_iteration *line; /* [capacity] */
    uint32_t count, capacity;
};

struct worker {
    const struct worker_common *common;
    uint32_t id;
    struct agent agent;
    struct journal journal; /* of this agent; data NULL: nothing is recorded */
    double used;            /* of the budget, the furthest that was seen */
    float rate;             /* learning rate of the actions in progress */
    uint64_t told_ns;       /* time of the newest event */
    uint32_t peer_count;
    const uint32_t *peers; /* [peer_count] ids, ascending */

    struct slots slots;
    uint32_t current; /* slot of the current model */
    uint32_t version;
    struct worker_average average;
    struct worker_data data;

    enum worker_phase phase;
    struct worker_compute compute;
    struct worker_timer timer[WORKER_TIMERS_MAX];
    struct worker_todo todo;
    struct worker_pressure pressure;
    uint64_t owed; /* messages taken whose consequences are not all sent */

    uint64_t begun, finished; /* iterations */
    uint64_t told_begun;      /* what the cohort knows of it (cohort_worker.begun) */
    uint32_t cut;             /* snapshots taken */
    struct worker_held held;
    bool stop_told, done, recording;
    bool returned; /* and has not been asked for a gradient since */
    struct membership membership;
    uint64_t *heard_cyc; /* [peer_count] latest arrival, 0: none; for stall.h; may be NULL */

    struct worker_account account;
    struct counts count;
    struct worker_costs costs;
    struct worker_ledger ledger;
    struct hist *hist; /* [SERIES_COUNT] */
    struct worker_log log;
};

/** Publish the initial model (already in slot 0's memory by the caller through `fill`) and prepare to start. */
void worker_start(struct worker *self, const float *initial, uint64_t now_cyc);

/** Count messages as received once everything that follows from them was sent. */
void worker_settle(struct worker *self);

/** Copy the model for the snapshots that were announced. True if there were any. */
bool worker_cut(struct worker *self);

/** One turn: arrivals, blocked actions, timers, compute phase, snapshot. Returns true if there was anything to do. */
bool worker_serve(struct worker *self, uint64_t now_cyc);

/** True when a slice of compute would be useful now. */
bool worker_wants_slice(const struct worker *self);

/** Run one slice, about 50 us or less. */
void worker_slice(struct worker *self, uint64_t now_cyc);

/** HALT was declared: what was begun is published. */
void worker_halt(struct worker *self);

/** DRAIN was declared: tell the policy to stop after `last_round`. */
void worker_stop(struct worker *self, uint64_t last_round, uint64_t now_cyc);

/** END: copy the final model for the evaluation. */
void worker_finish(struct worker *self);

/** The same for one whose process died, by whoever shares its memory: it was not there any more. */
void worker_lose(struct worker *self);

#endif
