/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything public that only looks. */
#include "core/sim/sim.h"
#include "core/sim/sim_state.h"

uint64_t sim_now_ns(const struct sim *self)
{
    return now_of(self);
}

const struct sim_totals *sim_totals(const struct sim *self)
{
    return &self->plan.nodes.wire.base.totals;
}

const struct sim_worker_record *sim_worker(const struct sim *self, uint32_t worker)
{
    CHECK(worker < config_of(self)->workers);
    return &node_at(&self->plan.nodes, worker)->record;
}

const struct agent *sim_agent(const struct sim *self, uint32_t worker)
{
    CHECK(worker < config_of(self)->workers);
    return &node_at(&self->plan.nodes, worker)->agent;
}

void sim_judged(const struct sim *self, struct values_model *model)
{
    const struct sim_nodes *const nodes = &self->plan.nodes;
    uint32_t newest = 0;
    for (uint32_t w = 1; nodes->averages && w < config_of(self)->workers; w++)
        if (node_at(nodes, w)->average.number > node_at(nodes, newest)->average.number)
            newest = w;
    for (uint32_t w = 0; w < config_of(self)->workers; w++)
        model[w] = nodes->averages
                       ? (struct values_model){newest, node_at(nodes, newest)->average.slot}
                       : (struct values_model){w, node_at(nodes, w)->current};
}

uint32_t sim_current(const struct sim *self, uint32_t worker)
{
    CHECK(worker < config_of(self)->workers);
    return node_at(&self->plan.nodes, worker)->current;
}

void sim_waits(const struct sim *self, void *context,
               void (*each)(void *context, uint32_t receiver, uint32_t sender, uint64_t ns))
{
    const struct sim_nodes *const nodes = &self->plan.nodes;
    const uint32_t workers = config_of(self)->workers;
    for (uint32_t w = 0; w < workers; w++) {
        const struct sim_node *const node = node_at(nodes, w);
        for (uint32_t e = 0; e < node->port.peer_count; e++)
            if (nodes->wait_ns[node->port.first_edge + e] > 0)
                each(context, w, wire_peer(&self->plan.nodes.wire, w, e),
                     nodes->wait_ns[node->port.first_edge + e]);
    }
    const uint64_t far = !nodes->far_wait_ns ? 0 : nodes->far_by_sender ? 1 : workers;
    for (uint64_t i = 0; i < far * workers; i++) {
        const uint32_t receiver = nodes->far_by_sender ? SIM_EVERYBODY : (uint32_t)(i / workers);
        if (nodes->far_wait_ns[i] > 0)
            each(context, receiver, (uint32_t)(i % workers), nodes->far_wait_ns[i]);
    }
}

struct sim_fault sim_fault(const struct sim *self, uint32_t fault)
{
    CHECK(fault < config_of(self)->fault_count);
    return self->plan.faults[fault];
}

const struct hist *sim_hist(const struct sim *self, enum series which)
{
    return &self->plan.nodes.hist[which];
}

struct sim_cut sim_cut(const struct sim *self, uint32_t cut)
{
    CHECK(cut <= config_of(self)->cuts);
    return self->plan.cut[cut];
}

const char *sim_stall(const struct sim *self)
{
    const struct sim_nodes *const nodes = &self->plan.nodes;
    for (uint32_t w = 0; w < config_of(self)->workers; w++)
        if (self->ended && !node_at(nodes, w)->record.done && !node_at(nodes, w)->port.crashed)
            return self->plan.nodes.wire.stall.text;
    return "";
}

const char *sim_failure(const struct sim *self)
{
    return self->plan.nodes.wire.base.failure.text;
}
