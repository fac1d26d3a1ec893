/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a gradient takes: the same laws, drawn for the same (worker, iteration), as live (core/worker/compute.c).
 *
 * On a shared core the real gradient, core_ns of the base time, is computed exclusively, in order of asking and
 * whenever nobody has to be served. The rest of the base time and the injected delay pass beside other workers, as a
 * parked live worker leaves its core; emulated compute *includes* the real gradient, so a phase is late only where the
 * core is done with it after everything else has passed. With slices the core goes round the gradients instead (slices.h).
 */
#include "core/sim/node/compute.h"

#include "core/sim/node/account.h"
#include "core/sim/node/budget.h"
#include "core/sim/node/models.h"
#include "core/sim/node/slices.h"
#include "core/sim/node/waits.h"
#include "core/sim/values/values.h"

/** Drawn for some iterations at once: they are asked for one after the other, from 0. */
static uint64_t undisturbed_ns(const struct sim_nodes *self, struct sim_node *node, uint32_t worker,
                               uint64_t iteration)
{
    const uint64_t lane = iteration % INJECT_BASE_LANES;
    if (self->wire.base.config.measured)
        return sim_max(inject_measured_ns(&self->wire.base.config.measured[worker],
                                          self->wire.base.config.seed, worker, iteration),
                       1);
    if (lane == 0)
        inject_base_lanes(&self->base_times, self->wire.base.config.seed, worker, iteration,
                          node->drawn_ns);
    return node->drawn_ns[lane];
}

/** Nothing of the base time is emulated: then the injected delay follows it, as live with a base time of 0. */
static bool is_all_real(const struct sim_config *c)
{
    return c->core_ns >= c->base_ns;
}

/** The gradient's turn on its shared core begins when all that were asked for before have had theirs. */
static void queue_for_core(struct sim_nodes *self, struct sim_node *node, uint32_t worker)
{
    const struct sim_config *const c = &self->wire.base.config;
    struct sim_core *const core = &self->core[c->core[worker]];
    const uint64_t real_ns = is_all_real(c) ? node->base_ns : sim_min(c->core_ns, node->base_ns);
    if (c->slice_ns > 0) {
        slices_want(self, worker, real_ns);
        return;
    }
    node->turn.begin_ns = sim_max(node->asked_ns, sim_max(core->free_ns, core->work_ns));
    node->turn.end_ns = core->work_ns = node->turn.begin_ns + real_ns;
    node->turn.displaced_ns = core->displaced_ns;
    node->on_core = true;
}

/** When the phase ends as things stand. begin_ns is when it would have begun if it had not been held later. */
static uint64_t plan_end(const struct sim_nodes *self, struct sim_node *node)
{
    const uint64_t phase_ns = node->base_ns + node->injected_ns;
    uint64_t end_ns = node->asked_ns + phase_ns;
    if (self->wire.base.config.core && !slices_go_on(self, node))
        end_ns = is_all_real(&self->wire.base.config) ? node->turn.end_ns + node->injected_ns
                                                      : sim_max(end_ns, node->turn.end_ns);
    node->begin_ns = end_ns - phase_ns;
    if (node->process)
        node->ready_ns = sim_max(node->ready_ns, end_ns);
    return end_ns;
}

/** When the next batch is there, and the one after it asked for. After the end it does not wait, as live. */
static uint64_t load(struct sim_nodes *self, struct sim_node *node, uint32_t worker)
{
    uint64_t ready_ns = sim_max(self->wire.base.clock_ns, node->disk_ns);
    if (!self->disk)
        return ready_ns;
    if (!self->stopped)
        ready_ns = sim_max(ready_ns, disk_ready_ns(&self->disk[worker]));
    disk_take(&self->disk[worker], &self->wire.base.config.inject, worker, ready_ns);
    return ready_ns;
}

static void begin(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    node->phase = SIM_IDLE;
    sim_account_iteration(self, worker);
    sim_account_spend(self, worker, PART_LOAD, self->wire.base.config.costs.iteration_ns);

    const struct sim_config *const c = &self->wire.base.config;
    waits_keep_phase(node);
    const uint64_t iteration = node->begun++;
    const uint64_t base_ns = undisturbed_ns(self, node, worker, iteration);
    node->asked_ns = load(self, node, worker);
    books_fill(&node->books, PART_LOAD, node->asked_ns);
    sim_account_read(self, worker);
    const struct inject_phase phase =
        inject_phase(&c->inject, INJECT_COMPUTE, worker, iteration, node->asked_ns, base_ns);
    node->base_ns = phase.base_ns;
    node->injected_ns = phase.delay_ns;
    node->process = phase.process;
    node->phase = SIM_COMPUTING;
    node->reads.slot = node->current;
    node->reads.version = node->version;
    node->orphan = node->phase_booked = false;
    if (self->wire.base.config.values)
        values_gradient(self->wire.base.config.values, worker, node->reads.slot);
    if (self->wire.base.config.core)
        queue_for_core(self, node, worker);
    const uint64_t end_ns = plan_end(self, node);
    if (!slices_go_on(self, node))
        due_at(&self->wire.base, self->wire.base.config.core ? node->turn.end_ns : end_ns,
               DUE_GRADIENT, worker, node->generation);
}

void sim_compute_turn(struct sim_nodes *self, uint32_t core)
{
    const struct slices_turn turn = slices_turn(self, core);
    if (turn.finished !=
        SIM_NONE) { /* its phase ends now, or when all that is emulated has passed */
        struct sim_node *const node = node_at(self, turn.finished);
        node->turn.end_ns = self->wire.base.now_ns;
        due_at(&self->wire.base, sim_max(plan_end(self, node), self->wire.base.now_ns),
               DUE_GRADIENT, turn.finished, node->generation);
    }
    if (turn.goes_on)
        due_at(&self->wire.base, turn.next_ns, DUE_SLICE, core, 0);
}

/** What services have displaced since the last look. */
static uint64_t catch_up(const struct sim_nodes *self, struct sim_node *node, uint32_t worker)
{
    const uint64_t displaced_ns = self->core[self->wire.base.config.core[worker]].displaced_ns;
    const uint64_t late_ns = displaced_ns - node->turn.displaced_ns;
    node->turn.displaced_ns = displaced_ns;
    node->turn.end_ns += late_ns;
    return late_ns;
}

/** Know what services have displaced until now; by how much they delayed the gradient since the last look. */
static uint64_t look(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (!node->on_core || slices_go_on(self, node))
        return 0;
    const uint64_t late_ns = catch_up(self, node, worker);
    plan_end(self, node);
    return late_ns;
}

bool sim_compute_is_over(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (!node->on_core)
        return true;
    node->on_core = look(self, worker) > 0;
    const uint64_t end_ns = node->begin_ns + node->base_ns + node->injected_ns;
    const uint64_t next_ns = node->on_core ? node->turn.end_ns : end_ns;
    if (next_ns <= self->wire.base.now_ns)
        return true;
    due_at(&self->wire.base, next_ns, DUE_GRADIENT, worker, node->generation);
    return false;
}

/* ACT_COMPUTE after the end: only what a synchronous policy still owes its peers. */
static bool may_begin(const struct sim_nodes *self, const struct sim_node *node, uint32_t round)
{
    if (self->stopped)
        return progress_owes(self->wire.base.config.policy->synchronous, round, self->last_round);
    return progress_may_begin(&self->budget, node->begun + node->rounds.missed);
}

void sim_compute_want(struct sim_nodes *self, uint32_t worker, uint32_t round)
{
    struct sim_node *const node = node_at(self, worker);
    CHECK(node->phase == SIM_IDLE);
    node->round = round;
    if (node->rounds.apart)
        budget_join(self, worker, round);
    if (!may_begin(self, node, round)) {
        node->deferred_compute = true;
        node->deferred_round = round;
        self->any_deferred = true;
        return;
    }
    self->round_max = round > self->round_max ? round : self->round_max;
    if (node->paused.stolen_ns != 0)
        self->wire.base.clock_ns = sim_max(self->wire.base.clock_ns, node->pause_ns);
    node->asked_ns = self->wire.base.clock_ns;
    node->generation++;
    if (self->wire.base.clock_ns > self->wire.base.now_ns) {
        node->phase = SIM_BEGINNING;
        due_at(&self->wire.base, self->wire.base.clock_ns, DUE_BEGIN, worker, node->generation);
        return;
    }
    begin(self, worker);
}

void sim_compute_resume(struct sim_nodes *self, uint32_t worker)
{
    self->wire.base.clock_ns = self->wire.base.now_ns;
    begin(self, worker);
    sim_account_busy(self, node_at(self, worker));
}

struct event sim_compute_finish(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    models_unpin(self, worker);
    sim_account_computed(self, node);
    node->phase = SIM_IDLE;
    node->gradient_due = false;
    node->port.finished++;
    self->wire.base.totals.count.gradients += self->recording;
    self->spent += self->recording;
    node->record.gradients += self->recording;
    return (struct event){.kind = EV_GRADIENT,
                          .now_ns = self->wire.base.now_ns,
                          .tag = node->begun - 1,
                          .version = node->reads.version};
}

/** What is left of its turn on the core goes to whoever comes next, if nobody has queued behind it. */
static void leave_core(struct sim_nodes *self, struct sim_node *node, uint32_t worker)
{
    const bool queued = node->on_core && !slices_go_on(self, node);
    node->on_core = node->on_core && queued;
    if (!queued)
        return;
    uint64_t *const work_ns = &self->core[self->wire.base.config.core[worker]].work_ns;
    const uint64_t begin_ns = node->turn.begin_ns + look(self, worker);
    if (*work_ns == node->turn.end_ns)
        *work_ns = sim_max(begin_ns, self->wire.base.now_ns);
    node->on_core = false;
}

bool sim_compute_abandon(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->phase == SIM_IDLE)
        return false;
    if (node->phase == SIM_COMPUTING) {
        leave_core(self, node, worker);
        sim_account_abandoned(self, node);
        waits_cut_phase(node, self->wire.base.now_ns);
        models_unpin(self, worker);
        node->ready_ns = sim_max(node->busy_ns, node->pause_ns); /* no longer deaf */
    }
    node->generation++; /* voids what is due */
    node->gradient_due = false;
    node->phase = SIM_IDLE;
    return true;
}

void sim_compute_halt(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (node->begun == 0 || node->port.crashed)
        return;
    look(self, worker);
    sim_account_end(self, worker);
}
