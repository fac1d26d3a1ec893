/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From entries to workers: racks as contiguous blocks, kinds of cores as the placement has them, and one fault per worker.
 */
#include "harness/run/cell_inject.h"

#include <errno.h>
#include <stdlib.h>

#include "harness/experiment/keys_tables.h"
#include "harness/experiment/profile.h"

static int out_of_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "not enough memory to plan what is injected");
}

/** Worker w is in group w * groups / count, so that the sizes of two groups differ by at most one. */
static int make_groups(struct cell *self, struct err *err)
{
    const uint32_t workers = self->graph.workers;
    const uint32_t groups = self->common->experiment->workers.groups;
    if (groups == 0)
        return 0;
    self->group = malloc(workers * sizeof(uint32_t));
    if (!self->group)
        return out_of_memory(err);
    for (uint32_t w = 0; w < workers; w++)
        self->group[w] = (uint32_t)((uint64_t)w * groups / workers);
    return 0;
}

/** The ranks of the least and of the most powerful cores that this process may use; false: they are all alike. */
static bool kinds_of(const struct machine *machine, uint32_t rank[2])
{
    rank[CPUKIND_EFFICIENT] = UINT32_MAX;
    rank[CPUKIND_PERFORMANCE] = 0;
    for (uint32_t i = 0; i < machine_pu_count(machine); i++) {
        const uint32_t kind = machine_pu_at(machine, i)->kind;
        if (kind == MACHINE_NONE)
            return false;
        if (kind < rank[CPUKIND_EFFICIENT])
            rank[CPUKIND_EFFICIENT] = kind;
        if (kind > rank[CPUKIND_PERFORMANCE])
            rank[CPUKIND_PERFORMANCE] = kind;
    }
    return rank[CPUKIND_EFFICIENT] < rank[CPUKIND_PERFORMANCE];
}

static int list_kind(struct cell *self, enum experiment_cpukind kind, uint32_t rank,
                     struct err *err)
{
    const struct machine *const machine = self->common->machine;
    const uint32_t workers = self->graph.workers;
    if (self->kind[kind])
        return 0;
    self->kind[kind] = malloc(workers * sizeof(uint32_t));
    if (!self->kind[kind])
        return out_of_memory(err);
    for (uint32_t w = 0; w < workers; w++)
        if (machine_pu_at(machine, self->placement.pu[w])->kind == rank)
            self->kind[kind][self->kind_count[kind]++] = w;
    return 0;
}

static int refuse_kind(const struct cell *self, uint32_t entry, const char *why, struct err *err)
{
    const struct experiment *const e = self->common->experiment;
    char place[EXPERIMENT_NAME_MAX + 32];
    profile_where_inject(e, entry, "select.cpukind", place, sizeof(place));
    return err_set(err, -EINVAL, "%sinject[%u].select.cpukind: %s selects nobody: %s", place, entry,
                   keys_name_at(&keys_cpukinds, e->inject[entry].cpukind).name, why);
}

static int resolve_kinds(struct cell *self, struct err *err)
{
    const struct experiment *const e = self->common->experiment;
    for (uint32_t i = 0; i < e->inject_count; i++) {
        const enum experiment_cpukind kind = e->inject[i].cpukind;
        uint32_t rank[2];
        if (e->inject[i].select != EXPERIMENT_SELECT_CPUKIND)
            continue;
        if (!kinds_of(self->common->machine, rank))
            return refuse_kind(self, i, "the cores of this machine are all of one kind", err);
        const int rc = list_kind(self, kind, rank[kind], err);
        if (rc < 0)
            return rc;
        if (self->kind_count[kind] == 0)
            return refuse_kind(self, i, "no worker is placed on such a core", err);
    }
    return 0;
}

int cell_resolve(struct cell *self, struct err *err)
{
    const int rc = make_groups(self, err);
    return rc < 0 ? rc : resolve_kinds(self, err);
}

struct inject_set cell_inject(const struct cell *self, struct inject entry[EXPERIMENT_INJECT_MAX])
{
    const struct experiment *const e = self->common->experiment;
    for (uint32_t i = 0; i < e->inject_count; i++) {
        entry[i] = e->inject[i].inject;
        if (e->inject[i].select != EXPERIMENT_SELECT_CPUKIND)
            continue;
        entry[i].workers = self->kind[e->inject[i].cpukind];
        entry[i].worker_count = self->kind_count[e->inject[i].cpukind];
    }
    return (struct inject_set){.entry = entry,
                               .count = e->inject_count,
                               .seed = self->seed,
                               .workers = self->graph.workers,
                               .group = self->group,
                               .groups = e->workers.groups};
}

bool cell_has_bad_links(const struct cell *self)
{
    struct inject entry[EXPERIMENT_INJECT_MAX];
    const struct inject_set set = cell_inject(self, entry);
    return impair_needed(&set);
}

uint32_t cell_faults(const struct cell *self, struct fault out[FAULT_SCHEDULE_MAX])
{
    return experiment_faults(self->common->experiment, out);
}
