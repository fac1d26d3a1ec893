/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/node/account.h"

#include <string.h>

static inline uint64_t planned_end(const struct sim_node *node)
{
    return node->begin_ns + node->base_ns + node->injected_ns;
}

/** Of the compute phase, what has passed by `until`. Once it is booked, its end moves on where its core is taken. */
static void book_phase(struct sim_node *node, uint64_t until)
{
    const struct blame_phase phase = account_phase(node);
    if (node->phase_booked)
        books_fill(&node->books, PART_HELD, sim_min(until, phase.end));
    else
        books_phase(&node->books, &phase, until);
    node->phase_booked |= until >= phase.end;
}

/** The worker had nothing to do until then, or was paused. */
static void book_wait(struct sim_node *node, uint64_t until)
{
    if (node->paused.end_ns > node->books.edge) {
        books_fill(&node->books, PART_WAIT, sim_min(node->paused.begin_ns, until));
        books_fill(&node->books, PART_INJECTED, sim_min(node->paused.end_ns, until));
    }
    books_fill(&node->books, PART_WAIT, until);
}

void sim_account_until(struct sim_node *node, uint64_t until)
{
    if (node->phase == SIM_COMPUTING) {
        book_phase(node, until);
        if (until <= planned_end(node))
            return;
    }
    book_wait(node, until);
}

/* While a gradient is asked for, the thread's work delays its beginning or runs beside it. */
static void book(struct sim_node *node, enum part part, uint64_t from, uint64_t to)
{
    if (node->phase == SIM_BEGINNING || (node->phase == SIM_COMPUTING && to <= planned_end(node)))
        return;
    if (node->phase == SIM_COMPUTING)
        from = sim_max(from, planned_end(node));
    sim_account_until(node, from);
    books_fill(&node->books, part, to);
}

/** Cores differ. */
static uint64_t cost_of(const struct sim_nodes *self, uint32_t worker, uint64_t ns)
{
    if (!self->wire.base.config.cost_ratio)
        return ns;
    return (uint64_t)((double)ns * self->wire.base.config.cost_ratio[worker] + 0.5);
}

/** The worker's shared core is taken for `ns` as soon as it is free, and displaces gradients. Returns from when. */
static uint64_t take_core(struct sim_nodes *self, uint32_t worker, uint64_t ns)
{
    struct sim_core *const core = &self->core[self->wire.base.config.core[worker]];
    const uint64_t from = sim_max(self->wire.base.clock_ns, core->free_ns);
    core->free_ns = from + ns;
    if (core->work_ns > from) {
        core->work_ns += ns;
        core->displaced_ns += ns;
    }
    return from;
}

void sim_account_spend(struct sim_nodes *self, uint32_t worker, enum part part, uint64_t cost_ns)
{
    const uint64_t ns = cost_of(self, worker, cost_ns);
    if (ns == 0)
        return;
    struct sim_node *const node = node_at(self, worker);
    uint64_t from = self->wire.base.clock_ns;
    if (self->wire.base.config.core) {
        from = take_core(self, worker, ns);
        book(node, PART_HELD, self->wire.base.clock_ns, from);
    }
    self->wire.base.clock_ns = from + ns;
    book(node, part, from, self->wire.base.clock_ns);
}

void sim_account_read(struct sim_nodes *self, uint32_t worker)
{
    const uint64_t ns = cost_of(self, worker, self->wire.base.config.costs.read_ns);
    if (ns > 0 && self->wire.base.config.core)
        take_core(self, worker, ns);
}

/**
 * When the waiting worker could have gone on. Live, the edges are polled from a different one each time, so the first
 * message found may be any of those that came: on average, their mean.
 */
static uint64_t mean_sent(const struct sim_nodes *self, const struct sim_node *node, uint64_t since)
{
    uint64_t sum = 0, count = 0;
    for (uint32_t m = node->port.inbox.first; m != SIM_NONE;
         m = self->wire.message[m].next, count++)
        sum += sim_max(self->wire.message[m].sent_ns, since) - since;
    return since + sum / count;
}

void sim_account_stolen(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->paused.stolen_ns == 0)
        return;
    const uint64_t since = node->paused.stolen_ns - 1,
                   until = sim_min(self->wire.base.now_ns, node->pause_ns);
    uint64_t due_ns = UINT64_MAX;
    node->paused.stolen_ns = 0;
    if (node->gradient_due)
        due_ns = planned_end(node);
    if (node->phase == SIM_IDLE && node->port.inbox.first != SIM_NONE)
        due_ns = sim_min(due_ns, mean_sent(self, node, since));
    const uint64_t from = sim_max(sim_max(since, due_ns), node->busy_ns);
    if (until > from) {
        sim_account_until(node, from);
        books_fill(&node->books, PART_REST, until);
    }
}

void sim_account_late(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (self->wire.base.config.slice_ns == 0 || node->paused.stolen_ns != 0 ||
        node->phase != SIM_IDLE || node->port.inbox.first == SIM_NONE)
        return;
    sim_account_until(node, mean_sent(self, node, sim_max(node->books.begin, node->busy_ns)));
    books_fill(&node->books, PART_HELD, self->wire.base.now_ns);
}

void sim_account_pause(struct sim_nodes *self, uint32_t worker, uint64_t until)
{
    struct sim_node *const node = node_at(self, worker);
    const bool goes_on = node->paused.end_ns > self->wire.base.now_ns;
    if (!goes_on && (node->phase == SIM_IDLE || node->gradient_due))
        sim_account_until(node, self->wire.base.now_ns);
    node->paused.begin_ns = goes_on ? node->paused.begin_ns : self->wire.base.now_ns;
    node->paused.end_ns = sim_max(node->paused.end_ns, until);
}

void sim_account_computed(struct sim_nodes *self, struct sim_node *node)
{
    book_phase(node, self->wire.base.now_ns);
    node->ready_at_ns = self->wire.base.now_ns + 1;
    node->came = true;
    if (node->injected_ns > 0)
        account_hist(self, SERIES_REQUESTED, node->injected_ns);
}

void sim_account_mixed(struct sim_nodes *self, struct sim_node *node, uint32_t peers)
{
    self->wire.base.totals.count.mixes++;
    node->mixed_with += peers;
    if (node->ready_at_ns > 0)
        account_hist(self, SERIES_READY, self->wire.base.clock_ns + 1 - node->ready_at_ns);
    node->ready_at_ns = 0;
}

/** What the gradients of this iteration took the worker itself. */
static uint64_t own_ns(const struct sim_node *node)
{
    const uint64_t *const part = node->books.part;
    return part[PART_LOAD] + part[PART_COMPUTE] + part[PART_INJECTED];
}

/** All of the iteration into the worker's record; what no message ended of its waits is `unended`. Returns its length. */
static uint64_t add_up(struct sim_nodes *self, uint32_t worker, enum blame unended)
{
    struct sim_node *const node = node_at(self, worker);
    const struct books *const books = &node->books;
    struct sim_worker_record *const record = &node->record;
    book_wait(node, self->wire.base.now_ns);
    record->wait_ns[unended] += books->part[PART_WAIT] - node->blamed_ns;
    node->blamed_ns = 0;
    for (uint32_t p = 0; p < PART_COUNT; p++)
        record->part_ns[p] += books->part[p];
    record->total_ns += books->edge - books->begin;
    return books->edge - books->begin;
}

static void close_books(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    const uint64_t total = add_up(self, worker, BLAME_HELD);
    self->wire.base.totals.count.iterations++;
    node->record.iterations++;
    hist_record(&self->hist[SERIES_ITERATION], total);
    if (!self->wire.base.config.watch || !self->wire.base.config.watch->iteration)
        return;
    struct sim_iteration line = {.worker = worker,
                                 .iteration = (uint32_t)(node->begun - 1),
                                 .mixed_with = node->mixed_with,
                                 .start_ns = node->books.begin,
                                 .total_ns = total,
                                 .own_ns = own_ns(node) - node->dropped_ns};
    memcpy(line.part_ns, node->books.part, sizeof(line.part_ns));
    self->wire.base.config.watch->iteration(self->wire.base.config.watch->context, &line);
}

void sim_account_iteration(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->begun > 0 && !node->came)
        return; /* the gradient was abandoned: the iteration goes on with another one */
    if (node->begun > 0 && self->recording)
        close_books(self, worker);
    books_open(&node->books, self->wire.base.now_ns);
    node->blamed_ns = node->dropped_ns = 0;
    node->mixed_with = 0;
    node->came = false;
}

void sim_account_abandoned(struct sim_nodes *self, struct sim_node *node)
{
    if (node->phase != SIM_COMPUTING)
        return;
    if (node->asked_ns >
        self->wire.base.now_ns) /* it waited for a batch that it does not want any more */
        books_cut(&node->books, PART_LOAD, self->wire.base.now_ns);
    book_phase(node, self->wire.base.now_ns);
    node->dropped_ns = own_ns(node);
}

/* Which of the parts lies behind the end is not kept; that they add up is. */
static void cut_off(struct books *books, uint64_t now)
{
    static const enum part spent[] = {PART_MIX, PART_PUBLISH, PART_LOAD, PART_HELD, PART_REST};
    for (uint32_t i = 0; i < sizeof(spent) / sizeof(spent[0]); i++)
        books_cut(books, spent[i], now);
}

void sim_account_end(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    cut_off(&node->books, self->wire.base.now_ns);
    sim_account_until(node, self->wire.base.now_ns);
    add_up(self, worker, BLAME_GONE);
}
