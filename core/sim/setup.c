/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All memory at once, but for the queue and the pool of messages, which grow with what is on its way. A simulation of
 * 100 000 workers lives or dies by cache misses: what one event touches lies together.
 */
#include "core/sim/setup.h"

#include <errno.h>

#include "core/inject/draw.h"

static uint64_t lines(uint64_t bytes)
{
    return (bytes + 63) / 64;
}

/** Zeroed, 64-byte aligned, freed by setup_close; NULL once anything was refused. */
static void *take(struct sim *self, uint64_t count, uint64_t size)
{
    const uint64_t bytes = sim_max(count * size, 1);
    CHECK(self->memory_count < SIM_BLOCKS_MAX);
    void *const at =
        config_of(self)->memory->resize(config_of(self)->memory->context, NULL, 0, bytes);
    if (!at)
        self->memory_refused_bytes = bytes;
    else {
        self->memory[self->memory_count].at = at;
        self->memory[self->memory_count++].bytes = bytes;
    }
    return at;
}

static uint64_t books_line(const struct sim *self, uint32_t worker)
{
    return lines(sizeof(struct sim_node)) +
           lines(agent_bytes(config_of(self)->policy, &config_of(self)->worker[worker]));
}

static uint64_t node_lines(const struct sim *self, uint32_t worker)
{
    return books_line(self, worker) +
           lines(slots_bytes(config_of(self)->slots, config_of(self)->worker[worker].peer_count));
}

/* At most a quarter of the memory is given for addresses that need no table, which would be in no cache either. */
static void take_blocks(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const uint32_t workers = config_of(self)->workers;
    const uint64_t first_books_line = books_line(self, 0);
    uint64_t used = 0, most = 0;
    bool alike = true;
    wire->block_at = take(self, workers, sizeof(*wire->block_at));
    for (uint32_t w = 0; w < workers && wire->block_at; w++) {
        const uint64_t count = node_lines(self, w);
        wire->block_at[w] = (uint32_t)used;
        used += count;
        most = sim_max(most, count);
        alike = alike && books_line(self, w) == first_books_line;
        CHECK(used <= UINT32_MAX);
    }
    if (workers * most <= used + used / 4) {
        wire->stride = (uint32_t)most;
        used = workers * most;
    }
    if (alike)
        self->plan.nodes.books_at = (uint32_t)first_books_line * 64;
    wire->block = take(self, used, 64);
}

static uint64_t count_edges(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct policy_config *const config = config_of(self)->worker;
    uint64_t edges = 0;
    wire->degree = config[0].peer_count;
    for (uint32_t w = 0; w < config_of(self)->workers; w++) {
        edges += config[w].peer_count;
        if (config[w].peer_count != wire->degree)
            wire->degree = 0;
    }
    CHECK(edges < SIM_NONE);
    return edges;
}

static bool somebody_returns(const struct sim_config *c)
{
    for (uint32_t i = 0; i < c->fault_count; i++)
        if (fault_returns(&c->fault[i]))
            return true;
    return false;
}

static bool has_entry(const struct sim *self, enum inject_what what)
{
    const struct inject_set *const set = &config_of(self)->inject;
    for (uint32_t i = 0; i < set->count; i++)
        if (set->entry[i].what == what)
            return true;
    return false;
}

static void take_faults(struct sim *self)
{
    struct sim_plan *const plan = &self->plan;
    const struct sim_config *const c = config_of(self);
    plan->faults = take(self, c->fault_count, sizeof(*plan->faults));
    plan->absence = take(self, c->workers, sizeof(*plan->absence));
    for (uint32_t i = 0; i < c->fault_count; i++) {
        if (c->fault[i].kind != FAULT_JOIN)
            continue;
        if (!plan->late)
            plan->late = take(self, c->workers, sizeof(*plan->late));
        if (plan->late)
            plan->late[c->fault[i].worker] = 1;
    }
}

static void take_edges(struct sim *self)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct sim_config *const c = &wire->base.config;
    const uint64_t edges = count_edges(self);
    const enum delivery_class class = c->policy->tensor_class;
    wire->mailboxes = class == DELIVERY_NEWEST || class == DELIVERY_SUM;
    wire->first_edge = take(self, c->workers, sizeof(*wire->first_edge));
    wire->edge = take(self, edges, sizeof(*wire->edge));
    nodes->wait_ns = take(self, edges, sizeof(*nodes->wait_ns));
    if (wire->mailboxes)
        wire->mailbox = take(self, edges, sizeof(*wire->mailbox));
    for (uint64_t e = 0; wire->mailbox && e < edges; e++)
        wire->mailbox[e].waiting = wire->mailbox[e].unread = SIM_NONE;
    if (c->control_bound > 0) {
        wire->pressure = take(self, edges, sizeof(*wire->pressure));
        wire->full = take(self, c->workers, sizeof(*wire->full));
    }
    if (somebody_returns(c))
        wire->life = take(self, edges, sizeof(*wire->life));
    if (has_entry(self, INJECT_LINK)) {
        wire->bad = take(self, edges, sizeof(*wire->bad));
        wire->is_bad = take(self, edges, sizeof(*wire->is_bad));
    }
    if (c->links.bytes_per_s > 0.0)
        wire->port_ns = take(self, c->workers, sizeof(*wire->port_ns));
}

/** For rows that tell workers what no edge carries. */
static void take_far(struct sim *self)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    const struct policy *const row = config_of(self)->policy;
    const uint64_t workers = config_of(self)->workers;
    if (!row->reduces && !row->shared_bytes)
        return;
    nodes->far_by_sender = workers > SIM_FAR_WORKERS_MAX;
    nodes->far_wait_ns =
        take(self, nodes->far_by_sender ? workers : workers * workers, sizeof(*nodes->far_wait_ns));
}

/** Disks that delay batches are asked for the first ones before the start, as live. */
static void take_disks(struct sim *self)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    const struct sim_config *const c = config_of(self);
    if (!disk_is_delayed(&c->inject))
        return;
    nodes->disk = take(self, c->workers, sizeof(*nodes->disk));
    for (uint32_t w = 0; nodes->disk && w < c->workers; w++)
        disk_open(&nodes->disk[w], &c->inject, w, c->prefetch, 0);
}

static void take_all(struct sim *self)
{
    struct sim_nodes *const nodes = &self->plan.nodes;
    struct sim_plan *const plan = &self->plan;
    const struct sim_config *const c = config_of(self);
    take_blocks(self);
    take_edges(self);
    take_faults(self);
    take_far(self);
    take_disks(self);
    if (c->values)
        self->shown = take(self, c->workers, sizeof(*self->shown));
    nodes->published_ns = take(self, (uint64_t)c->workers * c->slots, sizeof(*nodes->published_ns));
    nodes->timer = take(self, (uint64_t)c->workers * SIM_TIMERS_MAX, sizeof(*nodes->timer));
    self->actions = take(self, 1, sizeof(*self->actions));
    nodes->hist = take(self, SERIES_BOTH, sizeof(*nodes->hist));
    plan->cut = take(self, c->cuts + 1u, sizeof(*plan->cut));
    self->row = take(self, STEP_PEERS_MAX, sizeof(*self->row));
    if (c->core)
        nodes->core = take(self, c->cores, sizeof(*nodes->core));
    if (c->policy->shared_bytes)
        self->shared = take(self, 1, c->policy->shared_bytes(c->worker, c->workers));
    if (!c->policy->reduces)
        return;
    plan->reduce = take(self, c->workers, sizeof(*plan->reduce));
    plan->reduce_of = take(self, c->workers, sizeof(*plan->reduce_of));
    plan->reduce_next = take(self, c->workers, sizeof(*plan->reduce_next));
    plan->member = take(self, c->workers, sizeof(*plan->member));
    plan->from = take(self, c->workers, sizeof(*plan->from));
    plan->to = take(self, c->workers, sizeof(*plan->to));
    for (uint32_t w = 0; plan->reduce_of && w < c->workers; w++)
        plan->reduce_of[w] = SIM_NONE;
}

static uint32_t index_among(const struct policy_config *config, uint32_t id)
{
    uint32_t low = 0, high = config->peer_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (config->peers[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    CHECK(low < config->peer_count);
    CHECK(config->peers[low] == id); /* neighbourhood is symmetric */
    return low;
}

static void fill_node(struct sim *self, uint32_t worker, uint32_t first_edge)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct policy_config *const config = &config_of(self)->worker[worker];
    struct sim_node *const node = node_at(&self->plan.nodes, worker);
    uint8_t *const state = (uint8_t *)node + SIM_STATE_AT;
    uint8_t *const books = state + lines(agent_bytes(config_of(self)->policy, config)) * 64;
    CHECK(config->self == worker);
    node->port.inbox.first = SIM_NONE;
    node->port.first_edge = wire->first_edge[worker] = first_edge;
    node->port.peer_count = config->peer_count;
    for (uint32_t i = 0; i < config->peer_count; i++) {
        const uint32_t peer = config->peers[i];
        struct sim_edge *const edge = &wire->edge[first_edge + i];
        edge->to = peer % (1u << SIM_TO_BITS); /* which is peer: the compiler does not know */
        edge->peer = index_among(&config_of(self)->worker[peer], worker) % (1u << SIM_PEER_BITS);
    }
    slots_init(&node->port.slots, books, config_of(self)->slots, config->peer_count, 1);
    agent_init(&node->agent, state, config_of(self)->policy, config);
    const uint32_t slot = slots_take(&node->port.slots);
    node->version = 1;
    slots_seal(&node->port.slots, slot, node->version);
    node->current = node->average.slot = slot;
}

static void fill_links(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct sim_links *const links = &wire->base.config.links;
    wire->publishes = has_entry(self, INJECT_PUBLISH);
    for (uint32_t w = 0; wire->bad && w < wire->base.config.workers; w++) {
        const struct sim_port *const port = port_at(wire, w);
        for (uint32_t e = port->first_edge; e < port->first_edge + port->peer_count; e++)
            wire->is_bad[e] = link_concerns(&wire->base.config.inject, w, wire->edge[e].to);
    }
    wire->ns_per_byte = wire->port_ns ? 1e9 / links->bytes_per_s : 0.0;
    if (links->jitter_cv <= 0.0)
        return;
    const double variance = draw_ln(1.0 + links->jitter_cv * links->jitter_cv);
    wire->sigma = __builtin_sqrt(variance);
    wire->shift = variance / 2.0;
}

int setup_open(struct sim *self, struct err *err)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    struct sim_nodes *const nodes = &self->plan.nodes;
    const struct sim_config *const c = config_of(self);
    queue_init(&wire->base.queue, c->memory);
    wire->message_free = self->plan.reduce_free = nodes->resuming = SIM_NONE;
    self->wakes.first = wire->prompt.first = SIM_NONE;
    take_all(self);
    if (self->memory_refused_bytes > 0)
        return err_set(err, -ENOMEM,
                       "no memory for a simulation of %u workers: %llu bytes were refused",
                       c->workers, (unsigned long long)self->memory_refused_bytes);
    for (uint32_t h = 0; h < SERIES_BOTH; h++)
        hist_start(&nodes->hist[h]);
    wire->drops = policy_survives_drop(c->policy, &c->worker[0].options);
    nodes->averages = matrix_keeps_average(c->policy->matrix, c->workers);
    if (self->shared)
        c->policy->shared_init(self->shared, c->worker, c->workers);
    uint32_t first_edge = 0;
    for (uint32_t w = 0; w < c->workers; w++) {
        if (self->shared)
            c->worker[w].shared = self->shared;
        c->worker[w].late = self->plan.late;
        fill_node(self, w, first_edge);
        first_edge += c->worker[w].peer_count;
    }
    fill_links(self);
    inject_base_init(&nodes->base_times, c->base_ns, c->jitter_cv);
    nodes->base_times.jitter = c->jitter;
    return 0;
}

void setup_close(struct sim *self)
{
    struct sim_wire *const wire = &self->plan.nodes.wire;
    const struct sim_memory *const memory = config_of(self)->memory;
    queue_fini(&wire->base.queue);
    if (wire->message)
        memory->resize(memory->context, wire->message, wire->messages_room * sizeof(*wire->message),
                       0);
    while (self->memory_count > 0) {
        self->memory_count--;
        memory->resize(memory->context, self->memory[self->memory_count].at,
                       self->memory[self->memory_count].bytes, 0);
    }
}
