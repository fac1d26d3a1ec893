/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP frames that this process writes and reads itself, over a port of DPDK on an interface of the kernel (af_packet):
 * the kernel's drivers, without its sockets and its stack. All peers share the port.
 *
 * Peers must be on one network: a frame goes to the Ethernet address that its peer told. The kernel sees each frame, too,
 * and would answer that nobody listens: its port is bound, by a socket whose filter drops everything. No frame is
 * fragmented. UDP's checksum is left out, as IPv4 allows: the wire has a better one.
 *
 * What DPDK 22.11 does that shapes this file: a start restores the interface's promiscuity, so CAP_NET_ADMIN is needed
 * besides CAP_NET_RAW; and a frame longer than a slot of the kernel's ring is dropped without a word.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "net/ethdev.h"
#include "net/link_rows.h"
#include "net/udp_frame.h"

#define PAYLOAD_DEFAULT (54u + 1344u)
#define RING 512u
#define PORT_RESERVE 64u /* of the ring, for what needs no credit */

_Static_assert(LINK_OUTER == UDP_FRAME_OUTER, "the headers fill what a link has before its frames");

struct packet_peer {
    uint8_t outer[LINK_OUTER]; /* before its frames */
    struct udp_end end;
    bool connected;
};

struct packet {
    struct link link;
    struct ethdev port;
    uint32_t peers;
    int silencer; /* the kernel's end of the UDP port */
    struct udp_end own;
    struct packet_peer peer[];
};

static struct packet *packet_of(struct link *link)
{
    return (struct packet *)link;
}

static bool has_capabilities(void)
{
    static const uint64_t needed = 1ull << 12 | 1ull << 13; /* CAP_NET_ADMIN, CAP_NET_RAW */
    unsigned long long held = 0;
    char line[128];
    FILE *const in = fopen("/proc/self/status", "re");
    while (in && fgets(line, sizeof(line), in))
        if (sscanf(line, "CapEff: %llx", &held) == 1)
            break;
    if (in)
        fclose(in);
    return (held & needed) == needed;
}

static bool why_not(char *text, uint32_t bytes)
{
    static const char driver[] = RTE_EAL_PMD_PATH "/librte_net_af_packet.so";
    if (access(driver, R_OK) != 0)
        snprintf(text, bytes, "DPDK's driver %s is missing: install librte-net-af-packet23",
                 driver);
    else if (!has_capabilities())
        snprintf(
            text, bytes,
            "it needs CAP_NET_RAW and CAP_NET_ADMIN: run as root, or in a network namespace of "
            "one's own (unshare -Urn)");
    else
        return false;
    return true;
}

/** The interface's own IPv4 address, where none was asked for. */
static int find_address(struct packet *self, const struct link_config *config, struct err *err)
{
    struct ifreq request = {0};
    struct in_addr own;
    if (config->address) {
        if (inet_pton(AF_INET, config->address, &own) != 1)
            return err_set(err, -EINVAL, "link.address '%.64s' is no IPv4 address",
                           config->address);
        self->own.address = own.s_addr;
        return 0;
    }
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", config->interface);
    if (ioctl(self->silencer, SIOCGIFADDR, &request) < 0)
        return err_set(err, -errno,
                       "interface %s has no IPv4 address: give it one, or set link.address",
                       config->interface);
    struct sockaddr_in found;
    memcpy(&found, &request.ifr_addr, sizeof(found));
    self->own.address = found.sin_addr.s_addr;
    return 0;
}

/** Takes a UDP port from the kernel and makes it deaf. */
static int silence(struct packet *self, struct err *err)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog filter = {1, &drop};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = self->own.address};
    socklen_t bytes = sizeof(own);
    if (setsockopt(self->silencer, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
        bind(self->silencer, (const struct sockaddr *)&own, sizeof(own)) < 0 ||
        getsockname(self->silencer, (struct sockaddr *)&own, &bytes) < 0) {
        char text[INET_ADDRSTRLEN];
        return err_set(
            err, -errno,
            "link af_packet: no UDP port on %s: %s; link.address must be one of this host",
            inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text)), strerror(errno));
    }
    self->own.port = own.sin_port;
    return 0;
}

static int ask(const struct packet *self, const char *interface, unsigned long what,
               struct ifreq *request, struct err *err)
{
    snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", interface);
    if (ioctl(self->silencer, what, request) < 0)
        return err_set(err, -errno, "there is no interface '%.32s': %s (see ip link)", interface,
                       strerror(errno));
    return 0;
}

/** What the interface allows, and where it is. */
static int look_at(struct packet *self, const struct link_config *config, struct err *err)
{
    struct ifreq request = {0};
    const uint32_t wanted = config->payload_max ? config->payload_max : PAYLOAD_DEFAULT;
    int rc = ask(self, config->interface, SIOCGIFMTU, &request, err);
    if (rc < 0)
        return rc;
    if (wanted + UDP_FRAME_IP_AND_UDP > (uint32_t)request.ifr_mtu)
        return err_set(
            err, -EMSGSIZE,
            "interface %s carries packets of %d bytes, and frames of %u need %u: raise its MTU",
            config->interface, request.ifr_mtu, wanted, wanted + UDP_FRAME_IP_AND_UDP);
    self->link.payload_max = wanted;
    rc = ask(self, config->interface, SIOCGIFFLAGS, &request, err);
    if (rc < 0)
        return rc;
    if (!(request.ifr_flags & IFF_UP))
        return err_set(err, -ENETDOWN, "interface %s is down: ip link set %s up", config->interface,
                       config->interface);
    rc = ask(self, config->interface, SIOCGIFHWADDR, &request, err);
    memcpy(self->own.ethernet, request.ifr_hwaddr.sa_data, sizeof(self->own.ethernet));
    return rc;
}

static int open_port(struct packet *self, const char *interface, struct err *err)
{
    static uint32_t ports;
    char name[32], arguments[160];
    uint32_t slot = 2048;
    while (slot < LINK_OUTER + self->link.payload_max + 128)
        slot *= 2;
    snprintf(name, sizeof(name), "net_af_packet%u", ports++);
    snprintf(arguments, sizeof(arguments),
             "iface=%s,blocksz=%u,framesz=%u,framecnt=%u,qpairs=1,qdisc_bypass=1", interface,
             slot < 4096 ? 4096 : slot, slot, RING);
    const struct ethdev_config config = {.name = name,
                                         .arguments = arguments,
                                         .frame_bytes = LINK_OUTER + self->link.payload_max,
                                         .room_bytes = slot,
                                         .ring = RING,
                                         .copies = true};
    const int rc = ethdev_open(&self->port, &config, err);
    if (rc < 0)
        return rc;
    const int started = ethdev_start(&self->port);
    return started < 0 ? err_set(err, started, "link af_packet: port on %s does not start: %s",
                                 interface, strerror(-started))
                       : 0;
}

static void close_packet(struct link *link)
{
    struct packet *const self = packet_of(link);
    ethdev_close(&self->port);
    if (self->silencer >= 0)
        close(self->silencer);
    free(self);
}

static struct link *open_packet(const struct link_config *config, struct err *err)
{
    if (!config->interface) {
        err_set(err, -EINVAL, "link af_packet needs link.interface (see ip link)");
        return NULL;
    }
    struct packet *const self =
        calloc(1, sizeof(*self) + config->peer_count * sizeof(self->peer[0]));
    if (!self) {
        err_set(err, -ENOMEM, "link af_packet: out of memory for %u peers", config->peer_count);
        return NULL;
    }
    self->link = (struct link){.ops = &link_af_packet, .bypass = LINK_COPY};
    self->peers = config->peer_count;
    self->silencer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc = self->silencer < 0
                 ? err_set(err, -errno, "link af_packet: no socket: %s", strerror(errno))
                 : 0;
    if (rc == 0)
        rc = look_at(self, config, err);
    if (rc == 0)
        rc = find_address(self, config, err);
    if (rc == 0)
        rc = silence(self, err);
    if (rc == 0)
        rc = open_port(self, config->interface, err);
    if (rc == 0)
        return &self->link;
    close_packet(&self->link);
    return NULL;
}

/* One and the same for all peers. */
static void address(const struct link *link, uint32_t peer, char out[LINK_ADDRESS_MAX])
{
    (void)peer;
    udp_end_print(&((const struct packet *)link)->own, out, LINK_ADDRESS_MAX);
}

static int connect_packet(struct link *link, uint32_t peer, const char *to, struct err *err)
{
    struct packet *const self = packet_of(link);
    CHECK(peer < self->peers);
    if (!udp_end_parse(to, &self->peer[peer].end))
        return err_set(
            err, -EINVAL,
            "link af_packet: a peer gave '%.64s' as its address; expected Ethernet/IPv4:port", to);
    udp_frame_outer(self->peer[peer].outer, &self->own, &self->peer[peer].end);
    self->peer[peer].connected = true;
    return 0;
}

static uint32_t send_packet(struct link *link, uint32_t peer, const struct link_out *frame,
                            uint32_t count)
{
    struct packet *const self = packet_of(link);
    CHECK(peer < self->peers && self->peer[peer].connected);
    return ethdev_send(&self->port, self->peer[peer].outer, udp_frame_finish, frame, count);
}

/** Whose frame this is, or `peers`: none of ours. Everything else on the network passes here as well. */
static uint32_t sender_of(const struct packet *self, const uint8_t *frame, uint32_t bytes)
{
    struct udp_end from;
    uint32_t p = 0;
    if (!udp_frame_is_for(frame, bytes, &self->own, &from))
        return self->peers;
    while (p < self->peers &&
           (!self->peer[p].connected || self->peer[p].end.address != from.address ||
            self->peer[p].end.port != from.port))
        p++;
    return p;
}

/** Bytes of the wire's frame; 0: it is none of ours, or none. */
static uint32_t accept_frame(struct packet *self, const uint8_t *frame, uint32_t bytes,
                             uint32_t *peer)
{
    *peer = sender_of(self, frame, bytes);
    if (*peer == self->peers)
        return 0;
    const uint32_t length = udp_frame_payload(frame, bytes);
    if (length > 0 && length <= self->link.payload_max)
        return length;
    self->link.counts.malformed++;
    return 0;
}

static uint32_t receive(struct link *link, struct link_in *out, uint32_t max)
{
    struct packet *const self = packet_of(link);
    struct rte_mbuf *burst[LINK_BURST];
    const uint32_t came = ethdev_receive(&self->port, burst, max);
    uint32_t count = 0;
    for (uint32_t i = 0; i < came; i++) {
        uint32_t bytes, peer;
        const uint8_t *const at = ethdev_frame(burst[i], &bytes);
        const uint32_t length = accept_frame(self, at, bytes, &peer);
        if (length == 0) {
            ethdev_free(burst[i]);
            continue;
        }
        out[count++] =
            (struct link_in){.at = at + LINK_OUTER, .bytes = length, .peer = peer, .own = burst[i]};
    }
    return count;
}

static uint32_t window(const struct link *link, uint32_t peer)
{
    (void)peer;
    const uint32_t share = (RING - PORT_RESERVE) / ((const struct packet *)link)->peers;
    return share < 2 ? 2 : share;
}

const struct link_ops link_af_packet = {
    .name = "af_packet",
    .help = "an interface of the kernel, without its stack, as a DPDK port",
    .bypass = LINK_COPY,
    .needs_dpdk = true,
    .peers_max = (RING - PORT_RESERVE) / 2,
    .why_not = why_not,
    .open = open_packet,
    .address = address,
    .connect = connect_packet,
    .send = send_packet,
    .receive = receive,
    .release = ethdev_release,
    .window = window,
    .close = close_packet,
};
