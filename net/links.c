/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of links. */
#include "net/link.h"

#include <stddef.h>
#include <string.h>

#include "core/base/check.h"
#include "net/link_rows.h"

static const struct link_ops *const rows[] = {&link_memif, &link_af_packet, &link_udp, &link_null};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct link_ops *link_at(uint32_t index)
{
    return index < ROWS ? rows[index] : NULL;
}

const struct link_ops *link_find(const char *name)
{
    for (uint32_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}

const char *link_bypass_name(enum link_bypass bypass)
{
    static const char *const name[] = {[LINK_KERNEL] = "kernel",
                                       [LINK_SHARED_MEMORY] = "shared memory",
                                       [LINK_COPY] = "copy",
                                       [LINK_ZERO_COPY] = "zero-copy",
                                       [LINK_NOTHING] = "nothing"};
    CHECK(bypass <= LINK_NOTHING);
    return name[bypass];
}

void link_close(struct link *self)
{
    if (self)
        self->ops->close(self);
}
