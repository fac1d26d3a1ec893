/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * result.json as a tree, and its values with their types checked: what results_read.c and results_runs.c share.
 *
 * The first value that is missing or of another type makes the sentence and sets `rc`; later ones change nothing, so a
 * caller asks once, at the end.
 */
#ifndef HARNESS_RECORD_READER_H
#define HARNESS_RECORD_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "harness/experiment/experiment.h"

#define READER_PATH_MAX (EXPERIMENT_PATH_MAX + 32)

/** What is being read, for errors: `name: list[index].key: expected ...`. */
struct reader {
    const char *name;
    const char *list;
    uint32_t index;
    int rc; /* 0, or -errno of the first complaint */
    struct err *err;
};

/** result.json of a result directory as text, malloc'd; `path` gets its name. NULL: `err` has a sentence. */
char *reader_load(const char *dir, char path[READER_PATH_MAX], struct err *err);

/**
 * Its tree, which the caller owns; `name` stands in errors. 0, or -EINVAL with a sentence, also for a foreign
 * schema.
 */
int reader_parse(const char *text, const char *name, json_t **out, struct err *err);

/** Complain about a key. */
void reader_fail(struct reader *self, const char *key, const char *expected);

/** NaN for null. */
double reader_number(struct reader *self, const json_t *in, const char *key);
bool reader_truth(struct reader *self, const json_t *in, const char *key);

/** Borrowed from the tree; "" after a complaint. */
const char *reader_text(struct reader *self, const json_t *in, const char *key);
uint64_t reader_seed(struct reader *self, const json_t *run);

#endif
