/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Written by us, but perhaps years ago or by hand since: whatever is missing or of another type is an error with
 * its place.
 */
#include "harness/record/reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/experiment/experiment.h"
#include "harness/record/results_json.h"

#define FILE_BYTES_MAX (256u << 20)

void reader_fail(struct reader *self, const char *key, const char *expected)
{
    if (self->rc == 0)
        self->rc = err_set(self->err, -EINVAL, "%s: %s[%u].%s: expected %s", self->name, self->list,
                           self->index, key, expected);
}

double reader_number(struct reader *self, const json_t *in, const char *key)
{
    const json_t *const value = json_object_get(in, key);
    if (json_is_null(value))
        return (double)NAN;
    if (!json_is_number(value)) {
        reader_fail(self, key, "a number");
        return (double)NAN;
    }
    return json_number_value(value);
}

bool reader_truth(struct reader *self, const json_t *in, const char *key)
{
    const json_t *const value = json_object_get(in, key);
    if (!json_is_boolean(value))
        reader_fail(self, key, "true or false");
    return json_is_true(value);
}

const char *reader_text(struct reader *self, const json_t *in, const char *key)
{
    const char *const value = json_string_value(json_object_get(in, key));
    if (!value)
        reader_fail(self, key, "a text");
    return value ? value : "";
}

uint64_t reader_seed(struct reader *self, const json_t *run)
{
    const json_t *const value = json_object_get(run, "seed");
    if (json_is_string(value)) /* above 63 bits */
        return strtoull(json_string_value(value), NULL, 10);
    if (!json_is_integer(value))
        reader_fail(self, "seed", "an integer");
    return (uint64_t)json_integer_value(value);
}

static int check(const json_t *document, const char *name, struct err *err)
{
    const json_t *const schema = json_object_get(document, "schema");
    if (json_is_integer(schema) && json_integer_value(schema) > RESULTS_SCHEMA)
        return err_set(
            err, -EINVAL,
            "%s: is of schema version %lld, this program reads versions 1 to %d: use the "
            "dawdle that wrote it, or a later one",
            name, (long long)json_integer_value(schema), RESULTS_SCHEMA);
    if (!json_is_integer(schema) || json_integer_value(schema) < 1 ||
        !json_is_array(json_object_get(document, "runs")) ||
        !json_is_boolean(json_object_get(document, "complete")))
        return err_set(
            err, -EINVAL,
            "%s: is no result of dawdle (no schema version, no runs, or not said whether "
            "complete)",
            name);
    return 0;
}

int reader_parse(const char *text, const char *name, json_t **out, struct err *err)
{
    json_error_t where;
    *out = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (!*out)
        return err_set(err, -EINVAL, "%s:%d:%d: %s", name, where.line, where.column, where.text);
    const int rc = check(*out, name, err);
    if (rc < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

/** The file as terminated text, malloc'd. */
static char *read_file(const char *path, struct err *err)
{
    FILE *const file = fopen(path, "re");
    char *text_read = NULL;
    size_t used = 0, room = 1u << 16;
    if (!file) {
        err_set(err, 0, "%s: %s", path, strerror(errno));
        return NULL;
    }
    while (room <= FILE_BYTES_MAX) {
        char *const larger = realloc(text_read, room);
        if (!larger)
            break;
        text_read = larger;
        used += fread(text_read + used, 1, room - 1 - used, file);
        if (used < room - 1) {
            text_read[used] = '\0';
            fclose(file);
            return text_read;
        }
        room *= 2;
    }
    err_set(err, 0, "%s: too large", path);
    free(text_read);
    fclose(file);
    return NULL;
}

char *reader_load(const char *dir, char path[READER_PATH_MAX], struct err *err)
{
    if ((size_t)snprintf(path, READER_PATH_MAX, "%s/result.json", dir) < READER_PATH_MAX)
        return read_file(path, err);
    err_set(err, 0, "%s: the path is too long", dir);
    return NULL;
}
