/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of figures, and what they are asked to draw: results become groups with names and looks. */
#include "harness/report/figure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/metric/figure_rows.h"
#include "harness/metric/stats.h"
#include "harness/profile/suggest.h"
#include "harness/report/figure_rows.h"
#include "harness/report/svg.h"

#define LINES_MAX 16u /* curves that looks and the reader's patience tell apart */
#define ROWS_MAX 48u  /* bars below each other */

#define FIGURE_HELP(figure, text) static const char help_##figure[] = text;
FIGURE_ROWS(FIGURE_HELP)

#define ROW(figure, ...)                                                             \
    {                                                                                \
        .name = #figure, .help = help_##figure, .draw = figure_##figure, __VA_ARGS__ \
    }
const struct figure_row figure_table[] = {
    ROW(convergence, .groups_max = LINES_MAX),
    ROW(percentiles, .groups_max = LINES_MAX, .takes_metric = true),
    ROW(parts, .groups_max = ROWS_MAX),
    ROW(waits, .groups_max = LINES_MAX),
    ROW(staleness, .groups_max = ROWS_MAX),
    ROW(speedup, .groups_max = LINES_MAX),
    ROW(sweep, .groups_max = UINT32_MAX, .takes_metric = true, .sums_up = true),
    {0}};

const struct figure_row *figure_find(const char *name, struct err *err)
{
    struct suggest near = {.typed = name};
    char all[256] = "";
    for (const struct figure_row *row = figure_table; row->name; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
        suggest_offer(&near, row->name);
        const size_t used = strlen(all);
        snprintf(all + used, sizeof(all) - used, " %s", row->name);
    }
    if (near.best)
        err_set(err, 0, "unknown figure '%.64s'; did you mean '%s'?", name, near.best);
    else
        err_set(err, 0, "unknown figure '%.64s'; expected one of:%s", name, all);
    return NULL;
}

struct figure_mean figure_mean(const double *value, uint32_t count)
{
    const struct stats_mean at = stats_mean(value, count, 0);
    struct figure_mean out = {at.mean, at.low, at.high};
    if (count >= STATS_INTERVAL_SEEDS || !isfinite(at.mean))
        return out;
    out.low = out.high = count > 1 ? value[0] : (double)NAN;
    for (uint32_t i = 1; i < count; i++) {
        out.low = fmin(out.low, value[i]);
        out.high = fmax(out.high, value[i]);
    }
    return out;
}

void figure_note_seeds(const struct figure *self, char *out, size_t size)
{
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < self->groups; i++) {
        least = self->group[i].count < least ? self->group[i].count : least;
        most = self->group[i].count > most ? self->group[i].count : most;
    }
    if (most <= 1)
        snprintf(out, size, "one seed");
    else if (least >= STATS_INTERVAL_SEEDS)
        snprintf(out, size, "mean of %u seeds with its 95 %% interval", most);
    else if (least == most)
        snprintf(out, size, "mean of %u seeds, from the lowest to the highest", most);
    else
        snprintf(out, size,
                 "mean of up to %u seeds, from the lowest to the highest, or with its 95 %% "
                 "interval from %u seeds on",
                 most, STATS_INTERVAL_SEEDS);
}

const char *figure_next_name(const char **list, size_t *length)
{
    const char *const at = *list + strspn(*list, ", ");
    *length = strcspn(at, ",");
    *list = at + *length;
    return *length ? at : NULL;
}

int figure_nothing(const struct figure *self, const char *name, const char *why, struct err *err)
{
    return err_set(err, -ENODATA, "figure %s: nothing to draw in %.256s: %s", name,
                   self->result[0].dir, why);
}

static bool is_named(const char *item, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(item, name, length) == 0;
}

/** Its label, its policy or its value. */
static bool fits(const struct figure_group *group, const char *item, size_t length)
{
    return is_named(item, length, group->label) || is_named(item, length, group->run[0]->policy) ||
           (group->run[0]->value[0] && is_named(item, length, group->run[0]->value));
}

static bool is_wanted(const struct figure_group *group, const char *only)
{
    size_t length;
    if (!only)
        return true;
    for (const char *item; (item = figure_next_name(&only, &length));)
        if (fits(group, item, length))
            return true;
    return false;
}

/** An item that fits no group is a slip, not a wish for less. */
static int check_only(const struct figure *self, struct err *err)
{
    const char *only = self->options.only ? self->options.only : "";
    size_t length;
    for (const char *item; (item = figure_next_name(&only, &length));) {
        char typed[FIGURE_LABEL_MAX];
        struct suggest near = {.typed = typed};
        bool found = false;
        snprintf(typed, sizeof(typed), "%.*s", (int)length, item);
        for (uint32_t i = 0; i < self->groups; i++) {
            found = found || fits(&self->group[i], item, length);
            suggest_offer(&near, self->group[i].run[0]->policy);
            suggest_offer(&near, self->group[i].label);
        }
        if (!found)
            return err_set(err, -EINVAL, "--only: no policy or value '%.64s' in %.256s%s%.128s%s",
                           typed, self->result[0].dir, near.best ? "; did you mean '" : "",
                           near.best ? near.best : "", near.best ? "'?" : "");
    }
    return 0;
}

static bool is_cell(const struct results_run *run, const struct results_run *other)
{
    return strcmp(run->policy, other->policy) == 0 && strcmp(run->value, other->value) == 0;
}

static bool has_cell(const struct results_runs *of, const struct results_run *run)
{
    for (uint32_t i = 0; i < of->count; i++)
        if (is_cell(&of->run[i], run))
            return true;
    return false;
}

/** Where several results have the same policy, its name alone does not say which. */
static void put_label(const struct figure *self, struct figure_group *group)
{
    const struct results_run *const run = group->run[0];
    const char *const dash = strrchr(group->of->id, '-');
    const char *mark = NULL;
    for (uint32_t r = 0; r < self->results; r++) {
        const struct results_runs *const other = &self->result[r];
        if (other == group->of || !has_cell(other, run))
            continue;
        const bool same = strcmp(other->profile, group->of->profile) == 0;
        mark = same ? (dash ? dash + 1 : group->of->id) : mark ? mark : group->of->profile;
    }
    const int used = snprintf(group->label, sizeof(group->label), "%s%s%s", run->policy,
                              *run->value ? "@" : "", run->value);
    if (mark)
        snprintf(group->label + used, sizeof(group->label) - (size_t)used, " (%s)", mark);
}

/** The group of a run, or where it is to be made. */
static struct figure_group *find_group(const struct figure *self, const struct results_runs *of,
                                       const struct results_run *run)
{
    uint32_t i = 0;
    for (; i < self->groups; i++)
        if (self->group[i].of == of && is_cell(self->group[i].run[0], run))
            break;
    return &self->group[i];
}

/** How many policies of results come before this one's. */
static uint32_t family_of(const struct figure *self, const struct results_runs *of,
                          const struct results_run *run)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < self->groups; i++) {
        const struct figure_group *const other = &self->group[i];
        if (other->of == of && strcmp(other->run[0]->policy, run->policy) == 0)
            return other->family;
        next = other->family >= next ? other->family + 1 : next;
    }
    return next;
}

static int add_run(struct figure *self, const struct results_runs *of,
                   const struct results_run *run, struct err *err)
{
    struct figure_group *const group = find_group(self, of, run);
    if (!group->run) {
        group->of = of;
        group->family = family_of(self, of, run);
        group->run = calloc(of->count, sizeof(*group->run));
        if (!group->run)
            return err_set(err, -ENOMEM, "not enough memory for the runs of %.256s", of->dir);
        self->groups++;
    }
    group->run[group->count++] = run;
    return 0;
}

static int add_runs(struct figure *self, const struct results_runs *of, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < of->count; i++)
        if (!self->options.one_seed || of->run[i].seed == self->options.seed)
            rc = add_run(self, of, &of->run[i], err);
    return rc;
}

static int make_groups(struct figure *self, struct err *err)
{
    uint32_t runs = 0;
    int rc = 0;
    for (uint32_t r = 0; r < self->results; r++)
        runs += self->result[r].count;
    self->group = calloc(runs + 1, sizeof(*self->group));
    if (!self->group)
        return err_set(err, -ENOMEM, "not enough memory for %u runs", runs);
    for (uint32_t r = 0; rc == 0 && r < self->results; r++)
        rc = add_runs(self, &self->result[r], err);
    for (uint32_t i = 0; i < self->groups; i++)
        put_label(self, &self->group[i]);
    if (rc < 0 || self->groups > 0)
        return rc < 0 ? rc : check_only(self, err);
    return self->options.one_seed
               ? err_set(err, -ENODATA, "%.256s has no run of seed %llu", self->result[0].dir,
                         (unsigned long long)self->options.seed)
               : err_set(err, -ENODATA, "%.256s has no runs", self->result[0].dir);
}

/** Their order and looks stay. */
static void drop_unwanted(struct figure *self)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->groups; i++) {
        const struct figure_group group = self->group[i];
        if (is_wanted(&group, self->options.only))
            self->group[kept++] = group;
        else
            free(group.run);
    }
    self->groups = kept;
}

/** A policy looks the same whichever of its values is drawn; several of them at once must differ. */
static void assign_looks(struct figure *self)
{
    bool several = false;
    for (uint32_t i = 0; i < self->groups; i++)
        for (uint32_t k = 0; k < i; k++)
            several |= self->group[k].family == self->group[i].family;
    for (uint32_t i = 0; i < self->groups; i++)
        self->group[i].look = several ? i : self->group[i].family;
}

static int check_options(const struct figure_row *row, const struct figure_options *options,
                         struct err *err)
{
    if (options->metric && !row->takes_metric)
        return err_set(err, -EINVAL, "figure %s does not use --metric; percentiles and sweep do",
                       row->name);
    if (options->one_seed && row->sums_up)
        return err_set(err, -EINVAL, "figure %s is over all seeds and does not use --seed",
                       row->name);
    return 0;
}

static int check_count(const struct figure *self, const struct figure_row *row, struct err *err)
{
    if (self->groups <= row->groups_max)
        return 0;
    const struct figure_group *const first = &self->group[0];
    return err_set(err, -EINVAL,
                   "figure %s of %u policies and values: more than %u cannot be told apart; choose "
                   "with --only, as in --only '%.128s'",
                   row->name, self->groups, row->groups_max,
                   first->run[0]->value[0] ? first->run[0]->value : first->label);
}

int figure_draw(const struct figure_row *row, const struct results_runs *result, uint32_t results,
                const struct figure_options *options, FILE *out, struct err *err)
{
    struct figure self = {.result = result, .results = results, .options = *options};
    self.width = (options->wide ? FIGURE_DOUBLE_MM : FIGURE_SINGLE_MM) * SVG_PT_PER_MM;
    int rc = check_options(row, options, err);
    if (rc == 0)
        rc = make_groups(&self, err);
    if (rc == 0)
        drop_unwanted(&self);
    assign_looks(&self);
    if (rc == 0)
        rc = check_count(&self, row, err);
    if (rc == 0)
        rc = row->draw(&self, out, err);
    for (uint32_t i = 0; i < self.groups; i++)
        free(self.group[i].run);
    free(self.group);
    return rc;
}
