/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The journal of one agent: every event it was given, in order, and a digest of the actions that each of them brought.
 *
 * Replayed through a fresh agent of the same configuration, the events must bring the same actions. An entry takes 12 to
 * 40 bytes (varints; times as differences) and ends with a check over all entries so far, so that a damaged journal is
 * found at the entry that is damaged, before it is fed to a policy. Pure: memory is the caller's.
 */
#ifndef CORE_POLICY_JOURNAL_H
#define CORE_POLICY_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/policy/policy.h"

#define JOURNAL_ENTRY_MAX 128u /* bytes */

/** The actions of one step: kinds, fields and lists, in order. */
uint32_t journal_digest(const struct actions *actions);

/** What an agent was configured with: id, peers, stream and options. Chain it over the workers of a run. */
uint64_t journal_digest_config(uint64_t digest, const struct policy *row,
                               const struct policy_config *config);

/** An EV_START of this type is no event: the worker has come back, its agent begins anew. */
#define JOURNAL_ANEW 255u

struct journal {
    uint8_t *data; /* [capacity], borrowed */
    size_t capacity, used;
    uint64_t entries;
    uint64_t now_ns; /* of the entry before */
    uint32_t check;  /* over all bytes so far */
    bool full;       /* an entry did not fit: nothing is recorded from then on */
};

void journal_init(struct journal *self, void *data, size_t capacity);

/** Append. `rate`: the learning rate in force, read back where the actions hold ACT_APPLY. The cost grows with
 * the actions, 50 ns for none to 200 for a whole iteration (tests/bench/journal_cost.c): not on the way of a message. */
void journal_add(struct journal *self, const struct event *event, const struct actions *actions,
                 float rate);

/** One entry read back. */
struct journal_entry {
    struct event event;
    uint32_t actions; /* journal_digest of what followed */
    float rate;
};

/** A reader of `size` bytes; start with the zeroed struct and data, size filled in. */
struct journal_reader {
    const uint8_t *data;
    size_t size, at;
    uint64_t entries;
    uint64_t now_ns;
    uint32_t check;
};

/** 1: an entry is in *out; 0: the end; -EBADMSG: the entry at `at`, number `entries`, is damaged or cut off. */
int journal_next(struct journal_reader *self, struct journal_entry *out);

#endif
