/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the files of results_json share: setting keys. Private to results_json*.c and results_links.c.
 *
 * Out of memory, any of these sets nothing and the document is refused as a whole by json_dump's caller.
 */
#ifndef HARNESS_RECORD_RESULTS_JSON_PUT_H
#define HARNESS_RECORD_RESULTS_JSON_PUT_H

#include <stdint.h>

#include "core/drive/counts.h"
#include "harness/record/results_json.h"

static inline void put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new_nocheck(object, key, value);
}

static inline void put_count(json_t *object, const char *key, uint64_t value)
{
    put(object, key, json_integer((json_int_t)(value > INT64_MAX ? INT64_MAX : value)));
}

/** The counters that have their place there. */
static inline void put_counts(json_t *object, const struct counts *count, enum counts_place place)
{
    for (uint32_t i = 0; i < counts_rows; i++)
        if (counts_table[i].place == place)
            put_count(object, counts_table[i].name, counts_of(count, &counts_table[i]));
}

/** The value of the swept key, or null. */
static inline void put_sweep(json_t *out, const char *key, const char *value)
{
    json_t *const sweep = value ? json_object() : json_null();
    if (value) {
        put(sweep, "key", results_json_text(key));
        put(sweep, "value", results_json_text(value));
    }
    put(out, "sweep", sweep);
}

#endif
