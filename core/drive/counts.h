/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What a run counts: one list for both clocks, and for whatever reads a result.
 *
 * Live each worker has one of these and they are added up at the end; in virtual time there is one for all. What only one
 * clock can count is 0 on the other. A counter is a member here and a row of counts_table: adding up, result.json,
 * `dawdle list counters` and `dawdle help COUNTER` go by these.
 */
#ifndef CORE_DRIVE_COUNTS_H
#define CORE_DRIVE_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/inject/link.h"
#include "core/policy/policy.h"

/** What bad links, and ends of lives, did to messages; of tensors and controls together where it does not say. */
struct counts_links {
    uint64_t dropped_by[LINK_CAUSES];         /* tensors: adds up to counts.tensors_dropped */
    uint64_t control_dropped_by[LINK_CAUSES]; /* control messages that will not come */
    uint64_t tensors_held; /* of tensors_in_flight: behind a link that stays cut */
    uint64_t control_held;
    uint64_t resent, duplicated, corrupted, caught;
};

/** All members are words, so that they can be added. Those that virtual time counts per message come first. */
struct counts {
    uint64_t events, gradients, iterations, bytes_exchanged;
    uint64_t tensors_sent, tensors_delivered, tensors_superseded, control_sent, control_delivered;
    uint64_t mixes, abandoned, duplicates;
    uint64_t tensors_in_flight, tensors_dropped, exact_superseded;
    uint64_t compute_overruns, slot_waits, full_waits, crashes, returns, incomplete;
    uint64_t slots_total, slots_free_min, loans, iterations_logged;
    uint64_t batches, bytes_read, load_retries, involuntary_switches, page_faults;
    struct policy_counters policy;
    struct counts_links links;
};

/** Where a result says it. */
enum counts_place {
    COUNTS_WORK, /* at its head */
    COUNTS_RUN,
    COUNTS_LINKS, /* in `links`, which is there only if any of these is not 0 */
};

struct counts_row {
    const char *name; /* key of result.json */
    const char *help;
    size_t offset; /* in struct counts */
    enum counts_place place;
};

/** In the order of result.json. All counters but those by cause. */
extern const struct counts_row counts_table[];
extern const uint32_t counts_rows;

static inline uint64_t counts_of(const struct counts *self, const struct counts_row *row)
{
    return *(const uint64_t *)(const void *)((const char *)self + row->offset);
}

/** Nothing is counted yet; whatever is added up starts so. */
#define COUNTS_NONE .slots_free_min = UINT64_MAX

/** sum += one, every counter; of slots_free_min the lesser one. */
void counts_add(struct counts *sum, const struct counts *one);

/** A message was lost for good. */
static inline void counts_dropped(struct counts *self, bool tensor, enum link_cause cause)
{
    self->tensors_dropped += tensor;
    self->links.dropped_by[cause] += tensor;
    self->links.control_dropped_by[cause] += !tensor;
}

#endif
