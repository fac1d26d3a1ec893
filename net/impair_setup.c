/* SPDX-License-Identifier: BSD-3-Clause */
/* Building an impaired port: which edges are concerned, and room for everything that they may hold. */
#include "core/base/check.h"
#include "net/impair_parts.h"

/* Narrower than what a polling core needs to look again, so that nodes of a slot are few. */
#define WHEEL_SLOT_NS 512.0

bool impair_needed(const struct inject_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->entry[i].what == INJECT_LINK || set->entry[i].what == INJECT_PUBLISH)
            return true;
    return false;
}

/** May an entry delay what this worker sends? */
static bool publishes_late(const struct inject_set *set, uint32_t worker)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct inject *const entry = &set->entry[i];
        if (entry->what == INJECT_PUBLISH &&
            (entry->select == SELECT_PERCENT_EACH || inject_hits(set, i, worker, 0)))
            return true;
    }
    return false;
}

static uint32_t places_per_edge(const struct fabric_config *edges)
{
    const uint32_t tensors =
        edges->tensors == FABRIC_EXACT ? edges->exact_depth : IMPAIR_NEWEST_DEPTH + 1;
    return tensors + edges->control_depth + IMPAIR_SPARE;
}

static uint32_t degree_of(const struct fabric_config *edges, uint32_t worker)
{
    return edges->peer_begin[worker + 1] - edges->peer_begin[worker];
}

static bool is_concerned(const struct impair_config *config, uint32_t from, uint32_t to)
{
    return publishes_late(config->set, from) || link_concerns(config->set, from, to);
}

static uint32_t places_of(const struct impair_config *config, uint32_t worker)
{
    const struct fabric_config *const edges = config->edges;
    uint32_t concerned = 0;
    for (uint32_t k = edges->peer_begin[worker]; k < edges->peer_begin[worker + 1]; k++)
        concerned += is_concerned(config, worker, edges->peers[k]);
    return concerned * places_per_edge(edges);
}

uint64_t impair_bytes(const struct impair_config *config)
{
    const struct fabric_config *const edges = config->edges;
    uint64_t bytes = arena_cost(sizeof(struct impair)) +
                     arena_cost(edges->workers * sizeof(struct impair_worker));
    for (uint32_t w = 0; w < edges->workers; w++) {
        const uint32_t degree = degree_of(edges, w), places = places_of(config, w);
        bytes += arena_cost(degree * sizeof(struct impair_out)) +
                 arena_cost(degree * sizeof(struct impair_in)) +
                 arena_cost(places * sizeof(struct impair_held));
        if (places > 0)
            bytes += arena_cost(sizeof(struct wheel)) + wheel_bytes(places);
    }
    return bytes;
}

static void *take(struct arena *memory, size_t bytes)
{
    void *const p = arena_take(memory, bytes);
    CHECK(p); /* impair_bytes counted it */
    return p;
}

static void build_edges(struct impair *self, uint32_t w)
{
    const struct impair_config *const c = &self->config;
    const uint32_t *const peer = c->edges->peers + c->edges->peer_begin[w];
    struct impair_worker *const worker = &self->worker[w];
    static const struct impair_queue empty = {WHEEL_NONE, WHEEL_NONE};
    for (uint32_t e = 0; e < worker->degree; e++) {
        worker->out[e] = (struct impair_out){.to = peer[e],
                                             .by_link = link_concerns(c->set, w, peer[e]),
                                             .concerned = is_concerned(c, w, peer[e]),
                                             .spare = IMPAIR_SPARE,
                                             .waiting = WHEEL_NONE,
                                             .due = {empty, empty}};
        worker->in[e].concerned = is_concerned(c, peer[e], w);
        worker->listens |= worker->in[e].concerned;
    }
}

static void build_worker(struct impair *self, uint32_t w)
{
    const struct impair_config *const c = &self->config;
    struct arena *const memory = c->edges->memory;
    struct impair_worker *const worker = &self->worker[w];
    const uint32_t places = places_of(c, w);
    *worker = (struct impair_worker){.degree = degree_of(c->edges, w),
                                     .free = places > 0 ? 0 : WHEEL_NONE,
                                     .by_publish = publishes_late(c->set, w),
                                     .never = {WHEEL_NONE, WHEEL_NONE}};
    worker->out = take(memory, worker->degree * sizeof(struct impair_out));
    worker->in = take(memory, worker->degree * sizeof(struct impair_in));
    worker->place = take(memory, places * sizeof(struct impair_held));
    build_edges(self, w);
    for (uint32_t p = 0; p < places; p++)
        worker->place[p].next = p + 1 < places ? p + 1 : WHEEL_NONE;
    if (places == 0)
        return;
    worker->wheel = take(memory, sizeof(struct wheel));
    wheel_init(worker->wheel, places, WHEEL_SLOT_NS, c->cyc_per_ns, memory);
}

struct port *impair_init(struct impair *self, const struct impair_config *config)
{
    *self = (struct impair){
        .port = {.ops = &impair_ops}, .inner = *config->inner->ops, .config = *config};
    self->worker =
        take(config->edges->memory, config->edges->workers * sizeof(struct impair_worker));
    for (uint32_t w = 0; w < config->edges->workers; w++)
        build_worker(self, w);
    return &self->port;
}

void impair_attach(struct impair *self, uint32_t worker, const struct impair_books *books)
{
    self->worker[worker].books = *books;
}

struct impair_counts impair_counts(const struct impair *self, uint32_t worker)
{
    return self->worker[worker].count;
}
