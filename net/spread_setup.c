/* SPDX-License-Identifier: BSD-3-Clause */
/* Which cut edges go to which process, a wire for each of them, and the link below. Ordinary memory: only turns are hot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "net/link_capture.h"
#include "net/spread_parts.h"

/* Frames are as long as the link allows, of these. */
static const uint32_t payloads[SESSION_PAYLOADS] = {16384, 8896, 1344};

/** Lists the cut edges between two processes, in either direction. */
static bool list_edges(const struct spread *self, struct spread_pair *pair)
{
    const struct fabric *const fabric = self->config.fabric;
    const uint16_t *const process = fabric->config.process;
    pair->out = calloc(2 * (size_t)fabric->cuts + 1, sizeof(*pair->out));
    if (!pair->out)
        return false;
    pair->in = pair->out + fabric->cuts;
    for (uint32_t cut = 0; cut < fabric->cuts; cut++) {
        uint32_t from, to;
        fabric_cut_ends(fabric, cut, &from, &to);
        if (process[from] == self->config.process && process[to] == pair->process)
            pair->out[pair->outs++] = cut;
        if (process[to] == self->config.process && process[from] == pair->process)
            pair->in[pair->ins++] = cut;
    }
    pair->held = calloc(2 * (size_t)pair->outs + 1, sizeof(*pair->held));
    return pair->held != NULL;
}

static uint32_t depth_of(const struct fabric_config *fabric)
{
    return fabric->tensors == FABRIC_EXACT ? fabric->exact_depth : 1;
}

/** Two streams for each edge; with the places of vectors where it is the reader's end. */
static void plan_streams(const struct spread *self, const uint32_t *edge, uint32_t edges,
                         bool reads, struct stream_plan *out)
{
    const struct fabric *const fabric = self->config.fabric;
    for (uint32_t k = 0; k < edges; k++) {
        struct stream_plan *const tensors = &out[2 * k];
        *tensors = (struct stream_plan){.class = self->config.tensors,
                                        .depth = depth_of(&fabric->config),
                                        .slots = fabric->config.bodies,
                                        .body_bytes = fabric->config.dim * (uint32_t)sizeof(float)};
        if (reads)
            tensors->store =
                (unsigned char *)fabric_cut_store(fabric, edge[k], &tensors->slot_bytes);
        out[2 * k + 1] =
            (struct stream_plan){.class = STREAM_CONTROL, .depth = fabric->config.control_depth};
    }
}

static void choose_payloads(const struct spread *self, uint32_t out[SESSION_PAYLOADS])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SESSION_PAYLOADS; i++)
        if (payloads[i] + FRAME_HEAD_BYTES <= self->link->payload_max)
            out[count++] = payloads[i];
}

static int lay_wire(struct spread *self, uint32_t p, struct err *err)
{
    struct spread_pair *const pair = &self->pair[p];
    struct stream_plan *const plan = calloc(2 * (pair->outs + pair->ins) + 1, sizeof(*plan));
    if (!plan)
        return err_set(err, -ENOMEM, "out of memory for %u streams", 2 * (pair->outs + pair->ins));
    plan_streams(self, pair->out, pair->outs, false, plan);
    plan_streams(self, pair->in, pair->ins, true, plan + 2 * pair->outs);
    struct wire_config config = {
        .terms = {.self = (uint16_t)self->config.process,
                  .peer = (uint16_t)pair->process,
                  .run = self->config.run},
        .out = plan,
        .outs = 2 * pair->outs,
        .in = plan + 2 * pair->outs,
        .ins = 2 * pair->ins,
        .window = link_window(self->link, p),
        .floor_ns = self->config.link->lossless ? 10000000 : 1000000,
        .seed = self->config.run ^ (uint64_t)self->config.process << 32 ^ pair->process,
        /* memory of this host is as good as that of the edges within a process, which nobody sums up */
        .is_checked = !(self->config.link->local && self->config.link->lossless),
    };
    choose_payloads(self, config.terms.payload);
    memcpy(config.terms.digest, self->config.digest, sizeof(config.terms.digest));
    int rc = wire_check(&config, err);
    if (rc == 0) {
        void *const memory = aligned_alloc(64, (wire_bytes(&config) + 63) / 64 * 64);
        pair->store = malloc((size_t)SPREAD_BATCH * self->link->payload_max);
        rc = memory && pair->store ? 0
                                   : err_set(err, -ENOMEM, "out of memory for a wire of %zu bytes",
                                             wire_bytes(&config));
        if (rc == 0)
            pair->wire = wire_init(memory, &config);
        else
            free(memory);
    }
    free(plan);
    return rc;
}

static int open_link(struct spread *self, struct err *err)
{
    uint32_t *const peers = calloc(self->pairs + 1, sizeof(*peers));
    if (!peers)
        return err_set(err, -ENOMEM, "out of memory for %u peers", self->pairs);
    for (uint32_t p = 0; p < self->pairs; p++)
        peers[p] = self->pair[p].process;
    const struct link_config config = {.process = self->config.process,
                                       .peer_count = self->pairs,
                                       .peers = peers,
                                       .run = self->config.run,
                                       .interface = self->config.interface,
                                       .address = self->config.address};
    self->link = self->config.link->open(&config, err);
    if (self->link && self->config.capture)
        self->link = link_capture_open(self->link, &config, self->config.capture, err);
    free(peers);
    return self->link ? 0 : -EIO;
}

/** Pairs with whom no edge is shared have no wire, and need none. */
static int list_pairs(struct spread *self, struct err *err)
{
    self->pair = calloc(self->config.processes, sizeof(*self->pair));
    if (!self->pair)
        return err_set(err, -ENOMEM, "out of memory for %u processes", self->config.processes);
    for (uint32_t process = 0; process < self->config.processes; process++) {
        struct spread_pair *const pair = &self->pair[self->pairs];
        if (process == self->config.process)
            continue;
        pair->process = process;
        if (!list_edges(self, pair))
            return err_set(err, -ENOMEM, "out of memory for the edges to process %u", process);
        if (pair->outs + pair->ins > 0) {
            self->pairs++;
            continue;
        }
        free(pair->out);
        free(pair->held);
        *pair = (struct spread_pair){0};
    }
    return 0;
}

struct spread *spread_open(const struct spread_config *config, struct err *err)
{
    struct spread *const self = calloc(1, sizeof(*self));
    CHECK(config->process < config->processes && config->fabric->config.process);
    if (!self) {
        err_set(err, -ENOMEM, "out of memory for the edges between processes");
        return NULL;
    }
    self->config = *config;
    int rc = list_pairs(self, err);
    if (rc == 0 && self->pairs > 0)
        rc = open_link(self, err);
    for (uint32_t p = 0; p < self->pairs && rc == 0; p++)
        rc = lay_wire(self, p, err);
    if (rc == 0)
        return self;
    spread_close(self);
    return NULL;
}

uint32_t spread_peers(const struct spread *self)
{
    return self->pairs;
}

uint32_t spread_peer(const struct spread *self, uint32_t index)
{
    return self->pair[index].process;
}

void spread_address(const struct spread *self, uint32_t index, char out[LINK_ADDRESS_MAX])
{
    link_address(self->link, index, out);
}

int spread_connect(struct spread *self, uint32_t index, const char *address, struct err *err)
{
    return link_connect(self->link, index, address, err);
}

void spread_close(struct spread *self)
{
    if (!self)
        return;
    link_close(self->link);
    for (uint32_t p = 0; self->pair && p < self->config.processes; p++) {
        free(self->pair[p].out);
        free(self->pair[p].held);
        free(self->pair[p].store);
        free(self->pair[p].wire);
    }
    free(self->pair);
    free(self);
}
