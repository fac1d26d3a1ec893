/* SPDX-License-Identifier: BSD-3-Clause */
/** What a simulation has measured. */
#ifndef CORE_SIM_BASE_RESULTS_H
#define CORE_SIM_BASE_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/drive/blame.h"
#include "core/drive/counts.h"
#include "core/drive/series.h"
#include "core/drive/time_parts.h"

/** What became of a fault. */
struct sim_fault {
    bool happened;                       /* else the run ended before */
    uint64_t at_ns, noticed_ns, back_ns; /* 0: the latter two did not happen */
};

/** Time, gradients and bytes of a cut that has passed; cut number `cuts` is the end. */
struct sim_cut {
    uint64_t ns, gradients, bytes;
};

/** What the run counted, all workers together. */
struct sim_totals {
    struct counts count;
    uint64_t part_ns[PART_COUNT], total_ns;
    uint64_t stop_ns, end_ns;
};

/** Public part of one worker. */
struct sim_worker_record {
    uint64_t gradients, iterations; /* until the stop */
    uint64_t part_ns[PART_COUNT], total_ns;
    uint64_t wait_ns[BLAME_COUNT]; /* adds up to part_ns[PART_WAIT] */
    bool done, crashed;            /* crashed: absent, for whatever reason */
    uint32_t lives;    /* how often it came, or came back, among workers that had gone on */
    uint32_t model_of; /* whose model it took then */
};

#endif
