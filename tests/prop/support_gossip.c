/* SPDX-License-Identifier: BSD-3-Clause */
/* The cluster: linear searches, arrays that grow, one struct for everything. */
#include "tests/prop/support_gossip.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/rng.h"

#define N GOSSIP_WORKERS_MAX
#define LANES GOSSIP_LANES
#define Y (GOSSIP_LANES - 1)
#define STEPS_MAX 2000000u

struct vector {
    double at[LANES], sent[LANES];
};

struct snapshot {
    struct vector vector;
    uint32_t owner, loans;
};

enum delivery_state { FLYING, READ, RELEASED, GONE };

/* One tensor for one receiver; its handle is its index + 1. */
struct delivery {
    uint32_t snapshot, from, to, degree;
    enum delivery_state state;
    bool mixed;
};

struct due {
    uint64_t at_ns, order, generation;
    uint32_t worker;
    struct event event;
};

struct node {
    struct agent agent;
    struct policy_config config;
    uint32_t peers[N];
    void *memory;
    struct vector vector;
    uint64_t compute_generation, timer_generation;
    uint64_t last_arrival_ns[2][N];
    uint32_t round, computed, lent; /* lent: snapshots of mine that somebody may read */
    bool computing, stopped, done;
    bool pushed; /* MIX_SHARES: the share is sent, the own half not yet taken */
};

struct cluster {
    const struct gossip_config *config;
    struct gossip_result result;
    struct node node[N];
    bool edge[N][N];
    bool cut[N][N]; /* directed */
    struct due *due;
    struct delivery *delivery;
    struct snapshot *snapshot;
    uint32_t due_count, due_room, delivery_count, delivery_room, snapshot_count, snapshot_room;
    uint32_t flying[N][N];
    uint64_t now_ns, order;
    uint32_t tensors;
    struct rng delays, draws;
    struct actions *out;
};

const char *gossip_describe(const struct gossip_config *c)
{
    static char text[256];
    snprintf(text, sizeof(text),
             "seed %llu, %s, %u workers, overlap %u, backup %u, staleness %u, jump %u, loss %g",
             (unsigned long long)c->seed, c->policy->name, c->workers, c->options.overlap,
             c->options.backup, c->options.staleness, c->options.jump, c->loss);
    return text;
}

static const struct gossip_config *running; /* for the message of a failed CHECK */

static void on_abort(int number)
{
    (void)number;
    const char *text = gossip_describe(running);
    ssize_t ignored = write(2, text, strlen(text));
    ignored = write(2, "\n", 1);
    (void)ignored;
}

static void fail(struct cluster *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void fail(struct cluster *self, const char *format, ...)
{
    char *const text = self->result.failure;
    const size_t room = sizeof(self->result.failure);
    if (text[0])
        return;
    va_list args;
    va_start(args, format);
    const int n = snprintf(text, room, "%s: at %llu ns: ", gossip_describe(self->config),
                           (unsigned long long)self->now_ns);
    vsnprintf(text + n, room - (size_t)n, format, args);
    va_end(args);
}

/* Room for one more item at the end. */
static void *grow(void *items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = 2 * *room + 64;
    return realloc(items, *room * size);
}

/* ------------------------------------------------------------------------------------------------------ events */

static void schedule(struct cluster *self, struct due due)
{
    self->due = grow(self->due, self->due_count, &self->due_room, sizeof(*self->due));
    due.order = self->order++;
    self->due[self->due_count++] = due;
}

static uint32_t first_due(const struct cluster *self)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < self->due_count; i++) {
        const struct due *a = &self->due[i], *b = &self->due[first];
        if (a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order)
            first = i;
    }
    return first;
}

/* ------------------------------------------------------------------------------------------------------ set-up */

static void link_workers(struct cluster *self, uint32_t a, uint32_t b)
{
    if (a != b)
        self->edge[a][b] = self->edge[b][a] = true;
}

static void draw_edges(struct cluster *self)
{
    const uint32_t n = self->config->workers;
    struct rng rng = rng_start(self->config->seed, RNG_GRAPH, 0);
    if (self->config->policy->edges == POLICY_EDGES_EXPONENTIAL) {
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t hop = 1; hop < n; hop *= 2)
                link_workers(self, i, (i + hop) % n);
        return;
    }
    const uint32_t order = (uint32_t)(self->config->seed % 3); /* a tree, a ring, or more */
    for (uint32_t i = 1; i < n; i++)
        link_workers(self, i, order == 1 ? i - 1 : rng_below(&rng, i));
    if (order == 1)
        link_workers(self, 0, n - 1);
    for (uint32_t i = 0; i < n && order == 2; i++)
        link_workers(self, rng_below(&rng, n), rng_below(&rng, n));
}

static uint32_t least_degree(const struct cluster *self)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < self->config->workers; i++) {
        uint32_t degree = 0;
        for (uint32_t j = 0; j < self->config->workers; j++)
            degree += self->edge[i][j];
        least = degree < least ? degree : least;
    }
    return least;
}

static void open_node(struct cluster *self, uint32_t id, struct policy_options options)
{
    struct node *node = &self->node[id];
    node->config = (struct policy_config){
        .self = id, .workers = self->config->workers, .peers = node->peers, .options = options};
    for (uint32_t j = 0; j < self->config->workers; j++)
        if (self->edge[id][j])
            node->peers[node->config.peer_count++] = j;
    const char *why =
        self->config->policy->check ? self->config->policy->check(&node->config) : NULL;
    if (why)
        fail(self, "%s", why);
    const size_t bytes = agent_bytes(self->config->policy, &node->config);
    node->memory = aligned_alloc(64, bytes);
    memset(node->memory, 0, bytes);
    agent_init(&node->agent, node->memory, self->config->policy, &node->config);
    for (uint32_t d = 0; d < LANES; d++) {
        node->vector.at[d] = d == Y ? 1 : rng_unit_at(rng_key(self->config->seed, RNG_INIT, id), d);
        self->result.want[d] += node->vector.at[d];
    }
    schedule(self, (struct due){.worker = id, .event = {.kind = EV_START}});
}

/* ------------------------------------------------------------------------------------------------------- loans */

static void give_back(struct cluster *self, struct delivery *delivery, enum delivery_state state)
{
    struct snapshot *snapshot = &self->snapshot[delivery->snapshot];
    if (delivery->state == FLYING)
        self->flying[delivery->from][delivery->to]--;
    delivery->state = state;
    if (--snapshot->loans == 0)
        self->node[snapshot->owner].lent--;
}

static void count_snapshots(struct cluster *self, uint32_t id)
{
    const struct policy *const row = self->config->policy;
    const struct node *node = &self->node[id];
    const uint32_t spare = self->config->flying > 1 ? self->config->flying - 1 : 0;
    const uint32_t bound =
        row->slots_fixed + (row->slots_per_edge + spare) * node->config.peer_count;
    const uint32_t used = node->lent + 2;
    if (used > bound)
        fail(self, "worker %u needs %u snapshots of %u", id, used, bound);
    if (used > self->result.snapshots_max) {
        self->result.snapshots_max = used;
        self->result.snapshots_bound = bound;
    }
}

/* ---------------------------------------------------------------------------------------------------- messages */

static uint32_t index_of(const struct node *node, uint32_t id)
{
    uint32_t i = 0;
    while (i < node->config.peer_count && node->peers[i] != id)
        i++;
    return i;
}

static bool is_exact(const struct cluster *self)
{
    return self->config->policy->tensor_class == DELIVERY_EXACT;
}

static void post(struct cluster *self, uint32_t from, uint32_t to, bool tensor, struct event event)
{
    const bool tardy = tensor && from == 0 && self->config->tardy_factor > 1;
    const uint64_t most =
        tensor ? self->config->tensor_delay_ns_max : self->config->control_delay_ns_max;
    const uint64_t factor = tardy ? self->config->tardy_factor : 1;
    uint64_t at_ns =
        self->now_ns + (most ? factor * rng_below(&self->delays, (uint32_t)most) : 0) + tensor;
    uint64_t *last_ns = &self->node[from].last_arrival_ns[tensor][to];
    if (!tensor || is_exact(self))
        at_ns = at_ns > *last_ns ? at_ns : *last_ns;
    *last_ns = at_ns;
    event.peer = index_of(&self->node[to], from);
    event.incarnation = 1;
    schedule(self, (struct due){.at_ns = at_ns, .worker = to, .event = event});
}

/* Of the messages under way on this edge the oldest makes room. */
static void supersede(struct cluster *self, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < self->delivery_count; i++) {
        struct delivery *d = &self->delivery[i];
        if (d->from == from && d->to == to && d->state == FLYING) {
            give_back(self, d, GONE);
            self->result.superseded++;
            return;
        }
    }
}

/** Nobody will add this share to what it has. */
static void lose_share(struct cluster *self, const struct delivery *of)
{
    for (uint32_t d = 0; d < LANES; d++)
        self->result.cut[d] += self->snapshot[of->snapshot].vector.at[d] / (of->degree + 1.0);
}

static void deliver(struct cluster *self, uint32_t from, uint32_t to, uint32_t snapshot,
                    const struct action *a)
{
    const struct gossip_config *const c = self->config;
    const uint32_t most = c->flying ? c->flying : 1;
    if (!is_exact(self) && self->flying[from][to] == most)
        supersede(self, from, to);
    self->delivery =
        grow(self->delivery, self->delivery_count, &self->delivery_room, sizeof(*self->delivery));
    struct delivery *made = &self->delivery[self->delivery_count++];
    *made = (struct delivery){
        .snapshot = snapshot, .from = from, .to = to, .degree = a->degree, .state = FLYING};
    self->snapshot[snapshot].loans++;
    if (++self->flying[from][to] > self->result.depth_max)
        self->result.depth_max = self->flying[from][to];
    if (++self->tensors == c->cut)
        self->cut[from][to] = true;
    const bool lost =
        is_exact(self) && c->exact_loss > 0 && rng_unit(&self->delays) < c->exact_loss;
    const bool dropped = lost || self->cut[from][to];
    if (dropped)
        lose_share(self, made);
    if (dropped || (!is_exact(self) && rng_unit(&self->delays) < c->loss)) {
        give_back(self, made, GONE);
        self->result.lost++;
        return;
    }
    post(self, from, to, true,
         (struct event){.kind = EV_TENSOR,
                        .type = a->type,
                        .tag = a->tag,
                        .degree = a->degree,
                        .handle = self->delivery_count});
}

static void do_send(struct cluster *self, uint32_t id, const struct action *a)
{
    self->snapshot =
        grow(self->snapshot, self->snapshot_count, &self->snapshot_room, sizeof(*self->snapshot));
    const uint32_t snapshot = self->snapshot_count++;
    /* one loan of its own until all are sent */
    self->snapshot[snapshot] =
        (struct snapshot){.vector = self->node[id].vector, .owner = id, .loans = 1};
    self->node[id].lent++;
    for (uint32_t i = 0; i < a->count; i++)
        deliver(self, id, self->node[id].peers[a->peers[i]], snapshot, a);
    if (--self->snapshot[snapshot].loans == 0)
        self->node[id].lent--;
    self->node[id].pushed = self->config->policy->lanes == LANES_WEIGHT;
    count_snapshots(self, id);
}

/* -------------------------------------------------------------------------------------------------- arithmetic */

static const struct vector *read_vector(struct cluster *self, uint32_t id, uint64_t handle)
{
    static const struct vector zero;
    if (handle == 0)
        return &zero;
    struct delivery *d = &self->delivery[handle - 1];
    if (d->to != id || d->state != READ)
        fail(self, "worker %u reads handle %llu, which it does not hold", id,
             (unsigned long long)handle);
    d->mixed = true;
    return &self->snapshot[d->snapshot].vector;
}

static void do_mix(struct cluster *self, uint32_t id, const struct action *a)
{
    struct vector *own = &self->node[id].vector;
    struct vector out = *own;
    self->node[id].pushed = false;
    double weights = a->rule == MIX_MEAN ? 1 : a->degree;
    for (uint32_t i = 0; i < a->count; i++)
        weights += a->rule == MIX_MEAN ? 1 : a->terms[i].weight;
    for (uint32_t d = 0; d < LANES; d++) {
        if (a->rule == MIX_SHARES || a->rule == MIX_SPLIT)
            out.at[d] /= a->degree + 1.0;
        else if (a->rule == MIX_MEAN || a->rule == MIX_WEIGHTED)
            out.at[d] *= (a->rule == MIX_MEAN ? 1 : a->degree) / weights;
        if (a->rule == MIX_SPLIT)
            out.sent[d] += out.at[d];
    }
    for (uint32_t i = 0; i < a->count; i++) {
        const struct mix_term *t = &a->terms[i];
        const struct vector *term = read_vector(self, id, t->handle);
        const struct vector *base = read_vector(self, id, t->base);
        if (a->rule == MIX_WEIGHTED && (t->weight == 0 || t->weight > 1000))
            fail(self, "worker %u gives weight %u", id, t->weight);
        for (uint32_t d = 0; d < LANES; d++)
            out.at[d] += a->rule == MIX_SHARES    ? term->at[d] / (t->weight + 1.0)
                         : a->rule == MIX_COLLECT ? term->sent[d] - base->sent[d]
                         : a->rule == MIX_MEAN    ? term->at[d] / weights
                                                  : term->at[d] * t->weight / weights;
    }
    *own = out;
    self->result.y_min = own->at[Y] < self->result.y_min ? own->at[Y] : self->result.y_min;
}

static void do_apply(struct cluster *self, uint32_t id, const struct action *a)
{
    struct vector *own = &self->node[id].vector;
    for (uint32_t d = 0; d < Y; d++) {
        const double scale = a->rule == APPLY_SCALED ? own->at[Y] : 1;
        const double step = scale * (rng_unit(&self->draws) - 0.5);
        own->at[d] -= step;
        self->result.want[d] -= step;
    }
}

/* ----------------------------------------------------------------------------------------------------- actions */

static void do_compute(struct cluster *self, uint32_t id, const struct action *a)
{
    const struct gossip_config *const c = self->config;
    struct node *node = &self->node[id];
    if (node->computing || node->done)
        fail(self, "worker %u computes twice, or after it was done", id);
    uint64_t ns =
        c->compute_ns * 4 / 5 + rng_below(&self->draws, (uint32_t)(c->compute_ns * 2 / 5) + 1);
    if (rng_below(&self->draws, 10) == 0)
        ns *= 10;
    if (c->slow == id)
        ns *= c->slow_factor;
    node->computing = true;
    node->computed++;
    node->round = a->round;
    schedule(self, (struct due){.at_ns = self->now_ns + ns,
                                .worker = id,
                                .generation = ++node->compute_generation,
                                .event = {.kind = EV_GRADIENT, .tag = a->round}});
    for (uint32_t i = 0; i < node->config.peer_count; i++) {
        const uint32_t other = self->node[node->peers[i]].round;
        if (a->round > other && a->round - other > self->result.gap_max)
            self->result.gap_max = a->round - other;
    }
}

static void do_release(struct cluster *self, uint32_t id, const struct action *a)
{
    struct delivery *held = &self->delivery[a->handle - 1];
    if (a->handle == 0 || held->to != id || held->state != READ ||
        held->from != self->node[id].peers[a->peer]) {
        fail(self, "worker %u releases handle %llu, which it does not hold", id,
             (unsigned long long)a->handle);
        return;
    }
    if (self->config->policy->lanes == LANES_WEIGHT && !held->mixed)
        lose_share(self, held);
    give_back(self, held, RELEASED);
}

static void do_control(struct cluster *self, uint32_t id, const struct action *a)
{
    struct event event = {.kind = EV_CONTROL, .type = a->type};
    memcpy(event.word, a->word, sizeof(event.word));
    for (uint32_t i = 0; i < a->count; i++)
        post(self, id, self->node[id].peers[a->peers[i]], false, event);
}

static void execute(struct cluster *self, uint32_t id)
{
    struct node *node = &self->node[id];
    for (uint32_t i = 0; i < self->out->count; i++) {
        const struct action *a = &self->out->item[i];
        switch ((enum action_kind)a->kind) {
        case ACT_COMPUTE:
            do_compute(self, id, a);
            break;
        case ACT_APPLY:
            do_apply(self, id, a);
            break;
        case ACT_SEND:
            do_send(self, id, a);
            break;
        case ACT_MIX:
            do_mix(self, id, a);
            break;
        case ACT_CONTROL:
            do_control(self, id, a);
            break;
        case ACT_TIMER:
            node->timer_generation = a->tag;
            schedule(self,
                     (struct due){.at_ns = a->at_ns,
                                  .worker = id,
                                  .generation = a->tag,
                                  .event = {.kind = EV_TIMER, .type = a->type, .tag = a->tag}});
            break;
        case ACT_CANCEL:
            node->timer_generation = 0;
            break;
        case ACT_RELEASE:
            do_release(self, id, a);
            break;
        case ACT_DONE:
            if (!node->stopped || node->done)
                fail(self, "worker %u is done twice, or without being told to stop", id);
            node->done = true;
            break;
        default:
            fail(self, "worker %u asks for action %u", id, a->kind);
        }
    }
}

/* ----------------------------------------------------------------------------------------------------- the run */

static void stop_everybody(struct cluster *self)
{
    const bool together = self->config->policy->synchronous;
    uint32_t last = 0;
    for (uint32_t i = 0; i < self->config->workers; i++)
        last = self->node[i].round > last ? self->node[i].round : last;
    for (uint32_t i = 0; i < self->config->workers; i++) {
        const uint32_t later_ns =
            together ? 0 : rng_below(&self->delays, (uint32_t)self->config->compute_ns);
        schedule(self, (struct due){.at_ns = self->now_ns + later_ns,
                                    .worker = i,
                                    .event = {.kind = EV_STOP, .tag = last}});
    }
}

/* False: the event is void (a message superseded on its way, an old timer, a dropped gradient). */
static bool admit(struct cluster *self, const struct due *due)
{
    struct node *node = &self->node[due->worker];
    if (due->event.kind == EV_GRADIENT) {
        node->computing &= due->generation != node->compute_generation;
        return due->generation == node->compute_generation;
    }
    if (due->event.kind == EV_TIMER)
        return due->generation == node->timer_generation;
    if (due->event.kind == EV_TENSOR) {
        struct delivery *d = &self->delivery[due->event.handle - 1];
        if (d->state != FLYING)
            return false;
        d->state = READ;
        self->flying[d->from][d->to]--;
    }
    if (due->event.kind == EV_STOP) {
        node->stopped = true;
        if (!self->config->policy->synchronous || node->round > due->event.tag) {
            node->compute_generation++; /* the running gradient is dropped */
            node->computing = false;
        }
    }
    return true;
}

static void account(struct cluster *self)
{
    struct gossip_result *r = &self->result;
    r->computed_min = UINT32_MAX;
    r->done = true;
    for (uint32_t i = 0; i < self->config->workers; i++) {
        const struct node *node = &self->node[i];
        const struct policy_counters c = agent_counters(&node->agent);
        r->computed_min = node->computed < r->computed_min ? node->computed : r->computed_min;
        r->computed_max = node->computed > r->computed_max ? node->computed : r->computed_max;
        r->counters.unmixed += c.unmixed;
        r->counters.dropped += c.dropped;
        r->counters.torn += c.torn;
        r->counters.committed += c.committed;
        r->done &= node->done;
        for (uint32_t d = 0; d < LANES; d++)
            r->sum[d] += node->vector.at[d] / (node->pushed ? 2 : 1);
    }
    for (uint32_t i = 0; i < self->delivery_count; i++) {
        const struct delivery *d = &self->delivery[i];
        r->done &= d->state == RELEASED || d->state == GONE;
        for (uint32_t k = 0; k < LANES && d->state == READ && !d->mixed; k++)
            r->flying[k] += self->snapshot[d->snapshot].vector.at[k] / (d->degree + 1.0);
    }
    if (is_exact(self) && r->depth_max > self->config->policy->exact_depth)
        fail(self, "%u messages on one edge, of %u", r->depth_max,
             self->config->policy->exact_depth);
}

static void open_cluster(struct cluster *self, const struct gossip_config *config)
{
    *self = (struct cluster){.config = config, .result.y_min = 1};
    self->delays = rng_start(config->seed, RNG_DELAY, 0);
    self->draws = rng_start(config->seed, RNG_JITTER, 0);
    self->out = calloc(1, sizeof(*self->out));
    running = config;
    signal(SIGABRT, on_abort);
    draw_edges(self);
    struct policy_options options = config->options;
    if (options.backup >= least_degree(self)) /* a leaf has nobody to spare */
        options.backup = least_degree(self) - 1;
    for (uint32_t i = 0; i < config->workers; i++)
        open_node(self, i, options);
}

static void close_cluster(struct cluster *self)
{
    for (uint32_t i = 0; i < self->config->workers; i++)
        free(self->node[i].memory);
    free(self->due);
    free(self->delivery);
    free(self->snapshot);
    free(self->out);
    signal(SIGABRT, SIG_DFL);
}

struct gossip_result gossip_run(const struct gossip_config *config)
{
    static struct cluster self;
    bool stopping = false;
    uint32_t steps = 0;
    open_cluster(&self, config);
    while (!self.result.failure[0]) {
        const uint32_t first = self.due_count > 0 ? first_due(&self) : 0;
        if (!stopping && (self.due_count == 0 || self.due[first].at_ns >= config->stop_ns)) {
            self.now_ns = config->stop_ns;
            stop_everybody(&self);
            stopping = true;
            continue;
        }
        if (self.due_count == 0)
            break;
        struct due due = self.due[first];
        self.due[first] = self.due[--self.due_count];
        if (!admit(&self, &due))
            continue;
        self.now_ns = due.event.now_ns = due.at_ns;
        agent_step(&self.node[due.worker].agent, &due.event, self.out);
        execute(&self, due.worker);
        if (++steps == STEPS_MAX)
            fail(&self, "it never ends");
    }
    account(&self);
    close_cluster(&self);
    return self.result;
}
