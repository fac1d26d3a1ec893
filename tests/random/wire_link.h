/* SPDX-License-Identifier: BSD-3-Clause */
/** One direction of a simulated link: what becomes of each frame, and how many went which way. */
#ifndef TESTS_RANDOM_WIRE_LINK_H
#define TESTS_RANDOM_WIRE_LINK_H

#include "tests/random/wire_scenario.h"

struct wire_link {
    const struct wire_link_law *law;
    struct rng rng;
    uint32_t burst_left;
    uint64_t latest_ns; /* when the last one arrives */
    uint64_t sent, lost, twice, spoilt;
};

struct wire_fate {
    uint32_t copies; /* 0: lost */
    uint64_t at_ns[2];
    bool is_spoilt[2]; /* a bit of it is flipped */
    uint32_t flip[2];  /* which */
};

void wire_link_init(struct wire_link *self, const struct wire_link_law *law, uint64_t seed);
struct wire_fate wire_link_send(struct wire_link *self, uint64_t now_ns, uint32_t bytes);

#endif
