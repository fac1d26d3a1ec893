/* SPDX-License-Identifier: BSD-3-Clause */
/** What carries frames between the processes of a run. Internal to harness. */
#ifndef HARNESS_RUN_RUN_LINK_H
#define HARNESS_RUN_RUN_LINK_H

#include "harness/experiment/experiment.h"
#include "harness/run/ranks.h"
#include "net/link.h"

/** The row that carries the profile's frames between processes; ranks NULL: all are children of this one. */
const struct link_ops *run_link(const struct experiment *e, const struct ranks *ranks);

/** Can this host carry them so? 0, or -ENODEV with a sentence. */
int run_check_link(const struct experiment *e, const struct ranks *ranks, struct err *err);

#endif
