/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The ranks of a run: processes that a launcher started, here or on other hosts, that train together. Each loads the profile
 * and lays out the whole run for itself; then it has the loops of its own workers. Rank 0 steers, and writes the results.
 */
#ifndef HARNESS_RUN_RANKS_H
#define HARNESS_RUN_RANKS_H

#include "core/base/err.h"
#include "harness/launch/hub.h"

#define RANKS_NAME_MAX 65u

struct ranks_member {
    char name[RANKS_NAME_MAX]; /* of its host */
    char boot[RANKS_NAME_MAX]; /* names this start of its kernel: equal ones share a clock … */
    char net[RANKS_NAME_MAX];  /* … and, with this one equal, sockets */
    uint32_t cores;            /* that it may use */
    bool shares;               /* them, or some, with other ranks: there are fewer than ranks */
};

struct ranks {
    uint32_t rank, count;
    struct hub *hub;
    bool gathers;     /* this process is none of them: it reads what they have left */
    char address[16]; /* of this host, as others reach it; "": all are on one host */
    struct ranks_member member[HUB_RANKS_MAX];
};

/**
 * All ranks tell each other where they are; from then on this process may use only its share of the cores that several of
 * them may. `version` of the program must be the same. 0, or -errno with a sentence that all ranks have.
 */
int ranks_open(struct ranks *out, struct hub *hub, uint32_t rank, uint32_t count,
               const char *version, struct err *err);

/** What all must have alike before anything starts. */
struct ranks_word {
    uint32_t code; /* exit code; not 0: this rank cannot, and says why */
    char text[512];
    uint64_t profile, data, plan; /* digests */
};

/** Returns the exit code that all ranks end with, and the sentence; 0: they can start. */
uint32_t ranks_agree(struct ranks *self, const struct ranks_word *mine, struct err *err);

/** What comes next: a run, by its indices, or the end. */
struct ranks_turn {
    uint32_t profile, value, seed, policy;
    uint32_t over; /* nothing comes */
    uint32_t cut;  /* and would have, but for an interruption */
};

/** Rank 0 says it (self NULL: to nobody), all others get it. 0, or -errno with a sentence: somebody is gone. */
int ranks_call(struct ranks *self, uint32_t profile, uint32_t value, uint32_t seed, uint32_t policy,
               struct err *err);
int ranks_call_over(struct ranks *self, bool cut, struct err *err);
int ranks_hear(struct ranks *self, struct ranks_turn *turn, struct err *err);

/** Do both see the same time-stamp counter? */
bool ranks_share_clock(const struct ranks *self, uint32_t a, uint32_t b);

/** How many counters there are: 1 where all ranks are on one host. */
uint32_t ranks_clocks(const struct ranks *self);

/** Are they all on one host, without a wall between their sockets? */
bool ranks_share_host(const struct ranks *self);

/** "rank 2 (name of its host)" in `out`. Returns out. */
#define RANKS_TITLE_MAX (RANKS_NAME_MAX + 32u)
const char *ranks_title(const struct ranks *self, uint32_t rank, char out[RANKS_TITLE_MAX]);

#endif
