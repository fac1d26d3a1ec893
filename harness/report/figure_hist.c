/* SPDX-License-Identifier: BSD-3-Clause */
/* A tag is `LABEL/seed-N/SERIES/WHOSE`; a label may have slashes of its own, so it is read from its end. */
#include "harness/report/figure_hist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/hlog.h"
#include "harness/record/hlog_read.h"

#define TAG_MAX 512u

/** What one result's file is read into. */
struct reading {
    struct figure_hist *into;
    const struct results_runs *result;
};

/** Cut off what follows the last slash, and return it; NULL: there is none. */
static char *cut(char *tag)
{
    char *const slash = strrchr(tag, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return slash + 1;
}

static uint32_t series_of(const char *name)
{
    for (uint32_t i = 0; i < SERIES_COUNT; i++)
        if (series_name[i] && strcmp(series_name[i], name) == 0)
            return i;
    return SERIES_COUNT;
}

/** Does a tag's label mean this run? The format cannot carry all that labels may hold. */
static bool is_label(const struct results_run *run, const char *label)
{
    char own[RECORD_LABEL_MAX + 2];
    snprintf(own, sizeof(own), "%s%s%s", run->policy, *run->value ? "@" : "", run->value);
    for (char *c = own; *c; c++)
        *c = hlog_tag_char(*c);
    return strcmp(own, label) == 0;
}

static bool has_run(const struct figure_group *group, const char *label, uint64_t seed)
{
    for (uint32_t i = 0; i < group->count; i++)
        if (group->run[i]->seed == seed && is_label(group->run[i], label))
            return true;
    return false;
}

/** Half a megabyte, made when the first of its histograms comes. */
static struct hist *room_at(struct figure_hist *self, uint32_t index)
{
    if (self->hist[index])
        return self->hist[index];
    struct hist *const made = calloc(1, sizeof(*made));
    self->failed |= !made;
    if (made)
        hist_start(made);
    self->hist[index] = made;
    return made;
}

static struct hist *pick(void *context, const char *whole)
{
    const struct reading *const self = context;
    char tag[TAG_MAX];
    snprintf(tag, sizeof(tag), "%s", whole);
    const char *const whose = cut(tag), *const series = cut(tag), *const seed = cut(tag);
    const uint32_t index = whose && series && seed ? series_of(series) : SERIES_COUNT;
    if (index == SERIES_COUNT || !(self->into->series & 1u << index) ||
        strncmp(seed, "seed-", 5) != 0)
        return NULL;
    const uint64_t number = strtoull(seed + 5, NULL, 10);
    for (uint32_t g = 0; g < self->into->of->groups; g++)
        if (self->into->of->group[g].of == self->result &&
            has_run(&self->into->of->group[g], tag, number))
            return room_at(self->into, g * SERIES_COUNT + index);
    return NULL;
}

int figure_hist_open(struct figure_hist *self, const struct figure *of, uint32_t series,
                     struct err *err)
{
    *self = (struct figure_hist){.of = of, .series = series};
    self->hist = calloc((size_t)of->groups * SERIES_COUNT + 1, sizeof(*self->hist));
    int rc = self->hist ? 0 : -ENOMEM;
    for (uint32_t r = 0; rc >= 0 && r < of->results; r++) {
        char path[EXPERIMENT_PATH_MAX + 16];
        struct reading reading = {self, &of->result[r]};
        snprintf(path, sizeof(path), "%s/latency.hlog", of->result[r].dir);
        rc = hlog_read(path, pick, &reading, err);
    }
    if (!self->hist || self->failed)
        return err_set(err, -ENOMEM, "not enough memory for histograms");
    return rc < 0 ? rc : 0;
}

void figure_hist_close(struct figure_hist *self)
{
    for (uint32_t i = 0; self->hist && i < self->of->groups * SERIES_COUNT; i++)
        free(self->hist[i]);
    free(self->hist);
    *self = (struct figure_hist){0};
}

const struct hist *figure_hist_of(const struct figure_hist *self, uint32_t group,
                                  enum series series)
{
    const struct hist *const found = self->hist[group * SERIES_COUNT + series];
    return found && found->total > 0 ? found : NULL;
}
