/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The table of edge kinds: how messages get from one worker to another.
 *
 * A profile names a kind; `dawdle list edges` prints the table. Adding one is a file, a row and a test.
 */
#ifndef NET_EDGES_H
#define NET_EDGES_H

#include <stddef.h>

#include "net/fabric.h"

struct edge_kind {
    const char *name, *help;
    /* What open takes from config->memory, port included. */
    uint64_t (*bytes)(const struct fabric_config *config);
    /* Build the port inside config->memory; 0 or -errno with a sentence. Nothing to close: reset the arena. */
    int (*open)(struct port **out, const struct fabric_config *config, struct err *err);
    struct fabric_counts (*counts)(const struct port *port, uint32_t worker);
};

/** The row of that name, or NULL. */
const struct edge_kind *edges_find(const char *name);

#endif
