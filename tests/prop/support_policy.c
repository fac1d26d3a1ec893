/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtual cluster. Small on purpose: linear searches, arrays that grow, one struct for everything. */
#include "tests/prop/support_policy.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "core/policy/control.h"
#include "core/policy/oracle.h"
#include "core/policy/rows.h"

#define N CLUSTER_WORKERS_MAX
#define DIM 4u
#define EPOCHS 8192u
#define NOT_SENT UINT32_MAX

struct due {
    uint64_t at_ns, order;
    uint64_t generation; /* gradients and timers: void when the worker's has moved on */
    uint32_t worker;
    struct event event;
};

enum delivery_state { DELIVERY_FLYING, DELIVERY_READ, DELIVERY_RELEASED };

/* One tensor on its way to one receiver; its handle is its index + 1. */
struct delivery {
    double x[DIM];
    uint32_t from, to;
    uint32_t first; /* of the deliveries of the same snapshot */
    uint32_t open;  /* the first one counts those of them that are not released */
    enum delivery_state state;
};

/* One row of one executed mix. */
struct pairing {
    uint64_t tag;
    uint32_t self, peer, own_degree, peer_degree;
};

struct node {
    struct agent agent;
    struct policy_config config;
    uint32_t peers[N];
    uint8_t tree[N]; /* by index of the peer */
    void *memory;
    double x[DIM], applied[DIM];
    uint64_t compute_generation, timer_generation[4];
    uint64_t last_compute_ns;
    uint32_t round, computed;
    bool computing, done, stopped;
    uint32_t lent;      /* snapshots that somebody may still read */
    uint32_t current;   /* index of the first delivery of the current model, or NOT_SENT */
    uint32_t unread[N]; /* tensors on their way, by receiver id */
    uint64_t last_arrival_ns[2][N]; /* by {control, tensor} and receiver id */
};

struct epoch_account {
    uint32_t touched; /* bit per worker */
    uint32_t commits, merges;
    uint64_t last_merge; /* tag of the wave that established the edge counted last */
};

struct cluster {
    const struct cluster_config *config;
    struct cluster_result result;
    struct node node[N];
    struct policy_config all[N]; /* what a shared state is told */
    void *shared;
    bool edge[N][N];
    uint32_t distance[N][N];
    struct due *heap;
    struct delivery *delivery;
    struct pairing *pairing;
    uint32_t heap_count, heap_room, delivery_count, delivery_room, pairing_count, pairing_room;
    uint64_t now_ns, order;
    struct rng delays, computes;
    struct epoch_account *epoch; /* [EPOCHS] */
    struct actions *out;
    double start[DIM], size;
};

static const struct cluster_config *running; /* for the message of a failed CHECK */

static void fail(struct cluster *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void fail(struct cluster *self, const char *format, ...)
{
    if (self->result.failure[0])
        return;
    va_list args;
    va_start(args, format);
    const int n = snprintf(self->result.failure, sizeof(self->result.failure),
                           "%s: at %llu ns: ", cluster_describe(self->config),
                           (unsigned long long)self->now_ns);
    vsnprintf(self->result.failure + n, sizeof(self->result.failure) - (size_t)n, format, args);
    va_end(args);
}

const char *cluster_describe(const struct cluster_config *config)
{
    static const char *const graphs[] = {"path", "star", "ring", "complete", "cliques", "random"};
    static const char *const releases[] = {"cluster", "all", "nbr", "pair"};
    static char text[256];
    snprintf(text, sizeof(text),
             "seed %llu, %s, %u workers, %s, release %s by %s, %s, comm thread %d",
             (unsigned long long)config->seed, config->policy->name, config->workers,
             graphs[config->graph], releases[config->options.options.release],
             config->options.options.new_edge == AAU_VERTEX ? "vertex" : "component",
             config->options.options.pairing == ADPSGD_ANY ? "any" : "bipartite",
             config->options.options.comm_thread);
    return text;
}

static void on_abort(int number)
{
    (void)number;
    const char *text = cluster_describe(running);
    ssize_t ignored = write(2, text, strlen(text));
    ignored = write(2, "\n", 1);
    (void)ignored;
}

/* -------------------------------------------------------------------------------------------------- event heap */

static bool before(const struct due *a, const struct due *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void schedule(struct cluster *self, struct due due)
{
    if (self->heap_count == self->heap_room) {
        self->heap_room = 2 * self->heap_room + 64;
        self->heap = realloc(self->heap, self->heap_room * sizeof(*self->heap));
    }
    due.order = self->order++;
    uint32_t i = self->heap_count++;
    for (; i > 0 && before(&due, &self->heap[(i - 1) / 2]); i = (i - 1) / 2)
        self->heap[i] = self->heap[(i - 1) / 2];
    self->heap[i] = due;
}

static struct due next_due(struct cluster *self)
{
    const struct due top = self->heap[0];
    const struct due last = self->heap[--self->heap_count];
    uint32_t i = 0;
    for (uint32_t c = 1; c < self->heap_count; c = 2 * i + 1) {
        c += c + 1 < self->heap_count && before(&self->heap[c + 1], &self->heap[c]);
        if (!before(&self->heap[c], &last))
            break;
        self->heap[i] = self->heap[c];
        i = c;
    }
    if (self->heap_count > 0)
        self->heap[i] = last;
    return top;
}

/* ------------------------------------------------------------------------------------------------------- graph */

static void link_workers(struct cluster *self, uint32_t a, uint32_t b)
{
    if (a != b)
        self->edge[a][b] = self->edge[b][a] = true;
}

static void draw_graph(struct cluster *self)
{
    const uint32_t n = self->config->workers;
    const uint32_t half = n / 2;
    struct rng rng = rng_start(self->config->seed, RNG_GRAPH, 0);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            if (self->config->graph == CLUSTER_COMPLETE ||
                (self->config->graph == CLUSTER_CLIQUES && (i < half) == (j < half)))
                link_workers(self, i, j);
    for (uint32_t i = 1; i < n; i++) {
        if (self->config->graph == CLUSTER_PATH || self->config->graph == CLUSTER_RING)
            link_workers(self, i - 1, i);
        if (self->config->graph == CLUSTER_STAR)
            link_workers(self, 0, i);
        if (self->config->graph == CLUSTER_RANDOM) {
            link_workers(self, rng_below(&rng, i), i);
            link_workers(self, rng_below(&rng, n), rng_below(&rng, n));
        }
    }
    if (self->config->graph == CLUSTER_RING)
        link_workers(self, n - 1, 0);
    if (self->config->graph == CLUSTER_CLIQUES && half > 0)
        link_workers(self, half - 1, half);
}

static void measure_distances(struct cluster *self)
{
    const uint32_t n = self->config->workers;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++)
            self->distance[i][j] = i == j ? 0 : self->edge[i][j] ? 1 : n;
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                if (self->distance[i][k] + self->distance[k][j] < self->distance[i][j])
                    self->distance[i][j] = self->distance[i][k] + self->distance[k][j];
}

/* Two sides by distance from worker 0: edges within a side are dropped, the graph stays connected. */
static void make_bipartite(struct cluster *self)
{
    const uint32_t n = self->config->workers;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++)
            if ((self->distance[0][i] & 1) == (self->distance[0][j] & 1))
                self->edge[i][j] = false;
}

/* ------------------------------------------------------------------------------------------------------ set-up */

/* Next on the way to worker 0: the edges there are a spanning tree. */
static uint32_t above(const struct cluster *self, uint32_t id)
{
    uint32_t j = 0;
    while (j < self->config->workers &&
           !(self->edge[id][j] && self->distance[0][j] < self->distance[0][id]))
        j++;
    return j;
}

static void open_node(struct cluster *self, uint32_t id)
{
    struct node *node = &self->node[id];
    node->config = self->config->options;
    node->config.self = id;
    node->current = NOT_SENT;
    node->config.workers = self->config->workers;
    node->config.peers = node->peers;
    node->config.seed = rng_key(self->config->seed, RNG_POLICY, id);
    node->config.adpsgd_active = (self->distance[0][id] & 1) == 0;
    node->config.tree = self->config->policy->needs_tree ? node->tree : NULL;
    for (uint32_t j = 0; j < self->config->workers; j++)
        if (self->edge[id][j]) {
            node->tree[node->config.peer_count] = above(self, id) == j || above(self, j) == id;
            node->peers[node->config.peer_count++] = j;
        }
}

static void start_node(struct cluster *self, uint32_t id)
{
    struct node *node = &self->node[id];
    node->config.shared = self->shared;
    const size_t bytes = agent_bytes(self->config->policy, &node->config);
    node->memory = aligned_alloc(64, bytes);
    memset(node->memory, 0, bytes);
    agent_init(&node->agent, node->memory, self->config->policy, &node->config);
    for (uint32_t d = 0; d < DIM; d++) {
        node->x[d] = rng_unit_at(rng_key(self->config->seed, RNG_INIT, id), d);
        self->start[d] += node->x[d];
        self->size += fabs(node->x[d]);
    }
    schedule(self, (struct due){.worker = id, .event = {.kind = EV_START}});
}

static uint32_t index_of(const struct node *node, uint32_t id)
{
    uint32_t i = 0;
    while (i < node->config.peer_count && node->peers[i] != id)
        i++;
    return i;
}

static void open_shared(struct cluster *self)
{
    const struct policy *const policy = self->config->policy;
    if (!policy->shared_bytes)
        return;
    for (uint32_t i = 0; i < self->config->workers; i++)
        self->all[i] = self->node[i].config;
    const size_t bytes = policy->shared_bytes(self->all, self->config->workers);
    self->shared = aligned_alloc(64, (bytes + 63) / 64 * 64);
    memset(self->shared, 0, bytes);
    policy->shared_init(self->shared, self->all, self->config->workers);
}

static void schedule_crash(struct cluster *self)
{
    const uint32_t id = self->config->crashed;
    if (self->config->crash_ns == 0 || self->config->noticed_ns == 0)
        return;
    for (uint32_t i = 0; i < self->config->workers; i++)
        if (self->edge[id][i])
            schedule(self, (struct due){.at_ns = self->config->noticed_ns,
                                        .worker = i,
                                        .event = {.kind = EV_PEER_DOWN,
                                                  .peer = index_of(&self->node[i], id),
                                                  .incarnation = 1}});
}

static void open_cluster(struct cluster *self, const struct cluster_config *config)
{
    *self = (struct cluster){.config = config};
    self->delays = rng_start(config->seed, RNG_DELAY, 0);
    self->computes = rng_start(config->seed, RNG_JITTER, 0);
    self->epoch = calloc(EPOCHS, sizeof(*self->epoch));
    self->out = calloc(1, sizeof(*self->out));
    draw_graph(self);
    if (config->policy->edges == POLICY_EDGES_ALL)
        for (uint32_t i = 0; i < config->workers; i++)
            for (uint32_t j = 0; j < config->workers; j++)
                link_workers(self, i, j);
    if (config->policy->edges == POLICY_EDGES_NONE)
        memset(self->edge, 0, sizeof(self->edge));
    if (config->policy->edges == POLICY_EDGES_STAR) {
        memset(self->edge, 0, sizeof(self->edge));
        for (uint32_t i = 1; i < config->workers; i++)
            link_workers(self, 0, i);
    }
    measure_distances(self);
    if (config->policy == policy_find("adpsgd") &&
        config->options.options.pairing == ADPSGD_BIPARTITE)
        make_bipartite(self);
    for (uint32_t i = 0; i < config->workers; i++)
        open_node(self, i);
    open_shared(self);
    for (uint32_t i = 0; i < config->workers; i++)
        start_node(self, i);
    schedule_crash(self);
    running = config;
    signal(SIGABRT, on_abort);
}

static void close_cluster(struct cluster *self)
{
    for (uint32_t i = 0; i < self->config->workers; i++)
        free(self->node[i].memory);
    free(self->shared);
    free(self->heap);
    free(self->delivery);
    free(self->pairing);
    free(self->epoch);
    free(self->out);
    signal(SIGABRT, SIG_DFL);
}

/* ----------------------------------------------------------------------------------------------------- actions */

static bool is_crashed(const struct cluster *self, uint32_t id)
{
    return self->config->crash_ns > 0 && id == self->config->crashed &&
           self->now_ns >= self->config->crash_ns;
}

/* Deliver to one peer, behind what is on the same channel already. */
static void post(struct cluster *self, uint32_t from, uint32_t to, bool tensor, struct event event)
{
    const uint64_t most =
        tensor ? self->config->tensor_delay_ns_max : self->config->control_delay_ns_max;
    const uint64_t delay_ns = most ? rng_below(&self->delays, (uint32_t)most) + tensor : 0;
    uint64_t *last_ns = &self->node[from].last_arrival_ns[tensor][to];
    const uint64_t at_ns = self->now_ns + delay_ns;
    *last_ns = at_ns > *last_ns ? at_ns : *last_ns;
    event.peer = index_of(&self->node[to], from);
    event.incarnation = 1;
    schedule(self, (struct due){.at_ns = *last_ns, .worker = to, .event = event});
}

/* Room for the lent snapshots, the current model, and one being written. */
static void check_slots(struct cluster *self, uint32_t id)
{
    const struct policy *row = self->config->policy;
    const struct node *node = &self->node[id];
    const bool lent = node->current != NOT_SENT && self->delivery[node->current].open > 0;
    const uint32_t used = node->lent + !lent + 1;
    if (used > row->slots_fixed + row->slots_per_edge * node->config.peer_count)
        fail(self, "worker %u needs %u slots", id, used);
}

static void renew(struct cluster *self, uint32_t id)
{
    check_slots(self, id);
    self->node[id].current = NOT_SENT;
}

static void do_send(struct cluster *self, uint32_t id, const struct action *a)
{
    struct node *node = &self->node[id];
    if (node->current == NOT_SENT)
        node->current = self->delivery_count;
    for (uint32_t i = 0; i < a->count; i++) {
        if (self->delivery_count == self->delivery_room) {
            self->delivery_room = 2 * self->delivery_room + 64;
            self->delivery = realloc(self->delivery, self->delivery_room * sizeof(*self->delivery));
        }
        struct delivery *made = &self->delivery[self->delivery_count++];
        *made =
            (struct delivery){.from = id, .to = node->peers[a->peers[i]], .first = node->current};
        node->lent += self->delivery[node->current].open++ == 0;
        memcpy(made->x, node->x, sizeof(made->x));
        if (++node->unread[made->to] > self->config->policy->exact_depth &&
            self->config->policy->tensor_class == DELIVERY_EXACT)
            fail(self, "worker %u has %u unread tensors from worker %u", made->to,
                 node->unread[made->to], id);
        post(self, id, made->to, true,
             (struct event){.kind = EV_TENSOR,
                            .type = a->type,
                            .tag = a->tag,
                            .degree = a->degree,
                            .handle = self->delivery_count});
    }
}

static void note_pairing(struct cluster *self, uint32_t id, const struct action *a,
                         const struct mix_term *term)
{
    if (self->pairing_count == self->pairing_room) {
        self->pairing_room = 2 * self->pairing_room + 64;
        self->pairing = realloc(self->pairing, self->pairing_room * sizeof(*self->pairing));
    }
    const bool weighted = a->rule == MIX_METROPOLIS;
    self->pairing[self->pairing_count++] =
        (struct pairing){.tag = a->tag << 1 | (a->rule == MIX_SLICE_COPY),
                         .self = id,
                         .peer = self->node[id].peers[term->peer],
                         .own_degree = weighted ? a->degree : 1,
                         .peer_degree = weighted ? term->weight : 1};
}

static uint64_t scramble(uint64_t hash, uint64_t word)
{
    return rng_key(hash, RNG_POLICY, word);
}

static void note_row(struct cluster *self, uint32_t id, const struct action *a,
                     const struct mix_term *term)
{
    if (self->now_ns >= self->config->stop_ns)
        return;
    const uint64_t degrees = (uint64_t)a->degree << 32 | term->weight;
    const uint64_t edge = (uint64_t)id << 32 | self->node[id].peers[term->peer];
    self->result.rows++;
    self->result.row_digest += scramble(scramble(self->now_ns, edge), degrees);
}

/* What is subtracted: an own snapshot that whoever it was sent to still keeps. */
static const double *base_of(struct cluster *self, uint32_t id, const struct mix_term *term)
{
    const struct delivery *base = &self->delivery[term->base - 1];
    if (base->from != id || base->state != DELIVERY_READ)
        fail(self, "worker %u subtracts handle %llu, which is not on loan from it", id,
             (unsigned long long)term->base);
    return base->x;
}

static void do_mix(struct cluster *self, uint32_t id, const struct action *a)
{
    struct node *node = &self->node[id];
    double mixed[DIM];
    memcpy(mixed, node->x, sizeof(mixed));
    double weights = a->degree;
    for (uint32_t i = 0; i < a->count; i++)
        weights += a->terms[i].weight;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct mix_term *term = &a->terms[i];
        const struct delivery *from = &self->delivery[term->handle - 1];
        if (from->state != DELIVERY_READ || from->to != id)
            fail(self, "worker %u mixes handle %llu, which it does not hold", id,
                 (unsigned long long)term->handle);
        note_pairing(self, id, a, term);
        note_row(self, id, a, term);
        const uint32_t most = a->degree > term->weight ? a->degree : term->weight;
        const uint32_t slice = a->rule == MIX_SLICE_COPY ? term->weight : a->slice;
        for (uint32_t d = 0; d < DIM; d++) {
            const bool inside =
                a->slices && d >= slice * DIM / a->slices && d < (slice + 1) * DIM / a->slices;
            const double step = from->x[d] - node->x[d];
            if (a->rule == MIX_METROPOLIS)
                mixed[d] += step / (1.0 + most);
            else if (a->rule == MIX_MEAN || (a->rule == MIX_SLICE_MEAN && inside))
                mixed[d] += step / (a->count + 1.0);
            else if (a->rule == MIX_SLICE_COPY && inside)
                mixed[d] = from->x[d];
            else if (a->rule == MIX_WEIGHTED)
                mixed[d] += step * term->weight / weights;
            else if (a->rule == MIX_DELTA_OWN)
                mixed[d] += (from->x[d] - base_of(self, id, term)[d]) / term->weight;
        }
    }
    renew(self, id);
    if (++self->result.mixes != self->config->one_sided)
        memcpy(node->x, mixed, sizeof(mixed));
}

static void do_compute(struct cluster *self, uint32_t id, const struct action *a)
{
    struct node *node = &self->node[id];
    if (node->computing || node->done)
        fail(self, "worker %u computes twice, or after it was done", id);
    const uint64_t base_ns = self->config->compute_ns;
    struct rng own = {
        .key = rng_key(rng_key(self->config->seed, RNG_JITTER, id), RNG_JITTER, a->round)};
    struct rng *const rng = self->config->keyed ? &own : &self->computes;
    uint64_t ns = base_ns * 4 / 5 + rng_below(rng, (uint32_t)(base_ns * 2 / 5) + 1);
    if (rng_below(rng, 10) == 0)
        ns *= 10;
    node->computing = true;
    node->computed++;
    node->round = a->round;
    node->last_compute_ns = self->now_ns;
    schedule(self, (struct due){.at_ns = self->now_ns + ns,
                                .worker = id,
                                .generation = ++node->compute_generation,
                                .event = {.kind = EV_GRADIENT, .tag = a->round}});
    if (!self->config->policy->synchronous || is_crashed(self, self->config->crashed))
        return;
    const bool local = strcmp(self->config->policy->name, "local-sgd") == 0;
    const uint32_t steps = local ? self->config->options.options.steps : 1;
    for (uint32_t j = 0; j < self->config->workers; j++) {
        const uint32_t other = self->node[j].round;
        if ((a->round > other ? a->round - other : other - a->round) >
            self->distance[id][j] * steps)
            fail(self, "worker %u begins round %u, worker %u at distance %u is in round %u", id,
                 a->round, j, self->distance[id][j], other);
    }
}

static void do_apply(struct cluster *self, uint32_t id)
{
    struct node *node = &self->node[id];
    renew(self, id);
    for (uint32_t d = 0; d < DIM; d++) {
        const double step = rng_unit(&self->computes) - 0.5;
        node->x[d] -= step;
        node->applied[d] += step;
        self->size += fabs(step);
    }
}

static void do_release(struct cluster *self, uint32_t id, const struct action *a)
{
    struct delivery *held = &self->delivery[a->handle - 1];
    if (held->to != id || held->state != DELIVERY_READ)
        fail(self, "worker %u releases handle %llu, which it does not hold", id,
             (unsigned long long)a->handle);
    held->state = DELIVERY_RELEASED;
    if (--self->delivery[held->first].open == 0)
        self->node[held->from].lent--;
}

/* AAU, or a policy made of its parts */
static bool by_messages(const struct cluster_config *config)
{
    return config->policy == &policy_aau || config->policy == &policy_cb_dybw;
}

/* What AAU did in this step: who committed which wave, which edge was established in which epoch. */
static void watch_aau(struct cluster *self, uint32_t id)
{
    uint64_t wave = 0;
    for (uint32_t i = 0; i < self->out->count; i++) {
        const struct action *a = &self->out->item[i];
        if (a->kind == ACT_CONTROL && a->type == AAU_COMMIT && a->word[1] == id) {
            self->epoch[a->word[0] % EPOCHS].commits++;
            self->result.exchanges += self->now_ns < self->config->stop_ns;
        }
        if (a->kind == ACT_SEND)
            wave = a->tag;
        if (a->kind != ACT_CONTROL || a->type != AAU_PATH || wave == 0)
            continue;
        struct epoch_account *epoch = &self->epoch[a->word[0] % EPOCHS];
        for (uint32_t k = 0; k < a->word[1]; k++) {
            epoch->touched |= 1u << a->word[2 + 2 * k] | 1u << a->word[3 + 2 * k];
            epoch->merges += epoch->last_merge != wave;
            epoch->last_merge = wave;
        }
    }
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
            do_apply(self, id);
            break;
        case ACT_SEND:
            do_send(self, id, a);
            break;
        case ACT_MIX:
            do_mix(self, id, a);
            break;
        case ACT_CONTROL:
            for (uint32_t k = 0; k < a->count; k++) {
                struct event event = {.kind = EV_CONTROL, .type = a->type};
                memcpy(event.word, a->word, sizeof(event.word));
                post(self, id, node->peers[a->peers[k]], false, event);
            }
            break;
        case ACT_TIMER:
            node->timer_generation[a->type] = a->tag;
            schedule(self,
                     (struct due){.at_ns = a->at_ns,
                                  .worker = id,
                                  .generation = a->tag,
                                  .event = {.kind = EV_TIMER, .type = a->type, .tag = a->tag}});
            break;
        case ACT_CANCEL:
            node->timer_generation[a->type] = 0;
            break;
        case ACT_RELEASE:
            do_release(self, id, a);
            break;
        case ACT_EVICT: /* nothing to reclaim: deliveries are copies */
            break;
        case ACT_WAKE:
            for (uint32_t k = 0; k < a->count; k++)
                schedule(self, (struct due){.at_ns = self->now_ns,
                                            .worker = a->peers[k],
                                            .event = {.kind = EV_WAKE, .tag = a->tag}});
            break;
        case ACT_ABANDON:
            if (!node->computing)
                fail(self, "worker %u abandons a gradient that it does not compute", id);
            node->compute_generation++;
            node->computing = false;
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

/* ---------------------------------------------------------------------------------------------------- the run */

static void stop_everybody(struct cluster *self)
{
    const bool together = self->config->policy->synchronous;
    uint32_t last = 0;
    for (uint32_t i = 0; i < self->config->workers; i++)
        if (self->node[i].round > last)
            last = self->node[i].round;
    for (uint32_t i = 0; i < self->config->workers; i++)
        schedule(self,
                 (struct due){.at_ns = self->now_ns +
                                       (together ? 0
                                                 : rng_below(&self->delays,
                                                             (uint32_t)self->config->compute_ns)),
                              .worker = i,
                              .event = {.kind = EV_STOP, .tag = last}});
}

static bool is_void(struct cluster *self, const struct due *due)
{
    const struct node *node = &self->node[due->worker];
    if (due->event.kind == EV_GRADIENT)
        return due->generation != node->compute_generation;
    return due->event.kind == EV_TIMER &&
           due->generation != node->timer_generation[due->event.type];
}

static void feed(struct cluster *self, struct due *due)
{
    struct node *node = &self->node[due->worker];
    struct event *event = &due->event;
    event->now_ns = self->now_ns;
    if (event->kind == EV_GRADIENT)
        node->computing = false;
    if (event->kind == EV_TENSOR) {
        if (self->delivery[event->handle - 1].state != DELIVERY_FLYING)
            fail(self, "handle %llu arrives twice", (unsigned long long)event->handle);
        self->delivery[event->handle - 1].state = DELIVERY_READ;
        self->node[self->delivery[event->handle - 1].from].unread[due->worker]--;
    }
    if (event->kind == EV_STOP) {
        node->stopped = true;
        if (!self->config->policy->synchronous || node->round > event->tag) {
            node->compute_generation++; /* the running gradient is dropped */
            node->computing = false;
        }
    }
    agent_step(&node->agent, event, self->out);
    if (by_messages(self->config))
        watch_aau(self, due->worker);
    execute(self, due->worker);
}

static int by_pair(const void *left, const void *right)
{
    const struct pairing *a = left, *b = right;
    const uint32_t a_low = a->self < a->peer ? a->self : a->peer;
    const uint32_t b_low = b->self < b->peer ? b->self : b->peer;
    const uint32_t a_high = a->self + a->peer - a_low;
    const uint32_t b_high = b->self + b->peer - b_low;
    if (a->tag != b->tag)
        return a->tag < b->tag ? -1 : 1;
    if (a_low != b_low)
        return a_low < b_low ? -1 : 1;
    return a_high < b_high ? -1 : a_high > b_high;
}

static bool mirrored(const struct pairing *a, const struct pairing *b)
{
    return by_pair(a, b) == 0 && a->self == b->peer && a->own_degree == b->peer_degree &&
           a->peer_degree == b->own_degree;
}

/* Every row of every mix has its mirror: same exchange, same edge, the degrees the other way round. But for edges with a
 * crashed worker, and for those whose other end says that it gave up the edge alone. */
static void check_pairings(struct cluster *self)
{
    struct pairing *p = self->pairing;
    const bool patient = self->config->options.options.evict_after_ns == 0;
    const uint64_t torn = patient ? 0 : self->result.sum.torn; /* else only with the crashed one */
    uint64_t single = 0;
    if (self->config->policy->central)
        return;
    if (self->pairing_count > 0)
        qsort(p, self->pairing_count, sizeof(*p), by_pair);
    for (uint32_t i = 0; i < self->pairing_count; i++) {
        if (is_crashed(self, p[i].self) || is_crashed(self, p[i].peer))
            continue;
        if (i + 1 < self->pairing_count && mirrored(&p[i], &p[i + 1])) {
            i++;
            continue;
        }
        if (++single > torn)
            fail(self, "exchange %llu: workers %u and %u do not agree",
                 (unsigned long long)p[i].tag >> 1, p[i].self, p[i].peer);
    }
}

/* A server has made every step that was made from its models, each once; undivided, or it does not add up. */
static void check_server(struct cluster *self)
{
    if (strcmp(self->config->policy->name, "k-sync") == 0 || self->config->options.options.damped)
        return;
    for (uint32_t d = 0; d < DIM; d++) {
        double want = rng_unit_at(rng_key(self->config->seed, RNG_INIT, 0), d);
        for (uint32_t i = 1; i < self->config->workers; i++)
            want -= self->node[i].applied[d];
        if (!(fabs(self->node[0].x[d] - want) <= 1e-9 * (1 + self->size)))
            fail(self, "coordinate %u of the server is %.12g, expected %.12g", d,
                 self->node[0].x[d], want);
    }
}

static void check_sums(struct cluster *self)
{
    if (self->config->policy->central) {
        check_server(self);
        return;
    }
    for (uint32_t d = 0; d < DIM; d++) {
        double now = 0, want = self->start[d];
        for (uint32_t i = 0; i < self->config->workers; i++) {
            now += self->node[i].x[d];
            want -= self->node[i].applied[d];
        }
        if (!(fabs(now - want) <= 1e-9 * (1 + self->size)))
            fail(self, "sum of coordinate %u is %.12g, expected %.12g", d, now, want);
    }
}

static void check_drained(struct cluster *self)
{
    for (uint32_t i = 0; i < self->delivery_count; i++)
        if (self->delivery[i].state != DELIVERY_RELEASED &&
            !is_crashed(self, self->delivery[i].to)) {
            fail(self, "handle %u for worker %u was never released", i + 1, self->delivery[i].to);
            return;
        }
    for (uint32_t i = 0; i < self->config->workers; i++)
        if (!self->node[i].done && !is_crashed(self, i))
            fail(self, "worker %u is not done, and nothing can happen any more", i);
}

/* AAU: only epochs that everybody has left count; the last ones are cut by the stop. */
static void check_epochs(struct cluster *self)
{
    struct cluster_result *r = &self->result;
    const uint32_t all = (1u << self->config->workers) - 1;
    for (uint32_t e = 0; e < r->epochs; e++) {
        const struct epoch_account *epoch = &self->epoch[e];
        if (epoch->touched != all)
            fail(self, "epoch %u touched only workers %#x", e, epoch->touched);
        if (epoch->commits > r->epoch_commits_max)
            r->epoch_commits_max = epoch->commits;
        if (epoch->merges > r->epoch_merges_max)
            r->epoch_merges_max = epoch->merges;
    }
}

static void sum_up(struct cluster *self)
{
    struct cluster_result *r = &self->result;
    r->computed_min = UINT32_MAX;
    r->epochs = UINT32_MAX;
    for (uint32_t i = 0; i < self->config->workers; i++) {
        const struct policy_counters c = agent_counters(&self->node[i].agent);
        const uint32_t computed = self->node[i].computed;
        if (is_crashed(self, i))
            continue;
        if (i > 0 || !self->config->policy->central)
            r->computed_min = computed < r->computed_min ? computed : r->computed_min;
        r->computed_max = computed > r->computed_max ? computed : r->computed_max;
        r->epochs = c.epochs < r->epochs ? (uint32_t)c.epochs : r->epochs;
        r->sum.refused += c.refused;
        r->sum.unmixed += c.unmixed;
        r->sum.aborted += c.aborted;
        r->sum.committed += c.committed;
        r->sum.epochs += c.epochs;
        r->sum.evicted += c.evicted;
        r->sum.alarms += c.alarms;
        r->sum.dropped += c.dropped;
        r->sum.torn += c.torn;
    }
    if (self->shared) {
        const struct oracle *const oracle = self->shared;
        r->oracle_longest = oracle->epoch_longest;
    }
}

/* A worker may wait for each of the others to compute at its slowest, and be refused often on slow links. */
static uint64_t patience_ns(const struct cluster_config *config)
{
    return 10 * config->compute_ns * (config->workers + 4) +
           50 * (config->tensor_delay_ns_max + config->control_delay_ns_max) +
           8 * config->options.options.evict_after_ns;
}

static void check_alive(struct cluster *self)
{
    for (uint32_t i = self->config->policy->central; i < self->config->workers; i++)
        if (!is_crashed(self, i) &&
            self->node[i].last_compute_ns + patience_ns(self->config) < self->config->stop_ns)
            fail(self, "worker %u last began to compute at %llu ns: it hangs", i,
                 (unsigned long long)self->node[i].last_compute_ns);
}

struct cluster_result cluster_run(const struct cluster_config *config)
{
    static struct cluster self;
    open_cluster(&self, config);
    bool stopping = false;
    while (self.heap_count > 0 && !self.result.failure[0]) {
        if (!stopping && self.heap[0].at_ns >= config->stop_ns) {
            self.now_ns = config->stop_ns;
            check_alive(&self);
            if (self.shared)
                self.result.exchanges = ((const struct oracle *)self.shared)->exchanges;
            stop_everybody(&self);
            stopping = true;
        }
        struct due due = next_due(&self);
        if (due.worker == config->stalled && due.at_ns >= config->stall_begin_ns &&
            due.at_ns < config->stall_end_ns) {
            due.at_ns = config->stall_end_ns;
            schedule(&self, due);
            continue;
        }
        if (is_void(&self, &due))
            continue;
        self.now_ns = due.at_ns;
        if (is_crashed(&self, due.worker)) {
            if (due.event.kind == EV_TENSOR)
                self.delivery[due.event.handle - 1].state = DELIVERY_RELEASED;
            continue;
        }
        feed(&self, &due);
    }
    if (!stopping)
        fail(&self, "nothing can happen any more long before the stop");
    sum_up(&self);
    check_drained(&self);
    const bool row = config->policy->matrix == MATRIX_ROW; /* keeps no sum, and has no pairs */
    if (!row)
        check_pairings(&self);
    if (!row && config->crash_ns == 0 && self.result.sum.torn == 0)
        check_sums(&self);
    if (by_messages(config) && self.result.sum.evicted == 0)
        check_epochs(&self);
    close_cluster(&self);
    return self.result;
}
