/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The port of edge kind `null`: every message vanishes at once and its loan comes straight home.
 *
 * With it a run measures what the loop costs without any channel. Only for policies that never wait for a neighbour;
 * the others would wait for ever.
 */
#ifndef NET_PORT_NULL_H
#define NET_PORT_NULL_H

#include "net/fabric.h"

struct port_null {
    struct port port; /* first: ops cast back */
    struct store store;
    uint64_t *sent; /* [workers * 8] tensors, one line per worker */
    uint32_t workers;
};

/** What port_null_init takes from the arena. Uses workers, slots and dim of the fabric's configuration. */
uint64_t port_null_bytes(const struct fabric_config *config);

/** 0, or -ENOMEM with a sentence. */
int port_null_init(struct port_null *self, const struct fabric_config *config, struct err *err);

/** Sent equals superseded; nothing is ever delivered. */
struct fabric_counts port_null_counts(const struct port_null *self, uint32_t worker);

#endif
