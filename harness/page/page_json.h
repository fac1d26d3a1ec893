/* SPDX-License-Identifier: BSD-3-Clause */
/** Figures of a result.json, of whatever version: what is not there, or not of that kind, is NaN or "". */
#ifndef HARNESS_PAGE_PAGE_JSON_H
#define HARNESS_PAGE_PAGE_JSON_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>

static inline double page_real(const json_t *object, const char *key)
{
    const json_t *const it = json_object_get(object, key);
    return json_is_number(it) ? json_number_value(it) : (double)NAN;
}

/** The figure that a whole table is about: 0 where there is none. */
static inline double page_count(const json_t *object, const char *key)
{
    const double value = page_real(object, key);
    return isnan(value) ? 0 : value;
}

static inline const char *page_string(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static inline bool page_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/** `metric` of a summary: its `of` ("mean", "median", "low", "high", "min", "max"). */
static inline double page_metric(const json_t *summary, const char *metric, const char *of)
{
    return page_real(json_object_get(json_object_get(summary, "metrics"), metric), of);
}

/** As the terminal has it: the mean where it has an interval, else the median. */
static inline double page_typical(const json_t *summary, const char *metric)
{
    return page_metric(summary, metric, isnan(page_metric(summary, metric, "low")) ? "median" : "mean");
}

#endif
