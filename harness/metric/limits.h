/* SPDX-License-Identifier: BSD-3-Clause */
/** How much an experiment may hold, for everybody who keeps something per policy, seed, evaluation or swept value. */
#ifndef HARNESS_METRIC_LIMITS_H
#define HARNESS_METRIC_LIMITS_H

#define EXPERIMENT_NAME_MAX 64u
#define EXPERIMENT_PATH_MAX 1024u
#define EXPERIMENT_SEEDS_MAX 64u
#define EXPERIMENT_POLICIES_MAX 32u
#define EXPERIMENT_INJECT_MAX 16u
#define EXPERIMENT_FAULTS_MAX 64u /* entries; a schedule has FAULT_SCHEDULE_MAX faults */
#define EXPERIMENT_CHECKS_MAX 16u
#define EXPERIMENT_CLAIMS_MAX 16u
#define EXPERIMENT_PROCESSES_MAX 64u
#define EXPERIMENT_WORKERS_MAX 1024u /* on the live clock, and in lists; virtual: SIM_WORKERS_MAX */
#define EXPERIMENT_POINTS_MAX 64u
#define EXPERIMENT_SWEEP_MAX 8u         /* values of the swept key */
#define EXPERIMENT_SWEEP_TEXT_MAX 128u  /* of the key's path, and of each value as written */
#define EXPERIMENT_SWEEP_METRICS_MAX 6u /* tables of policy x value */

#endif
