/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Edge kinds, one row each.
 */
#include "net/edges.h"

#include <errno.h>
#include <string.h>

#include "net/port_null.h"

static uint64_t handle_bytes(const struct fabric_config *config)
{
    return arena_cost(sizeof(struct fabric)) + fabric_bytes(config);
}

static int handle_open(struct port **out, const struct fabric_config *config, struct err *err)
{
    struct fabric *fabric = arena_take(config->memory, sizeof(*fabric));

    if (fabric == NULL)
        return err_set(err, -ENOMEM, "the memory area is full");
    *out = &fabric->port;
    return fabric_init(fabric, config, err);
}

static struct fabric_counts handle_counts(const struct port *port, uint32_t worker)
{
    return fabric_counts((const struct fabric *)port, worker);
}

static uint64_t null_bytes(const struct fabric_config *config)
{
    return arena_cost(sizeof(struct port_null)) + port_null_bytes(config);
}

static int null_open(struct port **out, const struct fabric_config *config, struct err *err)
{
    struct port_null *null = arena_take(config->memory, sizeof(*null));

    if (null == NULL)
        return err_set(err, -ENOMEM, "the memory area is full");
    *out = &null->port;
    return port_null_init(null, config, err);
}

static struct fabric_counts null_counts(const struct port *port, uint32_t worker)
{
    return port_null_counts((const struct port_null *)port, worker);
}

/* clang-format off */
static const struct edge_kind kinds[] = {
    {"handle", "zero copy inside one process: handles through mailboxes or rings",        handle_bytes, handle_open, handle_counts},
    {"null",   "every message vanishes at once: measures the harness without channels",  null_bytes,   null_open,   null_counts},
};
/* clang-format on */

const struct edge_kind *edges_find(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}
