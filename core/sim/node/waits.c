/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/node/waits.h"

#include "core/sim/node/account.h"

/** If it ends the wait, its sender will be asked; until then the policy has its say. */
static inline void fetch(const struct sim_nodes *self, const struct sim_message *message)
{
    const struct sim_node *const node = node_at(self, message->to);
    if (node->phase != SIM_IDLE)
        return;
    const uint32_t edge = node->port.first_edge + self->wire.edge[message->edge].peer;
    __builtin_prefetch(&node_at(self, self->wire.edge[edge].to)->asked_ns);
    __builtin_prefetch(&self->wait_ns[edge]);
    __builtin_prefetch(&node->asked_ns); /* and its own books */
    __builtin_prefetch(node->books.part);
    __builtin_prefetch(node->record.wait_ns);
}

void waits_by_message(struct sim_nodes *self, const struct sim_message *message)
{
    struct sim_cause *const cause = &self->cause;
    cause->kind = CAUSE_NONE;
    cause->edge = cause->from = SIM_NONE;
    cause->sent_ns = message->sent_ns;
    switch (message->kind) {
    case MESSAGE_TENSOR:
    case MESSAGE_CONTROL:
        cause->kind = CAUSE_MESSAGE;
        cause->edge = message->edge;
        fetch(self, message);
        return;
    case MESSAGE_WAKE:
    case MESSAGE_REDUCED:
        cause->kind = CAUSE_MESSAGE;
        cause->from = message->number;
        return;
    case MESSAGE_DOWN:
        cause->kind = CAUSE_GONE;
        cause->edge =
            self->wire.edge[node_at(self, message->to)->port.first_edge + message->number].peer +
            node_at(self, wire_peer(&self->wire, message->to, message->number))->port.first_edge;
        return;
    default: /* the stop and the like end nobody's wait */
        return;
    }
}

static struct blame_split split_of(const struct sim_nodes *self, uint32_t from, uint64_t wait_ns)
{
    const struct sim_cause *const cause = &self->cause;
    if (cause->kind == CAUSE_GONE || from == SIM_NONE)
        return blame_ended(wait_ns, self->wire.base.now_ns, cause->sent_ns, NULL);
    const struct sim_node *const peer = node_at(self, from);
    const struct blame_phase phase[2] = {account_phase(peer), peer->before};
    return blame_ended(wait_ns, self->wire.base.now_ns, cause->sent_ns, phase);
}

/** The receiver's counter of this sender. */
static void count_edge(struct sim_nodes *self, uint32_t worker, uint64_t wait_ns)
{
    const struct sim_cause *const cause = &self->cause;
    if (cause->edge != SIM_NONE)
        self->wait_ns[node_at(self, worker)->port.first_edge + self->wire.edge[cause->edge].peer] +=
            wait_ns;
    else if (cause->from != SIM_NONE && self->far_wait_ns)
        self->far_wait_ns[sim_far_index(self, worker, cause->from)] += wait_ns;
}

static void end_wait(struct sim_nodes *self, uint32_t worker, struct sim_node *node)
{
    const struct sim_cause *const cause = &self->cause;
    sim_account_until(node, self->wire.base.now_ns);
    const uint64_t wait_ns = node->books.part[PART_WAIT] - node->blamed_ns;
    if (wait_ns == 0)
        return;
    const uint32_t from = cause->edge != SIM_NONE
                              ? wire_peer(&self->wire, worker, self->wire.edge[cause->edge].peer)
                              : cause->from;
    const struct blame_split split = split_of(self, from, wait_ns);
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        node->record.wait_ns[b] += split.part[b];
    count_edge(self, worker, wait_ns);
    node->blamed_ns += wait_ns;
}

void waits_answered(struct sim_nodes *self, uint32_t worker, const struct actions *actions)
{
    struct sim_node *const node = node_at(self, worker);
    const bool waited = node->phase == SIM_IDLE && node->begun > 0 && self->recording;
    const bool by_message = self->cause.kind == CAUSE_MESSAGE;
    if (waited && self->cause.kind != CAUSE_NONE && actions_go_on(actions, by_message))
        end_wait(self, worker, node);
    self->cause.kind = CAUSE_NONE;
}

void waits_keep_phase(struct sim_node *node)
{
    node->before = account_phase(node);
}

void waits_cut_phase(struct sim_node *node, uint64_t now)
{
    const uint64_t passed = now > node->begin_ns ? now - node->begin_ns : 0;
    node->base_ns = sim_min(node->base_ns, passed);
    node->injected_ns = sim_min(node->injected_ns, passed - node->base_ns);
}
