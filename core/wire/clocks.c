/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/wire/clocks.h"

bool clocks_take(struct clocks *self, uint64_t t1, uint64_t t2, uint64_t t3, uint64_t t4)
{
    if (t4 < t1 || t3 < t2 || t4 - t1 < t3 - t2)
        return false;
    const struct clocks_reading reading = {
        .offset_ns = ((int64_t)(t2 - t1) + (int64_t)(t3 - t4)) / 2,
        .bound_ns = (t4 - t1 - (t3 - t2)) / 2 + 1, /* and what the halves cut off */
        .at_ns = t4,
        .is_known = true,
    };
    if (self->best.is_known && t4 - self->began_ns >= CLOCKS_STRETCH_NS) {
        self->before = self->best;
        self->best.is_known = false;
    }
    if (!self->best.is_known)
        self->began_ns = t4;
    if (!self->best.is_known || reading.bound_ns <= self->best.bound_ns)
        self->best = reading;
    return true;
}

int64_t clocks_drift_ppb(const struct clocks *self)
{
    if (!self->before.is_known || self->best.at_ns <= self->before.at_ns)
        return 0;
    const int64_t ms = (int64_t)((self->best.at_ns - self->before.at_ns) / 1000000);
    return ms ? (self->best.offset_ns - self->before.offset_ns) * 1000 / ms : 0;
}
