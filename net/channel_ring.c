/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rte_ring with its element size and its modes fixed, so that no mode is looked up at run time.
 *
 * Ordering is rte_ring's own: the producer writes the elements before it moves prod.tail, the consumer reads them before
 * it moves cons.tail. On x86 plain stores in this order suffice; define RTE_USE_C11_MEM_MODEL to get the same with
 * C11 atomics, which is what ThreadSanitizer understands.
 */
#include "net/channel_ring.h"

#include <rte_ring_elem.h>

#include "core/base/check.h"
#include "net/line.h"

_Static_assert(sizeof(struct rte_ring) % LINE_BYTES == 0, "elements start on a line of their own");
_Static_assert(RTE_CACHE_LINE_SIZE == LINE_BYTES, "DPDK was built for the same line size");

static size_t ring_bytes(uint32_t depth, unsigned element_bytes)
{
    CHECK(depth >= 1);
    CHECK(depth <= CHANNEL_RING_DEPTH_MAX);
    /* RING_F_EXACT_SZ keeps one place unused, then rounds up to a power of two. */
    const ssize_t bytes = rte_ring_get_memsize_elem(element_bytes, rte_align32pow2(depth + 1));
    CHECK(bytes > 0);
    return (size_t)bytes;
}

size_t channel_ring_bytes_of_messages(uint32_t depth)
{
    return ring_bytes(depth, sizeof(struct port_message));
}

size_t channel_ring_bytes_of_handles(uint32_t depth)
{
    return ring_bytes(depth, sizeof(slots_handle));
}

struct channel_ring *channel_ring_init(void *memory, uint32_t depth)
{
    struct rte_ring *ring = memory;

    CHECK((uintptr_t)memory % LINE_BYTES == 0);
    CHECK(depth >= 1);
    const int rc =
        rte_ring_init(ring, "dawdle", depth, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
    CHECK(rc == 0);
    return (struct channel_ring *)ring;
}

bool channel_ring_push(struct channel_ring *self, const struct port_message *message)
{
    return rte_ring_sp_enqueue_bulk_elem((struct rte_ring *)self, message, sizeof(*message), 1,
                                         NULL) == 1;
}

bool channel_ring_push_handle(struct channel_ring *self, slots_handle handle)
{
    return rte_ring_sp_enqueue_bulk_elem((struct rte_ring *)self, &handle, sizeof(handle), 1,
                                         NULL) == 1;
}

uint32_t channel_ring_pop(struct channel_ring *self, struct port_message *out, uint32_t max)
{
    return rte_ring_sc_dequeue_burst_elem((struct rte_ring *)self, out, sizeof(*out), max, NULL);
}

uint32_t channel_ring_pop_handles(struct channel_ring *self, slots_handle *out, uint32_t max)
{
    return rte_ring_sc_dequeue_burst_elem((struct rte_ring *)self, out, sizeof(*out), max, NULL);
}
