/* SPDX-License-Identifier: BSD-3-Clause */
/** Workers to processes, and these to ranks. Internal to harness/run. */
#ifndef HARNESS_RUN_CELL_DEAL_H
#define HARNESS_RUN_CELL_DEAL_H

#include "harness/run/cell.h"

/** After the workers were placed on the cores of this host: deal them. Nothing to do for a single process. 0 or -ENOMEM. */
int cell_deal(struct cell *self, struct err *err);

#endif
