/* SPDX-License-Identifier: BSD-3-Clause */
/* Integers only: a time-out decides when a frame is sent, and must be the same on every machine. */
#include "core/wire/rtt.h"

void rtt_take(struct rtt *self, uint64_t sample_ns)
{
    if (!self->is_known) {
        self->is_known = true;
        self->smoothed_ns = self->least_ns = sample_ns;
        self->spread_ns = sample_ns / 2;
        return;
    }
    const uint64_t off = sample_ns > self->smoothed_ns ? sample_ns - self->smoothed_ns
                                                       : self->smoothed_ns - sample_ns;
    self->spread_ns = self->spread_ns - self->spread_ns / 4 + off / 4;
    self->smoothed_ns = self->smoothed_ns - self->smoothed_ns / 8 + sample_ns / 8;
    if (sample_ns < self->least_ns)
        self->least_ns = sample_ns;
}

uint64_t rtt_timeout(const struct rtt *self, uint32_t tries, uint64_t draw)
{
    const uint64_t spread = 4 * self->spread_ns;
    const uint64_t plain =
        self->is_known ? self->smoothed_ns + (spread > self->floor_ns ? spread : self->floor_ns)
                       : 4 * self->floor_ns;
    uint64_t timeout = plain;
    for (uint32_t i = 0; i < tries && timeout < RTT_TIMEOUT_MAX_NS; i++)
        timeout *= 2;
    if (timeout > RTT_TIMEOUT_MAX_NS)
        timeout = plain > RTT_TIMEOUT_MAX_NS ? plain : RTT_TIMEOUT_MAX_NS;
    return timeout + timeout / 1024 * (draw % 128);
}
