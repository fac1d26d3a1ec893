/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Which life of its sender, and of its receiver, a message belongs to: two numbers modulo 16 in one byte.
 *
 * A worker that comes back begins a new incarnation, and its edges carry nothing over: what was sent to an earlier one, or by
 * an earlier one that is known to be gone, is dropped. What a peer sends in a life that was not heard of yet comes later,
 * when the news of that life has. Sixteen are enough while fewer than eight returns are on their way at once.
 */
#ifndef CORE_DRIVE_INCARNATION_H
#define CORE_DRIVE_INCARNATION_H

#include <stdbool.h>
#include <stdint.h>

#define INCARNATION_MASK 15u

static inline uint8_t incarnation_pair(uint32_t sender, uint32_t receiver)
{
    return (uint8_t)((sender & INCARNATION_MASK) | (receiver & INCARNATION_MASK) << 4);
}
static inline uint32_t incarnation_of_sender(uint8_t pair)
{
    return pair & INCARNATION_MASK;
}
static inline uint32_t incarnation_of_receiver(uint8_t pair)
{
    return pair >> 4;
}

enum incarnation_verdict { INCARNATION_TAKE, INCARNATION_DROP, INCARNATION_LATER };

/**
 * A message with this pair reaches a receiver in life `own`, which has heard of its sender's life `heard`, and, if `gone`, that
 * it has ended.
 */
static inline enum incarnation_verdict incarnation_judge(uint8_t pair, uint32_t own, uint32_t heard,
                                                         bool gone)
{
    const uint32_t ahead = (incarnation_of_sender(pair) - heard) & INCARNATION_MASK;
    if (incarnation_of_receiver(pair) != (own & INCARNATION_MASK))
        return INCARNATION_DROP;
    if (ahead > INCARNATION_MASK / 2 || (ahead == 0 && gone))
        return INCARNATION_DROP;
    return ahead > 0 ? INCARNATION_LATER : INCARNATION_TAKE;
}

#endif
