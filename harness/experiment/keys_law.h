/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The parameters of a delay law as keys, below `group` of a section: LAW(field) is the place of a parameter, FIELD(field)
 * that of what belongs to a file. The key group "law.kind" is a row of its own, because what decides about it differs.
 */
#ifndef HARNESS_EXPERIMENT_KEYS_LAW_H
#define HARNESS_EXPERIMENT_KEYS_LAW_H

/* clang-format off */
#define KEYS_LAW(section, group, LAW, FIELD) \
    {group "law.delay", section, KEY_NS, LAW(delay_ns), 0, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "always the same"}, \
    {group "law.low", section, KEY_NS, LAW(low_ns), 0, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "the smaller of two delays"}, \
    {group "law.high", section, KEY_NS, LAW(high_ns), 0, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "the larger of two delays"}, \
    {group "law.factor", section, KEY_REAL, LAW(factor), 1, 1e6, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "times", "so many times as long as undisturbed, at worst"}, \
    {group "law.mean", section, KEY_NS, LAW(mean_ns), 1, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "mean of the delay; with a shift, of the part beyond it"}, \
    {group "law.sd", section, KEY_NS, LAW(sd_ns), 0, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "standard deviation"}, \
    {group "law.shift", section, KEY_NS, LAW(shift_ns), 0, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "constant part"}, \
    {group "law.scale", section, KEY_NS, LAW(scale_ns), 1, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "of pareto the smallest delay; else what stretches the law"}, \
    {group "law.alpha", section, KEY_REAL, LAW(alpha), 0.01, 1000, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "", "tail index: small is heavy"}, \
    {group "law.shape", section, KEY_REAL, LAW(shape), 0.01, 1000, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "", "below 1 the tail is heavier than exponential, above 1 lighter"}, \
    {group "law.share", section, KEY_SHARE, LAW(share), 0, 1, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "", "of the draws that take law.high, or of the time in which work goes on"}, \
    {group "law.median", section, KEY_NS, LAW(median_ns), 1, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "half of the delays are below"}, \
    {group "law.p99", section, KEY_NS, LAW(p99_ns), 1, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "99 of 100 delays are below"}, \
    {group "law.slow", section, KEY_REAL, LAW(slow), 1, 1e9, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "iterations", "mean length of a slow spell"}, \
    {group "law.fast", section, KEY_REAL, LAW(fast), 1, 1e9, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "iterations", "mean length of a fast spell"}, \
    {group "law.every", section, KEY_NS, LAW(every_ns), 1, 24 * KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "from one start to the next; of fail-slow its mean"}, \
    {group "law.shortest", section, KEY_NS, LAW(shortest_ns), 1, 24 * KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "least length of an episode"}, \
    {group "law.longest", section, KEY_NS, LAW(longest_ns), 1, 24 * KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "greatest length of an episode"}, \
    {group "law.length", section, KEY_NS, LAW(length_ns), 1, KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "how long work stands still"}, \
    {group "law.period", section, KEY_NS, LAW(period_ns), 1, 24 * KEYS_HOUR_NS, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "time", "after which it begins anew"}, \
    {group "law.aligned", section, KEY_BOOL, LAW(aligned), 0, 0, "false", group "law.kind", NULL, NULL, \
     "", "at the same time for all workers; else each has a phase of its own"}, \
    {group "law.file", section, KEY_FILE, FIELD(trace_path), 1, EXPERIMENT_PATH_MAX - 1, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "path", "CSV with the columns step, worker and compute_s (seconds), sorted by step, then worker, both from 0; relative to the profile"}, \
    {group "law.once", section, KEY_BOOL, LAW(once), 0, 0, "false", group "law.kind", NULL, NULL, \
     "", "nothing after the last step of the trace; else it repeats"}, \
    {group "law.rescale", section, KEY_BOOL, FIELD(rescale), 0, 0, "true", group "law.kind", NULL, NULL, \
     "", "the trace's median becomes compute.base, all else in proportion; false: seconds as they stand in the file"}, \
    {group "law.from", section, KEY_FILE, FIELD(sample_path), 1, EXPERIMENT_PATH_MAX - 1, KEY_REQUIRED, group "law.kind", NULL, NULL, \
     "path", "result directory of a run, or a CSV file with the column seconds (or one per line), or low_s, high_s and count; times are taken as they stand, whatever compute.base is; relative to the profile"}, \
    {group "law.policy", section, KEY_WORD, FIELD(sample_policy), 1, EXPERIMENT_NAME_MAX - 1, NULL, group "law.kind", NULL, NULL, \
     "label", "of a run with several policies, the one whose iterations are drawn from"},
/* clang-format on */

#endif
