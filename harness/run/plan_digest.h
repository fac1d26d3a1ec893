/* SPDX-License-Identifier: BSD-3-Clause */
/** What a recorded run trained on, as numbers that a replay compares. */
#ifndef HARNESS_RUN_PLAN_DIGEST_H
#define HARNESS_RUN_PLAN_DIGEST_H

#include "harness/run/cell.h"

/**
 * The samples: their shape, all labels, and their bytes; of more than 16 MiB, blocks spread evenly over them.
 * 0, or -errno with `err`.
 */
int plan_digest_data(const struct dataset *data, uint64_t *out, struct err *err);

/** What is made of them: split, shards, batch and model. */
uint64_t plan_digest_training(const struct cell_common *common);

#endif
