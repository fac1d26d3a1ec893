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

#define HEAD_VALUES "seconds"
#define HEAD_BINS "low_s,high_s,count"
#define HEAD_ITERATIONS "policy,seed,worker,iteration,"
#define COUNT_MAX (UINT64_C(1) << 52) /* of all values: a double holds every rank */

struct reader {
    struct csv text;
    const char *only;
    struct law_bin *bin;
    uint32_t count, capacity;
    uint64_t total;
    struct err *err;
    /* iterations.csv */
    uint32_t columns, compute, injected;
    char policy[CSV_FIELD_BYTES]; /* of the rows taken */
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

static int real(struct reader *self, const char *name, const char *field, double *out)
{
    const char *why = "";
    if (units_parse_real(field, out, &why))
        return err_set(self->err, -EINVAL, "line %u: %s '%s': %s", self->text.line, name, field,
                       why);
    return 0;
}

static int value_row(struct reader *self, struct csv_span line)
{
    char field[CSV_FIELD_BYTES];
    double seconds = 0;
    if (line.length == 0)
        return fail(self, "empty; expected a number of seconds");
    if (csv_commas(&line) != 0 || !csv_next_field(&line, field))
        return fail(self, "expected one number of seconds");
    const int rc = real(self, "time", field, &seconds);
    return rc ? rc : add(self, seconds, seconds, 1);
}

static int bin_row(struct reader *self, struct csv_span line)
{
    char field[3][CSV_FIELD_BYTES];
    double low_s = 0, high_s = 0;
    uint64_t count = 0;
    const char *why = "";
    if (csv_commas(&line) != 2)
        return fail(self, "expected three values, `" HEAD_BINS "`");
    for (uint32_t i = 0; i < 3; i++)
        if (!csv_next_field(&line, field[i]))
            return fail(self, "expected three values, `" HEAD_BINS "`");
    int rc = real(self, "low_s", field[0], &low_s);
    if (rc == 0)
        rc = real(self, "high_s", field[1], &high_s);
    if (rc == 0 && units_parse_u64(field[2], &count, &why))
        rc = err_set(self->err, -EINVAL, "line %u: count '%s': %s", self->text.line, field[2], why);
    if (rc)
        return rc;
    if (high_s < low_s)
        return fail(self, "the bin ends before it begins");
    if (self->count > 0 && low_s < self->bin[self->count - 1].high_s)
        return fail(self, "the bins do not ascend, or overlap");
    return add(self, low_s, high_s, count);
}

/** Where the columns are. */
static int iterations_head(struct reader *self, struct csv_span line)
{
    char field[CSV_FIELD_BYTES];
    self->compute = self->injected = UINT32_MAX;
    self->columns = csv_commas(&line) + 1;
    for (uint32_t i = 0; i < self->columns; i++) {
        if (!csv_next_field(&line, field))
            return fail(self, "the header cannot be read");
        if (strcmp(field, "compute_us") == 0)
            self->compute = i;
        if (strcmp(field, "injected_us") == 0)
            self->injected = i;
    }
    if (self->compute == UINT32_MAX || self->injected == UINT32_MAX)
        return fail(self, "the header names no compute_us or no injected_us");
    return 0;
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

static int iteration_row(struct reader *self, struct csv_span line)
{
    char field[CSV_FIELD_BYTES] = "";
    double us[2] = {0, 0};
    if (!csv_next_field(&line, field) || field[0] == '\0')
        return fail(self, "expected a row of iterations.csv");
    if (csv_commas(&line) + 2 != self->columns)
        return err_set(self->err, -EINVAL, "line %u: expected %u values", self->text.line,
                       self->columns);
    const int wanted = is_wanted(self, field);
    if (wanted <= 0)
        return wanted;
    for (uint32_t i = 1; i < self->columns; i++) {
        if (!csv_next_field(&line, field))
            return fail(self, "expected a row of iterations.csv");
        if (i != self->compute && i != self->injected)
            continue;
        const bool injected = i == self->injected;
        const int rc = real(self, injected ? "injected_us" : "compute_us", field, &us[injected]);
        if (rc)
            return rc;
    }
    if (us[0] < 0 || us[1] < 0)
        return fail(self, "a time must not be negative");
    const double seconds = (us[0] + us[1]) * 1e-6;
    return add(self, seconds, seconds, 1);
}

/** What the first line says about the others; `again`: it is one of them. */
static int begin(struct reader *self, struct csv_span line,
                 int (**row)(struct reader *, struct csv_span), bool *again)
{
    const size_t head = strlen(HEAD_ITERATIONS);
    const bool iterations = line.length > head && memcmp(line.at, HEAD_ITERATIONS, head) == 0;
    *again = false;
    *row = iteration_row;
    if (iterations)
        return iterations_head(self, line);
    if (self->only)
        return fail(self, "law.policy is for results of a run, and this is no iterations.csv");
    *row = csv_is(&line, HEAD_BINS) ? bin_row : value_row;
    *again = *row == value_row && !csv_is(&line, HEAD_VALUES);
    return 0;
}

int law_empirical_parse(const char *text, uint64_t length, const char *only, struct law_bin *bin,
                        uint32_t capacity, struct law_sample *out, struct err *err)
{
    struct reader self = {
        .text = csv_open(text, length), .only = only, .bin = bin, .capacity = capacity, .err = err};
    int (*row)(struct reader *, struct csv_span) = value_row;
    struct csv_span line;
    bool again = false;
    if (!csv_next_line(&self.text, &line))
        return err_set(err, -EINVAL, "line 1: the file is empty; expected seconds, one per line");
    int rc = begin(&self, line, &row, &again);
    if (rc == 0 && again)
        rc = row(&self, line);
    while (rc == 0 && csv_next_line(&self.text, &line))
        rc = row(&self, line);
    if (rc)
        return rc;
    if (self.total == 0 && only)
        return err_set(err, -EINVAL, "no row of policy '%s'", only);
    if (self.total == 0)
        return err_set(err, -EINVAL, "line %u: no values", self.text.line + 1);
    *out = (struct law_sample){.bin = bin, .count = self.count};
    return 0;
}
