/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/prop/support_shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/policy/control.h"
#include "core/policy/oracle.h"
#include "tests/random/fuzz_seed.h"
#include "tests/random/options.h"

const char *const cluster_graphs[] = {"path", "star", "ring", "complete", "cliques", "random"};

struct cluster {
    const struct cluster_config *config;
    struct cluster_result result;
    struct scenario scenario;
    uint32_t slow[1];
    uint32_t tensors, cut_from, cut_to; /* cut_from SCENARIO_WORKERS_MAX: nothing is cut yet */
    uint32_t peers[STEP_PEERS_MAX];
};

const char *cluster_describe(const struct cluster_config *config)
{
    static char text[300];
    int used = snprintf(text, sizeof(text), "seed %llu, %s on %s of %u: loss %g",
                        (unsigned long long)config->seed, config->policy->name, config->graph,
                        config->workers, config->loss);
    for (const struct policy_option *o = config->policy->options;
         o && o->name && (size_t)used < sizeof(text); o++)
        used += snprintf(text + used, sizeof(text) - (size_t)used, ", %s %llu", o->name,
                         (unsigned long long)option_value(o, &config->options));
    return text;
}

/* ------------------------------------------------------------------------------------------------------ set-up */

static void add_entry(struct cluster *self, struct inject entry)
{
    self->scenario.inject[self->scenario.config.inject.count++] = entry;
}

static void slow_down(struct cluster *self)
{
    const struct cluster_config *const c = self->config;
    const struct law *const slowdown = law_find("slowdown");
    add_entry(self, (struct inject){.law = slowdown,
                                    .config.factor = 10,
                                    .select = SELECT_PERCENT_EACH,
                                    .share = 0.1,
                                    .scope = c->deaf ? SCOPE_PROCESS : SCOPE_COMPUTE});
    self->slow[0] = c->slow;
    if (c->slow_factor > 0)
        add_entry(self, (struct inject){.law = slowdown,
                                        .config.factor = c->slow_factor,
                                        .select = SELECT_WORKERS,
                                        .workers = self->slow,
                                        .worker_count = 1});
}

static void spoil_links(struct cluster *self)
{
    static const uint32_t first[1];
    const struct cluster_config *const c = self->config;
    struct sim_config *const sim = &self->scenario.config;
    sim->links = (struct sim_links){.latency_ns = c->delay_ns / 2,
                                    .jitter_cv = c->delay_ns > 2 ? 0.6 : 0,
                                    .control_is_free = c->control_is_free};
    if (c->tardy_ns > 0)
        add_entry(self, (struct inject){.law = law_find("none"),
                                        .what = INJECT_LINK,
                                        .select = SELECT_WORKERS,
                                        .workers = first,
                                        .worker_count = 1,
                                        .link.bytes_per_s = (double)sim->payload_bytes * 1e9 /
                                                            (double)c->tardy_ns});
    if (c->loss > 0 || c->reorder > 0)
        add_entry(self, (struct inject){.law = law_find("none"),
                                        .what = INJECT_LINK,
                                        .select = SELECT_ALL,
                                        .link = {.loss = c->loss,
                                                 .reorder = c->reorder,
                                                 .gap_ns = 4 * c->delay_ns,
                                                 .overtake = c->reorder > 0,
                                                 .resend_ns = c->delay_ns + 1,
                                                 .unreliable = true}});
}

static void make(struct cluster *self)
{
    const struct cluster_config *const c = self->config;
    struct sim_config *const sim = &self->scenario.config;
    struct scenario_plan plan = {.policy = c->policy,
                                 .options = c->options,
                                 .graph = c->graph,
                                 .workers = c->workers,
                                 .seed = c->seed,
                                 .base_ns = c->compute_ns};
    struct err err = {{0}};
    while (scenario_make(&self->scenario, &plan, &err) < 0) {
        const uint64_t backup = policy_value(c->policy, &plan.options, "backup");
        if (backup == 0) {
            fprintf(stderr, "%s: %s\n", cluster_describe(c), err.text);
            abort();
        }
        options_change(c->policy, &plan.options, "backup: %u",
                       (uint32_t)backup - 1); /* a leaf has nobody to spare */
    }
    self->scenario.values = c->values ? SCENARIO_LINEAR : SCENARIO_TIMING;
    sim->jitter_cv = 0.12;
    sim->stop_ns = c->stop_ns > 0 ? c->stop_ns : 1;
    slow_down(self);
    spoil_links(self);
    for (uint32_t i = 0; i < 2; i++)
        if (c->fault[i].for_ns > 0 || c->fault[i].notice_ns > 0)
            scenario_add_fault(&self->scenario, &c->fault[i]);
}

/* ------------------------------------------------------------------------------------------------------- looking */

static void note_rows(struct cluster *self, uint32_t worker, const struct action *mix,
                      uint64_t now_ns)
{
    const uint32_t *const peers = self->scenario.worker[worker].peers;
    for (uint32_t k = 0; k < mix->count; k++) {
        const uint64_t edge = (uint64_t)worker << 32 | peers[mix->terms[k].peer];
        const uint64_t degrees = (uint64_t)mix->degree << 32 | mix->terms[k].weight;
        self->result.rows++;
        self->result.row_digest += rng_key(rng_key(now_ns, RNG_POLICY, edge), RNG_POLICY, degrees);
    }
}

/** The edge of tensor number `cut` carries nothing from then on. */
static void cut_edge(struct cluster *self, uint32_t worker, struct action *send)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < send->count; i++) {
        const uint32_t to = self->scenario.worker[worker].peers[send->peers[i]];
        if (++self->tensors == self->config->cut) {
            self->cut_from = worker;
            self->cut_to = to;
        }
        if (worker != self->cut_from || to != self->cut_to)
            self->peers[kept++] = send->peers[i];
    }
    send->peers = self->peers;
    send->count = kept;
}

static void stepped(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                    struct actions *actions)
{
    struct cluster *const self = context;
    const bool before = event->now_ns < self->config->stop_ns;
    (void)sim;
    for (uint32_t i = 0; i < actions->count; i++) {
        struct action *const action = &actions->item[i];
        if (action->kind == ACT_MIX && before)
            note_rows(self, worker, action, event->now_ns);
        if (action->kind == ACT_CONTROL && action->type == AAU_COMMIT && before)
            self->result.exchanges += action->word[1] == worker;
        if (action->kind == ACT_SEND && self->config->cut > 0)
            cut_edge(self, worker, action);
    }
}

/** A worker may wait for each of the others to compute at its slowest, and be refused often on slow links. */
static uint64_t patience_ns(const struct cluster_config *config)
{
    return 10 * config->compute_ns * (config->workers + 4) + 100 * config->delay_ns +
           10 * config->compute_ns * config->slow_factor + 2 * config->tardy_ns +
           8 * policy_evicts_after_ns(config->policy, &config->options);
}

static void check_alive(struct cluster *self, uint32_t worker, uint64_t last_ns)
{
    char *const failure = self->result.failure;
    if (!failure[0] && last_ns + patience_ns(self->config) < self->config->stop_ns)
        snprintf(failure, sizeof(self->result.failure),
                 "%s: worker %u last began to compute at %llu ns: it hangs",
                 cluster_describe(self->config), worker, (unsigned long long)last_ns);
}

static void add_counters(struct policy_counters *sum, const struct policy_counters *more)
{
    _Static_assert(sizeof(*sum) % sizeof(uint64_t) == 0, "nothing but counters");
    for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
        ((uint64_t *)sum)[i] += ((const uint64_t *)more)[i];
}

static void look_at(struct cluster *self, struct sim *sim, const struct shadow *shadow,
                    uint32_t worker)
{
    struct cluster_result *const r = &self->result;
    const struct policy_counters counters = agent_counters(sim_agent(sim, worker));
    const struct shadow_begun begun = shadow_begun(shadow, worker);
    if (sim_worker(sim, worker)->crashed)
        return;
    add_counters(&r->sum, &counters);
    r->epochs = counters.epochs < r->epochs ? (uint32_t)counters.epochs : r->epochs;
    if (self->config->policy->central && worker == 0)
        return;
    check_alive(self, worker, begun.last_ns);
    r->computed_min = begun.count < r->computed_min ? (uint32_t)begun.count : r->computed_min;
    r->computed_max = begun.count > r->computed_max ? (uint32_t)begun.count : r->computed_max;
}

static void ended(void *context, struct sim *sim, const struct shadow *shadow)
{
    struct cluster *const self = context;
    struct cluster_result *const r = &self->result;
    const struct shadow_extremes extremes = shadow_extremes(shadow);
    const struct oracle *const oracle = self->scenario.worker[0].shared;
    r->computed_min = r->epochs = UINT32_MAX;
    for (uint32_t w = 0; w < self->config->workers; w++)
        look_at(self, sim, shadow, w);
    const struct shadow_waves waves = shadow_waves(shadow, r->epochs);
    r->epoch_commits_max = waves.committed;
    r->epoch_merges_max = waves.merged;
    r->gap_max = extremes.gap;
    r->depth_max = extremes.depth;
    r->y_min = extremes.y_least;
    r->weight_lost = shadow_weight_lost(shadow);
    r->lost = sim_totals(sim)->count.tensors_dropped;
    r->superseded = sim_totals(sim)->count.tensors_superseded;
    if (oracle && self->config->policy->shared_bytes) {
        r->oracle_longest = oracle->epoch_longest;
        r->exchanges = oracle->exchanges;
    }
}

bool cluster_has_drifted(const struct cluster_result *result)
{
    return strstr(result->failure, "its actions made it") ||
           strstr(result->failure, "its latest mix is not the sum");
}

struct cluster_result cluster_run(const struct cluster_config *config)
{
    static struct cluster self;
    const struct fuzz_config fuzz = {.plant = config->plant};
    const struct sim_watch watch = {.context = &self, .stepped = stepped};
    const struct fuzz_look look = {.context = &self, .ended = ended, .watch = &watch};
    struct fuzz_outcome outcome;
    self = (struct cluster){.config = config, .cut_from = SCENARIO_WORKERS_MAX};
    make(&self);
    fuzz_scenario(&self.scenario, &fuzz, &look, &outcome);
    if (outcome.failure[0])
        snprintf(self.result.failure, sizeof(self.result.failure), "%s: %s",
                 cluster_describe(config), outcome.failure);
    scenario_close(&self.scenario);
    return self.result;
}
