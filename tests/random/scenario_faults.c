/* SPDX-License-Identifier: BSD-3-Clause */
/* Mishaps on links, absences and pauses; nobody's absence parts the others, and some neighbour survives to notice it. */
#include <string.h>

#include "tests/random/scenario_private.h"

#define EVENTS_WANTED 6000u

/** Long enough for some thousand events. */
double scenario_window_bases(const struct scenario *self)
{
    const uint32_t workers = self->config.workers;
    const double edges = self->cell.peer_begin[workers];
    const double bases = EVENTS_WANTED / (workers + 2 * edges);
    return bases < 6 ? 6 : bases > 120 ? 120 : bases;
}

/** Would the others still be connected by the policy's edges if these two were gone? */
static bool leaves_connected(const struct scenario *self, uint32_t one, uint32_t two)
{
    const struct cell *const cell = &self->cell;
    const uint32_t workers = cell->graph.workers;
    uint32_t reached = 1u << one | 1u << two, before = 0, first = 0;
    while (reached >> first & 1)
        first++;
    if (first >= workers)
        return false;
    reached |= 1u << first;
    while (before != reached) {
        before = reached;
        for (uint32_t w = 0; w < workers; w++)
            for (uint32_t k = cell->peer_begin[w]; k < cell->peer_begin[w + 1]; k++)
                if ((reached >> w & 1) && w != one && w != two)
                    reached |= 1u << cell->peer[k];
    }
    return reached == (1u << workers) - 1;
}

/** A neighbour of `worker` survives these two, and so hears of its loss. */
static bool is_missed(const struct scenario *self, uint32_t worker, uint32_t one, uint32_t two)
{
    const struct cell *const cell = &self->cell;
    for (uint32_t k = cell->peer_begin[worker]; k < cell->peer_begin[worker + 1]; k++)
        if (cell->peer[k] != one && cell->peer[k] != two)
            return true;
    return false;
}

void scenario_add_fault(struct scenario *self, const struct fault *fault)
{
    struct fault made[SCENARIO_FAULTS_MAX];
    const uint32_t count = self->config.fault_count;
    uint32_t at = 0;
    if (count == SCENARIO_FAULTS_MAX)
        return;
    while (at < count && self->fault[at].at_ns <= fault->at_ns)
        at++;
    memcpy(made, self->fault, at * sizeof(*made));
    made[at] = *fault;
    memcpy(&made[at + 1], &self->fault[at], (count - at) * sizeof(*made));
    if (fault_check(made, count + 1, self->config.workers))
        return;
    memcpy(self->fault, made, (count + 1) * sizeof(*made));
    for (uint32_t w = 0; w < self->config.workers; w++)
        self->worker[w].may_lose |= fault_loses(fault->kind);
    self->config.fault_count++;
}

/** One worker goes, and may come back, and go again; or comes late. */
static void draw_absence(struct scenario *self, struct rng *rng, uint32_t worker)
{
    const double base = (double)self->config.base_ns, until = (double)self->faults.until_ns;
    const bool returns = self->variant->survives_return && chance(rng, 0.7);
    const uint32_t times = returns ? 1 + rng_below(rng, 3) : 1;
    double at = 0;
    if (returns && chance(rng, 0.3)) {
        at = 1 + between(rng, 0, until / 2);
        scenario_add_fault(
            self, &(struct fault){.kind = FAULT_JOIN, .worker = worker, .at_ns = (uint64_t)at});
    }
    for (uint32_t i = 0; i < times && at < until; i++) {
        const struct fault fault = {.kind = chance(rng, 0.5) ? FAULT_LEAVE : FAULT_CRASH,
                                    .worker = worker,
                                    .at_ns = (uint64_t)(at += between(rng, 0, until - at)),
                                    .for_ns = returns ? 1 + ns_between(rng, 0, 8 * base) : 0,
                                    .notice_ns = ns_between(rng, 0, 5 * base)};
        scenario_add_fault(self, &fault);
        at += (double)fault.for_ns + 1;
    }
}

/** Whom losing leaves the rest connected and is noticed: a policy is not asked to bridge a cut, nor to guess. */
static void draw_absences(struct scenario *self, struct rng *rng)
{
    const uint32_t workers = self->config.workers;
    const uint32_t wanted = 1 + rng_below(rng, SCENARIO_ABSENT_MAX);
    while (self->absents < wanted && self->absents + 2 < workers) {
        const uint32_t n = self->absents;
        const uint32_t worker = rng_below(rng, workers);
        const uint32_t other = n > 0 ? self->absent[0] : worker;
        if ((n > 0 && other == worker) || !leaves_connected(self, worker, other) ||
            !is_missed(self, worker, worker, other) || !is_missed(self, other, worker, other))
            return;
        self->absent[self->absents++] = worker;
        draw_absence(self, rng, worker);
    }
}

static void draw_pauses(struct scenario *self, struct rng *rng)
{
    const double base = (double)self->config.base_ns, until = (double)self->faults.until_ns;
    const uint32_t pauses = rng_below(rng, SCENARIO_PAUSES_MAX + 1);
    for (uint32_t i = 0; i < pauses; i++) {
        const double kind = rng_unit(rng);
        scenario_add_fault(self, &(struct fault){.kind = kind < 0.7    ? FAULT_PAUSE
                                                         : kind < 0.85 ? FAULT_DISK
                                                                       : FAULT_SLOTS,
                                                 .worker = rng_below(rng, self->config.workers),
                                                 .at_ns = ns_between(rng, 0, until),
                                                 .for_ns = ns_between(rng, 1, 10 * base),
                                                 .keep = rng_below(rng, 4)});
    }
}

void scenario_draw_faults(struct scenario *self)
{
    struct rng rng = rng_start(self->seed, RNG_TEST, STREAM_FAULTS);
    const double base = (double)self->config.base_ns;
    self->faults.until_ns = ns_between(&rng, 0, scenario_window_bases(self) * base);
    self->calm_ns = self->faults.until_ns;
    if (chance(&rng, 0.3))
        return;
    self->faults.loss = chance(&rng, 0.5) ? between(&rng, 0, 0.3) : 0;
    self->faults.duplicate = chance(&rng, 0.5) ? between(&rng, 0, 0.2) : 0;
    self->faults.reorder = chance(&rng, 0.5) ? between(&rng, 0, 0.3) : 0;
    self->faults.retransmit_ns = ns_between(&rng, 1, 2 * base);
    self->config.faults = &self->faults;
    self->config.fault = self->fault;
    if (self->variant->survives_loss && chance(&rng, 0.5))
        draw_absences(self, &rng);
    draw_pauses(self, &rng);
    for (uint32_t i = 0; i < self->config.fault_count; i++) {
        const struct fault *const fault = &self->fault[i];
        const uint64_t lasts_ns =
            fault->for_ns > fault->notice_ns ? fault->for_ns : fault->notice_ns;
        if (fault->at_ns + lasts_ns > self->calm_ns)
            self->calm_ns = fault->at_ns + lasts_ns;
    }
}
