/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One DPDK port with one queue each way and a pool of its own, as links need it.
 *
 * Its frames are one segment when they arrive. DPDK must run (net/eal.h), with room for ethdev_pool_bytes of each port.
 */
#ifndef NET_ETHDEV_H
#define NET_ETHDEV_H

#include "net/link.h"

struct rte_mbuf;
struct rte_mempool;

struct ethdev_config {
    const char *name;      /* of the device, unique in this process: net_memif0 … */
    const char *arguments; /* its devargs */
    uint32_t frame_bytes;  /* the longest frame, LINK_OUTER included; at most 65407 */
    uint32_t room_bytes;   /* that the driver wants in a buffer, if more than that */
    uint32_t ring;         /* descriptors of each queue, a power of two */
    bool copies;           /* the driver copies a frame before its transmit call returns */
};

struct ethdev {
    char name[64];
    uint16_t port;
    bool present, started, copies;
    uint32_t frame_bytes;
    struct rte_mempool *pool;
};

uint64_t ethdev_pool_bytes(const struct ethdev_config *config);

/** Makes the device and its queues; nothing moves yet. 0 or -errno with a sentence. Filled in place. */
int ethdev_open(struct ethdev *self, const struct ethdev_config *config, struct err *err);

/** 0; or -errno as the driver says (a memif client whose server is not there yet). */
int ethdev_start(struct ethdev *self);

/** Undoes it, so that it can be started again. */
void ethdev_stop(struct ethdev *self);

/** Is the other end there? */
bool ethdev_is_up(const struct ethdev *self);

/** Completes `outer`, copied to the front of a frame of so many bytes. */
typedef void (*ethdev_finish)(uint8_t *frame, uint32_t bytes);

/** Frames taken, each with `outer` (LINK_OUTER bytes) before it. `finish` may be NULL. */
uint32_t ethdev_send(struct ethdev *self, const uint8_t *outer, ethdev_finish finish,
                     const struct link_out *frame, uint32_t count);

/** Frames that came, as they are; to be given back by ethdev_free. */
uint32_t ethdev_receive(struct ethdev *self, struct rte_mbuf **out, uint32_t max);
const uint8_t *ethdev_frame(const struct rte_mbuf *frame, uint32_t *bytes);
void ethdev_free(struct rte_mbuf *frame);

/** The `release` of links whose frames these are. */
void ethdev_release(struct link *link, const struct link_in *in, uint32_t count);

/** Accepts one that never opened. */
void ethdev_close(struct ethdev *self);

#endif
