/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What ranks tell each other beside the frames: one stream connection of each to rank 0, and one operation, a round, in
 * which everybody says something and hears what all said. Rank 0 closes a round when it has heard from all; so whatever a
 * rank says in a round was said after everything that it heard in the one before.
 *
 * Who does not say its word in time, or breaks off, is gone for good: rank 0 alone declares it, in the same round for all.
 * One thread. Words are data of other processes: hostile until their reader has checked them.
 */
#ifndef HARNESS_LAUNCH_HUB_H
#define HARNESS_LAUNCH_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define HUB_RANKS_MAX 64u
#define HUB_WORD_MAX (UINT32_C(1) << 30) /* bytes */
#define HUB_PLACE_MAX 64u                /* bytes of "address:port" with its end */

/** What one rank said. */
struct hub_word {
    const uint8_t *data; /* valid until the next round */
    uint32_t bytes;
    bool gone;
};

struct hub;

/**
 * Rank 0: listens at `place`, "address:port" (port 0: any that is free), and writes into it where that is. Everybody else:
 * only notes it. `stop` is asked now and then: true ends every wait with -EINTR, until hub_hold_on. NULL with a sentence.
 */
struct hub *hub_open(uint32_t rank, uint32_t ranks, char place[HUB_PLACE_MAX], bool (*stop)(void),
                     struct err *err);

/** All ranks of the job that `token` names meet. 0, or -errno with a sentence. */
int hub_join(struct hub *self, uint64_t token, uint32_t patience_ms, struct err *err);

/**
 * A round: `bytes` of `mine` in, what each rank said out: [ranks]. Rank 0 waits `patience_ms` for each; others a good
 * deal longer, for rank 0. With `gather` only rank 0 gets the words, and all get who is gone. 0, or -errno with a sentence:
 * rank 0 is gone, or declared this one gone.
 */
int hub_round(struct hub *self, const void *mine, uint32_t bytes, bool gather, uint32_t patience_ms,
              const struct hub_word **out, struct err *err);

/**
 * From now on `stop` is asked no more: a rank that is told to stop says so in its words, and takes part until all have
 * stopped in the same round. Who breaks off instead takes its workers from the others, or, as rank 0, the result from all.
 */
void hub_hold_on(struct hub *self);

/** Nobody is gone, as far as rounds have told. */
bool hub_is_whole(const struct hub *self);

/** After hub_join: the address of this host that others have reached, or reach it from. [16] */
void hub_address(const struct hub *self, char out[16]);

/** Accepts NULL. */
void hub_close(struct hub *self);

#endif
