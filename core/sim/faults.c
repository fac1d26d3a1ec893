#include "core/sim/faults.h"

#include "core/sim/account.h"
#include "core/sim/links.h"

void faults_plan(struct sim *self)
{
    const struct sim_faults *const faults = self->config.faults;
    faults_steal(self, 0); /* nobody starts on a core that is not there */
    if (!faults)
        return;
    for (uint32_t i = 0; i < faults->pauses; i++) {
        CHECK(faults->pause[i].worker < self->config.workers);
        due_at(self, faults->pause[i].begin_ns, DUE_PAUSE, i, 0);
    }
    CHECK(faults->crashes == 0 || self->config.policy->survives_loss);
    for (uint32_t i = 0; i < faults->crashes; i++) {
        CHECK(faults->crash[i].worker < self->config.workers);
        CHECK(faults->crash[i].noticed_ns >= faults->crash[i].at_ns);
        due_at(self, faults->crash[i].at_ns, DUE_CRASH, i, 0);
        due_at(self, faults->crash[i].noticed_ns, DUE_NOTICED, i, 0);
    }
}

void faults_pause(struct sim *self, uint32_t fault)
{
    const struct sim_pause *const pause = &self->config.faults->pause[fault];
    struct sim_node *const node = node_at(self, pause->worker);
    node->pause_ns = sim_max(node->pause_ns, pause->end_ns);
    node->ready_ns = sim_max(node->ready_ns, pause->end_ns);
}

static void displace(struct sim_core *core, uint64_t from, uint64_t ns)
{
    core->free_ns = core->free_ns > from ? core->free_ns + ns : from + ns;
    if (core->work_ns > from) {
        core->work_ns += ns;
        core->displaced_ns += ns;
    }
}

static void steal(struct sim *self, const struct sim_stolen *hole)
{
    const struct sim_config *const c = &self->config;
    if (hole->end_ns <= self->now_ns)
        return;
    if (c->core)
        displace(&self->core[hole->core], self->now_ns, hole->end_ns - self->now_ns);
    for (uint32_t w = 0; w < c->workers; w++) {
        if ((c->core ? c->core[w] : w) != hole->core)
            continue;
        struct sim_node *const node = node_at(self, w);
        if (node->stolen_ns == 0 || node->pause_ns < self->now_ns)
            node->stolen_ns = self->now_ns + 1;
        node->pause_ns = sim_max(node->pause_ns, hole->end_ns);
        node->ready_ns = sim_max(node->ready_ns, hole->end_ns);
    }
}

void faults_steal(struct sim *self, uint32_t number)
{
    const struct sim_config *const c = &self->config;
    for (; number < c->stolen_count && c->stolen[number].begin_ns <= self->now_ns; number++)
        steal(self, &c->stolen[number]);
    if (number < c->stolen_count && !self->stopped)
        due_at(self, c->stolen[number].begin_ns, DUE_STOLEN, number, 0);
}

void faults_crash(struct sim *self, uint32_t fault)
{
    const uint32_t worker = self->config.faults->crash[fault].worker;
    struct sim_node *const node = node_at(self, worker);
    if (self->stopped || node->crashed)
        return;
    sim_account_halt(self, worker);
    node->crashed = true;
    node->record.crashed = true;
    node->generation++; /* its gradient will not come */
    node->gradient_due = node->held = false;
    node->timers_due = 0;
    while (node->inbox.first != SIM_NONE)
        links_lose(self, links_take_first(self, &node->inbox));
}

void faults_notice(struct sim *self, uint32_t fault)
{
    const uint32_t worker = self->config.faults->crash[fault].worker;
    const struct sim_node *const node = node_at(self, worker);
    if (!node->crashed)
        return; /* the run had ended before */
    for (uint32_t i = 0; i < node->peer_count; i++) {
        const struct sim_edge *const edge = &self->edge[node->first_edge + i];
        const uint32_t message = links_message(self);
        if (message == SIM_NONE)
            return;
        self->message[message] =
            (struct sim_message){.kind = MESSAGE_DOWN, .to = edge->to, .number = edge->peer};
        links_append(self, &self->prompt, message);
    }
}
