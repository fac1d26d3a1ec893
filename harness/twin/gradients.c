/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel made long is left out: stolen time is simulated by itself, and would count twice. */
#include "harness/twin/gradients.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/experiment/experiment.h"
#include "harness/twin/text_file.h"

#define COLUMNS_MAX 32u

struct value {
    uint32_t worker;
    double s;
};

struct reader {
    const char *name;
    uint32_t line, columns, worker, compute, own; /* of columns: how many, and which */
    uint32_t workers;
    struct value *value;
    uint32_t count;
};

/** Cut a line up from behind: the label in front may hold commas. field[0] is the label. */
static bool split(char *line, uint32_t columns, char *field[COLUMNS_MAX])
{
    for (uint32_t i = columns - 1; i > 0; i--) {
        char *const comma = strrchr(line, ',');
        if (!comma)
            return false;
        field[i] = comma + 1;
        *comma = '\0';
    }
    field[0] = line;
    return true;
}

static int read_head(struct reader *self, char *line, struct err *err)
{
    char *rest = line;
    self->worker = self->compute = self->own = UINT32_MAX;
    for (char *name = strsep(&rest, ","); name && self->columns < COLUMNS_MAX;
         name = strsep(&rest, ","), self->columns++) {
        if (strcmp(name, "worker") == 0)
            self->worker = self->columns;
        if (strcmp(name, "compute_us") == 0)
            self->compute = self->columns;
        if (strcmp(name, "own_us") == 0)
            self->own = self->columns;
    }
    if (self->worker == UINT32_MAX || self->compute == UINT32_MAX || self->own == UINT32_MAX)
        return err_set(err, -EINVAL,
                       "%s:1: expected columns worker, compute_us and own_us; run again, older "
                       "results have no own_us",
                       self->name);
    return 0;
}

static bool read_worker(const char *text, uint32_t workers, uint32_t *worker)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    *worker = (uint32_t)value;
    return !*end && end != text && value < workers;
}

static bool read_time(const char *text, double *us)
{
    char *end;
    *us = strtod(text, &end);
    return !*end && end != text && isfinite(*us) && *us >= 0;
}

static int read_row(struct reader *self, char *line, struct err *err)
{
    char *field[COLUMNS_MAX];
    uint32_t worker;
    double us;
    if (!split(line, self->columns, field))
        return err_set(err, -EINVAL, "%s:%u: expected %u columns", self->name, self->line,
                       self->columns);
    if (*field[self->own] == '\0')
        return 0;
    if (!read_worker(field[self->worker], self->workers, &worker))
        return err_set(err, -EINVAL, "%s:%u: worker '%s': expected a number below %u", self->name,
                       self->line, field[self->worker], self->workers);
    if (!read_time(field[self->compute], &us))
        return err_set(err, -EINVAL, "%s:%u: compute_us '%s': expected a time", self->name,
                       self->line, field[self->compute]);
    if (us > 0)
        self->value[self->count++] = (struct value){worker, us * 1e-6};
    return 0;
}

static int by_time(const void *a, const void *b)
{
    const struct value *const x = a, *const y = b;
    return (x->s > y->s) - (x->s < y->s);
}

/** Without those that the kernel made long. */
static void trim(struct reader *self)
{
    qsort(self->value, self->count, sizeof(*self->value), by_time);
    const double longest = GRADIENTS_LONGEST * self->value[self->count / 2].s;
    while (self->value[self->count - 1].s > longest)
        self->count--;
}

static void measure(struct gradients *out, const struct reader *from)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < from->count; i++)
        sum += from->value[i].s;
    out->mean_s = sum / from->count;
    for (uint32_t i = 0; i < from->count; i++)
        squares += (from->value[i].s - out->mean_s) * (from->value[i].s - out->mean_s);
    out->cv = sqrt(squares / from->count) / out->mean_s;
}

/** Of one worker, or of all: UINT32_MAX. Returns the sample, whose bins begin at `bin`. */
static struct law_sample sample_of(const struct reader *from, uint32_t worker, struct law_bin *bin)
{
    struct law_sample out = {.bin = bin};
    for (uint32_t i = 0; i < from->count; i++) {
        const struct value *const value = &from->value[i];
        if (worker != UINT32_MAX && value->worker != worker)
            continue;
        bin[out.count] =
            (struct law_bin){.low_s = value->s, .high_s = value->s, .upto = out.count + 1u};
        out.count++;
    }
    return out;
}

static int deal(struct gradients *out, struct reader *from, struct err *err)
{
    if (from->count == 0)
        return err_set(err, -EINVAL, "%s: no gradient was finished", from->name);
    trim(from);
    measure(out, from);
    out->workers = from->workers;
    out->sample = calloc(from->workers, sizeof(*out->sample));
    out->bin = calloc(2u * (size_t)from->count, sizeof(*out->bin));
    if (!out->sample || !out->bin)
        return err_set(err, -ENOMEM, "not enough memory for %s", from->name);
    const struct law_sample all = sample_of(from, UINT32_MAX, out->bin);
    struct law_bin *bin = out->bin + from->count;
    for (uint32_t w = 0; w < from->workers; w++) {
        const struct law_sample own = sample_of(from, w, bin);
        bin += own.count;
        out->sample[w] = own.count >= GRADIENTS_MIN ? own : all;
    }
    return 0;
}

static uint32_t lines_of(const char *text)
{
    uint32_t lines = 1;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        lines++;
    return lines;
}

int gradients_parse(char *text, const char *name, uint32_t workers, struct gradients *out,
                    struct err *err)
{
    struct reader reader = {.name = name, .line = 1, .workers = workers};
    char *rest = text;
    *out = (struct gradients){0};
    reader.value = calloc(lines_of(text), sizeof(*reader.value));
    int rc = reader.value ? 0 : err_set(err, -ENOMEM, "not enough memory for %s", name);
    if (rc == 0)
        rc = read_head(&reader, strsep(&rest, "\n"), err);
    for (char *line; rc == 0 && (line = strsep(&rest, "\n")) != NULL;) {
        reader.line++;
        if (*line || rest)
            rc = read_row(&reader, line, err);
    }
    if (rc == 0)
        rc = deal(out, &reader, err);
    if (rc < 0)
        gradients_free(out);
    free(reader.value);
    return rc;
}

int gradients_read(const char *dir, uint32_t workers, struct gradients *out, struct err *err)
{
    char path[EXPERIMENT_PATH_MAX + 32];
    char *text;
    *out = (struct gradients){0};
    snprintf(path, sizeof(path), "%s/iterations.csv", dir);
    int rc = text_file_read(path, &text, err);
    if (rc == 0 && !text)
        rc = err_set(err, -ENOENT, "%s: %s", path, strerror(ENOENT));
    if (rc == 0)
        rc = gradients_parse(text, path, workers, out, err);
    free(text);
    return rc;
}

void gradients_free(struct gradients *self)
{
    free(self->sample);
    free(self->bin);
    *self = (struct gradients){0};
}
