/* SPDX-License-Identifier: BSD-3-Clause */
/** What the files behind link.h share. Private to core/inject. */
#ifndef CORE_INJECT_LINK_PRIVATE_H
#define CORE_INJECT_LINK_PRIVATE_H

#include "core/inject/link.h"

/** Each decision has a stream of its own: whether a message is lost must say nothing about how late it is. */
enum link_question {
    LINK_WHO,
    LINK_DELAY,
    LINK_LOSS,
    LINK_BURST,
    LINK_SPELL,
    LINK_COPY,
    LINK_COPY_GAP,
    LINK_REORDER,
    LINK_REORDER_GAP,
    LINK_FLIP,
};

/** The stream of one question of entry `number` about a directed edge and class; indexed by the message's number. */
uint64_t link_stream(const struct inject_set *set, uint32_t number,
                     const struct link_packet *packet, enum link_question question);

/** As link_stream, but of what edges may share: a group of an entry with one_draw. */
uint64_t link_shared_stream(const struct inject_set *set, uint32_t number,
                            const struct link_packet *packet, enum link_question question);

/** The stream of a cable: both directions and both classes, as neither passes a link that is down. */
uint64_t link_cable_stream(const struct inject_set *set, uint32_t number,
                           const struct link_packet *packet);

/** Entries that can concern an edge, by number. */
uint64_t link_entries(const struct inject_set *set, uint32_t from, uint32_t to);

/** Does the entry, one of link_entries, mean this message? */
bool link_hits(const struct inject_set *set, uint32_t number, const struct link_packet *packet);

/** Why a message does not get through, and when sending it again may help. */
struct link_obstacle {
    enum link_cause cause;
    uint64_t
        until_ns; /* LINK_CUT: at least so long; LINK_NEVER_NS: for good. Else: the time asked for */
    uint64_t resend_ns; /* of the entry */
    bool final;         /* of the entry: tensors are lost for good, whatever the transport */
};

/** What the entry does to the message's sending number `attempt`, at at_ns: cut, lost or corrupted. Pure. */
struct link_obstacle link_meets(const struct inject_set *set, uint32_t number,
                                const struct link_packet *packet, uint32_t attempt, uint64_t at_ns);

#endif
