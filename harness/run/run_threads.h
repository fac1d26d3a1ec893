/* SPDX-License-Identifier: BSD-3-Clause */
/** Threads of a live run: one per core in use, pinned, known to the EAL. Internal to harness/run*. */
#ifndef HARNESS_RUN_RUN_THREADS_H
#define HARNESS_RUN_RUN_THREADS_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/worker/loop.h"
#include "harness/run/run.h"
#include "harness/run/run_capture.h"
#include "harness/run/run_gate.h"
#include "net/fabric.h"
#include "net/impair.h"
#include "net/spread.h"

struct run;

struct run_thread {
    struct run *run;
    pthread_t id;
    bool started;
    struct loop loop;
    struct worker *worker[EXPERIMENT_WORKERS_MAX]; /* the loop's */
    struct loader_config loader_config;
    int (*bridge_open)(
        struct run_thread *self); /* of the one that turns its process' bridge; else NULL */
    int error;
    struct err err;
    uint32_t core; /* as the kernel counts them */
    enum loader_tier tier;
    char loader_reason[256];
    uint64_t batches, bytes_read, load_retries;
    uint64_t involuntary_switches, page_faults;
};

/** What a process of a run tells the others: in shared memory, each writes its own. */
struct run_process {
    pid_t pid;
    _Atomic uint32_t stage;                                   /* enum run_stage */
    char address[EXPERIMENT_PROCESSES_MAX][LINK_ADDRESS_MAX]; /* where each other one reaches it */
    int error;
    struct err err;
    bool has_part;                  /* of another rank: what it measured came */
    uint64_t lost_cyc, noticed_cyc; /* it died, and its workers' peers were told */
    struct spread_counts counts;    /* after the run */
    struct capture_counts captured; /* while it goes on */
    bool is_over;                   /* and all said BYE to it */
};
enum run_stage { RUN_STAGE_NONE, RUN_STAGE_ADDRESSED, RUN_STAGE_LINKED, RUN_STAGE_ENDED };

/** What the channels of one worker say once all has ended. */
struct run_share {
    struct fabric_counts channels;
    struct impair_counts links;
    uint64_t left;  /* messages that nobody has read */
    uint64_t loans; /* snapshots that somebody still has */
    uint32_t core;  /* that it was on */
};

/** Everything of the run in progress. */
struct run {
    struct host *host;
    struct run_buffers *buffers;
    const struct cell *cell;
    struct fabric_config fabric; /* borrowed by the port */
    struct port *edges;          /* what carries messages, in the arena */
    struct impair *impair;       /* bad links around it, or NULL */
    struct port *port;           /* what workers see: one of the two */
    struct cohort cohort;
    struct worker_common common;
    struct inject inject[EXPERIMENT_INJECT_MAX];
    struct fault fault[FAULT_SCHEDULE_MAX];
    struct worker_fault happened[FAULT_SCHEDULE_MAX]; /* to each of them */
    const float *initial;
    void *membership
        [EXPERIMENT_WORKERS_MAX]; /* memory of each worker with faults (core/worker/membership.h) */
    struct policy_config policy[EXPERIMENT_WORKERS_MAX]; /* borrowed by the agents */
    struct worker *worker[EXPERIMENT_WORKERS_MAX];
    struct run_share share[EXPERIMENT_WORKERS_MAX];
    struct run_thread thread[CELL_LOOPS_MAX];
    struct run_gate gate;
    uint64_t name;                /* of a run of several processes: tells its frames from others' */
    struct run_capture *capture;  /* borrowed; NULL: nothing is captured */
    bool is_orphan;               /* rank 0 went while this one trained */
    _Atomic uint32_t interrupted; /* what a signal said to the process that all others come from */
    struct run_process process[EXPERIMENT_PROCESSES_MAX];
    atomic_bool disk_failed; /* a loader gave up on its disk */
};

/** What carries the cell's messages, and how it is to be made. */
struct fabric_config run_fabric_config(const struct cell *cell);
const struct edge_kind *run_edges(const struct cell *cell);

/** Of one worker: the model that a gradient is taken at, where that is not the vector; when each snapshot was sent. */
size_t run_debiased_bytes(const struct cell *cell);
size_t run_published_bytes(const struct cell *cell);

/** Of loops `first` to before `end`: start their threads, and wait for their end. */
void run_threads_start(struct run *run, uint32_t first, uint32_t end);
void run_threads_join(struct run *run, uint32_t first, uint32_t end);

/** All loops are ready, or somebody is not: start the clock, or let them go home. */
void run_begin(struct run *run);

/** The first thread's error, with its sentence; one that only followed another's (-ECANCELED) if there is no other. */
int run_threads_error(const struct run *run, struct err *err);

/** Start, train, stop, join. 0, or -errno with the first thread's sentence. */
int run_threads(struct run *run, struct err *err);

#endif
