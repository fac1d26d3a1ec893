/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a message on its link: the sender's port, what is published late, bad links, the mishaps of property
 * runs, and the latency.
 *
 * Randomness is keyed by {sender, receiver, class} and indexed by the message's number on that edge, so one more edge
 * or message elsewhere changes nothing here.
 */
#include "core/sim/wire/flight.h"

#include "core/base/rng.h"
#include "core/inject/draw.h"
#include "core/inject/link.h"
#include "core/sim/wire/ends.h"
#include "core/sim/wire/messages.h"

uint64_t flight_key(const struct sim_wire *self, enum rng_purpose purpose, uint32_t worker,
                    const struct sim_edge *edge, uint32_t class)
{
    return rng_key(self->base.config.seed, purpose,
                   (uint64_t)worker << 32 | (uint64_t)edge->to << 1 | class);
}

/** A latency of mean latency_ns and the wanted coefficient of variation (as inject_base_ns does for compute times). */
static uint64_t latency_ns(const struct sim_wire *self, uint32_t worker,
                           const struct sim_edge *edge, uint32_t class, uint32_t number)
{
    const uint64_t mean = self->base.config.links.latency_ns;
    if (self->sigma <= 0.0 || mean == 0)
        return mean;
    const uint64_t bits = rng_at(flight_key(self, RNG_LINK, worker, edge, class), number);
    const double factor = draw_exp(self->sigma * draw_normal(bits) - self->shift);
    const double ns = (double)mean * factor;
    return ns < (double)LAW_DELAY_NS_MAX ? (uint64_t)(ns + 0.5) : LAW_DELAY_NS_MAX;
}

/** What faults do to one message. */
struct mishap {
    uint64_t late_ns, copy_late_ns;
    bool lost, doubled, overtaken;
};

#define RETRIES_MAX 64u /* of one message */

static struct mishap draw_mishap(const struct sim_wire *self, uint32_t worker,
                                 const struct sim_edge *edge, uint32_t class, uint32_t number,
                                 bool reliable)
{
    const struct sim_faults *const faults = self->base.config.faults;
    struct mishap out = {0};
    if (!faults || self->base.now_ns >= faults->until_ns)
        return out;
    struct rng rng = {.key = rng_at(flight_key(self, RNG_FAULT, worker, edge, class), number)};
    const double late_ns = (double)faults->retransmit_ns;
    uint32_t losses = 0;
    while (losses < RETRIES_MAX && rng_unit(&rng) < faults->loss && (reliable || losses == 0))
        losses++;
    out.lost = losses > 0 && !reliable;
    out.late_ns = reliable ? losses * faults->retransmit_ns : 0;
    out.doubled = rng_unit(&rng) < faults->duplicate;
    out.overtaken = rng_unit(&rng) < faults->reorder;
    if (out.overtaken)
        out.late_ns += (uint64_t)(rng_unit(&rng) * late_ns);
    out.copy_late_ns = (uint64_t)(rng_unit(&rng) * late_ns);
    return out;
}

/**
 * A second copy. On a mailbox edge it holds a loan of its own, and there is none where the model has been replaced
 * meanwhile; elsewhere the receiver knows the number already.
 */
static void make_copy(struct sim_wire *self, uint32_t worker, uint32_t message, uint64_t at_ns)
{
    const struct sim_message *const m = &self->message[message];
    if (!self->mailboxes || m->kind == MESSAGE_CONTROL) {
        self->base.totals.count.links.duplicated++;
        self->base.totals.count.duplicates++;
        return;
    }
    struct sim_port *const port = port_at(self, worker);
    const uint32_t slot = slots_slot_of(m->handle);
    if (!port->slots.entry[slot].held)
        return;
    const uint32_t copy = messages_take(self); /* the pool may move */
    if (copy == SIM_NONE)
        return;
    struct sim_message *const made = &self->message[copy];
    *made = self->message[message];
    made->copy = true;
    self->base.totals.count.links.duplicated++;
    slots_lend(&port->slots, slot, made->edge - port->first_edge);
    self->edge[made->edge].flying[0]++;
    due_at(&self->base, at_ns, DUE_MESSAGE, copy, made->to);
}

/** The message leaves never: a tensor counts as in flight, but it is no longer lent, as nobody will give it back. */
static __attribute__((cold, noinline)) void hold_for_good(struct sim_wire *self, uint32_t worker,
                                                          uint32_t message, enum link_cause cause)
{
    const struct sim_message *const m = &self->message[message];
    if (!self->stall.text[0]) {
        err_set(&self->stall, 0,
                "the link from worker %u to worker %u %s at %llu ns, and %s of %s are sent again "
                "until they arrive",
                worker, m->to, cause == LINK_CUT ? "stays cut" : "lets nothing through",
                (unsigned long long)self->base.now_ns,
                m->kind == MESSAGE_TENSOR ? "exact tensors" : "control messages",
                self->base.config.policy->name);
        self->stuck_ns = self->base.now_ns;
    }
    self->base.totals.count.links.tensors_held += m->kind == MESSAGE_TENSOR;
    self->base.totals.count.links.control_held += m->kind == MESSAGE_CONTROL;
    ends_leave(self, message);
}

/** What arrives damaged is caught there; what is sent again for it was caught already. */
static void count_fate(struct sim_wire *self, const struct link_fate *fate)
{
    const bool flipped = fate->cause == LINK_CORRUPT || fate->resent_for == LINK_CORRUPT;
    const bool arrives = fate->cause == LINK_CORRUPT && fate->release_ns != LINK_NEVER_NS;
    self->base.totals.count.links.resent += fate->resent;
    self->base.totals.count.links.corrupted += flipped;
    self->base.totals.count.links.caught += flipped && !arrives;
}

/** When its sender's port has taken the message; then it meets what bad links do. */
static uint64_t through_port(struct sim_wire *self, uint32_t worker, uint64_t bytes,
                             uint64_t from_ns)
{
    if (!self->port_ns)
        return from_ns;
    uint64_t *const free_ns = &self->port_ns[worker];
    return *free_ns =
               sim_max(from_ns, *free_ns) + (uint64_t)((double)bytes * self->ns_per_byte + 0.5);
}

/** What `what: publish` makes of the time at which a message leaves its sender. */
static uint64_t published_ns(const struct sim_wire *self, uint32_t worker,
                             const struct sim_message *m, uint64_t from_ns)
{
    if (!self->publishes)
        return from_ns;
    const uint64_t finished =
        m->kind == MESSAGE_TENSOR ? m->iteration : port_at(self, worker)->finished;
    const uint64_t late_ns = link_publish_ns(&self->base.config.inject, worker,
                                             finished > 0 ? finished - 1 : 0, m->sent_ns);
    return sim_max(from_ns, m->sent_ns + late_ns);
}

/** The link is a bad one. What it passes, late or damaged, comes back in `fate`; false: the message ends here. */
static bool passes_bad_link(struct sim_wire *self, uint32_t worker, uint32_t message,
                            uint64_t bytes, uint64_t from_ns, struct link_fate *fate)
{
    struct sim_message *const m = &self->message[message];
    const bool tensor = m->kind == MESSAGE_TENSOR;
    const struct link_packet packet = {.from = worker,
                                       .to = m->to,
                                       .class = tensor ? LINK_TENSOR : LINK_CONTROL,
                                       .resends = !(self->mailboxes && tensor),
                                       .number = m->number,
                                       .at_ns = from_ns,
                                       .bytes = tensor ? bytes : sizeof(m->word)};
    *fate = link_decide(&self->base.config.inject, &packet, &self->bad[m->edge]);
    count_fate(self, fate);
    if (fate->release_ns == LINK_NEVER_NS)
        hold_for_good(self, worker, message, fate->cause);
    else if (fate->cause != LINK_PASSES && fate->cause != LINK_CORRUPT) {
        self->lost_from = worker;
        self->lost_to = m->to;
        ends_drop(self, message, fate->cause);
    } else {
        m->corrupt = fate->cause == LINK_CORRUPT;
        return true;
    }
    return false;
}

/** What bad links and mishaps do to the message comes back in `fate` and `mishap`; false: it ends here. */
static inline bool passes(struct sim_wire *self, uint32_t worker, uint32_t message, uint64_t bytes,
                          struct link_fate *fate, struct mishap *mishap)
{
    const struct sim_message *const m = &self->message[message];
    const uint32_t class = messages_class(m);
    if (self->bad && self->is_bad[m->edge] &&
        !passes_bad_link(self, worker, message, bytes, fate->release_ns, fate))
        return false;
    *mishap = draw_mishap(self, worker, &self->edge[m->edge], class, m->number,
                          !self->mailboxes || class == 1);
    if (mishap->lost)
        ends_drop(self, message, LINK_LOST);
    return !mishap->lost;
}

void flight_depart(struct sim_wire *self, uint32_t worker, uint32_t message, uint64_t bytes,
                   uint64_t from_ns)
{
    const struct sim_message *const m = &self->message[message];
    struct sim_edge *const edge = &self->edge[m->edge];
    const uint32_t class = messages_class(m);
    const bool mailbox = self->mailboxes && class == 0;
    from_ns = through_port(self, worker, bytes, from_ns);
    struct link_fate fate = {.release_ns = published_ns(self, worker, m, from_ns)};
    struct mishap mishap;
    if (!passes(self, worker, message, bytes, &fate, &mishap))
        return;
    const uint64_t on_wire_ns = latency_ns(self, worker, edge, class, m->number);
    uint64_t at_ns = fate.release_ns + on_wire_ns + mishap.late_ns;
    if (!mailbox || !(mishap.overtaken || fate.overtakes)) /* who resends puts in order as well */
        at_ns = edge->last_ns[class] = sim_max(at_ns, edge->last_ns[class]);
    edge->flying[class] = (uint16_t)(edge->flying[class] + mailbox);
    due_at(&self->base, at_ns, DUE_MESSAGE, message, edge->to);
    if (fate.copy_ns > 0)
        make_copy(self, worker, message, sim_max(at_ns, fate.copy_ns + on_wire_ns));
    if (mishap.doubled)
        make_copy(self, worker, message, at_ns + mishap.copy_late_ns);
}
