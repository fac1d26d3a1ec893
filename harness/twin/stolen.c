/* SPDX-License-Identifier: BSD-3-Clause */
/* Other programs are part of the host: without the moments in which they had the cores a twin would be too fast. */
#include "harness/twin/stolen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/twin/calibrate.h"
#include "harness/twin/text_file.h"

#define HEAD "policy,seed,core,start_ns,length_ns"

struct row {
    const char *policy;
    uint64_t seed, core, start_ns, length_ns;
};

/** Cut the line up from behind: a label may hold commas. */
static bool parse_row(char *line, struct row *out)
{
    uint64_t *const field[] = {&out->length_ns, &out->start_ns, &out->core, &out->seed};
    for (uint32_t i = 0; i < 4; i++) {
        char *const comma = strrchr(line, ',');
        char *end;
        if (!comma || comma[1] < '0' || comma[1] > '9')
            return false;
        *field[i] = strtoull(comma + 1, &end, 10);
        if (*end)
            return false;
        *comma = '\0';
    }
    const size_t length = strlen(line);
    const bool quoted = length >= 2 && line[0] == '"';
    if (quoted)
        line[length - 1] = '\0';
    out->policy = line + quoted;
    return out->core <= UINT32_MAX && out->start_ns < UINT64_MAX / 4 &&
           out->length_ns < UINT64_MAX / 4;
}

/** Of run `i`, if it is one of those wanted. */
static uint64_t duration_ns(const struct results_read *run, uint32_t only, uint32_t i)
{
    const double s = run->cell[i].duration_s;
    return (only == STOLEN_ALL || only == i) && s > 0 ? (uint64_t)(s * 1e9) : 0;
}

/** Number of the core among those of the cell, or UINT32_MAX. */
static uint32_t number_of(const struct results_cell *cell, uint32_t os_index)
{
    uint32_t number = 0;
    bool known = false;
    for (uint32_t w = 0; cell->core && w < cell->workers; w++) {
        bool first = cell->core[w] < os_index;
        for (uint32_t k = 0; k < w && first; k++)
            first = cell->core[k] != cell->core[w];
        number += first;
        known |= cell->core[w] == os_index;
    }
    return known ? number : UINT32_MAX;
}

static void place(const struct results_read *run, uint32_t only, const struct row *row,
                  struct stolen_times *out)
{
    uint64_t before_ns = 0;
    for (uint32_t i = 0; i < run->count; i++) {
        const struct results_cell *const cell = &run->cell[i];
        if (cell->seed != row->seed || strcmp(cell->policy, row->policy) != 0) {
            before_ns += duration_ns(run, only, i);
            continue;
        }
        const uint32_t core = number_of(cell, (uint32_t)row->core);
        const uint64_t begin_ns = before_ns + row->start_ns;
        if (core != UINT32_MAX && row->start_ns < duration_ns(run, only, i))
            out->hole[out->count++] =
                (struct sim_stolen){core, begin_ns, begin_ns + row->length_ns};
        return;
    }
}

static int earlier(const void *a, const void *b)
{
    const struct sim_stolen *const x = a, *const y = b;
    if (x->begin_ns != y->begin_ns)
        return x->begin_ns < y->begin_ns ? -1 : 1;
    return (x->core > y->core) - (x->core < y->core);
}

static uint32_t lines_of(const char *text)
{
    uint32_t lines = 1;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        lines++;
    return lines;
}

int stolen_times_parse(char *text, const char *name, const struct results_read *run, uint32_t only,
                       struct stolen_times *out, struct err *err)
{
    char *rest = text;
    uint32_t number = 1;
    *out = (struct stolen_times){.hole = calloc(lines_of(text), sizeof(*out->hole))};
    if (!out->hole)
        return err_set(err, -ENOMEM, "not enough memory for %s", name);
    for (uint32_t i = 0; i < run->count; i++)
        out->period_ns += duration_ns(run, only, i);
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"), number++) {
        struct row row;
        if (number == 1 ? strcmp(line, HEAD) == 0 : *line == '\0' && !rest)
            continue;
        if (number == 1 || !parse_row(line, &row)) {
            stolen_times_free(out);
            return err_set(err, -EINVAL, "%s:%u: expected `" HEAD "`", name, number);
        }
        place(run, only, &row, out);
    }
    qsort(out->hole, out->count, sizeof(*out->hole), earlier);
    return 0;
}

int stolen_times_read(const struct results_read *run, uint32_t only, struct stolen_times *out,
                      struct err *err)
{
    char path[EXPERIMENT_PATH_MAX + 32];
    char *text;
    *out = (struct stolen_times){0};
    snprintf(path, sizeof(path), "%s/stolen.csv", run->dir);
    int rc = text_file_read(path, &text, err);
    if (rc == 0 && text)
        rc = stolen_times_parse(text, path, run, only, out, err);
    free(text);
    return rc;
}

void stolen_times_free(struct stolen_times *self)
{
    free(self->hole);
    *self = (struct stolen_times){0};
}
