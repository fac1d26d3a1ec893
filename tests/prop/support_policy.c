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

#define N CLUSTER_WORKERS_MAX
#define DIM 4u
#define EPOCHS 8192u

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
    uint32_t to;
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
    void *memory;
    double x[DIM], applied[DIM];
    uint64_t compute_generation, timer_generation;
    uint64_t last_compute_ns;
    uint32_t round, computed;
    bool computing, done, stopped;
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
    snprintf(text, sizeof(text), "seed %llu, %s, %u workers, %s, release %s, %s, comm thread %d",
             (unsigned long long)config->seed, config->policy->name, config->workers,
             graphs[config->graph], releases[config->options.aau_release],
             config->options.adpsgd_pairing == ADPSGD_ANY ? "any" : "bipartite",
             config->options.adpsgd_comm_thread);
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

static void open_node(struct cluster *self, uint32_t id)
{
    struct node *node = &self->node[id];
    node->config = self->config->options;
    node->config.self = id;
    node->config.workers = self->config->workers;
    node->config.peers = node->peers;
    node->config.seed = rng_key(self->config->seed, RNG_POLICY, id);
    node->config.adpsgd_active = (self->distance[0][id] & 1) == 0;
    for (uint32_t j = 0; j < self->config->workers; j++)
        if (self->edge[id][j])
            node->peers[node->config.peer_count++] = j;
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
    measure_distances(self);
    if (config->policy == policy_find("adpsgd") &&
        config->options.adpsgd_pairing == ADPSGD_BIPARTITE)
        make_bipartite(self);
    for (uint32_t i = 0; i < config->workers; i++)
        open_node(self, i);
    running = config;
    signal(SIGABRT, on_abort);
}

static void close_cluster(struct cluster *self)
{
    for (uint32_t i = 0; i < self->config->workers; i++)
        free(self->node[i].memory);
    free(self->heap);
    free(self->delivery);
    free(self->pairing);
    free(self->epoch);
    free(self->out);
    signal(SIGABRT, SIG_DFL);
}

/* ----------------------------------------------------------------------------------------------------- actions */

static uint32_t index_of(const struct node *node, uint32_t id)
{
    uint32_t i = 0;
    while (i < node->config.peer_count && node->peers[i] != id)
        i++;
    return i;
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

static void do_send(struct cluster *self, uint32_t id, const struct action *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (self->delivery_count == self->delivery_room) {
            self->delivery_room = 2 * self->delivery_room + 64;
            self->delivery = realloc(self->delivery, self->delivery_room * sizeof(*self->delivery));
        }
        struct delivery *made = &self->delivery[self->delivery_count++];
        made->to = self->node[id].peers[a->peers[i]];
        made->state = DELIVERY_FLYING;
        memcpy(made->x, self->node[id].x, sizeof(made->x));
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

static void do_mix(struct cluster *self, uint32_t id, const struct action *a)
{
    struct node *node = &self->node[id];
    double mixed[DIM];
    memcpy(mixed, node->x, sizeof(mixed));
    for (uint32_t i = 0; i < a->count; i++) {
        const struct mix_term *term = &a->terms[i];
        const struct delivery *from = &self->delivery[term->handle - 1];
        if (from->state != DELIVERY_READ || from->to != id)
            fail(self, "worker %u mixes handle %llu, which it does not hold", id,
                 (unsigned long long)term->handle);
        note_pairing(self, id, a, term);
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
        }
    }
    if (++self->result.mixes != self->config->one_sided)
        memcpy(node->x, mixed, sizeof(mixed));
}

static void do_compute(struct cluster *self, uint32_t id, const struct action *a)
{
    struct node *node = &self->node[id];
    if (node->computing || node->done)
        fail(self, "worker %u computes twice, or after it was done", id);
    const uint64_t base_ns = self->config->compute_ns;
    uint64_t ns = base_ns * 4 / 5 + rng_below(&self->computes, (uint32_t)(base_ns * 2 / 5) + 1);
    if (rng_below(&self->computes, 10) == 0)
        ns *= 10;
    node->computing = true;
    node->computed++;
    node->round = a->round;
    node->last_compute_ns = self->now_ns;
    schedule(self, (struct due){.at_ns = self->now_ns + ns,
                                .worker = id,
                                .generation = ++node->compute_generation,
                                .event = {.kind = EV_GRADIENT, .tag = a->round}});
    if (!self->config->policy->synchronous)
        return;
    for (uint32_t j = 0; j < self->config->workers; j++) {
        const uint32_t other = self->node[j].round;
        if ((a->round > other ? a->round - other : other - a->round) > self->distance[id][j])
            fail(self, "worker %u begins round %u, worker %u at distance %u is in round %u", id,
                 a->round, j, self->distance[id][j], other);
    }
}

static void do_apply(struct cluster *self, uint32_t id)
{
    struct node *node = &self->node[id];
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
}

/* What AAU did in this step: who committed which wave, which edge was established in which epoch. */
static void watch_aau(struct cluster *self, uint32_t id, const struct event *event)
{
    uint64_t wave = 0;
    for (uint32_t i = 0; i < self->out->count; i++) {
        const struct action *a = &self->out->item[i];
        if (a->kind == ACT_CONTROL && a->type == AAU_COMMIT && a->word[1] == id)
            self->epoch[a->word[0] % EPOCHS].commits++;
        if (a->kind == ACT_SEND)
            wave = a->tag;
        if (a->kind == ACT_CONTROL && a->type == AAU_PATH && event->type == AAU_COMMIT &&
            a->word[1] == 1) {
            struct epoch_account *epoch = &self->epoch[a->word[0] % EPOCHS];
            epoch->touched |= 1u << a->word[2] | 1u << a->word[3];
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
    return due->event.kind == EV_TIMER && due->generation != node->timer_generation;
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
    }
    if (event->kind == EV_STOP) {
        node->stopped = true;
        if (!self->config->policy->synchronous || node->round > event->tag) {
            node->compute_generation++; /* the running gradient is dropped */
            node->computing = false;
        }
    }
    agent_step(&node->agent, event, self->out);
    if (strcmp(self->config->policy->name, "aau") == 0)
        watch_aau(self, due->worker, event);
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

/* Every row of every mix has its mirror: same exchange, same edge, the degrees the other way round. */
static void check_pairings(struct cluster *self)
{
    struct pairing *p = self->pairing;
    if (self->pairing_count > 0)
        qsort(p, self->pairing_count, sizeof(*p), by_pair);
    for (uint32_t i = 0; i < self->pairing_count; i += 2)
        if (i + 1 == self->pairing_count || by_pair(&p[i], &p[i + 1]) != 0 ||
            p[i].self != p[i + 1].peer || p[i].own_degree != p[i + 1].peer_degree ||
            p[i].peer_degree != p[i + 1].own_degree) {
            fail(self, "exchange %llu: workers %u and %u do not agree",
                 (unsigned long long)p[i].tag >> 1, p[i].self, p[i].peer);
            return;
        }
}

static void check_sums(struct cluster *self)
{
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
        if (self->delivery[i].state != DELIVERY_RELEASED) {
            fail(self, "handle %u for worker %u was never released", i + 1, self->delivery[i].to);
            return;
        }
    for (uint32_t i = 0; i < self->config->workers; i++)
        if (!self->node[i].done)
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
        r->computed_min = computed < r->computed_min ? computed : r->computed_min;
        r->computed_max = computed > r->computed_max ? computed : r->computed_max;
        r->epochs = c.epochs < r->epochs ? (uint32_t)c.epochs : r->epochs;
        r->sum.refused += c.refused;
        r->sum.unmixed += c.unmixed;
        r->sum.aborted += c.aborted;
        r->sum.committed += c.committed;
        r->sum.epochs += c.epochs;
    }
}

/* A worker may wait for each of the others to compute at its slowest, and be refused often on slow links. */
static uint64_t patience_ns(const struct cluster_config *config)
{
    return 10 * config->compute_ns * (config->workers + 4) +
           50 * (config->tensor_delay_ns_max + config->control_delay_ns_max);
}

static void check_alive(struct cluster *self)
{
    for (uint32_t i = 0; i < self->config->workers; i++)
        if (self->node[i].last_compute_ns + patience_ns(self->config) < self->config->stop_ns)
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
        feed(&self, &due);
    }
    if (!stopping)
        fail(&self, "nothing can happen any more long before the stop");
    sum_up(&self);
    check_drained(&self);
    check_pairings(&self);
    check_sums(&self);
    check_epochs(&self);
    close_cluster(&self);
    return self.result;
}
