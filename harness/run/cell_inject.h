/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Part of cell_open: what of the injection depends on the placement or on the number of workers.
 */
#ifndef HARNESS_RUN_CELL_INJECT_H
#define HARNESS_RUN_CELL_INJECT_H

#include "harness/run/cell.h"

/** Fill group and kind, which cell_close frees. 0, -ENOMEM, or -EINVAL for an entry that selects nobody. */
int cell_resolve(struct cell *self, struct err *err);

#endif
