/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What one entry for links makes of messages: PREVIEW_MESSAGES of them on the first edge that it concerns, one after the
 * other, as the transport sees them that loses for real.
 */
#ifndef HARNESS_REPORT_PREVIEW_LINK_H
#define HARNESS_REPORT_PREVIEW_LINK_H

#include "core/inject/link.h"

#define PREVIEW_MESSAGES 100000u
#define PREVIEW_MESSAGE_BYTES 4096u

struct preview_link {
    uint32_t from, to; /* the edge */
    uint32_t by_cause[LINK_CAUSES];
    uint32_t losses;             /* stretches of messages lost in a row */
    uint32_t copied, overtaking; /* of those that pass */
    uint32_t delays;             /* messages that pass */
    uint64_t gap_ns;             /* from one message to the next */
};

/** delay_ns: [PREVIEW_MESSAGES] gets those of messages that pass. False: the entry concerns no edge. Pure. */
bool preview_link_draw(struct preview_link *out, const struct inject_set *set, uint64_t gap_ns,
                       uint64_t *delay_ns);

#endif
