/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A result directory read back: what comparing runs and calibrating on them needs of result.json.
 */
#ifndef HARNESS_RECORD_RESULTS_READ_H
#define HARNESS_RECORD_RESULTS_READ_H

#include <jansson.h>

#include "core/base/err.h"
#include "core/drive/time_parts.h"
#include "harness/experiment/experiment.h"
#include "harness/metric/record.h"

/** One run. Figures that the file does not have (null) are NaN; times in ns are sums over all workers. */
struct results_cell {
    char policy[EXPERIMENT_NAME_MAX]; /* label */
    uint64_t seed;
    bool live, drained;
    uint32_t workers;
    double duration_s, gradients, iterations, tensors_sent;
    double delivered; /* messages */
    double wait_share, handle_ns_p50, core_busy_share;
    double stolen_share, stolen_logged;
    double part_ns[PART_COUNT], total_ns;
    bool target_reached;
    double time_to_target_s;
    bool has_costs;
    struct record_costs costs;
    uint32_t
        *core; /* [workers] OS index of each worker's, owned; NULL: too many workers to be listed */
    double *cost_ratio; /* [workers] owned, as in struct record_worker; 1 where the file has none */
};

struct results_read {
    char dir[EXPERIMENT_PATH_MAX];
    bool complete;
    struct results_cell *cell; /* [count], owned */
    uint32_t count;
};

/** `dir`: a result directory, or a link to one. 0, or -errno with a sentence that names the file in `err`. */
int results_read(const char *dir, struct results_read *out, struct err *err);

/** The same from the text of a result.json; `name` stands in errors. */
int results_read_text(const char *text, const char *name, struct results_read *out,
                      struct err *err);

/** The result.json of a directory as it is, checked no further than for being one; json_decref it. 0 or -errno as above. */
int results_read_document(const char *dir, json_t **out, struct err *err);

/** Accepts a zeroed struct. */
void results_read_free(struct results_read *self);

#endif
