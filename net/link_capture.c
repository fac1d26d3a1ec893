/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/link_capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "net/udp_frame.h"

#define NETWORK 0xC6120000u /* 198.18.0.0 */
#define PORT 0x4457u        /* no other dissector of Wireshark wants it */

_Static_assert(LINK_OUTER == UDP_FRAME_OUTER, "the headers fill what a link has before its frames");

struct captured_peer {
    uint8_t to[LINK_OUTER], from[LINK_OUTER]; /* headers of frames, but for their lengths */
};

struct captured {
    struct link link;
    struct link_ops ops; /* the inner one's row, with functions from here */
    struct link *inner;
    struct capture *capture;
    uint32_t peers;
    struct captured_peer peer[];
};

static struct captured *captured_of(struct link *link)
{
    return (struct captured *)link;
}

static struct udp_end end_of(uint32_t process)
{
    return (struct udp_end){.ethernet = {2, 'D', 'W', 0, (uint8_t)(process >> 8), (uint8_t)process},
                            .address = htonl(NETWORK | (process & 0xFFFF)),
                            .port = htons(PORT)};
}

static void keep(struct captured *self, enum pcapng_direction direction, uint64_t at_ns,
                 const uint8_t headers[LINK_OUTER], const struct link_out *frame)
{
    uint8_t outer[LINK_OUTER];
    memcpy(outer, headers, LINK_OUTER);
    udp_frame_finish(outer, LINK_OUTER + frame->head_bytes + frame->body_bytes);
    self->link.counts.captured += capture_frame(self->capture, direction, at_ns, outer, frame);
}

/* Whoever sends has the frames until this returns. */
static uint32_t send_captured(struct link *link, uint32_t peer, const struct link_out *frame,
                              uint32_t count)
{
    struct captured *const self = captured_of(link);
    const uint64_t at_ns = capture_now_ns();
    CHECK(peer < self->peers);
    const uint32_t taken = self->inner->ops->send(self->inner, peer, frame, count);
    for (uint32_t i = 0; i < taken; i++)
        keep(self, PCAPNG_OUT, at_ns, self->peer[peer].to, &frame[i]);
    return taken;
}

static uint32_t receive_captured(struct link *link, struct link_in *out, uint32_t max)
{
    struct captured *const self = captured_of(link);
    const uint32_t came = self->inner->ops->receive(self->inner, out, max);
    const uint64_t at_ns = came > 0 ? capture_now_ns() : 0;
    for (uint32_t i = 0; i < came; i++) {
        const struct link_out frame = {.head = out[i].at, .head_bytes = out[i].bytes};
        keep(self, PCAPNG_IN, at_ns, self->peer[out[i].peer].from, &frame);
    }
    link->counts.overflow = self->inner->counts.overflow;
    link->counts.malformed = self->inner->counts.malformed;
    return came;
}

static void release_captured(struct link *link, const struct link_in *in, uint32_t count)
{
    struct link *const inner = captured_of(link)->inner;
    inner->ops->release(inner, in, count);
}

static void address_captured(const struct link *link, uint32_t peer, char out[LINK_ADDRESS_MAX])
{
    link_address(((const struct captured *)link)->inner, peer, out);
}

static int connect_captured(struct link *link, uint32_t peer, const char *to, struct err *err)
{
    return link_connect(captured_of(link)->inner, peer, to, err);
}

static uint32_t window_captured(const struct link *link, uint32_t peer)
{
    return link_window(((const struct captured *)link)->inner, peer);
}

static void close_captured(struct link *link)
{
    struct captured *const self = captured_of(link);
    link_close(self->inner);
    free(self);
}

struct link *link_capture_open(struct link *inner, const struct link_config *config,
                               struct capture *to, struct err *err)
{
    struct captured *const self =
        calloc(1, sizeof(*self) + config->peer_count * sizeof(self->peer[0]));
    if (!self) {
        link_close(inner);
        err_set(err, -ENOMEM, "out of memory to capture the frames of %u peers",
                config->peer_count);
        return NULL;
    }
    self->ops = *inner->ops;
    self->ops.address = address_captured;
    self->ops.connect = connect_captured;
    self->ops.send = send_captured;
    self->ops.receive = receive_captured;
    self->ops.release = release_captured;
    self->ops.window = window_captured;
    self->ops.close = close_captured;
    self->link = (struct link){
        .ops = &self->ops, .payload_max = inner->payload_max, .bypass = inner->bypass};
    self->inner = inner;
    self->capture = to;
    self->peers = config->peer_count;
    for (uint32_t p = 0; p < self->peers; p++) {
        const struct udp_end here = end_of(config->process), there = end_of(config->peers[p]);
        udp_frame_outer(self->peer[p].to, &here, &there);
        udp_frame_outer(self->peer[p].from, &there, &here);
    }
    return &self->link;
}
