/* SPDX-License-Identifier: BSD-3-Clause */
/* The link that takes every frame and delivers none: what a run costs without any channel, and a peer that is never heard. */
#include "net/link_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool why_not(char *text, uint32_t bytes)
{
    (void)text, (void)bytes;
    return false;
}

static struct link *open_null(const struct link_config *config, struct err *err)
{
    struct link *const self = calloc(1, sizeof(*self));
    if (!self) {
        err_set(err, -ENOMEM, "out of memory for a link");
        return NULL;
    }
    *self = (struct link){.ops = &link_null,
                          .payload_max = config->payload_max ? config->payload_max : 16384,
                          .bypass = LINK_NOTHING};
    return self;
}

static void address(const struct link *self, uint32_t peer, char out[LINK_ADDRESS_MAX])
{
    (void)self, (void)peer;
    snprintf(out, LINK_ADDRESS_MAX, "null");
}

static int connect_null(struct link *self, uint32_t peer, const char *to, struct err *err)
{
    (void)self, (void)peer, (void)to, (void)err;
    return 0;
}

static uint32_t send_null(struct link *self, uint32_t peer, const struct link_out *frame,
                          uint32_t count)
{
    (void)self, (void)peer, (void)frame;
    return count;
}

static uint32_t receive(struct link *self, struct link_in *out, uint32_t max)
{
    (void)self, (void)out, (void)max;
    return 0;
}

static void release(struct link *self, const struct link_in *in, uint32_t count)
{
    (void)self, (void)in, (void)count;
}

static uint32_t window(const struct link *self, uint32_t peer)
{
    (void)self, (void)peer;
    return 512;
}

static void close_null(struct link *self)
{
    free(self);
}

const struct link_ops link_null = {
    .name = "null",
    .help = "every frame vanishes",
    .bypass = LINK_NOTHING,
    .peers_max = LINK_PEERS_MAX,
    .why_not = why_not,
    .open = open_null,
    .address = address,
    .connect = connect_null,
    .send = send_null,
    .receive = receive,
    .release = release,
    .window = window,
    .close = close_null,
};
