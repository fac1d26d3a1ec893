/* SPDX-License-Identifier: BSD-3-Clause */
/** One run being replayed. Internal to harness/run/replay*. */
#ifndef HARNESS_RUN_REPLAY_STATE_H
#define HARNESS_RUN_REPLAY_STATE_H

#include "core/policy/agent.h"
#include "core/policy/journal.h"
#include "harness/record/journal_file.h"
#include "harness/run/cell.h"

struct replay_versions;

struct replay_worker {
    struct agent agent;
    void *memory; /* agent's, owned */
    struct journal_reader reader;
    struct replay_versions *versions; /* owned; only with parameters */
};

struct replay {
    const struct cell *cell;
    const struct journal_file *journal;
    struct policy_config *config; /* [workers], borrowed by the agents */
    struct replay_worker *worker; /* [workers] */
    struct actions *actions;      /* one step at a time */
    uint64_t entries;             /* replayed so far */
    uint64_t returns;             /* times a worker came back */
    bool parameters;
};

/** Fresh agents and readers at the start. 0 or -ENOMEM. */
int replay_rewind(struct replay *self);

/** Feed the worker's next entry: 1 done, 0 end, negative with `err`: the journal is damaged or the actions differ. */
int replay_step(struct replay *self, uint32_t w, struct journal_entry *entry, struct err *err);

/** Count who will read which version: called after every step of the first pass. 0 or -ENOMEM. */
int replay_count_uses(struct replay *self, uint32_t w, const struct event *event);

/** The second pass. 0, or negative with `err`. */
int replay_execute(struct replay *self, struct err *err);

void replay_versions_free(struct replay_versions *self);

#endif
