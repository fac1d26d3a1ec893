/* SPDX-License-Identifier: BSD-3-Clause */
/** The rows of the table of launchers. Internal to harness/launch. */
#ifndef HARNESS_LAUNCH_LAUNCH_ROWS_H
#define HARNESS_LAUNCH_LAUNCH_ROWS_H

#include "harness/launch/launch.h"

extern const struct launch_ops launch_manual, launch_pmi, launch_pmix;

#endif
