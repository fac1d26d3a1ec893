/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memif: shared memory between two processes of one host, as a DPDK port per peer. Needs neither root nor huge pages.
 *
 * The process with the lower number is the server of a pair. Names of sockets are abstract, so nothing stays in the file
 * system, and carry the run; both ends know them beforehand, so an address is only compared, never believed.
 *
 * What DPDK 22.11 does that shapes this file:
 *  - A frame longer than a descriptor's buffer leaves a mark there that merges later frames: none is ever sent.
 *  - A client cannot start before its server listens, and does not try again: link_connect does, and says "not yet".
 *  - A process has at most 32 ports.
 *  - Rings are unmapped by the interrupt thread when a peer dies: gate.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "net/ethdev.h"
#include "net/gate.h"
#include "net/link_rows.h"

#include <rte_config.h>

#define PAYLOAD_DEFAULT (54u + 16384u)
#define PAYLOAD_MOST 65000u
#define RING_LOG 5u
#define RING (1u << RING_LOG)
#define RESERVE 8u /* descriptors that are kept for what needs no credit */
#define PORTS_MAX 32u
#define AGAIN_MS 100u /* a handshake takes a few */

struct memif_peer {
    struct ethdev port;
    uint32_t process;
    uint64_t started_ms; /* a client, last */
};

struct memif {
    struct link link;
    uint64_t run;
    uint32_t process, peers, next;
    struct memif_peer peer[];
};

static struct memif *memif_of(struct link *link)
{
    return (struct memif *)link;
}

static bool why_not(char *text, uint32_t bytes)
{
    static const char driver[] = RTE_EAL_PMD_PATH "/librte_net_memif.so";
    if (access(driver, R_OK) == 0)
        return false;
    snprintf(text, bytes, "DPDK's driver %s is missing: install librte-net-memif23", driver);
    return true;
}

static uint32_t buffer_bytes(uint32_t payload_max)
{
    return (LINK_OUTER + payload_max + 63) / 64 * 64;
}

/** `memif:4d:0-1`: the run, and the two processes of the pair. */
static void name_pair(const struct memif *self, uint32_t peer, char *out, size_t bytes)
{
    const uint32_t other = self->peer[peer].process;
    const uint32_t server = self->process < other ? self->process : other;
    snprintf(out, bytes, "%llx:%u-%u", (unsigned long long)self->run, server,
             self->process + other - server);
}

static int open_peer(struct memif *self, uint32_t peer, struct err *err)
{
    static uint32_t ports; /* names of devices are never used again in one process */
    char pair[64], name[32], arguments[256];
    const bool serves = self->process < self->peer[peer].process;
    name_pair(self, peer, pair, sizeof(pair));
    snprintf(name, sizeof(name), "net_memif%u", ports++);
    snprintf(arguments, sizeof(arguments),
             "role=%s,id=0,socket=dawdle-%s,socket-abstract=yes,bsize=%u,rsize=%u",
             serves ? "server" : "client", pair, buffer_bytes(self->link.payload_max), RING_LOG);
    const struct ethdev_config config = {.name = name,
                                         .arguments = arguments,
                                         .frame_bytes = buffer_bytes(self->link.payload_max),
                                         .ring = RING,
                                         .copies = true};
    const int rc = ethdev_open(&self->peer[peer].port, &config, err);
    if (rc < 0 || !serves)
        return rc;
    const int started = ethdev_start(&self->peer[peer].port);
    return started < 0 ? err_set(err, started, "link memif: cannot listen as @dawdle-%s: %s", pair,
                                 strerror(-started))
                       : 0;
}

static void close_memif(struct link *link)
{
    struct memif *const self = memif_of(link);
    gate_open();
    for (uint32_t p = 0; p < self->peers; p++)
        ethdev_close(&self->peer[p].port);
    gate_close();
    free(self);
}

static struct link *open_memif(const struct link_config *config, struct err *err)
{
    const uint32_t payload_max = config->payload_max ? config->payload_max : PAYLOAD_DEFAULT;
    if (config->peer_count > PORTS_MAX || payload_max > PAYLOAD_MOST) {
        err_set(err, -EINVAL,
                "link memif: a process has at most %u peers and frames of %u bytes, not %u and %u",
                PORTS_MAX, PAYLOAD_MOST, config->peer_count, payload_max);
        return NULL;
    }
    struct memif *const self =
        calloc(1, sizeof(*self) + config->peer_count * sizeof(self->peer[0]));
    if (!self) {
        err_set(err, -ENOMEM, "link memif: out of memory for %u peers", config->peer_count);
        return NULL;
    }
    self->link =
        (struct link){.ops = &link_memif, .payload_max = payload_max, .bypass = LINK_SHARED_MEMORY};
    self->run = config->run;
    self->process = config->process;
    self->peers = config->peer_count;
    int rc = gate_install(err);
    gate_open();
    for (uint32_t p = 0; p < self->peers && rc == 0; p++) {
        self->peer[p].process = config->peers[p];
        rc = open_peer(self, p, err);
    }
    if (rc == 0)
        return &self->link;
    close_memif(&self->link);
    return NULL;
}

static void address(const struct link *link, uint32_t peer, char out[LINK_ADDRESS_MAX])
{
    const struct memif *const self = (const struct memif *)link;
    char pair[64];
    CHECK(peer < self->peers);
    name_pair(self, peer, pair, sizeof(pair));
    snprintf(out, LINK_ADDRESS_MAX, "memif:%s:%u", pair, buffer_bytes(link->payload_max));
}

static bool all_up(const struct memif *self)
{
    for (uint32_t p = 0; p < self->peers; p++)
        if (!ethdev_is_up(&self->peer[p].port))
            return false;
    return true;
}

static uint64_t now_ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

/** A start fails until the server listens; and is in vain, for ever, where that listens and is not started itself. */
static void start_client(struct memif_peer *self)
{
    const uint64_t now = now_ms();
    if (ethdev_is_up(&self->port))
        return;
    if (self->port.started && now - self->started_ms > AGAIN_MS)
        ethdev_stop(&self->port);
    if (!self->port.started && ethdev_start(&self->port) == 0)
        self->started_ms = now;
}

static int connect_memif(struct link *link, uint32_t peer, const char *to, struct err *err)
{
    struct memif *const self = memif_of(link);
    char expected[LINK_ADDRESS_MAX];
    address(link, peer, expected);
    if (strcmp(to, expected) != 0)
        return err_set(
            err, -EINVAL,
            "link memif: process %u is at '%.64s', expected '%s': another run, or another "
            "size of frames",
            self->peer[peer].process, to, expected);
    if (self->process > self->peer[peer].process)
        start_client(&self->peer[peer]);
    if (!ethdev_is_up(&self->peer[peer].port))
        return err_set(err, -EAGAIN, "link memif: process %u has not connected",
                       self->peer[peer].process);
    ethdev_receive(&self->peer[peer].port, NULL,
                   0); /* a client lends its server buffers when it polls */
    if (all_up(self))
        gate_close();
    return 0;
}

static uint32_t send_memif(struct link *link, uint32_t peer, const struct link_out *frame,
                           uint32_t count)
{
    static const uint8_t outer[LINK_OUTER] = {0};
    struct memif *const self = memif_of(link);
    CHECK(peer < self->peers);
    return ethdev_send(&self->peer[peer].port, outer, NULL, frame, count);
}

/** As many of `burst` as are frames, listed; the others go back. */
static uint32_t list(struct memif *self, uint32_t peer, struct rte_mbuf **burst, uint32_t came,
                     struct link_in *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < came; i++) {
        uint32_t bytes;
        const uint8_t *const at = ethdev_frame(burst[i], &bytes);
        if (bytes <= LINK_OUTER || bytes > LINK_OUTER + self->link.payload_max) {
            self->link.counts.malformed++;
            ethdev_free(burst[i]);
            continue;
        }
        out[count++] = (struct link_in){
            .at = at + LINK_OUTER, .bytes = bytes - LINK_OUTER, .peer = peer, .own = burst[i]};
    }
    return count;
}

static uint32_t receive(struct link *link, struct link_in *out, uint32_t max)
{
    struct memif *const self = memif_of(link);
    struct rte_mbuf *burst[LINK_BURST];
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->peers && count < max; i++) {
        const uint32_t p = (self->next + i) % self->peers;
        const uint32_t came = ethdev_receive(&self->peer[p].port, burst, max - count);
        count += list(self, p, burst, came, out + count);
    }
    self->next = (self->next + 1) % self->peers;
    return count;
}

static uint32_t window(const struct link *link, uint32_t peer)
{
    (void)link, (void)peer;
    return RING - RESERVE;
}

const struct link_ops link_memif = {
    .name = "memif",
    .help = "shared memory between processes of one host, as DPDK ports",
    .bypass = LINK_SHARED_MEMORY,
    .lossless = true,
    .local = true,
    .needs_dpdk = true,
    .peers_max = PORTS_MAX,
    .why_not = why_not,
    .open = open_memif,
    .address = address,
    .connect = connect_memif,
    .send = send_memif,
    .receive = receive,
    .release = ethdev_release,
    .window = window,
    .close = close_memif,
};
