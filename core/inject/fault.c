/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/inject/fault.h"

#include <stdbool.h>
#include <stddef.h>

const char *const fault_kind_name[FAULT_KINDS] = {"crash", "leave", "join",
                                                  "pause", "disk",  "slots"};

const char *const fault_kind_help[FAULT_KINDS] = {
    "gone without a word; its peers are told later; may come back empty",
    "finishes its exchange, then goes; its peers know at once; may come back empty",
    "is not there from the start; comes with a neighbour's parameters",
    "alive but stuck: handles nothing meanwhile",
    "its reads fail meanwhile: no batch, no gradient",
    "all but a few of its free snapshots are withheld meanwhile",
};

/** When a fault begins and ends to hold its worker in a state. */
struct spell {
    uint64_t from_ns, to_ns;
};

static struct spell spell_of(const struct fault *fault)
{
    if (fault->kind == FAULT_JOIN)
        return (struct spell){.to_ns = fault->at_ns};
    return (struct spell){fault->at_ns, fault_end_ns(fault)};
}

static const char *check_one(const struct fault *fault, uint32_t workers)
{
    if (fault->kind >= FAULT_KINDS)
        return "a fault is of no known kind";
    if (fault->worker >= workers)
        return "a fault names a worker that there is not";
    if (fault->kind == FAULT_JOIN && fault->at_ns == 0)
        return "a worker that joins at the start is there anyway";
    if (fault->kind == FAULT_JOIN && fault->for_ns > 0)
        return "a worker that joins stays: let it leave or crash later";
    if (!fault_is_absence(fault->kind) && fault->for_ns == 0)
        return "a pause, a failing disk and withheld slots need an end: a worker stuck for good "
               "has "
               "crashed";
    if (fault->kind == FAULT_DISK && fault->disk >= DISK_KINDS)
        return "a disk fails in no known way";
    return NULL;
}

/** Pauses, disks and slots of one worker are independent of each other; with an absence nothing is. */
static const char *check_pair(const struct fault *one, const struct fault *other)
{
    const struct spell a = spell_of(one), b = spell_of(other);
    if (one->worker != other->worker)
        return NULL;
    if (!fault_is_absence(one->kind) && !fault_is_absence(other->kind) && one->kind != other->kind)
        return NULL;
    if (a.from_ns < b.to_ns && b.from_ns < a.to_ns)
        return "a worker is in two states at once: one fault begins before another of it has ended";
    if (a.to_ns == b.from_ns && fault_is_absence(one->kind) && fault_is_absence(other->kind))
        return "a worker goes at the very time at which it comes back";
    return NULL;
}

static uint32_t absent_at(const struct fault *fault, uint32_t count, uint64_t at_ns)
{
    uint32_t absent = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct spell spell = spell_of(&fault[i]);
        absent += fault_is_absence(fault[i].kind) && spell.from_ns <= at_ns && at_ns < spell.to_ns;
    }
    return absent;
}

/* An absence that ends frees nobody who was needed, so it is enough to look at those that begin; those of one worker
 * do not overlap, so they count workers. */
static const char *check_anybody(const struct fault *fault, uint32_t count, uint32_t workers)
{
    if (count < workers)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!fault_is_absence(fault[i].kind))
            continue;
        if (absent_at(fault, count, spell_of(&fault[i]).from_ns) >= workers)
            return "at some time nobody is there, and nobody could give a model to who comes back";
    }
    return NULL;
}

const char *fault_check(const struct fault *fault, uint32_t count, uint32_t workers)
{
    if (count > FAULT_SCHEDULE_MAX)
        return "there are more faults than a schedule holds";
    for (uint32_t i = 0; i < count; i++) {
        const char *wrong = check_one(&fault[i], workers);
        if (!wrong && i > 0 && fault[i].at_ns < fault[i - 1].at_ns)
            wrong = "faults are not in order of time";
        for (uint32_t k = 0; k < i && !wrong; k++)
            wrong = check_pair(&fault[k], &fault[i]);
        if (wrong)
            return wrong;
    }
    return check_anybody(fault, count, workers);
}
