/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building the fabric: what it costs, and every queue in place before the first message.
 *
 * One arena, taken front to back, edges of one worker next to each other. The bytes are counted by fabric_bytes first,
 * with the same expressions, so building cannot fail half way for want of memory.
 */
#include <errno.h>

#include "core/base/check.h"
#include "net/fabric_parts.h"

static uint32_t returns_depth(const struct fabric_config *config)
{
    return config->slots + FABRIC_RETURNS_SPARE +
           (config->tensors == FABRIC_EXACT ? config->exact_depth : 0);
}

static uint32_t bell_words_of(uint32_t degree)
{
    return degree > FABRIC_BELL_DEGREE ? (degree + BELL_BITS - 1) / BELL_BITS : 0;
}

static size_t tensor_channel_bytes(const struct fabric_config *config)
{
    return config->tensors == FABRIC_EXACT ? channel_ring_bytes_of_messages(config->exact_depth)
                                           : sizeof(struct mailbox);
}

static bool is_cut(const struct fabric_config *config, uint32_t from, uint32_t to)
{
    return config->process && config->process[from] != config->process[to];
}

static uint32_t count_cuts(const struct fabric_config *config)
{
    uint32_t cuts = 0;
    for (uint32_t w = 0; w < config->workers; w++)
        for (uint32_t e = config->peer_begin[w]; e < config->peer_begin[w + 1]; e++)
            cuts += is_cut(config, w, config->peers[e]);
    return cuts;
}

/** Unread tensors that fit a reader's half: as many as can be out at all, so that a bridge always finds room. */
static uint32_t cut_depth(const struct fabric_config *config)
{
    return returns_depth(config);
}

static size_t cut_channel_bytes(const struct fabric_config *config)
{
    return config->tensors == FABRIC_EXACT ? channel_ring_bytes_of_messages(cut_depth(config))
                                           : sizeof(struct mailbox);
}

static uint64_t cut_bytes(const struct fabric_config *config)
{
    const uint64_t cuts = count_cuts(config);
    if (cuts == 0)
        return 0;
    return arena_cost(cuts * sizeof(struct fabric_edge)) +
           arena_cost(cuts * sizeof(struct fabric_edge *)) +
           arena_cost(cuts * sizeof(struct fabric_bodies)) +
           cuts * (arena_cost(cut_channel_bytes(config)) +
                   arena_cost(channel_ring_bytes_of_messages(config->control_depth)) +
                   arena_cost(channel_ring_bytes_of_handles(returns_depth(config)))) +
           store_bytes((uint32_t)cuts, config->bodies, config->dim);
}

uint64_t fabric_bytes(const struct fabric_config *config)
{
    const uint64_t edges = config->peer_begin[config->workers];
    uint64_t bytes = arena_cost(edges * sizeof(struct fabric_edge)) +
                     arena_cost(config->workers * sizeof(struct fabric_worker));

    bytes += edges * (arena_cost(tensor_channel_bytes(config)) +
                      arena_cost(channel_ring_bytes_of_messages(config->control_depth)) +
                      arena_cost(channel_ring_bytes_of_handles(returns_depth(config))));
    for (uint32_t w = 0; w < config->workers; w++) {
        const uint32_t degree = config->peer_begin[w + 1] - config->peer_begin[w];
        bytes += arena_cost(degree * sizeof(struct fabric_edge *));
        bytes += 2 * arena_cost(bell_words_of(degree) * sizeof(uint64_t));
    }
    return bytes + store_bytes(config->workers, config->slots, config->dim) + cut_bytes(config);
}

static bool in_range(uint32_t value, uint32_t min, uint32_t max)
{
    return value >= min && value <= max;
}

static int check_config(const struct fabric_config *c, struct err *err)
{
    CHECK(c->workers >= 1);
    CHECK(c->dim >= 1);
    if (!in_range(c->slots, 1, SLOTS_MAX))
        return err_set(err, -EINVAL, "%u slots per worker: expected 1 to %u", c->slots, SLOTS_MAX);
    if (c->tensors == FABRIC_EXACT && !in_range(c->exact_depth, 2, CHANNEL_RING_DEPTH_MAX / 2))
        return err_set(err, -EINVAL, "depth %u of exact edges: expected 2 to %u", c->exact_depth,
                       CHANNEL_RING_DEPTH_MAX / 2);
    if (!in_range(c->control_depth, 1, CHANNEL_RING_DEPTH_MAX))
        return err_set(err, -EINVAL, "depth %u of control edges: expected 1 to %u",
                       c->control_depth, CHANNEL_RING_DEPTH_MAX);
    return 0;
}

/* Place of `peer` among the neighbours of `worker`, or UINT32_MAX. */
static uint32_t neighbour_index(const struct fabric_config *config, uint32_t worker, uint32_t peer)
{
    uint32_t low = config->peer_begin[worker], high = config->peer_begin[worker + 1];

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (config->peers[middle] < peer)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == config->peer_begin[worker + 1] || config->peers[low] != peer)
        return UINT32_MAX;
    return low - config->peer_begin[worker];
}

static void build_edge(struct fabric *self, struct fabric_edge *edge, uint32_t from, uint32_t to,
                       uint32_t depth)
{
    const struct fabric_config *c = &self->config;
    void *tensors =
        arena_take(c->memory, c->tensors == FABRIC_EXACT ? channel_ring_bytes_of_messages(depth)
                                                         : sizeof(struct mailbox));

    edge->from = from;
    edge->to = to;
    if (c->tensors == FABRIC_EXACT) {
        edge->exact = channel_ring_init(tensors, depth);
    } else {
        edge->mailbox = tensors;
        mailbox_init(edge->mailbox);
    }
    edge->control = channel_ring_init(
        arena_take(c->memory, channel_ring_bytes_of_messages(c->control_depth)), c->control_depth);
    edge->unreturned_max = returns_depth(c);
    edge->returns = channel_ring_init(
        arena_take(c->memory, channel_ring_bytes_of_handles(edge->unreturned_max)),
        edge->unreturned_max);
}

static void build_worker(struct fabric *self, uint32_t w)
{
    struct fabric_worker *worker = &self->workers[w];
    const struct fabric_config *c = &self->config;

    worker->degree = c->peer_begin[w + 1] - c->peer_begin[w];
    worker->out = self->edges + c->peer_begin[w];
    worker->in = arena_take(c->memory, worker->degree * sizeof(struct fabric_edge *));
    worker->bell_words = bell_words_of(worker->degree);
    if (worker->bell_words > 0) {
        worker->bells = arena_take(c->memory, worker->bell_words * sizeof(uint64_t));
        worker->pending = arena_take(c->memory, worker->bell_words * sizeof(uint64_t));
    }
    for (uint32_t e = 0; e < worker->degree; e++)
        build_edge(self, &worker->out[e], w, c->peers[c->peer_begin[w] + e], c->exact_depth);
}

/** A reader's half for each cut edge, in the order of senders and, of each, of its edges. */
static int build_cuts(struct fabric *self)
{
    const struct fabric_config *const c = &self->config;
    const uint32_t edges = c->peer_begin[c->workers];
    if (self->cuts == 0)
        return 0;
    CHECK(c->bodies >= 1 && c->bodies <= FABRIC_BODIES_MAX);
    self->cut_in = arena_take(c->memory, self->cuts * sizeof(*self->cut_in));
    self->cut_out = arena_take(c->memory, self->cuts * sizeof(*self->cut_out));
    self->body = arena_take(c->memory, self->cuts * sizeof(*self->body));
    uint32_t cut = 0;
    for (uint32_t e = 0; e < edges; e++) {
        struct fabric_edge *const out = &self->edges[e];
        if (!is_cut(c, out->from, out->to))
            continue;
        build_edge(self, &self->cut_in[cut], out->from, out->to, cut_depth(c));
        self->body[cut] =
            (struct fabric_bodies){.store = &self->bodies, .row = cut, .count = c->bodies};
        self->cut_in[cut].bodies = &self->body[cut];
        self->cut_out[cut++] = out;
    }
    return store_init(&self->bodies, self->cuts, c->bodies, c->dim, c->memory);
}

/** What the reader of this edge reads: the edge itself, or its other half. */
static struct fabric_edge *reading_half(struct fabric *self, struct fabric_edge *out)
{
    for (uint32_t cut = 0; cut < self->cuts; cut++)
        if (self->cut_out[cut] == out)
            return &self->cut_in[cut];
    return out;
}

/* In-edge e of w is what the e-th peer calls its out-edge to w. */
static int connect_worker(struct fabric *self, uint32_t w, struct err *err)
{
    struct fabric_worker *worker = &self->workers[w];

    for (uint32_t e = 0; e < worker->degree; e++) {
        const uint32_t peer = worker->out[e].to;
        const uint32_t back =
            peer < self->config.workers ? neighbour_index(&self->config, peer, w) : UINT32_MAX;
        if (back == UINT32_MAX || peer == w)
            return err_set(err, -EINVAL,
                           "worker %u lists %u as a neighbour, but not the other way round", w,
                           peer);
        struct fabric_edge *const edge = &self->edges[self->config.peer_begin[peer] + back];
        worker->in[e] = is_cut(&self->config, peer, w) ? reading_half(self, edge) : edge;
        if (worker->bells != NULL) {
            worker->in[e]->bell = &worker->bells[e / BELL_BITS];
            worker->in[e]->bell_bit = 1ull << e % BELL_BITS;
        }
    }
    return 0;
}

int fabric_init(struct fabric *self, const struct fabric_config *config, struct err *err)
{
    int rc = check_config(config, err);
    if (rc < 0)
        return rc;
    const uint64_t needed = fabric_bytes(config);
    const uint64_t room = config->memory->size_bytes - config->memory->used_bytes;
    if (needed > room)
        return err_set(err, -ENOMEM, "the edges need %llu KiB and %llu KiB of the area are left",
                       (unsigned long long)(needed + 1023) / 1024, (unsigned long long)room / 1024);

    /* From here on the arena cannot run dry: fabric_bytes counts exactly what is taken. */
    *self = (struct fabric){.config = *config};
    self->port.ops = config->tensors == FABRIC_EXACT ? &fabric_exact_ops : &fabric_newest_ops;
    self->edges = arena_take(config->memory,
                             config->peer_begin[config->workers] * sizeof(struct fabric_edge));
    self->workers = arena_take(config->memory, config->workers * sizeof(struct fabric_worker));
    for (uint32_t w = 0; w < config->workers; w++)
        build_worker(self, w);
    self->cuts = count_cuts(config);
    if (build_cuts(self) < 0)
        return err_set(err, -ENOMEM, "the memory area is full");
    for (uint32_t w = 0; w < config->workers && rc == 0; w++)
        rc = connect_worker(self, w, err);
    if (rc < 0)
        return rc;
    return store_init(&self->store, config->workers, config->slots, config->dim, config->memory);
}
