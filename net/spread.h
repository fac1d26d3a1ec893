/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The bridge of one process: its workers' cut edges (fabric_cut.h) over a wire to each other process (core/wire), frames of
 * all wires over one link (link.h).
 *
 * Every process plans the same: between two of them, streams 1, 2 of a direction are the tensors and the controls of the
 * first cut edge in the order of the fabric, 3, 4 of the second, and so on.
 *
 * One thread at a time: that which sets it up, then the loop that turns it, then that which closes it.
 */
#ifndef NET_SPREAD_H
#define NET_SPREAD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/wire/wire.h"
#include "core/worker/bridge.h"
#include "net/fabric.h"
#include "net/link.h"

struct capture;

struct spread_config {
    struct fabric *fabric; /* with `process` */
    uint32_t processes, process;
    enum stream_class tensors;
    const struct link_ops *link;
    const char *interface, *address; /* of the link, or NULL */
    uint64_t run;                    /* names it */
    uint8_t digest[HELLO_KEY_BYTES]; /* all processes must say the same */
    double ns_per_cyc;
    /** Part of a vector that a tensor of a slice is about: mix_slice. */
    void (*range)(uint32_t dim, uint32_t slice, uint32_t slices, uint32_t *begin, uint32_t *end);
    _Atomic uint64_t *settled; /* grows with each message that was replaced on its way */
    struct capture *capture;   /* gets each frame that is sent or received; NULL: none is wanted */
};

struct spread;

/** Opens the link and lays out the wires. NULL with a sentence. */
struct spread *spread_open(const struct spread_config *config, struct err *err);

uint32_t spread_peers(const struct spread *self);
uint32_t spread_peer(const struct spread *self, uint32_t index);

/** As link_address and link_connect, of the index-th peer. */
void spread_address(const struct spread *self, uint32_t index, char out[LINK_ADDRESS_MAX]);
int spread_connect(struct spread *self, uint32_t index, const char *address, struct err *err);

/** Once all are connected. Then turns, here and there, until spread_is_open. */
void spread_start(struct spread *self, uint64_t now_cyc);
bool spread_is_open(const struct spread *self);

struct bridge *spread_bridge(struct spread *self);

/** After the run: say so to all. Turns until spread_is_over, or until it is too late for that. */
void spread_bye(struct spread *self, uint64_t now_cyc);
bool spread_is_over(const struct spread *self);

/** Of all wires together, and of the link. */
struct spread_counts {
    uint64_t wire[WIRE_COUNTS];
    uint64_t peers_sent; /* frames, as the peers said with BYE; 0 where one has not */
    struct link_counts link;
    uint32_t payload; /* bytes of the longest frame, behind its header */
};
struct spread_counts spread_counts(const struct spread *self);

/** Accepts NULL. */
void spread_close(struct spread *self);

#endif
