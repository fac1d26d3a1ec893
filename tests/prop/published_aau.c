/* SPDX-License-Identifier: BSD-3-Clause */
/* What the papers say of adaptive partial averaging: DSGD-AAU, arXiv 2306.06559, and its precursor cb-DyBW, arXiv 2102.06280. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "core/policy/rows.h"
#include "tests/prop/support_published.h"
#include "tests/random/options.h"

static const char *const releases[] = {"cluster", "all", "nbr", "pair"};
static const char *const new_edges[] = {"component", "vertex"};

/* -------------------------------------------------------------------------------------------------------- epochs */

#define EDGES_MAX 400000u

struct exchange_edge {
    uint64_t exchange; /* counted by the oracle, in order of time */
    uint32_t a, b;
};

static struct exchange_edge edge[EDGES_MAX];
static uint32_t edges;

static void note_mixes(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                       struct actions *actions)
{
    const struct trial *const trial = context;
    (void)sim, (void)event;
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct action *const action = &actions->item[i];
        for (uint32_t k = 0; action->kind == ACT_MIX && k < action->count; k++) {
            cr_assert_lt(edges, EDGES_MAX);
            edge[edges++] =
                (struct exchange_edge){.exchange = action->tag,
                                       .a = worker,
                                       .b = trial_peer(trial, worker, action->terms[k].peer)};
        }
    }
}

static int by_exchange(const void *left, const void *right)
{
    const uint64_t a = ((const struct exchange_edge *)left)->exchange;
    const uint64_t b = ((const struct exchange_edge *)right)->exchange;
    return (a > b) - (a < b);
}

struct parts {
    uint32_t of[TRIAL_WORKERS_MAX], count;
};

static struct parts all_apart(uint32_t workers)
{
    struct parts parts = {.count = workers};
    for (uint32_t w = 0; w < workers; w++)
        parts.of[w] = w;
    return parts;
}

static void join(struct parts *self, uint32_t workers, uint32_t a, uint32_t b)
{
    const uint32_t old = self->of[a], new = self->of[b];
    self->count -= old != new;
    for (uint32_t w = 0; w < workers; w++)
        if (self->of[w] == old)
            self->of[w] = new;
}

/** First edge of the exchange after the one that begins at `first`; joins all of its edges. */
static uint32_t join_exchange(struct parts *parts, uint32_t workers, uint32_t first)
{
    uint32_t i = first;
    for (; i < edges && edge[i].exchange == edge[first].exchange; i++)
        join(parts, workers, edge[i].a, edge[i].b);
    return i;
}

struct epochs {
    uint32_t count, longest, idle; /* idle: exchanges that joined nothing new */
    uint32_t window; /* most exchanges in a row, plus 1, that did not connect everybody */
};

/* From its exchanges alone: an epoch ends when they have connected everybody. */
static struct epochs epochs_of(uint32_t workers)
{
    struct epochs out = {0};
    struct parts parts = all_apart(workers);
    uint32_t length = 0;
    qsort(edge, edges, sizeof(edge[0]), by_exchange);
    for (uint32_t i = 0; i < edges;) {
        const uint32_t before = parts.count;
        i = join_exchange(&parts, workers, i);
        out.idle += parts.count == before;
        length++;
        if (parts.count > 1)
            continue;
        out.longest = length > out.longest ? length : out.longest;
        out.count++;
        parts = all_apart(workers);
        length = 0;
    }
    for (uint32_t i = 0; i < edges;) {
        uint32_t end = i, needed = 0;
        parts = all_apart(workers);
        for (; end < edges && parts.count > 1; needed++)
            end = join_exchange(&parts, workers, end);
        if (parts.count == 1 && needed > out.window)
            out.window = needed;
        struct parts unused = all_apart(workers);
        i = join_exchange(&unused, workers, i);
    }
    return out;
}

static void expect_epochs(uint32_t workers, const char *release, const char *new_edge)
{
    struct sim_watch watch = {.stepped = note_mixes};
    struct trial trial = {
        .row = &policy_aau_oracle,
        .options = options_read(&policy_aau_oracle, "release: %s, new_edge: %s", release, new_edge),
        .workers = workers,
        .degree = workers > 8 ? 4 : 2,
        .seed = 1,
        .stop_ns = 1000 * MS,
        .jitter_cv = 0.05,
        .inject = trial_transient(0.1, 10),
        .watch = &watch};
    watch.context = &trial;
    edges = 0;
    trial_run(&trial);

    const struct epochs epochs = epochs_of(workers);
    cr_log_info("%u workers, release %s, new by %s, %u epochs", workers, release, new_edge,
                epochs.count);
    expect_figure("iterations of the longest epoch / (N - 1)",
                  (double)epochs.longest / (workers - 1), 0.1, 1);
    expect_figure("iterations without a new edge", epochs.idle, 0, 0);
    expect_figure("iterations until any start is connected / (2N - 3)",
                  (double)epochs.window / (2 * workers - 3), 0.05, 1);
    cr_expect_geq(epochs.count, 3u);
}

/* B-connectivity, which the analysis assumes and Pathsearch provides: the iterations of an epoch connect everybody, at most N - 1
 * of them do, and so any 2N - 3 in a row, whichever edges are new. Both bounds are met exactly by some release rules. */
Test(published_aau, epochs_connect_everybody_within_n_minus_1_iterations)
{
    for (uint32_t workers = 8; workers <= 32; workers *= 2)
        for (uint32_t release = 0; release < 4; release++)
            for (uint32_t rule = 0; rule < 2; rule++)
                expect_epochs(workers, releases[release], new_edges[rule]);
}

#define EPOCHS_MAX 4096u
#define TAGS_KEPT 64u

struct waves {
    uint64_t tag[TAGS_KEPT]; /* ring */
    uint32_t count;
    uint64_t epoch[TRIAL_WORKERS_MAX]; /* after the worker's last step */
    uint32_t in_epoch[EPOCHS_MAX];
};

static bool is_new(struct waves *self, uint64_t tag)
{
    for (uint32_t i = 0; i < TAGS_KEPT; i++)
        if (self->tag[i] == tag)
            return false;
    self->tag[self->count++ % TAGS_KEPT] = tag;
    return true;
}

/* The leader commits, and so sends, first: its epoch counts, as it was when it decided. */
static void note_waves(void *context, struct sim *sim, uint32_t worker, const struct event *event,
                       struct actions *actions)
{
    struct waves *const self = context;
    (void)event;
    cr_assert_lt(self->epoch[worker], EPOCHS_MAX);
    for (uint32_t i = 0; i < actions->count; i++)
        if (actions->item[i].kind == ACT_SEND && is_new(self, actions->item[i].tag))
            self->in_epoch[self->epoch[worker]]++;
    self->epoch[worker] = agent_counters(sim_agent(sim, worker)).epochs;
}

/* cb-DyBW: every iteration establishes an edge of a fixed tree Q, so that an epoch has at most |Q| = N - 1 of them. */
Test(published_aau, cb_dybw_establishes_its_tree_within_as_many_iterations_as_it_has_edges)
{
    for (uint32_t workers = 8; workers <= 32; workers *= 2) {
        static struct waves waves;
        waves = (struct waves){.count = 0};
        const struct sim_watch watch = {.context = &waves, .stepped = note_waves};
        struct trial trial = {.policy = "cb-dybw",
                              .workers = workers,
                              .degree = 4,
                              .seed = 1,
                              .stop_ns = 2000 * MS,
                              .jitter_cv = 0.05,
                              .inject = trial_transient(0.1, 10),
                              .watch = &watch};
        trial_run(&trial);

        uint32_t longest = 0, epochs = 0;
        for (; epochs < EPOCHS_MAX && waves.in_epoch[epochs] > 0; epochs++)
            longest = waves.in_epoch[epochs] > longest ? waves.in_epoch[epochs] : longest;
        cr_log_info("%u workers, %u epochs", workers, epochs);
        expect_figure("iterations of the longest epoch / |Q|", (double)longest / (workers - 1), 0.3,
                      1);
        cr_expect_geq(epochs, 50u);
    }
}

/* -------------------------------------------------------------------------------------------------- what it gains */

static struct trial transient(const char *policy)
{
    return (struct trial){.policy = policy,
                          .workers = 64,
                          .degree = 4,
                          .seed = 1,
                          .stop_ns = 1000 * MS,
                          .jitter_cv = 0.05,
                          .inject = trial_transient(0.1, 10)};
}

/* An adaptive subset waits less than all neighbours, and more than nobody. */
Test(published_aau, waits_less_than_dsgd_and_more_than_adpsgd_under_transient_stragglers)
{
    struct trial trial = transient("dsgd");
    const struct outcome dsgd = trial_run(&trial);
    trial = transient("adpsgd");
    options_change(&policy_adpsgd, &trial.options, "comm_thread: true");
    const struct outcome adpsgd = trial_run(&trial);
    trial = transient("aau");
    const struct outcome cluster = trial_run(&trial);
    trial = transient(NULL);
    trial.row = &policy_aau_oracle;
    options_change(&policy_aau_oracle, &trial.options, "release: all");
    const struct outcome all = trial_run(&trial);

    expect_figure("wait share, cluster / dsgd", cluster.wait_share / dsgd.wait_share, 0.1, 0.8);
    expect_figure("wait share, all / dsgd", all.wait_share / dsgd.wait_share, 0.1, 0.8);
    expect_figure("wait share of adpsgd", adpsgd.wait_share, 0, all.wait_share);
    expect_figure("gradients, cluster / dsgd", (double)cluster.gradients / (double)dsgd.gradients,
                  1.5, 8);
    expect_figure("gradients, all / dsgd", (double)all.gradients / (double)dsgd.gradients, 1.5, 8);
}

/* Edges that are new by vertex are new by component as well, not the other way round: fewer reasons to go on. */
Test(published_aau, by_vertex_waits_longer_than_by_component_under_transient_stragglers)
{
    for (uint32_t oracle = 0; oracle < 2; oracle++) {
        double wait[2];
        for (uint32_t rule = 0; rule < 2; rule++) {
            struct trial trial = transient("aau");
            trial.row = oracle ? &policy_aau_oracle : NULL;
            options_change(&policy_aau, &trial.options, "new_edge: %s", new_edges[rule]);
            wait[rule] = trial_run(&trial).wait_share;
        }
        expect_figure(oracle ? "wait share, vertex / component, oracle"
                             : "wait share, vertex / component, messages",
                      wait[1] / wait[0], 1, 2);
    }
}

/* cb-DyBW: dynamic backup workers wait less than cb-Full, which is dsgd; AAU, which finds its tree on the way, less yet. */
Test(published_aau, cb_dybw_waits_less_than_dsgd_and_more_than_aau)
{
    struct trial trial = transient("dsgd");
    const struct outcome dsgd = trial_run(&trial);
    trial = transient("cb-dybw");
    const struct outcome dybw = trial_run(&trial);
    trial = transient("aau");
    const struct outcome aau = trial_run(&trial);

    expect_figure("wait share, cb-dybw / dsgd", dybw.wait_share / dsgd.wait_share, 0.1, 0.9);
    expect_figure("wait share, aau / cb-dybw", aau.wait_share / dybw.wait_share, 0.1, 0.9);
    expect_figure("gradients, cb-dybw / dsgd", (double)dybw.gradients / (double)dsgd.gradients, 1.2,
                  8);
}

/* The rate of the analysis: with N workers the leading term is O(1 / sqrt(N K)): the noise averages out over the workers. */
Test(published_aau, noise_floor_falls_with_the_number_of_workers)
{
    for (uint32_t oracle = 0; oracle < 2; oracle++) {
        double floor[2];
        for (uint32_t i = 0; i < 2; i++) {
            struct trial trial = transient("aau");
            trial.row = oracle ? &policy_aau_oracle : NULL;
            options_change(&policy_aau, &trial.options, "release: %s", oracle ? "all" : "cluster");
            trial.workers = i ? 32 : 8;
            trial.cuts = 300;
            trial.stop_ns = 3000 * MS;
            trial.learns = true;
            trial.lr = 0.1f;
            trial.noise = 1;
            floor[i] = trial_mean(trial_run(&trial).error, 30, 300);
        }
        expect_figure("floor of 8 / of 32 workers", floor[0] / floor[1], 3, 5.3);
    }
}

/* The direction of its curves of loss over time: at equal time, with different data per worker, the mean model is nearer. */
Test(published_aau, is_nearer_to_the_optimum_than_dsgd_at_equal_time)
{
    float centre[64];
    for (uint32_t w = 0; w < 64; w++)
        centre[w] = w % 4 ? 1 : 5;
    double error[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct trial trial = transient(i ? "aau" : "dsgd");
        trial.row = i ? &policy_aau_oracle : NULL;
        if (i)
            options_change(&policy_aau, &trial.options, "release: all");
        trial.stop_ns = 100 * MS;
        trial.cuts = 1;
        trial.learns = true;
        trial.lr = 0.05f;
        trial.noise = 1;
        trial.centre = centre;
        error[i] = trial_run(&trial).error[1];
    }
    expect_figure("square error, dsgd / aau", error[0] / error[1], 2, 1e6);
}
