/* One entry as if it were number `number` of a profile's list: what its laws do to one worker's iteration. */
#ifndef TESTS_UNIT_SUPPORT_INJECT_H
#define TESTS_UNIT_SUPPORT_INJECT_H

#include "core/inject/inject.h"

#define ENTRIES_MAX 4u

/** `list` holds the set's entries: `number` others that do nothing, and this one. */
static inline struct inject_set only(struct inject list[ENTRIES_MAX], const struct inject *entry,
                                     uint32_t number, uint64_t seed, uint32_t workers)
{
    for (uint32_t i = 0; i < number; i++)
        list[i] = (struct inject){.law = law_find("none")};
    list[number] = *entry;
    return (struct inject_set){
        .entry = list, .count = number + 1, .seed = seed, .workers = workers};
}

static inline bool is_hit(const struct inject *entry, uint32_t number, uint64_t seed,
                          uint32_t workers, uint32_t worker, uint64_t iteration)
{
    struct inject list[ENTRIES_MAX];
    const struct inject_set set = only(list, entry, number, seed, workers);
    return inject_hits(&set, number, worker, iteration);
}

/** What it adds to `compute_ns`, from the run's start on. */
static inline uint64_t adds_ns(const struct inject *entry, uint32_t number, uint64_t seed,
                               uint32_t workers, uint32_t worker, uint64_t iteration,
                               uint64_t compute_ns)
{
    struct inject list[ENTRIES_MAX];
    const struct inject_set set = only(list, entry, number, seed, workers);
    return inject_delay_ns(&set, number, worker, iteration, 0, compute_ns);
}

static inline struct inject_phase phase_of(const struct inject *entry, uint64_t seed,
                                           uint32_t worker, uint64_t iteration, uint64_t at_ns,
                                           uint64_t base_ns)
{
    struct inject list[ENTRIES_MAX];
    const struct inject_set set = only(list, entry, 0, seed, 8);
    return inject_phase(&set, INJECT_COMPUTE, worker, iteration, at_ns, base_ns);
}

#endif
