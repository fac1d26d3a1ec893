/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/node/budget.h"

void budget_aim(struct sim_nodes *self)
{
    const uint64_t whole = progress_whole(&self->budget, self->apart);
    const bool cuts = whole > 0 && self->cuts_taken < self->wire.base.config.cuts;
    self->spent_max = whole > 0 ? whole : UINT64_MAX;
    self->spent_cut =
        cuts ? progress_cut(whole, self->cuts_taken, self->wire.base.config.cuts) : UINT64_MAX;
}

void budget_open(struct sim_nodes *self)
{
    const struct sim_config *const c = &self->wire.base.config;
    self->budget = (struct progress_budget){.time = c->stop_ns,
                                            .iterations = c->stop_iterations,
                                            .workers = c->workers - c->policy->central,
                                            .rounds = c->policy->synchronous};
    budget_aim(self);
}

void budget_part(struct sim_nodes *self, uint32_t worker)
{
    struct sim_node *const node = node_at(self, worker);
    if (!self->budget.rounds || node->rounds.apart)
        return;
    node->rounds.apart = true;
    self->apart++;
    self->spent -= (uint64_t)node->port.finished + node->rounds.missed;
    budget_aim(self);
}

void budget_join(struct sim_nodes *self, uint32_t worker, uint32_t round)
{
    struct sim_node *const node = node_at(self, worker);
    node->rounds.apart = false;
    node->rounds.missed = (uint32_t)progress_missed(round, node->port.finished);
    self->apart--;
    self->spent += (uint64_t)node->port.finished + node->rounds.missed;
    budget_aim(self);
}

float budget_rate(struct sim_nodes *self)
{
    const struct sim_config *const c = &self->wire.base.config;
    const double used =
        progress_used(&self->budget, self->wire.base.now_ns, self->spent, self->apart);
    return progress_rate(c->lr, &c->decay, used, &self->used);
}
