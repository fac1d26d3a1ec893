/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contradictions between values that are each fine. Every one is an error: an option that would be ignored, or a target
 * that cannot be computed, would otherwise be found out after the run.
 */
#include <arpa/inet.h>
#include <math.h>
#include <string.h>

#include "harness/experiment/profile_private.h"
#include "harness/experiment/sentences.h"
#include "harness/profile/profile_text.h"

static struct profile_node *at(const struct profile_load *load, const char *path)
{
    return profile_tree_find(load->in.root, path);
}

/** Where a key stands; for one left to its default, the nearest map around it. */
static struct profile_mark place_of(const struct profile_load *load, const char *path)
{
    const struct profile_node *const node = profile_tree_nearest(load->in.root, path);
    return profile_place(&load->in, node == load->in.root ? NULL : node);
}

#define FAIL(load, path, ...) \
    profile_errors_add((load)->in.errors, place_of(load, path), __VA_ARGS__)

static void check_none(struct profile_load *load)
{
    const struct experiment *x = load->out;
    const bool no_model = strcmp(x->model.ops->name, "none") == 0;
    const bool no_data = strcmp(x->data.format, "none") == 0;
    if (no_model && !no_data)
        FAIL(load, "model.kind", "model 'none' computes nothing and needs data.format none, not %s",
             x->data.format);
    if (no_data && !no_model)
        FAIL(load, "data.format",
             "data.format none has nothing to train on; it needs model.kind none, not %s",
             x->model.ops->name);
    if (!no_model)
        return;
    if (x->models)
        FAIL(load, "output.models", "model 'none' has no parameters that could be kept");
    if (x->target.set)
        FAIL(load, "target", "model 'none' has no loss, so it cannot reach a target");
    for (uint32_t i = 0; i < x->policy_count; i++) {
        const struct profile_node *lr = profile_tree_child(profile_item(load, "policies", i), "lr");
        if (lr)
            profile_errors_add(load->in.errors, lr->key_mark, "model 'none' does not use lr");
    }
}

/** Are there samples for every worker, and enough for a batch? */
static void check_samples(struct profile_load *load)
{
    const struct experiment *const x = load->out;
    const double train = (double)x->data.samples * x->data.split[0];
    if (train < x->workers.count)
        FAIL(load, "data.samples", "%u training samples cannot be dealt to %u workers",
             (uint32_t)train, x->workers.count);
    else if (x->train.batch > train)
        FAIL(load, "train.batch", "a batch of %u is larger than all %.0f training samples",
             x->train.batch, train);
}

static void check_data(struct profile_load *load)
{
    const struct experiment *x = load->out;
    const double *split = x->data.split;
    const double sum = split[0] + split[1] + split[2];
    if (strcmp(x->data.format, "none") == 0)
        return;
    if (fabs(sum - 1.0) > 1e-9)
        FAIL(load, "data.split", "data.split must sum to 100%%, not %.10g%%", sum * 100.0);
    else if (split[0] <= 0.0)
        FAIL(load, "data.split", "data.split leaves nothing to train on");
    if (x->data.shards == SHARD_LABELS && x->data.classes > 0 &&
        x->data.per_worker > x->data.classes)
        FAIL(load, "data.shards.per_worker",
             "data.shards.per_worker is %u, but there are %u classes", x->data.per_worker,
             x->data.classes);
    if (x->data.samples > 0)
        check_samples(load);
}

static void check_workers(struct profile_load *load)
{
    const struct experiment *x = load->out;
    const double most = x->workers.count - 1.0;
    const double least = x->workers.count > 0 ? 2.0 * most / x->workers.count : 0.0;
    const struct key *key = keys_find(KEYS_PROFILE, "workers.graph.degree");
    const bool used = x->origins->profile[keys_number(key)].kind != ORIGIN_UNSET;
    if (used && x->workers.degree > most)
        FAIL(load, "workers.graph.degree",
             "mean degree %g is impossible; %u workers have at most %g neighbours each",
             x->workers.degree, x->workers.count, most);
    else if (used && x->workers.degree < least)
        FAIL(load, "workers.graph.degree",
             "mean degree %g cannot connect %u workers; the least is 2 (n - 1) / n = %.4g",
             x->workers.degree, x->workers.count, least);
    if (x->workers.groups > x->workers.count)
        FAIL(load, "workers.groups", "%u groups of %u workers: some would be empty",
             x->workers.groups, x->workers.count);
}

static void check_policies(struct profile_load *load)
{
    const struct experiment *x = load->out;
    for (uint32_t i = 0; i < x->policy_count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(x->policy[i].label, x->policy[j].label) == 0) {
                profile_errors_add(load->in.errors, profile_item(load, "policies", i)->mark,
                                   "two policies are called '%s'; give one a label of its own",
                                   x->policy[i].label);
                break;
            }
    for (uint32_t i = 0; i < x->seed_count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (x->seed[i] == x->seed[j]) {
                FAIL(load, "seeds", "seed %llu stands twice: the run would only be repeated",
                     (unsigned long long)x->seed[i]);
                return;
            }
}

/** Is there a choice among the options of policy `index` that exists in virtual time only? */
static bool refuse_virtual(struct profile_load *load, uint32_t index)
{
    const struct experiment_policy *const p = &load->out->policy[index];
    const struct policy_options options = experiment_options(load->out, index);
    bool any = false;
    for (const struct policy_option *o = p->row->options; o && o->name; o++) {
        const struct policy_choice *const choice =
            o->type == OPTION_CHOICE ? &o->choices[option_value(o, &options)] : NULL;
        if (!choice || !choice->virtual_only)
            continue;
        profile_errors_add(load->in.errors, profile_item(load, "policies", index)->mark,
                           "policy '%s': %s: %s %s", p->label, o->name, choice->name,
                           choice->virtual_only);
        any = true;
    }
    return any;
}

/** Who comes takes a neighbour's model, and who leaves in order must know that all it sent has come: in memory, so far. */
static void check_faults_of_processes(struct profile_load *load)
{
    const struct experiment *x = load->out;
    for (uint32_t i = 0; i < x->fault_count; i++) {
        const struct fault *const fault = &x->fault[i].fault;
        if (fault->kind == FAULT_LEAVE || fault_returns(fault))
            FAIL(load, "processes",
                 "workers that leave, join or come back need processes: 1, for now (crash without "
                 "restart, pause, disk and slots are possible)");
    }
}

/** What only one of the clocks can do, where the key table cannot say it. */
static void check_processes(struct profile_load *load)
{
    const struct experiment *x = load->out;
    struct in_addr own;
    if (*x->link.address && inet_pton(AF_INET, x->link.address, &own) != 1)
        FAIL(load, "link.address", "link.address '%s': expected an IPv4 address, such as 10.0.0.1",
             x->link.address);
    if (x->processes <= 1)
        return;
    if (x->processes > x->workers.count)
        FAIL(load, "processes", "%u processes of %u workers: some would have none", x->processes,
             x->workers.count);
    check_faults_of_processes(load);
    if (strcmp(x->link.kind, "null") == 0)
        FAIL(load, "link.kind", "link 'null' delivers nothing, so no process hears of another");
    if (strcmp(x->edges, "null") == 0)
        FAIL(load, "processes", "edges 'null' deliver nothing, so no process has anything to say");
}

static void check_clock_live(struct profile_load *load)
{
    const struct experiment *x = load->out;
    check_processes(load);
    if (x->model.parameters > 0)
        FAIL(load, "model.parameters",
             "clock 'live' does not use model.parameters: its messages are as large as its model");
    for (uint32_t i = 0; i < x->policy_count; i++) {
        const struct experiment_policy *p = &x->policy[i];
        const struct policy_options options = experiment_options(x, i);
        const struct policy *row = policy_variant(p->row, &options, x->workers.count);
        if (!refuse_virtual(load, i) && row->shared_bytes)
            profile_errors_add(load->in.errors, profile_item(load, "policies", i)->mark,
                               "policy '%s' keeps one state for all workers, which exists in "
                               "virtual time only; use clock: virtual",
                               p->label);
    }
}

static bool chosen(const struct profile_load *load, const char *path)
{
    const struct key *key = keys_find(KEYS_PROFILE, path);
    const enum origin_kind kind = load->out->origins->profile[keys_number(key)].kind;
    return kind == ORIGIN_FILE || kind == ORIGIN_SET;
}

/** How many batches are asked for ahead decides what of a slow disk stays hidden. */
static bool injects_load(const struct experiment *x)
{
    for (uint32_t i = 0; i < x->inject_count; i++)
        if (x->inject[i].inject.what == INJECT_LOAD)
            return true;
    return false;
}

static void check_clock_virtual(struct profile_load *load)
{
    const struct experiment *x = load->out;
    if (x->compute.base_ns == 0)
        FAIL(load, "compute.base",
             "compute.base is 0: in virtual time nothing takes long by itself, so a gradient "
             "needs a base time");
    if (x->links.bytes_per_s > 0 && strcmp(x->model.ops->name, "none") == 0 &&
        x->model.parameters == 0)
        FAIL(load, "links.bandwidth",
             "model 'none' sends messages without content, which no bandwidth delays; "
             "model.parameters says how large they would be");
    if (x->compute.core_ns > x->compute.base_ns)
        FAIL(load, "compute.core", "compute.core is a part of compute.base and cannot exceed it");
    static const char *const live[] = {"data.io", "data.prefetch"};
    for (uint32_t i = 0; i < sizeof(live) / sizeof(live[0]); i++)
        if (chosen(load, live[i]) && !(i == 1 && injects_load(x)))
            FAIL(load, live[i], "clock 'virtual' does not use %s: samples are kept in memory",
                 live[i]);
}

static void check_clock(struct profile_load *load)
{
    if (load->out->clock == CLOCK_VIRTUAL)
        check_clock_virtual(load);
    else
        check_clock_live(load);
}

static void check_budget(struct profile_load *load)
{
    const struct experiment *x = load->out;
    if (x->stop.time_ns == 0 && x->stop.iterations == 0)
        FAIL(load, "stop", "nothing ends a run: set stop.time (such as 3s) or stop.iterations");
    if (x->compute.base_ns == 0 && x->compute.jitter != JITTER_NONE)
        FAIL(load, "compute.jitter",
             "compute.base is 0, so there is no base time to jitter; set it or write jitter: none");
}

static void check_relative(struct profile_load *load)
{
    const struct experiment *x = load->out;
    struct suggest nearest = {.typed = x->target.relative_to};
    for (uint32_t i = 0; i < x->policy_count; i++) {
        if (strcmp(x->policy[i].label, x->target.relative_to) == 0)
            return;
        suggest_offer(&nearest, x->policy[i].label);
    }
    if (nearest.best)
        FAIL(load, "target.relative_to", "no policy '%s' in policies; did you mean '%s'?",
             x->target.relative_to, nearest.best);
    else
        FAIL(load, "target.relative_to", "no policy '%s' in policies; the target would never exist",
             x->target.relative_to);
}

/** Against which value? */
static void check_reference(struct profile_load *load)
{
    const bool value = at(load, "target.value") != NULL;
    const bool relative = load->out->target.relative_to[0] != '\0';
    if (value && relative)
        FAIL(load, "target.relative_to", "target.value and target.relative_to exclude each other");
    else if (!value && !relative)
        FAIL(load, "target", "a target needs target.value or target.relative_to");
    else if (relative)
        check_relative(load);
}

/** Is the metric measured, and can it have the value? */
static void check_metric(struct profile_load *load)
{
    const struct experiment *const x = load->out;
    const bool accuracy = x->target.metric == TARGET_HELDOUT_ACCURACY_MEAN_MODEL;
    const bool heldout = accuracy || x->target.metric == TARGET_HELDOUT_LOSS_MEAN_MODEL;
    if (heldout && strcmp(x->data.format, "none") != 0 && x->data.split[1] <= 0.0)
        FAIL(load, "target.metric", "%s needs validation samples, but data.split gives them 0%%",
             keys_name_at(&keys_metrics, x->target.metric).name);
    if (accuracy && at(load, "target.value") && (x->target.value <= 0.0 || x->target.value > 1.0))
        FAIL(load, "target.value", "an accuracy lies between 0 and 1; for 95%% write 0.95");
}

static void check_target(struct profile_load *load)
{
    const struct experiment *x = load->out;
    if (!x->target.set)
        return;
    check_reference(load);
    check_metric(load);
    if (x->target.hold > x->judge.points)
        FAIL(load, "target.hold", "target.hold is %u, but a run has %u snapshots (judge.points)",
             x->target.hold, x->judge.points);
}

static const struct profile_node *first_item(const struct profile_load *load, const char *path)
{
    const struct profile_node *list = at(load, path);
    return list && list->kind == PROFILE_LIST ? list->first : list;
}

/** A sentence that was refused; of what in it deceives the eye first. */
static void refuse_sentence(struct profile_load *load, const struct profile_node *item,
                            const char *text, const struct err *err)
{
    char sentence[160];
    profile_errors_add(load->in.errors, item->mark, "%s",
                       profile_text_deceives(text, sentence, sizeof(sentence)) ? sentence
                                                                               : err->text);
}

/** Checks and claims speak of metrics and policies: a name that does not exist would make a gate that never closes. */
static void check_sentences(struct profile_load *load)
{
    const struct experiment *x = load->out;
    const struct profile_node *item = first_item(load, "checks");
    for (uint32_t i = 0; i < x->check_count; i++, item = item->next) {
        const char *const claim = sentences_claim_in(x->check[i]);
        struct err err = {""};
        if (claim ? sentences_validate_claim(claim, x, &err)
                  : sentences_validate_check(x->check[i], x, &err))
            refuse_sentence(load, item, x->check[i], &err);
    }
    item = first_item(load, "claims");
    for (uint32_t i = 0; i < x->claims_count; i++, item = item->next) {
        struct err err = {""};
        if (sentences_validate_claim(x->claims[i], x, &err))
            refuse_sentence(load, item, x->claims[i], &err);
    }
}

static void check_jitter(struct profile_load *load)
{
    const struct experiment_law *const jitter = &load->out->compute.jitter_law;
    if (!jitter->law)
        return;
    const char *const why = jitter->law->check ? jitter->law->check(&jitter->config) : NULL;
    if (why)
        FAIL(load, "compute.jitter.law", "law '%s': %s", jitter->law->name, why);
    else if (jitter->law->piece)
        FAIL(load, "compute.jitter.law",
             "law '%s' says how fast work goes over time, and jitter is drawn for each gradient: "
             "make it an entry of `inject:`, or take a law per iteration (`dawdle list laws`)",
             jitter->law->name);
}

void profile_check(struct profile_load *load)
{
    check_none(load);
    check_workers(load);
    check_data(load);
    check_policies(load);
    check_clock(load);
    check_budget(load);
    check_jitter(load);
    check_target(load);
    profile_check_inject(load);
    profile_check_faults(load);
    check_sentences(load);
    profile_sweep_check(load);
}
