/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One live run: memory, threads, start, stop, and what was measured.
 *
 * Every cell uses the host's memory area from the start again, so a matrix of any length holds flat memory.
 */
#ifndef HARNESS_RUN_RUN_H
#define HARNESS_RUN_RUN_H

#include "core/worker/worker.h"
#include "harness/metric/record.h"
#include "harness/run/cell.h"
#include "harness/run/host.h"
#include "harness/run/pack.h"

/** Ordinary memory that runs reuse, one block: histograms, iteration logs, the evaluation's area. */
struct run_buffers {
    void *memory; /* of all of them */
    size_t bytes;
    float *snapshot;            /* [points][workers][worker_snapshot_floats] */
    uint8_t *snapshot_absent;   /* [points][workers] */
    uint64_t *snapshot_average; /* [points][workers] */
    size_t snapshot_bytes;
    struct worker_iteration *log; /* [workers][log_capacity] */
    uint8_t *journal;             /* [workers][journal_bytes]; NULL: nothing is recorded */
    size_t journal_bytes;
    struct run *run; /* the run in progress: megabytes, so it is not allocated anew for each */
    struct record_iteration *row; /* the last run's logs as rows of iterations.csv */
    uint64_t rows;
    uint32_t workers, log_capacity;
    struct stolen_hole *hole;     /* [loops][RUN_HOLES_MAX] when loops were not on their cores */
    struct record_stolen *stolen; /* the last run's, of all loops */
    struct hist
        *hist; /* [workers][SERIES_COUNT], [SERIES_COUNT] merged, [loops] loop periods, 1 merged */
    uint32_t hists;
};

/** Holes kept per loop and run; all are added up. */
#define RUN_HOLES_MAX 16384u

static inline struct hist *run_worker_hist(const struct run_buffers *self, uint32_t w)
{
    return self->hist + (size_t)w * SERIES_COUNT;
}
static inline struct hist *run_merged_hist(const struct run_buffers *self)
{
    return run_worker_hist(self, self->workers);
}
/** Loop periods; number `loops` is the merged one. */
static inline struct hist *run_period_hist(const struct run_buffers *self, uint32_t loop)
{
    return run_worker_hist(self, self->workers + 1) + loop;
}

/** What one rank kept of a run whose rank 0 died (run_keep.h). Borrows. */
struct run_kept {
    uint32_t rank;
    const uint8_t *data;
    size_t bytes;
};

struct run_capture;

struct run_options {
    /* Nothing is run: what ranks have kept is gathered. [kept_count] */
    const struct run_kept *kept;
    uint32_t kept_count;
    struct pack *keep; /* gets what this rank has measured where rank 0 dies; empty: it did not */
    uint64_t *name;    /* gets that of the run, with `keep` */
    struct run_capture *capture; /* gets the frames of several processes; NULL: none are wanted */
    /* What tests choose. */
    void (*say)(const char *sentence); /* in place of stderr */
    uint64_t patience_ns;              /* of the loaders; 0: theirs */
    uint64_t stalled_ns;               /* deadline of a stall; 0: as usual */
};

/** How that loop of a live run of this cell reads its data; without a buffer. */
struct loader_config run_loader_config(const struct cell *cell, uint32_t loop);

/** EAL memory that one run of this cell needs. */
size_t run_memory_bytes(const struct cell *cell);

/** Bytes of the evaluation's area. */
size_t run_snapshot_bytes(const struct cell *cell);

/** Ordinary memory of the buffers, for the plan. */
size_t run_buffers_bytes(uint32_t workers, uint32_t loops, size_t snapshot_bytes,
                         uint32_t log_capacity, size_t journal_bytes);

/** Buffers for the largest of the cells. `shared`: with processes that are forked later. 0 or -ENOMEM. */
int run_buffers_open(struct run_buffers *out, uint32_t workers, uint32_t loops,
                     size_t snapshot_bytes, uint32_t log_capacity, size_t journal_bytes,
                     bool shared, struct err *err);
void run_buffers_close(struct run_buffers *self);

/**
 * Execute the cell, or this rank's part of it (`out` NULL: another one makes the record). Fills `out` except what the evaluation adds (losses of the points, target). 0, or -errno with `err`: the
 * run did not happen or broke (loader error, a thread could not be bound); `out` is then meaningless.
 */
int run_live(struct host *host, struct run_buffers *buffers, const struct cell *cell,
             const struct run_options *options, struct record_run *out, struct err *err);

/** Write the journals of the run that has just ended to `path`. 0, or -errno with `err`. */
int run_write_journals(const struct run_buffers *buffers, const char *path, struct err *err);

#endif
