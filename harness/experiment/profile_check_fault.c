/* SPDX-License-Identifier: BSD-3-Clause */
/* Contradictions in `faults:`: each entry by itself, then the schedule that they make together. */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/experiment/profile_private.h"

static struct profile_mark place_of(struct profile_node *item, const char *key)
{
    return profile_tree_nearest(item, key)->mark;
}

static void check_entry(struct profile_load *load, const struct experiment_fault *entry,
                        struct profile_node *item)
{
    const struct experiment *const x = load->out;
    profile_check_ids(load, profile_tree_child(item, "workers"), "worker", entry->workers,
                      entry->worker_count, x->workers.count);
    if (x->stop.time_ns > 0 && entry->fault.at_ns >= x->stop.time_ns)
        profile_errors_add(load->in.errors, place_of(item, "at"),
                           "never happens: the run ends first (stop.time)");
    if (entry->fault.kind == FAULT_DISK && strcmp(x->data.format, "none") == 0)
        profile_errors_add(load->in.errors, place_of(item, "kind"),
                           "fault 'disk' lets reads fail, but data.format none reads nothing");
    struct fault alone = entry->fault;
    alone.worker = 0;
    const char *const why = fault_check(&alone, 1, 2);
    if (why)
        profile_errors_add(load->in.errors, place_of(item, "at"), "fault '%s': %s",
                           fault_kind_name[alone.kind], why);
}

/** Not every policy goes on without a worker, and fewer take one in. */
static void check_policies(struct profile_load *load, const struct experiment_fault *entry,
                           struct profile_node *item)
{
    const struct experiment *const x = load->out;
    const struct fault *const fault = &entry->fault;
    const bool goes = fault->kind == FAULT_CRASH || fault->kind == FAULT_LEAVE;
    const bool comes = fault->kind == FAULT_JOIN || (goes && fault->for_ns > 0);
    for (uint32_t i = 0; i < x->policy_count && (goes || comes); i++) {
        const struct policy_options options = experiment_options(x, i);
        const struct policy *const row =
            policy_variant(x->policy[i].row, &options, x->workers.count);
        const char *const why = policy_refuses(row, comes);
        if (why)
            profile_errors_add(load->in.errors, place_of(item, "kind"),
                               "fault '%s' is not for policy '%s': %s",
                               fault_kind_name[fault->kind], x->policy[i].label, why);
    }
}

/** The least number of faults, in order of time, that cannot be; the whole schedule cannot. */
static uint32_t first_wrong(const struct fault *fault, uint32_t count, uint32_t workers)
{
    uint32_t good = 0, wrong = count;
    while (wrong - good > 1) {
        const uint32_t middle = good + (wrong - good) / 2;
        if (fault_check(fault, middle, workers))
            wrong = middle;
        else
            good = middle;
    }
    return wrong;
}

/** The last entry that has such a fault: of two that clash it is the one that was added. */
static struct profile_node *written_as(const struct profile_load *load, const struct fault *fault)
{
    const struct experiment *const x = load->out;
    for (uint32_t i = x->fault_count; i-- > 0;) {
        const struct experiment_fault *const entry = &x->fault[i];
        if (entry->fault.kind != fault->kind || entry->fault.at_ns != fault->at_ns)
            continue;
        for (uint32_t k = 0; k < entry->worker_count; k++)
            if (entry->workers[k] == fault->worker)
                return profile_item(load, "faults", i);
    }
    return NULL;
}

static void check_schedule(struct profile_load *load)
{
    const struct experiment *const x = load->out;
    struct fault *const fault = calloc(FAULT_SCHEDULE_MAX, sizeof(*fault));
    CHECK(fault);
    const uint32_t count = experiment_faults(x, fault);
    const char *const why = fault_check(fault, count, x->workers.count);
    if (why) {
        const struct fault *const last = &fault[first_wrong(fault, count, x->workers.count) - 1];
        profile_errors_add(load->in.errors, profile_place(&load->in, written_as(load, last)),
                           "fault '%s' of worker %u: %s", fault_kind_name[last->kind], last->worker,
                           why);
    }
    free(fault);
}

void profile_check_faults(struct profile_load *load)
{
    const struct experiment *const x = load->out;
    const uint32_t before = load->in.errors->count;
    uint32_t faults = 0;
    for (uint32_t i = 0; i < x->fault_count; i++) {
        faults += x->fault[i].worker_count;
        check_entry(load, &x->fault[i], profile_item(load, "faults", i));
    }
    if (faults > FAULT_SCHEDULE_MAX)
        profile_errors_add(load->in.errors, profile_tree_child(load->in.root, "faults")->mark,
                           "%u faults are too many; a run has at most %u", faults,
                           FAULT_SCHEDULE_MAX);
    if (load->in.errors->count != before)
        return;
    for (uint32_t i = 0; i < x->fault_count; i++)
        check_policies(load, &x->fault[i], profile_item(load, "faults", i));
    check_schedule(load);
}
