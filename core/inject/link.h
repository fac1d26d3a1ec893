/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What happens to one message on its way: decided here, held and released at the sender's egress by either driver.
 *
 * Decisions are keyed by (seed, entry, directed edge, class) and indexed by the message's number on that edge, so another
 * message elsewhere, another thread count or another transport changes nothing. What depends on time by its nature does
 * so through the sender's time alone: `when`, correlation by elapsed time, flapping, and the token bucket.
 */
#ifndef CORE_INJECT_LINK_H
#define CORE_INJECT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/inject/inject.h"

/** Why a message did not arrive. */
enum link_cause {
    LINK_PASSES,
    LINK_LOST,    /* loss */
    LINK_CUT,     /* partition or flapping */
    LINK_FULL,    /* the queue of a rate limit */
    LINK_CORRUPT, /* a flipped bit that the receiver caught */
    LINK_GONE,    /* its receiver, or its sender's incarnation */
    LINK_CAUSES
};
extern const char
    *const link_cause_name[LINK_CAUSES]; /* "passes", "lost", "cut", "full", "corrupt", "gone" */

enum link_class { LINK_TENSOR, LINK_CONTROL, LINK_CLASSES };

struct link_packet {
    uint32_t from, to;
    enum link_class class;
    bool
        resends; /* the transport sends it again until it arrives (exact and control); else loss is real */
    uint64_t number; /* of its class on this edge, from 0 */
    uint64_t at_ns;  /* since the start, at the sender */
    uint64_t bytes;
};

/** Of one directed edge; zeroed at the start. Whoever sends owns it. */
struct link_state {
    uint64_t entries; /* by number, those that concern the edge: found at the first message */
    uint64_t bucket_free_ns
        [INJECT_LINKS_MAX]; /* by entry with a rate: when what it let go so far has passed */
    uint64_t last_ns[LINK_CLASSES]; /* latest release in order; LINK_NEVER_NS: nothing leaves */
};

#define LINK_NEVER_NS UINT64_MAX
#define LINK_RESENDS_MAX 1024u /* of one message; one that fails as often never arrives */
#define LINK_ENTRIES_MAX 63u   /* of a set */

struct link_fate {
    uint64_t release_ns; /* since the start: when it leaves the egress; at_ns: at once */
    uint64_t copy_ns; /* release of a second copy, which is bound to no order; 0: there is none */
    uint32_t resent;  /* how often it was sent again */
    bool overtakes;   /* not bound to the order of its edge */
    enum link_cause
        cause; /* LINK_PASSES, or why it is dropped at release_ns (LINK_NEVER_NS: held for good) */
    enum link_cause resent_for; /* the latest reason for sending again; LINK_PASSES: none */
    uint32_t
        flip; /* LINK_CORRUPT, or resent for it: which bit of the message flips, modulo its length */
};

/** Entries of a set that concern a directed edge. False: link_decide need not be asked. Pure; ask once per edge. */
bool link_concerns(const struct inject_set *set, uint32_t from, uint32_t to);

/**
 * What becomes of one message; entries act together: delays add up, any of them may lose, hold or cut. Updates *state.
 *
 * A message is cut, refused by a full queue, lost or corrupted, in this order, and pays for no bandwidth then, but one
 * that is corrupted travels like any other. What a resending message suffers costs the entry's resend_ns and is asked
 * anew at the later time; bursts end with the first sending. Where an entry is `unreliable`, what it does to a tensor is
 * final. A copy pays nothing. Percent each: of messages, with each
 * end of the edge drawn for itself. Entries with one_draw draw the delays and spells of all edges of a group together.
 */
struct link_fate link_decide(const struct inject_set *set, const struct link_packet *packet,
                             struct link_state *state);

/**
 * What `what: publish` adds for messages that (worker, iteration) sends: they leave so much later. Pure.
 * (A shorthand of inject_phase; applied before link_decide, whose at_ns is then later.)
 */
uint64_t link_publish_ns(const struct inject_set *set, uint32_t worker, uint64_t iteration,
                         uint64_t at_ns);

#endif
