/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Ordered lossless channels: DPDK's single-producer single-consumer ring on memory that we hand in.
 *
 * Two element sizes: whole messages (64 bytes, classes `exact` and `control`) and handles (8 bytes, the way back of
 * loans). The ring is DPDK's rte_ring; it is initialised in place because DPDK allows only 2560 named memory zones and
 * a complete graph of 64 workers would need 4032 rings.
 *
 * One producer thread, one consumer thread. Nothing here blocks.
 */
#ifndef NET_CHANNEL_RING_H
#define NET_CHANNEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/worker/port.h"

#define CHANNEL_RING_DEPTH_MAX (1u << 20)

struct channel_ring; /* an rte_ring */

/** Bytes of a ring that holds exactly `depth` elements (1 to CHANNEL_RING_DEPTH_MAX). */
size_t channel_ring_bytes_of_messages(uint32_t depth);
size_t channel_ring_bytes_of_handles(uint32_t depth);

/** Make an empty ring in `memory` (64-byte aligned, bytes as above). The ring *is* the memory; nothing to close. */
struct channel_ring *channel_ring_init(void *memory, uint32_t depth);

/** False when full: nothing was stored. */
bool channel_ring_push(struct channel_ring *self, const struct port_message *message);
bool channel_ring_push_handle(struct channel_ring *self, slots_handle handle);

/** Up to `max` elements in order; returns how many. */
uint32_t channel_ring_pop(struct channel_ring *self, struct port_message *out, uint32_t max);
uint32_t channel_ring_pop_handles(struct channel_ring *self, slots_handle *out, uint32_t max);

#endif
