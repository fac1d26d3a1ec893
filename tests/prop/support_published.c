/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/prop/support_published.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/learn/lanes.h"

#define SAMPLES 1024u /* per worker; even */

/* ------------------------------------------------------------------------------------------------------ the model */

static uint32_t square_dim(const struct model_config *config)
{
    return config->features;
}

static size_t square_scratch(const struct model_config *config)
{
    (void)config;
    return 0;
}

static void square_init(const struct model_config *config, uint64_t key, float *param)
{
    (void)key;
    memset(param, 0, config->dim * sizeof(*param));
}

static bool square_slice(struct gradient *self)
{
    self->loss = 0;
    for (uint32_t d = 0; d < self->model->dim; d++)
        self->out[d] = self->param[d] - self->x[d];
    return true;
}

static bool bent_slice(struct gradient *self)
{
    square_slice(self);
    for (uint32_t d = 0; d < self->model->dim; d++)
        self->out[d] = tanhf(self->out[d]);
    return true;
}

static const struct model_ops square = {.name = "square",
                                        .dim = square_dim,
                                        .scratch_floats = square_scratch,
                                        .init = square_init,
                                        .slice = square_slice};
static const struct model_ops bent = {.name = "bent",
                                      .dim = square_dim,
                                      .scratch_floats = square_scratch,
                                      .init = square_init,
                                      .slice = bent_slice};

/** Samples 2n and 2n + 1 lie opposite each other, so that the mean of a shard is its centre. */
static void read_sample(const void *context, const uint32_t *ids, uint32_t count, float *x,
                        uint8_t *label)
{
    const struct trial *const trial = context;
    const uint64_t key = rng_key(trial->seed, RNG_TEST, ids[0] / 2);
    const float sign = ids[0] % 2 ? -1.0f : 1.0f;
    const float centre = trial->centre ? trial->centre[ids[0] / SAMPLES] : 0.0f;
    cr_assert_eq(count, 1u);
    label[0] = 0;
    for (uint32_t d = 0; d < TRIAL_DIM; d++)
        x[d] = centre + sign * trial->noise * (float)(2.0 * rng_unit_at(key, d) - 1.0);
}

/* --------------------------------------------------------------------------------------------------- what is seen */

struct seen {
    const struct trial *trial;
    const struct policy *row;
    struct values *values;
    struct outcome *out;
};

static float optimum(const struct trial *trial, bool central)
{
    float sum = 0;
    if (!trial->centre)
        return 0;
    for (uint32_t w = central; w < trial->workers; w++)
        sum += trial->centre[w];
    return sum / (float)(trial->workers - central);
}

static void look(struct seen *self, const struct sim *sim, uint32_t cut)
{
    const uint32_t first = 0, last = self->row->central ? 1 : self->trial->workers;
    const float best = optimum(self->trial, self->row->central);
    double error = 0, distance = 0, raw_distance = 0, mean_of_all = 0;
    for (uint32_t d = 0; d < TRIAL_DIM; d++) {
        double x = 0, y = 0;
        for (uint32_t w = first; w < last; w++) {
            const float *const vector = values_vector(self->values, w, sim_current(sim, w));
            x += (double)vector[d];
            y += (double)lanes_weight(self->row->lanes, vector, TRIAL_DIM);
        }
        const double mean = x / y, raw_mean = x / (last - first);
        for (uint32_t w = first; w < last; w++) {
            const float *const vector = values_vector(self->values, w, sim_current(sim, w));
            const double raw = (double)vector[d];
            const double z = raw / (double)lanes_weight(self->row->lanes, vector, TRIAL_DIM);
            distance += (z - mean) * (z - mean);
            raw_distance += (raw - raw_mean) * (raw - raw_mean);
        }
        mean_of_all += mean;
        error += (mean - (double)best) * (mean - (double)best);
    }
    self->out->mean[cut] = mean_of_all / TRIAL_DIM;
    self->out->error[cut] = error / TRIAL_DIM;
    self->out->distance[cut] = distance / TRIAL_DIM / (last - first);
    self->out->raw_distance[cut] = raw_distance / TRIAL_DIM / (last - first);
}

static void on_cut(void *context, struct sim *sim, uint32_t cut)
{
    struct seen *const self = context;
    const struct sim_watch *const watch = self->trial->watch;
    if (self->values)
        look(self, sim, cut);
    if (watch && watch->cut)
        watch->cut(watch->context, sim, cut);
}

static void on_step(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                    struct actions *actions)
{
    struct seen *const self = context;
    const struct sim_watch *const watch = self->trial->watch;
    if (watch && watch->stepped)
        watch->stepped(watch->context, sim, worker, event, actions);
}

/* ----------------------------------------------------------------------------------------------------------- runs */

struct learning {
    struct model_config model;
    uint32_t *shard, *begin;
    float *scratch;
    struct tasks_inline tasks;
    struct values *values;
};

static void open_learning(struct learning *self, const struct trial *trial, struct cluster *cluster)
{
    struct err err = {0};
    const uint32_t workers = trial->workers;
    self->model = (struct model_config){
        .ops = trial->bent ? &bent : &square, .features = TRIAL_DIM, .classes = 1, .batch = 1};
    cr_assert_eq(model_plan(&self->model), 0);
    self->shard = calloc((size_t)workers * SAMPLES, sizeof(*self->shard));
    self->begin = calloc(workers + 1, sizeof(*self->begin));
    for (uint32_t i = 0; i < workers * SAMPLES; i++)
        self->shard[i] = i;
    for (uint32_t w = 0; w <= workers; w++)
        self->begin[w] = w * SAMPLES;
    struct values_config config = {.workers = workers,
                                   .slots = cluster->config.slots,
                                   .model = &self->model,
                                   .lanes = cluster->config.policy->lanes,
                                   .seed = trial->seed,
                                   .shard = self->shard,
                                   .shard_begin = self->begin,
                                   .data = {.read = read_sample, .context = trial},
                                   .memory = &cluster->memory};
    self->scratch = aligned_alloc(64, (values_scratch_floats(&config) + 16) * sizeof(float));
    tasks_inline_init(&self->tasks, self->scratch);
    config.tasks = &self->tasks.tasks;
    cr_assert_eq(values_open(&self->values, &config, &err), 0, "%s", err.text);
    cluster->config.values = self->values;
    cluster->config.lr = trial->lr;
}

/** From 0 one step of length 1 leads to the sample. */
static void scatter(struct values *values, const struct cluster *cluster)
{
    for (uint32_t w = 0; w < cluster->config.workers; w++) {
        const uint32_t slot = sim_current(cluster->sim, w);
        values_gradient(values, w, slot);
        values_apply(values, w, slot, slot, APPLY_PLAIN, 1.0f);
    }
}

static void close_learning(struct learning *self)
{
    values_close(self->values);
    free(self->shard);
    free(self->begin);
    free(self->scratch);
}

/* The path 0 1 2 ... is a spanning tree of every circulant graph. */
static uint8_t *plan_tree(struct cluster *cluster)
{
    const uint32_t workers = cluster->config.workers;
    uint8_t *const marks = calloc((size_t)workers * workers, 1);
    for (uint32_t w = 0; w < workers; w++) {
        struct policy_config *const config = &cluster->worker[w];
        uint8_t *const own = marks + (size_t)w * workers;
        for (uint32_t i = 0; i < config->peer_count; i++)
            own[i] = config->peers[i] + 1 == w || w + 1 == config->peers[i];
        config->tree = own;
    }
    return marks;
}

/** Returns marks of a tree, to be freed, where the row needs one. */
static uint8_t *configure(struct cluster *cluster, const struct trial *trial)
{
    struct sim_config *const config = &cluster->config;
    cluster_plan_row(cluster, trial->row ? trial->row : policy_find(trial->policy), trial->workers,
                     trial->degree, trial->seed);
    uint8_t *const tree = config->policy->needs_tree ? plan_tree(cluster) : NULL;
    for (uint32_t w = 0; w < trial->workers; w++) {
        cluster->worker[w].options = trial->options;
        const char *const why =
            config->policy->check ? config->policy->check(&cluster->worker[w]) : NULL;
        cr_assert_null(why, "%s", why);
    }
    config->slots++; /* a running gradient keeps its input */
    config->control_depth = SIM_DEPTH_MAX;
    config->stop_ns = trial->stop_ns;
    config->stop_iterations = trial->iterations;
    config->links.latency_ns = trial->latency_ns;
    config->jitter_cv = trial->jitter_cv;
    config->inject.entry = &trial->inject;
    config->inject.count = trial->inject.law != NULL;
    config->cuts = trial->cuts;
    return tree;
}

static void collect(struct outcome *out, const struct cluster *cluster)
{
    const struct sim_totals *const totals = sim_totals(cluster->sim);
    out->seconds = (double)totals->stop_ns * 1e-9;
    if (sim_hist(cluster->sim, SERIES_STALENESS)->total > 0)
        out->staleness_mean = hist_mean(sim_hist(cluster->sim, SERIES_STALENESS));
    out->wait_share = (double)totals->part_ns[PART_WAIT] / (double)totals->total_ns;
    out->gradients = totals->count.gradients;
    out->bytes = totals->count.bytes_exchanged;
    for (uint32_t w = 0; w < cluster->config.workers; w++) {
        const struct policy_counters counters = agent_counters(sim_agent(cluster->sim, w));
        out->computed[w] = sim_worker(cluster->sim, w)->gradients;
        out->counters.committed += counters.committed;
        out->counters.unmixed += counters.unmixed;
    }
}

struct outcome trial_run(const struct trial *trial)
{
    struct outcome out = {0};
    struct cluster cluster;
    struct learning learning = {0};
    cr_assert_leq(trial->workers, TRIAL_WORKERS_MAX);
    cr_assert_leq(trial->cuts, TRIAL_CUTS_MAX);
    uint8_t *const tree = configure(&cluster, trial);
    if (trial->learns)
        open_learning(&learning, trial, &cluster);
    struct seen seen = {
        .trial = trial, .row = cluster.config.policy, .values = learning.values, .out = &out};
    const struct sim_watch watch = {.context = &seen, .stepped = on_step, .cut = on_cut};
    cluster.config.watch = &watch;
    cluster_open(&cluster);
    if (trial->scattered)
        scatter(learning.values, &cluster);

    cluster_run(&cluster);

    collect(&out, &cluster);
    close_learning(&learning);
    cluster_close(&cluster);
    free(tree);
    return out;
}

struct inject trial_transient(double share, double factor)
{
    return (struct inject){.law = law_find("slowdown"),
                           .config.factor = factor,
                           .select = SELECT_PERCENT_EACH,
                           .share = share};
}

struct inject trial_permanent(const uint32_t *worker, double factor)
{
    return (struct inject){.law = law_find("slowdown"),
                           .config.factor = factor,
                           .select = SELECT_WORKERS,
                           .workers = worker,
                           .worker_count = 1};
}

double trial_rate_without(const struct outcome *outcome, uint32_t workers, uint32_t worker)
{
    uint64_t sum = 0;
    for (uint32_t w = 0; w < workers; w++)
        sum += w == worker ? 0 : outcome->computed[w];
    return (double)sum / outcome->seconds;
}

double trial_mean(const double *values, uint32_t from, uint32_t to)
{
    double sum = 0;
    for (uint32_t i = from; i < to; i++)
        sum += values[i];
    return sum / (to - from);
}

uint32_t trial_steps_apart(const struct trial *trial, uint32_t a, uint32_t b)
{
    const uint32_t apart = a > b ? a - b : b - a, half = trial->degree / 2;
    const uint32_t places = apart < trial->workers - apart ? apart : trial->workers - apart;
    return (places + half - 1) / half;
}

uint32_t trial_peer(const struct trial *trial, uint32_t worker, uint32_t index)
{
    uint32_t id = 0;
    for (; trial_steps_apart(trial, worker, id) != 1 || index > 0; id++)
        index -= trial_steps_apart(trial, worker, id) == 1;
    return id;
}

void expect_figure(const char *what, double measured, double least, double most)
{
    cr_log_info("%s: %.5g, expected %.5g to %.5g", what, measured, least, most);
    cr_expect(measured >= least && measured <= most, "%s: %.5g is not in %.5g to %.5g", what,
              measured, least, most);
}
