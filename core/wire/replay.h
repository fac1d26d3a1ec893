/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Which frames of a session have been accepted: none is accepted twice.
 *
 * The last REPLAY_WINDOW counters are known one by one; what is older is refused, for it could be a repetition. Asked
 * before a frame is checked, told after it was found good, so that forged frames move nothing.
 *
 * Source: the anti-replay window of IPsec (RFC 4303, section 3.4.3), with words that are cleared as the window passes
 *         (RFC 6479).
 */
#ifndef CORE_WIRE_REPLAY_H
#define CORE_WIRE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WINDOW 4096u /* eight of the longest windows of credit (512) */

struct replay {
    uint64_t top;                            /* highest counter accepted; 0: none */
    uint64_t word[REPLAY_WINDOW / 64u + 1u]; /* counter c is bit c % 64 of word c / 64 % words */
};

/** Counters begin at 1. */
bool replay_is_new(const struct replay *self, uint64_t counter);

/** Requires replay_is_new. */
void replay_note(struct replay *self, uint64_t counter);

#endif
