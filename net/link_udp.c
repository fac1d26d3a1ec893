/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel UDP, polled: what the other links are measured against, and what works between any two hosts.
 *
 * One connected socket per peer, so that the kernel sorts frames by sender, refuses those of strangers, and a peer's
 * burst can only fill its own buffer. Frames are never fragmented (DF is set): one that is too long for the path is
 * lost, and whoever asked for so large a payload hears so. An ICMP "port unreachable" (the peer is gone, or not there
 * yet) shows as an error of a later call, and means no more than a lost frame.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "net/link_rows.h"

#define PAYLOAD_DEFAULT \
    1398u /* with headers the 1500 bytes of Ethernet, less a tunnel's: 54 and 1344 */
#define PAYLOAD_MOST 65000u
#define BUFFER_WANTED (4 << 20)
#define TRUESIZE \
    2304u /* what the kernel charges for a frame of up to 1.5 KB: its page fragment and bookkeeping */

struct udp_peer {
    int socket;
    bool connected;
    uint32_t window;
    uint32_t dropped; /* by the kernel, as told with the latest frame */
};

struct udp {
    struct link link;
    uint32_t peers, next; /* whose socket is read first */
    size_t stride;        /* bytes between frames */
    uint8_t *frame;       /* [LINK_BURST] */
    struct udp_peer peer[];
};

static struct udp *udp_of(struct link *link)
{
    return (struct udp *)link;
}

static bool why_not(char *text, uint32_t bytes)
{
    const int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe >= 0) {
        close(probe);
        return false;
    }
    snprintf(text, bytes, "this host gives no UDP socket: %s", strerror(errno));
    return true;
}

/** Frames that the granted buffer holds. The kernel doubles what it grants, for its own bookkeeping. */
static uint32_t window_of(int from, uint32_t payload_max)
{
    int granted = 0;
    socklen_t bytes = sizeof(granted);
    getsockopt(from, SOL_SOCKET, SO_RCVBUF, &granted, &bytes);
    const uint32_t frame = payload_max + LINK_OUTER > 1500 ? payload_max + TRUESIZE : TRUESIZE;
    const uint32_t holds = (uint32_t)granted / frame;
    return holds > 512 ? 512 : holds;
}

static int open_socket(struct udp_peer *self, const struct sockaddr_in *own, uint32_t payload_max,
                       struct err *err)
{
    static const int on = 1, wanted = BUFFER_WANTED, never = IP_PMTUDISC_DO;
    self->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->socket < 0)
        return err_set(err, -errno, "link udp: no socket: %s", strerror(errno));
    setsockopt(self->socket, SOL_SOCKET, SO_RCVBUF, &wanted,
               sizeof(wanted)); /* the kernel caps it */
    setsockopt(self->socket, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
    setsockopt(self->socket, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    setsockopt(self->socket, IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof(never));
    if (bind(self->socket, (const struct sockaddr *)own, sizeof(*own)) < 0) {
        char text[INET_ADDRSTRLEN];
        return err_set(err, -errno,
                       "link udp: cannot listen on %s: %s; link.address must be one of this host",
                       inet_ntop(AF_INET, &own->sin_addr, text, sizeof(text)), strerror(errno));
    }
    self->window = window_of(self->socket, payload_max);
    if (self->window < 2)
        return err_set(
            err, -ENOBUFS,
            "link udp: the kernel grants room for %u frames, 2 are needed: raise net.core.rmem_max",
            self->window);
    return 0;
}

static void close_udp(struct link *link)
{
    struct udp *const self = udp_of(link);
    for (uint32_t p = 0; p < self->peers; p++)
        if (self->peer[p].socket >= 0)
            close(self->peer[p].socket);
    free(self->frame);
    free(self);
}

/* Payloads lie at multiples of 64 in memory: a frame is read to LINK_OUTER bytes behind such a place. */
static struct udp *take_memory(uint32_t peers, uint32_t payload_max)
{
    struct udp *const self = calloc(1, sizeof(*self) + peers * sizeof(self->peer[0]));
    if (!self)
        return NULL;
    self->stride = (LINK_OUTER + payload_max + 1 + 63) / 64 * 64;
    self->frame = aligned_alloc(64, LINK_BURST * self->stride);
    self->peers = peers;
    for (uint32_t p = 0; p < peers; p++)
        self->peer[p].socket = -1;
    if (self->frame)
        return self;
    free(self);
    return NULL;
}

static struct link *open_udp(const struct link_config *config, struct err *err)
{
    const uint32_t payload_max = config->payload_max ? config->payload_max : PAYLOAD_DEFAULT;
    const char *const address = config->address ? config->address : "127.0.0.1";
    struct sockaddr_in own = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, address, &own.sin_addr) != 1) {
        err_set(err, -EINVAL, "link.address '%.64s' is no IPv4 address", address);
        return NULL;
    }
    if (payload_max > PAYLOAD_MOST) {
        err_set(err, -EINVAL, "link udp: a datagram holds at most %u bytes, not %u", PAYLOAD_MOST,
                payload_max);
        return NULL;
    }
    struct udp *const self = take_memory(config->peer_count, payload_max);
    if (!self) {
        err_set(err, -ENOMEM, "link udp: out of memory for %u peers", config->peer_count);
        return NULL;
    }
    self->link = (struct link){.ops = &link_udp, .payload_max = payload_max, .bypass = LINK_KERNEL};
    for (uint32_t p = 0; p < self->peers; p++)
        if (open_socket(&self->peer[p], &own, payload_max, err) < 0) {
            close_udp(&self->link);
            return NULL;
        }
    return &self->link;
}

/* `10.0.0.1:4711` */
static void address(const struct link *link, uint32_t peer, char out[LINK_ADDRESS_MAX])
{
    const struct udp *const self = (const struct udp *)link;
    struct sockaddr_in own = {0};
    socklen_t bytes = sizeof(own);
    char text[INET_ADDRSTRLEN];
    CHECK(peer < self->peers);
    CHECK(getsockname(self->peer[peer].socket, (struct sockaddr *)&own, &bytes) == 0);
    snprintf(out, LINK_ADDRESS_MAX, "%s:%u", inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text)),
             ntohs(own.sin_port));
}

static bool parse(const char *text, struct sockaddr_in *out)
{
    char host[INET_ADDRSTRLEN], *end;
    const char *const colon = strchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    const unsigned long port = strtoul(colon + 1, &end, 10);
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return !*end && port > 0 && port <= UINT16_MAX && inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static int connect_udp(struct link *link, uint32_t peer, const char *to, struct err *err)
{
    struct udp *const self = udp_of(link);
    struct sockaddr_in there;
    CHECK(peer < self->peers);
    if (!parse(to, &there))
        return err_set(err, -EINVAL,
                       "link udp: a peer gave '%.64s' as its address; expected IPv4:port", to);
    if (connect(self->peer[peer].socket, (const struct sockaddr *)&there, sizeof(there)) < 0)
        return err_set(err, -errno, "link udp: no way to %.64s: %s", to, strerror(errno));
    self->peer[peer].connected = true;
    return 0;
}

/** Has the call failed for one frame alone, as if that had been lost on the way? */
static bool is_loss(int error)
{
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
           error == EHOSTDOWN || error == EMSGSIZE || error == EPERM;
}

static uint32_t send_udp(struct link *link, uint32_t peer, const struct link_out *frame,
                         uint32_t count)
{
    struct udp *const self = udp_of(link);
    struct mmsghdr message[LINK_BURST];
    struct iovec piece[LINK_BURST][2];
    CHECK(peer < self->peers && count <= LINK_BURST);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(frame[i].head_bytes + frame[i].body_bytes <= link->payload_max);
        piece[i][0] = (struct iovec){(void *)(uintptr_t)frame[i].head, frame[i].head_bytes};
        piece[i][1] = (struct iovec){(void *)(uintptr_t)frame[i].body, frame[i].body_bytes};
        message[i] = (struct mmsghdr){
            .msg_hdr = {.msg_iov = piece[i], .msg_iovlen = frame[i].body_bytes ? 2 : 1}};
    }
    uint32_t taken = 0;
    while (taken < count) {
        const int sent =
            sendmmsg(self->peer[peer].socket, message + taken, count - taken, MSG_DONTWAIT);
        if (sent > 0)
            taken += (uint32_t)sent;
        else if (is_loss(errno))
            taken++;
        else
            break;
    }
    return taken;
}

/** The kernel's count of frames that found the buffer full, told with each that did not. */
static void note_overflow(struct udp *self, struct udp_peer *peer, struct msghdr *header)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        uint32_t dropped;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
            continue;
        memcpy(&dropped, CMSG_DATA(c), sizeof(dropped));
        self->link.counts.overflow += dropped - peer->dropped; /* it wraps */
        peer->dropped = dropped;
    }
}

/** Reads into the frames from `used` on and lists those that may be some. Returns how many it read. */
static uint32_t receive_from(struct udp *self, uint32_t p, uint32_t used, struct link_in *out,
                             uint32_t max, uint32_t *count)
{
    struct mmsghdr message[LINK_BURST];
    struct iovec piece[LINK_BURST];
    _Alignas(struct cmsghdr) uint8_t told[LINK_BURST][CMSG_SPACE(sizeof(uint32_t))];
    for (uint32_t i = 0; i < max; i++) {
        piece[i] = (struct iovec){self->frame + (used + i) * self->stride + LINK_OUTER,
                                  self->link.payload_max + 1};
        message[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &piece[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = told[i],
                                                  .msg_controllen = sizeof(told[i])}};
    }
    const int came = recvmmsg(self->peer[p].socket, message, max, MSG_DONTWAIT, NULL);
    for (int i = 0; i < came; i++) {
        note_overflow(self, &self->peer[p], &message[i].msg_hdr);
        if (message[i].msg_len == 0 || message[i].msg_len > self->link.payload_max) {
            self->link.counts.malformed++;
            continue;
        }
        out[(*count)++] =
            (struct link_in){.at = piece[i].iov_base, .bytes = message[i].msg_len, .peer = p};
    }
    return came > 0 ? (uint32_t)came : 0;
}

/* From the peer after the last one on, so that none starves another. */
static uint32_t receive(struct link *link, struct link_in *out, uint32_t max)
{
    struct udp *const self = udp_of(link);
    uint32_t count = 0, used = 0;
    max = max < LINK_BURST ? max : LINK_BURST;
    for (uint32_t i = 0; i < self->peers && used < max; i++) {
        const uint32_t p = (self->next + i) % self->peers;
        if (self->peer[p].connected)
            used += receive_from(self, p, used, out, max - used, &count);
    }
    self->next = (self->next + 1) % self->peers;
    return count;
}

/* The frames are read over by the next call. */
static void release(struct link *link, const struct link_in *in, uint32_t count)
{
    (void)link, (void)in, (void)count;
}

static uint32_t window(const struct link *link, uint32_t peer)
{
    return ((const struct udp *)link)->peer[peer].window;
}

const struct link_ops link_udp = {
    .name = "udp",
    .help = "UDP sockets of the kernel, polled",
    .bypass = LINK_KERNEL,
    .peers_max = 512,
    .why_not = why_not,
    .open = open_udp,
    .address = address,
    .connect = connect_udp,
    .send = send_udp,
    .receive = receive,
    .release = release,
    .window = window,
    .close = close_udp,
};
