/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A payload that is short is copied behind its header: one segment, one cache miss less at the driver. A long one is
 * attached where it lies, but only for drivers that copy it before their call returns, since it is only lent for so long.
 */
#include "net/ethdev.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "core/base/check.h"
#include "net/capture_output.h"

#define COPIED_MAX 512u /* a payload up to this long is copied, whatever the driver does */
#define CACHE 32u
#define SPARE 64u /* frames that bursts on their way through this process hold */

/* The payload is its sender's: nobody is told when the last frame that names it goes. */
static void leave_payload(void *address, void *context)
{
    (void)address, (void)context;
}
static struct rte_mbuf_ext_shared_info lent = {.free_cb = leave_payload, .refcnt = 1};

static uint32_t room_of(const struct ethdev_config *config)
{
    const uint32_t bytes = RTE_MAX(config->frame_bytes, config->room_bytes);
    return RTE_PKTMBUF_HEADROOM + (bytes + 63) / 64 * 64;
}

/* Both queues full, the caches of the thread, and what it holds. */
static uint32_t frames_of(const struct ethdev_config *config)
{
    return 3 * config->ring + 2 * CACHE + 2 * SPARE;
}

uint64_t ethdev_pool_bytes(const struct ethdev_config *config)
{
    const uint64_t each = sizeof(struct rte_mbuf) + room_of(config) + 64 + sizeof(void *) * 2;
    return frames_of(config) * each + (1 << 20);
}

static int refuse(struct err *err, const struct ethdev *self, int code, const char *what)
{
    return err_set(err, code, "DPDK port %s: %s: %s", self->name, what, strerror(-code));
}

/** What DPDK prints meanwhile stays with us; its last line explains a failure. */
static int plug_in(struct ethdev *self, const char *arguments, struct err *err)
{
    struct capture_output captured;
    char line[256];
    capture_output_begin(&captured);
    const int rc = rte_eal_hotplug_add("vdev", self->name, arguments);
    capture_output_end(&captured, "", line, sizeof(line));
    if (rc < 0)
        return err_set(err, rc, "DPDK has no port %s: %s", self->name,
                       *line ? line : strerror(-rc));
    self->present = true;
    return 0;
}

static int set_up_queues(struct ethdev *self, const struct ethdev_config *config, struct err *err)
{
    static const struct rte_eth_conf plain;
    const int node = SOCKET_ID_ANY;
    int rc = rte_eth_dev_configure(self->port, 1, 1, &plain);
    if (rc < 0)
        return refuse(err, self, rc, "it takes no configuration");
    rc = rte_eth_rx_queue_setup(self->port, 0, (uint16_t)config->ring, (unsigned)node, NULL,
                                self->pool);
    if (rc == 0)
        rc = rte_eth_tx_queue_setup(self->port, 0, (uint16_t)config->ring, (unsigned)node, NULL);
    return rc < 0 ? refuse(err, self, rc, "it has no queues") : 0;
}

int ethdev_open(struct ethdev *self, const struct ethdev_config *config, struct err *err)
{
    CHECK(room_of(config) <= UINT16_MAX);
    *self = (struct ethdev){.frame_bytes = config->frame_bytes, .copies = config->copies};
    snprintf(self->name, sizeof(self->name), "%s", config->name);
    self->pool = rte_pktmbuf_pool_create(self->name, frames_of(config), CACHE, 0,
                                         (uint16_t)room_of(config), SOCKET_ID_ANY);
    if (!self->pool)
        return err_set(err, -ENOMEM, "DPDK has no memory for %u frames of %u bytes of port %s: %s",
                       frames_of(config), config->frame_bytes, self->name, rte_strerror(rte_errno));
    int rc = plug_in(self, config->arguments, err);
    if (rc == 0 && rte_eth_dev_get_port_by_name(self->name, &self->port) < 0)
        rc = refuse(err, self, -ENODEV, "it is none that moves frames");
    if (rc == 0)
        rc = set_up_queues(self, config, err);
    if (rc < 0)
        ethdev_close(self);
    return rc;
}

int ethdev_start(struct ethdev *self)
{
    struct capture_output captured;
    char line[256];
    if (self->started)
        return 0;
    capture_output_begin(&captured); /* a client that finds no server complains each time */
    const int rc = rte_eth_dev_start(self->port);
    capture_output_end(&captured, "", line, sizeof(line));
    self->started = rc == 0;
    return rc;
}

void ethdev_stop(struct ethdev *self)
{
    if (self->started)
        rte_eth_dev_stop(self->port);
    self->started = false;
}

bool ethdev_is_up(const struct ethdev *self)
{
    struct rte_eth_link link = {0};
    return self->started && rte_eth_link_get_nowait(self->port, &link) == 0 &&
           link.link_status == RTE_ETH_LINK_UP;
}

/** The payload as a segment of its own, where it lies. */
static bool attach(struct ethdev *self, struct rte_mbuf *head, const struct link_out *frame)
{
    struct rte_mbuf *const body = rte_pktmbuf_alloc(self->pool);
    if (!body)
        return false;
    rte_mbuf_ext_refcnt_update(&lent, 1);
    rte_pktmbuf_attach_extbuf(body, (void *)(uintptr_t)frame->body, RTE_BAD_IOVA,
                              (uint16_t)frame->body_bytes, &lent);
    body->data_len = (uint16_t)frame->body_bytes;
    head->next = body;
    head->nb_segs = 2;
    head->pkt_len += frame->body_bytes;
    return true;
}

static struct rte_mbuf *build(struct ethdev *self, const uint8_t *outer, ethdev_finish finish,
                              const struct link_out *frame)
{
    const bool attached = self->copies && frame->body_bytes > COPIED_MAX;
    const uint32_t own = LINK_OUTER + frame->head_bytes + (attached ? 0 : frame->body_bytes);
    CHECK(LINK_OUTER + frame->head_bytes + frame->body_bytes <= self->frame_bytes);
    struct rte_mbuf *const head = rte_pktmbuf_alloc(self->pool);
    if (!head)
        return NULL;
    uint8_t *const at = rte_pktmbuf_mtod(head, uint8_t *);
    memcpy(at, outer, LINK_OUTER);
    if (finish)
        finish(at, LINK_OUTER + frame->head_bytes + frame->body_bytes);
    memcpy(at + LINK_OUTER, frame->head, frame->head_bytes);
    head->data_len = (uint16_t)own;
    head->pkt_len = own;
    if (!attached && frame->body_bytes > 0)
        memcpy(at + LINK_OUTER + frame->head_bytes, frame->body, frame->body_bytes);
    if (!attached || attach(self, head, frame))
        return head;
    rte_pktmbuf_free(head);
    return NULL;
}

uint32_t ethdev_send(struct ethdev *self, const uint8_t *outer, ethdev_finish finish,
                     const struct link_out *frame, uint32_t count)
{
    struct rte_mbuf *burst[LINK_BURST];
    uint32_t built = 0;
    CHECK(count <= LINK_BURST);
    while (built < count && (burst[built] = build(self, outer, finish, &frame[built])))
        built++;
    const uint32_t taken = rte_eth_tx_burst(self->port, 0, burst, (uint16_t)built);
    for (uint32_t i = taken; i < built; i++)
        rte_pktmbuf_free(burst[i]);
    return taken;
}

uint32_t ethdev_receive(struct ethdev *self, struct rte_mbuf **out, uint32_t max)
{
    return rte_eth_rx_burst(self->port, 0, out, (uint16_t)(max < LINK_BURST ? max : LINK_BURST));
}

const uint8_t *ethdev_frame(const struct rte_mbuf *frame, uint32_t *bytes)
{
    *bytes = frame->nb_segs == 1 ? frame->data_len : 0;
    return rte_pktmbuf_mtod(frame, const uint8_t *);
}

void ethdev_free(struct rte_mbuf *frame)
{
    rte_pktmbuf_free(frame);
}

void ethdev_release(struct link *link, const struct link_in *in, uint32_t count)
{
    (void)link;
    for (uint32_t i = 0; i < count; i++)
        ethdev_free(in[i].own);
}

void ethdev_close(struct ethdev *self)
{
    struct capture_output captured;
    char line[256];
    capture_output_begin(&captured);
    ethdev_stop(self);
    if (self->present) {
        rte_eth_dev_close(self->port);
        rte_eal_hotplug_remove("vdev", self->name);
    }
    capture_output_end(&captured, "", line, sizeof(line));
    rte_mempool_free(self->pool);
    *self = (struct ethdev){0};
}
