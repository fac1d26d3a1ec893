/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of an entry of `faults:`: what happens to which workers at which time. */
#include <stddef.h>

#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_rows.h"

#define F(field) KEYS_IN(struct experiment_fault, field)

/* clang-format off */
const struct key keys_fault_row[] = {
    /* path, section, type, place, min, max, default, by, only, names, unit, help */
    {"kind", KEYS_FAULT, KEY_CHOICE, F(fault.kind), 0, 0, KEY_REQUIRED, NULL, NULL, &keys_faults,
     "name", "what happens"},
    {"workers", KEYS_FAULT, KEY_U32, KEYS_COUNTED(struct experiment_fault, workers, worker_count, 1, EXPERIMENT_WORKERS_MAX), 0, SIM_WORKERS_MAX - 1, KEY_REQUIRED, NULL, NULL, NULL,
     "ids", "to each of these workers, counted from 0"},
    {"at", KEYS_FAULT, KEY_NS, F(fault.at_ns), 0, 24 * KEYS_HOUR_NS, KEY_REQUIRED, NULL, NULL, NULL,
     "time", "since the start"},
    {"for", KEYS_FAULT, KEY_NS, F(fault.for_ns), 1, 24 * KEYS_HOUR_NS, KEY_REQUIRED, "kind", "pause disk slots", NULL,
     "time", "how long it lasts"},
    {"restart", KEYS_FAULT, KEY_NS, F(fault.for_ns), 1, 24 * KEYS_HOUR_NS, NULL, "kind", "crash leave", NULL,
     "time", "after so long the worker comes back, with a neighbour's parameters; default: never"},
    {"notice", KEYS_FAULT, KEY_NS, F(fault.notice_ns), 0, 24 * KEYS_HOUR_NS, "10ms", "kind", "crash", NULL,
     "time", "until its neighbours are told that it is gone"},
    {"error", KEYS_FAULT, KEY_CHOICE, F(fault.disk), 0, 0, "eio", "kind", "disk", &keys_disks,
     "name", "how its reads fail"},
    {"keep", KEYS_FAULT, KEY_U32, F(fault.keep), 0, 65535, "1", "kind", "slots", NULL,
     "snapshots", "how many of its free snapshots it may use"},
};
/* clang-format on */

const uint32_t keys_fault_rows = sizeof(keys_fault_row) / sizeof(keys_fault_row[0]);
