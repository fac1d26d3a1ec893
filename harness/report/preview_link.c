/* SPDX-License-Identifier: BSD-3-Clause */
/* A single edge stands for all: links are drawn alike, each from a stream of its own. */
#include "harness/report/preview_link.h"

static bool first_edge(struct preview_link *out, const struct inject_set *set)
{
    for (out->from = 0; out->from < set->workers; out->from++)
        for (out->to = 0; out->to < set->workers; out->to++)
            if (out->to != out->from && link_concerns(set, out->from, out->to))
                return true;
    return false;
}

bool preview_link_draw(struct preview_link *out, const struct inject_set *set, uint64_t gap_ns,
                       uint64_t *delay_ns)
{
    struct link_state state = {0};
    bool lost_before = false;
    *out = (struct preview_link){.gap_ns = gap_ns};
    if (!first_edge(out, set))
        return false;
    for (uint32_t i = 0; i < PREVIEW_MESSAGES; i++) {
        const struct link_packet packet = {.from = out->from,
                                           .to = out->to,
                                           .class = LINK_TENSOR,
                                           .number = i,
                                           .at_ns = i * gap_ns,
                                           .bytes = PREVIEW_MESSAGE_BYTES};
        const struct link_fate fate = link_decide(set, &packet, &state);
        out->by_cause[fate.cause]++;
        out->losses += fate.cause == LINK_LOST && !lost_before;
        lost_before = fate.cause == LINK_LOST;
        if (fate.cause != LINK_PASSES)
            continue;
        out->copied += fate.copy_ns > 0;
        out->overtaking += fate.overtakes;
        delay_ns[out->delays++] = fate.release_ns - packet.at_ns;
    }
    return true;
}
