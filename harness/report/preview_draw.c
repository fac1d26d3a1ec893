/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers are drawn one after the other: what depends on the time is met when a run would meet it. */
#include "harness/report/preview_draw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/inject/law.h"

static bool is_none(const struct inject *entry)
{
    return strcmp(entry->law->name, "none") == 0;
}

static bool is_aside(const struct inject *entry)
{
    return entry->what == INJECT_PUBLISH || entry->what == INJECT_LINK;
}

static bool is_of_time(const struct inject *entry)
{
    static const struct inject_when always;
    return entry->law->piece || memcmp(&entry->when, &always, sizeof(always)) != 0;
}

/** Worker w is in group w * groups / count, as in a run. */
static int make_groups(struct preview_draw *self)
{
    const uint32_t workers = self->set.workers, groups = self->experiment->workers.groups;
    if (groups == 0)
        return 0;
    self->group = malloc(workers * sizeof(self->group[0]));
    if (!self->group)
        return -ENOMEM;
    for (uint32_t w = 0; w < workers; w++)
        self->group[w] = (uint32_t)((uint64_t)w * groups / workers);
    self->set.group = self->group;
    self->set.groups = groups;
    return 0;
}

int preview_draw_open(struct preview_draw *self, const struct experiment *experiment,
                      uint32_t number)
{
    const bool all = number == experiment->inject_count;
    *self = (struct preview_draw){.experiment = experiment};
    for (uint32_t i = 0; i < experiment->inject_count; i++) {
        struct inject *const entry = &self->entry[i];
        *entry = experiment->inject[i].inject;
        if (!all && i != number) { /* its place stays, and so do the streams of the others */
            entry->law = law_find("none");
            entry->link = (struct inject_link){.edges = entry->link.edges};
        }
        if (is_none(entry))
            continue;
        self->of_time |= is_of_time(entry);
        self->aside = !all && is_aside(entry);
        if (entry->what == INJECT_LOAD && (entry->law->shorten || entry->config.factor > 0.0))
            self->load_ns = PREVIEW_LOAD_NS;
    }
    self->set = (struct inject_set){.entry = self->entry,
                                    .count = experiment->inject_count,
                                    .seed = experiment->seed[0],
                                    .workers = experiment->workers.count};
    return make_groups(self);
}

void preview_draw_close(struct preview_draw *self)
{
    free(self->group);
    self->group = NULL;
}

static uint64_t compute_ns(const struct experiment *experiment, uint32_t worker, uint64_t iteration)
{
    const uint64_t base =
        experiment->compute.base_ns ? experiment->compute.base_ns : PREVIEW_COMPUTE_NS;
    const struct inject_jitter jitter = {experiment->compute.jitter_law.law,
                                         &experiment->compute.jitter_law.config};
    if (jitter.law)
        return inject_jitter_ns(&jitter, base, experiment->seed[0], worker, iteration);
    return inject_base_ns(base, experiment->compute.jitter_cv, experiment->seed[0], worker,
                          iteration);
}

static bool is_hit(const struct preview_draw *self, uint32_t worker, uint64_t iteration,
                   uint64_t at_ns)
{
    for (uint32_t i = 0; i < self->set.count; i++) {
        const struct inject *const entry = &self->entry[i];
        if (!is_none(entry) && (self->aside || !is_aside(entry)) &&
            inject_when_at(&entry->when, at_ns).scale > 0.0 &&
            inject_hits(&self->set, i, worker, iteration))
            return true;
    }
    return false;
}

/** What is late is on its way while the next iteration runs. */
static struct preview_lap lap_aside(const struct preview_draw *self, uint32_t worker,
                                    uint64_t iteration, uint64_t at_ns)
{
    struct preview_lap lap = {.time_ns = compute_ns(self->experiment, worker, iteration)};
    const uint64_t sent_ns = at_ns + lap.time_ns;
    for (uint32_t i = 0; i < self->set.count; i++)
        if (!is_none(&self->entry[i]))
            lap.delay_ns += inject_delay_ns(&self->set, i, worker, iteration, sent_ns, 0);
    lap.hit = is_hit(self, worker, iteration, sent_ns);
    return lap;
}

struct preview_lap preview_draw_lap(const struct preview_draw *self, uint32_t worker,
                                    uint64_t iteration, uint64_t at_ns)
{
    if (self->aside)
        return lap_aside(self, worker, iteration, at_ns);
    const uint64_t full_ns = compute_ns(self->experiment, worker, iteration);
    const struct inject_phase load =
        inject_phase(&self->set, INJECT_LOAD, worker, iteration, at_ns, self->load_ns);
    const uint64_t loaded_ns = load.base_ns + load.delay_ns;
    const struct inject_phase compute =
        inject_phase(&self->set, INJECT_COMPUTE, worker, iteration, at_ns + loaded_ns, full_ns);
    struct preview_lap lap = {.base_ns = load.base_ns + compute.base_ns,
                              .delay_ns = load.delay_ns + compute.delay_ns,
                              .hit = is_hit(self, worker, iteration, at_ns)};
    lap.time_ns = lap.base_ns + lap.delay_ns;
    return lap;
}
