/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader of measured times. Strict, as the reader of traces: a value that is no time of a gradient would bend the whole
 * distribution unseen, so it is an error with its line.
 */
#include <errno.h>
#include <string.h>

#include "core/base/units.h"
#include "core/inject/csv.h"
#include "core/inject/law.h"

/* Columns of the three formats, found by name; others are skipped. */
enum { SECONDS, LOW, HIGH, COUNT, POLICY, COMPUTE, INJECTED, NAMES };
static const char *const names[NAMES] = {"seconds", "low_s",      "high_s",     "count",
                                         "policy",  "compute_us", "injected_us"};
#define BINS "low_s, high_s and count"
#define COUNT_MAX (UINT64_C(1) << 52) /* of all values: a double holds every rank */

struct reader {
    struct csv text;
    const char *only;
    struct law_bin *bin;
    uint32_t count, capacity;
    uint64_t total;
    struct err *err;
    struct csv_columns columns;
    char field[NAMES][CSV_FIELD_BYTES]; /* of the row */
    char policy[CSV_FIELD_BYTES];       /* iterations.csv: of the rows taken */
};

static int fail(struct reader *self, const char *what)
{
    return err_set(self->err, -EINVAL, "line %u: %s", self->text.line, what);
}

static int add(struct reader *self, double low_s, double high_s, uint64_t count)
{
    const double most_s = (double)LAW_DELAY_NS_MAX * 1e-9;
    if (!(low_s >= 0.0) || !(high_s > 0.0))
        return fail(self, "a time must be above 0");
    if (high_s > most_s)
        return fail(self, "a time must be at most an hour (3600 s)");
    if (self->count == self->capacity)
        return err_set(self->err, -ENOSPC, "line %u: more than %u values", self->text.line,
                       self->capacity);
    if (count > COUNT_MAX - self->total)
        return fail(self, "more values than can be told apart (2^52)");
    self->total += count;
    self->bin[self->count++] =
        (struct law_bin){.low_s = low_s, .high_s = high_s, .upto = self->total};
    return 0;
}

static int real(struct reader *self, uint32_t column, double *out)
{
    const char *why = "";
    if (units_parse_real(self->field[column], out, &why))
        return err_set(self->err, -EINVAL, "line %u: %s '%s': %s", self->text.line,
                       self->columns.count == 1 ? "time" : names[column], self->field[column], why);
    return 0;
}

static int value_row(struct reader *self)
{
    double seconds = 0;
    const int rc = real(self, SECONDS, &seconds);
    return rc ? rc : add(self, seconds, seconds, 1);
}

static int bin_row(struct reader *self)
{
    double low_s = 0, high_s = 0;
    uint64_t count = 0;
    const char *why = "";
    int rc = real(self, LOW, &low_s);
    if (rc == 0)
        rc = real(self, HIGH, &high_s);
    if (rc == 0 && units_parse_u64(self->field[COUNT], &count, &why))
        rc = err_set(self->err, -EINVAL, "line %u: count '%s': %s", self->text.line,
                     self->field[COUNT], why);
    if (rc)
        return rc;
    if (high_s < low_s)
        return fail(self, "the bin ends before it begins");
    if (self->count > 0 && low_s < self->bin[self->count - 1].high_s)
        return fail(self, "the bins do not ascend, or overlap");
    return add(self, low_s, high_s, count);
}

/** Is the row one of the policy that is wanted? < 0: it is not clear which one that is. */
static int is_wanted(struct reader *self, const char *policy)
{
    if (self->only)
        return strcmp(policy, self->only) == 0;
    if (self->policy[0] == '\0')
        memcpy(self->policy, policy, sizeof(self->policy));
    if (strcmp(policy, self->policy) == 0)
        return 1;
    return err_set(self->err, -EINVAL,
                   "line %u: the run has several policies (%s, %s …); law.policy must name one",
                   self->text.line, self->policy, policy);
}

static int iteration_row(struct reader *self)
{
    double compute_us = 0, injected_us = 0;
    if (self->field[POLICY][0] == '\0')
        return fail(self, "expected a row of iterations.csv");
    const int wanted = is_wanted(self, self->field[POLICY]);
    if (wanted <= 0)
        return wanted;
    int rc = real(self, COMPUTE, &compute_us);
    if (rc == 0)
        rc = real(self, INJECTED, &injected_us);
    if (rc)
        return rc;
    if (compute_us < 0 || injected_us < 0)
        return fail(self, "a time must not be negative");
    const double seconds = (compute_us + injected_us) * 1e-6;
    return add(self, seconds, seconds, 1);
}

static bool has(const struct reader *self, uint32_t column)
{
    return self->columns.place[column] != CSV_ABSENT;
}

static int refuse_header(struct reader *self, struct csv_span line)
{
    char found[96];
    return err_set(
        self->err, -EINVAL,
        "line 1: expected seconds one per line, or a header with the column seconds, the "
        "columns " BINS ", or those of iterations.csv, found `%s`",
        csv_quote(line, found, sizeof(found)));
}

/** No header of columns by name: seconds stand there, one per line, and `line` is the first of them? */
static bool is_value(struct reader *self, struct csv_span line)
{
    double number;
    const char *why = "";
    return self->columns.count == 1 && csv_next_field(&self->text, &line, self->field[SECONDS]) &&
           units_parse_real(self->field[SECONDS], &number, &why) == 0;
}

/** What the first line says about the others; `again`: it is one of them. */
static int begin(struct reader *self, struct csv_span line, int (**row)(struct reader *),
                 bool *again)
{
    *again = false;
    if (!csv_find(&self->text, line, names, NAMES, &self->columns))
        return refuse_header(self, line);
    if (has(self, POLICY)) {
        *row = iteration_row;
        return has(self, COMPUTE) && has(self, INJECTED)
                   ? 0
                   : fail(self, "the header names no compute_us or no injected_us");
    }
    if (self->only)
        return fail(self, "law.policy is for results of a run, and this is no iterations.csv");
    *row = bin_row;
    if (has(self, LOW) && has(self, HIGH) && has(self, COUNT))
        return 0;
    *row = value_row;
    if (has(self, SECONDS))
        return 0;
    *again = is_value(self, line);
    self->columns.place[SECONDS] = 0;
    return *again ? 0 : refuse_header(self, line);
}

static int take(struct reader *self, struct csv_span line, int (*row)(struct reader *))
{
    if (csv_pick(&self->text, line, &self->columns, NAMES, self->field))
        return row(self);
    const uint32_t fields = csv_fields(&self->text, line);
    if (line.length == 0)
        return fail(self, "empty; expected a value");
    if (fields == 0 || fields == self->columns.count)
        return fail(self, "cannot be read: a quote is open, or a value is no number");
    return err_set(self->err, -EINVAL, "line %u: expected %u values, found %u", self->text.line,
                   self->columns.count, fields);
}

int law_empirical_parse(const char *text, uint64_t length, const char *only, struct law_bin *bin,
                        uint32_t capacity, struct law_sample *out, struct err *err)
{
    struct reader self = {
        .text = csv_open(text, length), .only = only, .bin = bin, .capacity = capacity, .err = err};
    int (*row)(struct reader *) = value_row;
    struct csv_span line;
    bool again = false;
    int rc =
        csv_first_line(&self.text, &line, "the file is empty; expected seconds, one per line", err);
    if (rc == 0)
        rc = begin(&self, line, &row, &again);
    if (rc == 0 && again)
        rc = take(&self, line, row);
    while (rc == 0 && csv_next_line(&self.text, &line))
        rc = take(&self, line, row);
    if (rc)
        return rc;
    if (self.total == 0 && only)
        return err_set(err, -EINVAL, "no row of policy '%s'", only);
    if (self.total == 0)
        return err_set(err, -EINVAL, "line %u: no values", self.text.line + 1);
    *out = (struct law_sample){.bin = bin, .count = self.count};
    return 0;
}
