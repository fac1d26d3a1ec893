/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of an entry of `inject:`. Parameters carry the names that the rows of core/inject read. */
#include <stddef.h>

#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_law.h"
#include "harness/experiment/keys_rows.h"

#define I(field) KEYS_IN(struct experiment_inject, field)

#define LAW(field) I(inject.config.field)

/* clang-format off */
const struct key keys_inject_row[] = {
    /* path, section, type, place, min, max, default, by, only, names, unit, help */
    {"what", KEYS_INJECT, KEY_CHOICE, I(inject.what), 0, 0, "compute", NULL, NULL, &keys_whats,
     "name", "what is delayed, or lost"},
    {"scope", KEYS_INJECT, KEY_CHOICE, I(inject.scope), 0, 0, "compute", "what", "compute", &keys_scopes,
     "name", "does a delayed worker still answer?"},
    {"select.kind", KEYS_INJECT, KEY_CHOICE, I(select), 0, 0, "all", NULL, NULL, &keys_selects,
     "name", "whom it hits; default: what the other keys of select say, else all"},
    {"select.percent", KEYS_INJECT, KEY_SHARE, I(inject.share), 1e-6, 1, KEY_REQUIRED, "select.kind", "percent", NULL,
     "of the workers", "how many are hit"},
    {"select.count", KEYS_INJECT, KEY_U32, I(inject.count), 1, SIM_WORKERS_MAX, KEY_REQUIRED, "select.kind", "count", NULL,
     "workers", "exactly how many are hit"},
    {"select.each", KEYS_INJECT, KEY_CHOICE, I(each), 0, 0, "iteration", "select.kind", "percent count", &keys_eaches,
     "name", "how often they are drawn: transient or permanent stragglers"},
    {"select.of", KEYS_INJECT, KEY_CHOICE, I(of), 0, 0, "workers", "select.kind", "percent count", &keys_ofs,
     "name", "are workers drawn, or groups, all of whose workers are hit?"},
    {"select.groups", KEYS_INJECT, KEY_U32, KEYS_COUNTED(struct experiment_inject, workers, inject.worker_count, 1, EXPERIMENT_WORKERS_MAX), 0, SIM_WORKERS_MAX - 1, KEY_REQUIRED, "select.kind", "groups", NULL,
     "ids", "everybody in these groups (workers.groups), counted from 0"},
    {"select.cpukind", KEYS_INJECT, KEY_CHOICE, I(cpukind), 0, 0, KEY_REQUIRED, "select.kind", "cpukind", &keys_cpukinds,
     "name", "whoever is placed on such cores of a machine that has two kinds"},
    {"select.workers", KEYS_INJECT, KEY_U32, KEYS_COUNTED(struct experiment_inject, workers, inject.worker_count, 1, EXPERIMENT_WORKERS_MAX), 0, SIM_WORKERS_MAX - 1, KEY_REQUIRED, "select.kind", "workers", NULL,
     "ids", "these workers, counted from 0"},
    {"draw", KEYS_INJECT, KEY_CHOICE, I(draw), 0, 0, "worker", NULL, NULL, &keys_draws,
     "name", "does each worker draw its own delay, or a group one for all?"},
    {"correlation.half_life", KEYS_INJECT, KEY_REAL, I(inject.half_life), 0.01, 1e6, KEY_REQUIRED, "correlation", KEY_PRESENT, NULL,
     "iterations", "over which a worker's memory of its last delay halves; for distributions that are drawn by inversion"},
    {"when.start", KEYS_INJECT, KEY_NS, I(inject.when.start_ns), 0, 24 * KEYS_HOUR_NS, NULL, NULL, NULL, NULL,
     "time", "the entry acts from then on; default: from the start"},
    {"when.stop", KEYS_INJECT, KEY_NS, I(inject.when.stop_ns), 1, 24 * KEYS_HOUR_NS, NULL, NULL, NULL, NULL,
     "time", "and no longer than until then; default: until the end"},
    {"when.every", KEYS_INJECT, KEY_NS, I(inject.when.every_ns), 1, 24 * KEYS_HOUR_NS, NULL, NULL, NULL, NULL,
     "time", "from one spell of when.for to the next; default: all the time"},
    {"when.for", KEYS_INJECT, KEY_NS, I(inject.when.for_ns), 1, 24 * KEYS_HOUR_NS, KEY_REQUIRED, "when.every", KEY_PRESENT, NULL,
     "time", "how long it acts at the beginning of each when.every"},
    {"when.ramp", KEYS_INJECT, KEY_NS, I(inject.when.ramp_ns), 1, 24 * KEYS_HOUR_NS, NULL, NULL, NULL, NULL,
     "time", "from when.start on it grows from nothing to all of it over so long"},
    {"when.schedule.times", KEYS_INJECT, KEY_NS, KEYS_COUNTED(struct experiment_inject, schedule_ns, schedule_times, 1, INJECT_STEPS_MAX), 0, 24 * KEYS_HOUR_NS, KEY_REQUIRED, "when.schedule", KEY_PRESENT, NULL,
     "times", "ascending; `schedule: {0s: 10%, 1s: 100%}` is short for both lists"},
    {"when.schedule.scales", KEYS_INJECT, KEY_SHARE, KEYS_COUNTED(struct experiment_inject, schedule_scale, schedule_scales, 1, INJECT_STEPS_MAX), 0, 1, KEY_REQUIRED, "when.schedule", KEY_PRESENT, NULL,
     "of the delay", "how much of it is injected from each of these times on; nothing before the first"},
    {"law.kind", KEYS_INJECT, KEY_ROW, I(inject.law), 0, 0, KEY_REQUIRED, NULL, NULL, &keys_laws,
     "name", "how much longer an iteration takes"},
    KEYS_LAW(KEYS_INJECT, "", LAW, I)
    {"mode", KEYS_INJECT, KEY_CHOICE, I(inject.mode), 0, 0, "park", "what", "compute node", &keys_modes,
     "name", "does the delay leave the core to others?"},

    {"link.edges", KEYS_INJECT, KEY_CHOICE, I(inject.link.edges), 0, 0, "out", "what", "link", &keys_directions,
     "name", "which edges of the selected workers"},
    {"link.loss", KEYS_INJECT, KEY_SHARE, I(inject.link.loss), 0, 1, NULL, "what", "link", NULL,
     "of the messages", "are lost on their way"},
    {"link.burst", KEYS_INJECT, KEY_REAL, I(inject.link.burst), 1, 1e6, NULL, "link.loss", KEY_PRESENT, NULL,
     "messages", "mean number that are lost in a row; default: each on its own"},
    {"link.duplicate", KEYS_INJECT, KEY_SHARE, I(inject.link.duplicate), 0, 1, NULL, "what", "link", NULL,
     "of the messages", "arrive twice"},
    {"link.reorder", KEYS_INJECT, KEY_SHARE, I(inject.link.reorder), 0, 1, NULL, "what", "link", NULL,
     "of the messages", "are overtaken by those sent up to link.gap later"},
    {"link.gap", KEYS_INJECT, KEY_NS, I(inject.link.gap_ns), 1, KEYS_HOUR_NS, NULL, "what", "link", NULL,
     "time", "how late a reordered message, or the copy of a duplicated one, is at most"},
    {"link.corrupt", KEYS_INJECT, KEY_SHARE, I(inject.link.corrupt), 0, 1, NULL, "what", "link", NULL,
     "of the messages", "arrive with a flipped bit, which their receiver must catch"},
    {"link.rate", KEYS_INJECT, KEY_RATE, I(inject.link.bytes_per_s), 1, 1e15, NULL, "what", "link", NULL,
     "B/s", "of each edge: a token bucket"},
    {"link.bucket", KEYS_INJECT, KEY_BYTES, I(inject.link.bucket_bytes), 1, 0x1p40, "64KiB", "link.rate", KEY_PRESENT, NULL,
     "bytes", "what may go at once after a while of silence"},
    {"link.queue", KEYS_INJECT, KEY_BYTES, I(inject.link.queue_bytes), 0, 0x1p40, KEY_REQUIRED, "link.rate", KEY_PRESENT, NULL,
     "bytes", "what may wait for tokens, more is dropped; 0 = any amount"},
    {"link.cut", KEYS_INJECT, KEY_BOOL, I(inject.link.cut), 0, 0, NULL, "what", "link", NULL,
     "", "nothing passes while the entry acts: a partition"},
    {"link.up", KEYS_INJECT, KEY_NS, I(inject.link.up_ns), 1, 24 * KEYS_HOUR_NS, NULL, "link.cut", KEY_PRESENT, NULL,
     "time", "mean time between cuts of a flapping link; default: cut all the time"},
    {"link.down", KEYS_INJECT, KEY_NS, I(inject.link.down_ns), 1, 24 * KEYS_HOUR_NS, KEY_REQUIRED, "link.up", KEY_PRESENT, NULL,
     "time", "mean length of a cut of a flapping link"},
    {"link.overtake", KEYS_INJECT, KEY_BOOL, I(inject.link.overtake), 0, 0, "false", "what", "link", NULL,
     "", "may messages of one edge overtake each other because their delays differ?"},
    {"link.half_life", KEYS_INJECT, KEY_NS, I(inject.link.half_life_ns), 1, KEYS_HOUR_NS, NULL, "what", "link", NULL,
     "time", "over which an edge's memory of its last delay halves; for distributions that are drawn by inversion"},
    {"link.resend", KEYS_INJECT, KEY_NS, I(inject.link.resend_ns), 1, KEYS_HOUR_NS, "1ms", "what", "link", NULL,
     "time", "after which what was lost is sent again"},
    {"link.reliable", KEYS_INJECT, KEY_BOOL, I(reliable), 0, 0, "true", "what", "link", NULL,
     "", "exact and control messages are sent again until they arrive; else those of class exact are lost for good"},
};
/* clang-format on */

const uint32_t keys_inject_rows = sizeof(keys_inject_row) / sizeof(keys_inject_row[0]);
