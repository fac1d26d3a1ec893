/* SPDX-License-Identifier: BSD-3-Clause */
/* A scenario from its beginning through its faults, a time of calm in which everybody must go on, and the drain. */
#include "tests/random/fuzz_seed.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/run/heap.h"
#include "tests/random/learner.h"
#include "tests/random/scenario.h"

#define CHUNK_EVENTS 64u
#define EVENTS_MAX 1000000u
#define ITERATIONS_WANTED 2u /* of everybody, after the last fault */

const struct shadow *fuzz_seed_shadow;

struct trial {
    struct scenario *scenario;
    const struct fuzz_look *look;
    struct learner *learner;
    struct shadow *shadow;
    struct plant plant;
    struct sim_watch watch;
    struct sim *sim;
    uint64_t calm[SCENARIO_WORKERS_MAX]; /* gradients at the beginning of the calm */
    bool is_calm, stopped;
    struct fuzz_outcome *out;
};

static void fail(struct trial *self, const char *what)
{
    char when[100];
    if (self->out->failure[0])
        return;
    shadow_latest(self->shadow, when, sizeof(when));
    snprintf(self->out->failure, sizeof(self->out->failure), "%s: %s", when, what);
}

static bool computes(const struct trial *self, uint32_t worker)
{
    return !sim_worker(self->sim, worker)->crashed &&
           !(self->scenario->variant->central && worker == 0);
}

/** All together, as often as if each had gone on. */
static bool somebody_went_on(const struct trial *self)
{
    uint64_t gradients = 0;
    for (uint32_t w = 0; w < self->scenario->config.workers; w++)
        gradients += shadow_gradients(self->shadow, w) - self->calm[w];
    return gradients >= (uint64_t)ITERATIONS_WANTED * self->scenario->config.workers;
}

/** A worker that has not gone on since the faults ended, or SCENARIO_WORKERS_MAX. */
static uint32_t laggard(const struct trial *self)
{
    if (!self->scenario->fair && somebody_went_on(self))
        return SCENARIO_WORKERS_MAX;
    for (uint32_t w = 0; w < self->scenario->config.workers; w++)
        if (computes(self, w) &&
            shadow_gradients(self->shadow, w) < self->calm[w] + ITERATIONS_WANTED)
            return w;
    return SCENARIO_WORKERS_MAX;
}

/** Stop as soon as everybody has gone on after the last fault, and complain when that takes too long. */
static void watch_progress(struct trial *self)
{
    const uint64_t now_ns = sim_now_ns(self->sim);
    const struct scenario *const s = self->scenario;
    if (self->stopped || s->end != SCENARIO_PROGRESS || now_ns < s->calm_ns)
        return;
    if (!self->is_calm) {
        self->is_calm = true;
        for (uint32_t w = 0; w < s->config.workers; w++)
            self->calm[w] = shadow_gradients(self->shadow, w);
        return;
    }
    const uint32_t last = laggard(self);
    if (last == SCENARIO_WORKERS_MAX) {
        sim_stop(self->sim);
        self->stopped = true;
    } else if (now_ns > s->calm_ns + s->patience_ns) {
        char text[100];
        snprintf(text, sizeof(text), "worker %u has not gone on since the last fault, at %llu ns",
                 last, (unsigned long long)s->calm_ns);
        fail(self, text);
    }
}

static void check_end(struct trial *self)
{
    char text[100];
    const struct sim_totals *const totals = sim_totals(self->sim);
    if (totals->count.loans > 0 || totals->count.tensors_in_flight > 0) {
        snprintf(text, sizeof(text), "%llu loans and %llu tensors are out after the drain",
                 (unsigned long long)totals->count.loans,
                 (unsigned long long)totals->count.tensors_in_flight);
        fail(self, text);
    }
    shadow_ended(self->shadow, self->sim);
    bool tears = policy_evicts_after_ns(self->scenario->variant, &self->scenario->cell.options) > 0;
    for (uint32_t i = 0; i < self->scenario->config.fault_count; i++)
        tears |= self->scenario->fault[i].kind == FAULT_CRASH;
    tears |= self->scenario->variant->survives_drop;
    if (self->learner && !shadow_failure(self->shadow)[0] && !tears &&
        !learner_balances(self->learner, self->sim, text, sizeof(text)))
        fail(self, text);
}

static void run(struct trial *self)
{
    bool more = true;
    while (more && !self->out->failure[0] && !shadow_failure(self->shadow)[0]) {
        more = sim_run(self->sim, CHUNK_EVENTS);
        watch_progress(self);
        if (sim_totals(self->sim)->count.events > EVENTS_MAX)
            fail(self, "there is no end of events");
    }
    if (sim_failure(self->sim)[0])
        fail(self, sim_failure(self->sim));
    if (!self->out->failure[0] && !shadow_failure(self->shadow)[0])
        check_end(self);
    if (shadow_failure(self->shadow)[0]) /* it knows more of it than whoever noticed */
        snprintf(self->out->failure, sizeof(self->out->failure), "%s",
                 shadow_failure(self->shadow));
    self->out->events = sim_totals(self->sim)->count.events;
}

static void stepped(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                    struct actions *actions)
{
    struct trial *const self = context;
    shadow_stepped(self->shadow, sim, worker, event, actions);
    plant_change(&self->plant, self->scenario->variant, event, actions);
    const struct sim_watch *const watch = self->look ? self->look->watch : NULL;
    if (watch)
        watch->stepped(watch->context, sim, worker, event, actions);
}

static int open_trial(struct trial *self, const struct fuzz_config *config, struct err *err)
{
    struct sim_config *const sim = &self->scenario->config;
    plant_init(&self->plant, config->plant, self->scenario->seed);
    self->learner = learner_open(self->scenario, &heap_memory, &self->plant);
    sim->values = learner_values(self->learner);
    sim->memory = &heap_memory;
    sim->watch = &self->watch;
    self->shadow = shadow_open(&(struct shadow_config){.sim = sim,
                                                       .floats = learner_floats(self->learner),
                                                       .trusts_channels = config->trusts_channels});
    fuzz_seed_shadow = self->shadow;
    self->watch = (struct sim_watch){.context = self, .stepped = stepped};
    return sim_open(&self->sim, sim, err);
}

void fuzz_scenario(struct scenario *scenario, const struct fuzz_config *config,
                   const struct fuzz_look *look, struct fuzz_outcome *out)
{
    struct trial *const self = calloc(1, sizeof(*self));
    struct err err = {{0}};
    CHECK(self);
    self->scenario = scenario;
    self->look = look;
    self->out = out;
    *out = (struct fuzz_outcome){.values = scenario->values != SCENARIO_TIMING};
    scenario_describe(scenario, out->scenario, sizeof(out->scenario));
    if (open_trial(self, config, &err) == 0)
        run(self);
    else
        snprintf(out->failure, sizeof(out->failure), "%.380s", err.text);
    if (self->sim && look && look->ended)
        look->ended(look->context, self->sim, self->shadow);
    fuzz_seed_shadow = NULL;
    sim_close(self->sim);
    learner_close(self->learner);
    shadow_close(self->shadow);
    free(self);
}

void fuzz_seed(uint64_t seed, const struct policy *policy, const struct fuzz_config *config,
               struct fuzz_outcome *out)
{
    static struct scenario scenario;
    struct err err = {{0}};
    *out = (struct fuzz_outcome){0};
    if (scenario_open(&scenario, seed, policy, &err) < 0) {
        snprintf(out->failure, sizeof(out->failure), "%.380s", err.text);
        return;
    }
    fuzz_scenario(&scenario, config, NULL, out);
    scenario_close(&scenario);
}
