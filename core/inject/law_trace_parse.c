/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader of straggler traces. Columns are found by name, and others are skipped. Strict beyond that: a trace with a hole
 * would silently shift every later step, so anything unexpected is an error with its line, and nothing is guessed.
 */
#include <errno.h>
#include <string.h>

#include "core/base/units.h"
#include "core/inject/csv.h"
#include "core/inject/law.h"

enum { STEP, WORKER, COMPUTE, COLUMNS };
static const char *const names[COLUMNS] = {"step", "worker", "compute_s"};
#define HEADER "the columns step, worker and compute_s"

/* What the rows so far say about the next one. */
struct grid {
    uint32_t step;        /* step of the last row */
    uint32_t next_worker; /* worker that follows in it */
    uint32_t workers;     /* rows of step 0, or 0 while that is not over */
};

struct row {
    uint64_t step, worker;
    double seconds;
};

static int parse_header(const struct csv *reader, struct csv_span line, struct csv_columns *columns,
                        struct err *err)
{
    char found[96];
    const bool once = csv_find(reader, line, names, COLUMNS, columns);
    for (uint32_t c = 0; once && c < COLUMNS; c++)
        if (columns->place[c] == CSV_ABSENT)
            return err_set(err, -EINVAL,
                           "line 1: expected a header with " HEADER ", found `%s`: no %s",
                           csv_quote(line, found, sizeof(found)), names[c]);
    if (once)
        return 0;
    return err_set(err, -EINVAL, "line 1: expected a header with " HEADER ", each once, found `%s`",
                   csv_quote(line, found, sizeof(found)));
}

/* Why the fields of a row could not be taken. */
static int refuse_row(const struct csv *reader, struct csv_span line,
                      const struct csv_columns *columns, struct err *err)
{
    const uint32_t fields = csv_fields(reader, line);
    if (line.length == 0)
        return err_set(err, -EINVAL, "line %u: empty; expected %u values", reader->line,
                       columns->count);
    if (fields == 0 || fields == columns->count)
        return err_set(err, -EINVAL,
                       "line %u: cannot be read: a quote is open, or a value is no number",
                       reader->line);
    return err_set(err, -EINVAL, "line %u: expected %u values, as in the header, found %u%s",
                   reader->line, columns->count, fields,
                   fields == columns->count + 1 ? " (written by R? use row.names = FALSE)" : "");
}

static int parse_row(const struct csv *reader, struct csv_span line,
                     const struct csv_columns *columns, struct row *row, struct err *err)
{
    char field[COLUMNS][CSV_FIELD_BYTES];
    if (!csv_pick(reader, line, columns, COLUMNS, field))
        return refuse_row(reader, line, columns, err);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        const char *why = "";
        const int rc = c == STEP     ? units_parse_u64(field[c], &row->step, &why)
                       : c == WORKER ? units_parse_u64(field[c], &row->worker, &why)
                                     : units_parse_real(field[c], &row->seconds, &why);
        if (rc)
            return err_set(err, -EINVAL, "line %u: %s '%s': %s", reader->line, names[c], field[c],
                           why);
    }
    if (!(row->seconds > 0.0))
        return err_set(err, -EINVAL, "line %u: compute_s must be above 0", reader->line);
    return 0;
}

static int misplaced(const struct grid *grid, const struct row *row, uint32_t number,
                     struct err *err)
{
    const unsigned long long step = row->step, worker = row->worker;
    if (step == grid->step && worker + 1 == grid->next_worker)
        return err_set(err, -EINVAL, "line %u: step %llu, worker %llu appears twice", number, step,
                       worker);
    if (step < grid->step || (step == grid->step && worker < grid->next_worker))
        return err_set(err, -EINVAL,
                       "line %u: step %llu, worker %llu: not sorted by step, then worker", number,
                       step, worker);
    if (grid->workers > 0 && worker >= grid->workers)
        return err_set(err, -EINVAL, "line %u: worker %llu, but step 0 has only %u workers", number,
                       worker, grid->workers);
    const bool over = grid->workers > 0 && grid->next_worker == grid->workers;
    const bool first = grid->step == 0 && grid->next_worker == 0;
    return err_set(err, -EINVAL,
                   "line %u: gap: expected step %u, worker %u and found step %llu, worker %llu%s",
                   number, over ? grid->step + 1 : grid->step, over ? 0 : grid->next_worker, step,
                   worker, first ? "; both count from 0" : "");
}

/* Accepts the row that follows, learning the number of workers when step 0 ends. */
static int place(struct grid *grid, const struct row *row, uint32_t number, struct err *err)
{
    const bool may_end =
        grid->workers == 0 ? grid->next_worker > 0 : grid->next_worker == grid->workers;
    if (may_end && row->worker == 0 && row->step == (uint64_t)grid->step + 1) {
        grid->workers = grid->next_worker;
        grid->step++;
        grid->next_worker = 1;
        return 0;
    }
    const bool room = grid->workers == 0 || grid->next_worker < grid->workers;
    if (room && row->step == grid->step && row->worker == grid->next_worker) {
        grid->next_worker++;
        return 0;
    }
    return misplaced(grid, row, number, err);
}

/* The value of rank `rank` (from 0), by bisection over bit patterns, which are ordered as positive doubles are: no copy
 * to sort, and the array keeps its order. */
static double ranked(const double *values, uint64_t count, uint64_t rank)
{
    uint64_t low = 0, high = 0x7fefffffffffffffull; /* the largest finite double */
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        uint64_t at_most = 0;
        for (uint64_t i = 0; i < count; i++) {
            uint64_t bits;
            memcpy(&bits, &values[i], sizeof(bits));
            at_most += bits <= middle;
        }
        if (at_most > rank)
            high = middle;
        else
            low = middle + 1;
    }
    double value;
    memcpy(&value, &low, sizeof(value));
    return value;
}

static double median_of(const double *values, uint64_t count)
{
    const double upper = ranked(values, count, count / 2);
    if (count % 2 == 1)
        return upper;
    const double lower = ranked(values, count, count / 2 - 1);
    return lower + (upper - lower) / 2.0;
}

int law_trace_parse(const char *text, uint64_t length, double *seconds, uint32_t capacity,
                    struct law_trace *out, struct err *err)
{
    struct csv reader = csv_open(text, length);
    struct grid grid = {0};
    struct csv_columns columns;
    struct csv_span line;
    uint32_t count = 0;

    int rc = csv_first_line(&reader, &line, "the trace is empty; expected " HEADER, err);
    if (rc == 0)
        rc = parse_header(&reader, line, &columns, err);
    if (rc < 0)
        return rc;
    while (csv_next_line(&reader, &line)) {
        struct row row = {0};
        rc = parse_row(&reader, line, &columns, &row, err);
        if (rc == 0)
            rc = place(&grid, &row, reader.line, err);
        if (rc)
            return rc;
        if (count == capacity)
            return err_set(err, -ENOSPC, "line %u: more than %u values", reader.line, capacity);
        seconds[count++] = row.seconds;
    }
    if (count == 0)
        return err_set(err, -EINVAL, "line %u: no values after the header", reader.line + 1);
    if (grid.workers > 0 && grid.next_worker != grid.workers)
        return err_set(err, -EINVAL, "line %u: gap: step %u ends after %u of %u workers",
                       reader.line + 1, grid.step, grid.next_worker, grid.workers);
    *out = (struct law_trace){
        .seconds = seconds,
        .steps = grid.step + 1,
        .workers = grid.next_worker,
        .median_s = median_of(seconds, count),
    };
    return 0;
}
