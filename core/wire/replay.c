/* SPDX-License-Identifier: BSD-3-Clause */
/* One word more than the window has: the word of the newest counters is cleared as a whole, and must not hold any that
 * are still asked for. */
#include "core/wire/replay.h"

#define WORDS (REPLAY_WINDOW / 64u + 1u)

bool replay_is_new(const struct replay *self, uint64_t counter)
{
    if (counter > self->top)
        return true;
    if (counter == 0 || self->top - counter >= REPLAY_WINDOW)
        return false;
    return (self->word[counter / 64u % WORDS] >> counter % 64u & 1u) == 0;
}

void replay_note(struct replay *self, uint64_t counter)
{
    if (counter > self->top) {
        const uint64_t passed = counter / 64u - self->top / 64u;
        for (uint64_t i = 0; i < passed && i < WORDS; i++)
            self->word[(counter / 64u - i) % WORDS] = 0;
        self->top = counter;
    }
    self->word[counter / 64u % WORDS] |= UINT64_C(1) << counter % 64u;
}
