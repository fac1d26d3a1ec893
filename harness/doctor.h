/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `dawdle doctor`: is this machine fit, what does each gap cost, and what closes it?
 *
 * One line per check: `PASS|WARN|FAIL|INFO  id  finding -- consequence -- remedy`. Ids are stable. Warnings never
 * fail: everything falls back. Nothing is changed on the machine.
 */
#ifndef HARNESS_DOCTOR_H
#define HARNESS_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/report/table_grid.h"

enum doctor_verdict { DOCTOR_PASS, DOCTOR_INFO, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_finding {
    const char *id;
    enum doctor_verdict verdict;
    char finding[192];
    char consequence[192]; /* "" when it passes */
    char remedy[192];      /* a command where there is one */
};

/** What the caller knows; all may be NULL. */
struct doctor_extra {
    const char *dpdk_version;
    const char *results_dir; /* where results would go; default "." */
};

#define DOCTOR_FINDINGS_MAX 24u

/** Run all checks; returns how many findings. */
uint32_t doctor_examine(const struct doctor_extra *extra,
                        struct doctor_finding finding[DOCTOR_FINDINGS_MAX]);

/** Examine and print, as lines or as JSON. Returns the exit code: 0, 3 when a required item fails, 1 on -ENOMEM. */
int doctor_run(FILE *out, const struct table_style *style, bool json,
               const struct doctor_extra *extra);

#endif
