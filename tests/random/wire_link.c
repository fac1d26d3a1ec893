/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/random/wire_link.h"

static bool is_hit(struct wire_link *self, uint32_t ppm)
{
    return ppm > 0 && rng_below(&self->rng, 1000000) < ppm;
}

void wire_link_init(struct wire_link *self, const struct wire_link_law *law, uint64_t seed)
{
    *self = (struct wire_link){.law = law, .rng = {.key = seed}};
}

static bool is_lost(struct wire_link *self, uint64_t now_ns, uint32_t bytes)
{
    const struct wire_link_law *const law = self->law;
    if (self->burst_left == 0 && is_hit(self, law->burst_ppm))
        self->burst_left = 1 + rng_below(&self->rng, 2 * law->burst_frames);
    if (self->burst_left > 0) {
        self->burst_left--;
        if (is_hit(self, 900000))
            return true;
    }
    return is_hit(self, law->loss_ppm) || bytes > law->frame_bytes_max ||
           (now_ns >= law->cut_from_ns && now_ns < law->cut_to_ns);
}

struct wire_fate wire_link_send(struct wire_link *self, uint64_t now_ns, uint32_t bytes)
{
    const struct wire_link_law *const law = self->law;
    struct wire_fate fate = {0};
    self->sent++;
    if (is_lost(self, now_ns, bytes)) {
        self->lost++;
        return fate;
    }
    fate.copies = is_hit(self, law->twice_ppm) ? 2 : 1;
    self->twice += fate.copies - 1;
    for (uint32_t i = 0; i < fate.copies; i++) {
        uint64_t at = now_ns + law->delay_ns + rng_next(&self->rng) % (law->jitter_ns + 1);
        if (law->keeps_order && at < self->latest_ns)
            at = self->latest_ns;
        self->latest_ns = at > self->latest_ns ? at : self->latest_ns;
        fate.at_ns[i] = at;
        fate.is_spoilt[i] = is_hit(self, law->corrupt_ppm);
        self->spoilt += fate.is_spoilt[i];
        fate.flip[i] = rng_below(&self->rng, 8 * bytes);
    }
    return fate;
}
