/* SPDX-License-Identifier: BSD-3-Clause */
/** A session that is one of several ranks: they meet, agree, and all but rank 0 do what rank 0 says. */
#ifndef HARNESS_COMMAND_SESSION_RANKS_H
#define HARNESS_COMMAND_SESSION_RANKS_H

#include "harness/command/session.h"

/** Before the profiles are loaded: find and meet the other ranks, if a launcher started some. Returns an exit code. */
int session_meet(struct session *self, struct command_line *line);

/** Has each rank as many processes as the others, in every profile? 0, or -EINVAL with a sentence. */
int session_check_ranks(const struct session *self, struct err *err);

/** Of several ranks: does any of them have a reason (`code`, its exit code) not to start? Returns the exit code of all. */
int session_agree(struct session *self, int code);

/**
 * Runs as rank 0 calls them, without results of our own; where rank 0 dies, what this rank has measured goes to a folder in
 * `out`. Returns an exit code.
 */
int session_follow(struct session *self, struct host *host, const char *out);

/** Digests of what was planned, as ranks compare them before they start. 0, or -errno with a sentence. */
int session_digest(const struct sweep *sweep, uint32_t count, struct ranks_word *word,
                   struct err *err);

/** Rank 0: nothing comes any more. */
void session_dismiss(struct session *self);

void session_leave(struct session *self);

#endif
