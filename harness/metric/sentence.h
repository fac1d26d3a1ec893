/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The sentences that checks and claims are made of, read into their parts.
 *
 *   sentence = operand comparison operand         comparison: < <= > >= == !=
 *   operand  = [number *] metric(policy)
 *            | [number *] metric(policy@value)    of a swept key: with this value of it
 *            | [number *] metric                  no policy named
 *            | number[unit]                       20ms, 5%, 64KiB, 0.35
 *
 * Metrics are the names of metric_table, or without a trailing `_s`; both sides must be of one kind (time, share,
 * size, plain number). Pure.
 */
#ifndef HARNESS_METRIC_SENTENCE_H
#define HARNESS_METRIC_SENTENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "harness/metric/summary.h"

/** Sides of a comparison are brought to nanoseconds, bytes or plain numbers before they meet. */
enum sentence_kind { SENTENCE_PLAIN, SENTENCE_TIME, SENTENCE_SIZE };

struct sentence_operand {
    uint32_t column; /* 1-based, for messages */
    bool is_metric;
    enum metric metric;
    char policy[EXPERIMENT_NAME_MAX];   /* "" = none named */
    char at[EXPERIMENT_SWEEP_TEXT_MAX]; /* value of the swept key; "" = none named */
    double factor;
    char number[EXPERIMENT_NAME_MAX]; /* as written, when not a metric */
    double value;                     /* of `number`, in the unit of its kind */
};

enum sentence_comparison {
    SENTENCE_LESS,
    SENTENCE_LESS_EQUAL,
    SENTENCE_GREATER,
    SENTENCE_GREATER_EQUAL,
    SENTENCE_EQUAL,
    SENTENCE_NOT_EQUAL,
    SENTENCE_COMPARISONS
};

struct sentence {
    const char *noun, *text; /* borrowed: what it is called in messages ("check"), and the words */
    struct sentence_operand side[2];
    enum sentence_comparison comparison;
};

/**
 * Read `text` into `out`, which borrows it. 0, or -EINVAL with one line in `err` (may be NULL) that quotes the text, names
 * the column and, for an unknown metric, the nearest valid one.
 */
int sentence_parse(const char *noun, const char *text, struct sentence *out, struct err *err);

/** Compose a refusal of this sentence, at this column. Returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int sentence_refuse(const struct sentence *self,
                                                          uint32_t column, struct err *err,
                                                          const char *format, ...);

enum sentence_kind sentence_kind_of(enum metric metric);

#endif
