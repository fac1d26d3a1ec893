/* SPDX-License-Identifier: BSD-3-Clause */
/* Written by hand so that people can read it; read back through the parser of profiles, so that every slip has a place. */
#include "harness/experiment/tuned_file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/experiment/keys_tables.h"
#include "harness/profile/profile_parse.h"
#include "harness/profile/profile_text.h"

static const char *const edge_name[] = {"none", "lower", "upper"};
static const char *const clock_name[] = {"live", "virtual"};

bool tuned_is_better(enum target_metric metric, double a, double b)
{
    return metric == TARGET_HELDOUT_ACCURACY_MEAN_MODEL ? a > b : a < b;
}

double tuned_value(enum target_metric metric, double value)
{
    if (isfinite(value))
        return value;
    return tuned_is_better(metric, 1, 0) ? -(double)INFINITY : (double)INFINITY;
}

double tuned_median(const struct tuned_point *point, uint32_t seeds)
{
    double sorted[TUNED_SEEDS_MAX];
    CHECK(seeds >= 1);
    CHECK(seeds <= TUNED_SEEDS_MAX);
    for (uint32_t i = 0; i < seeds; i++) {
        uint32_t at = i;
        for (; at > 0 && sorted[at - 1] > point->value[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = point->value[i];
    }
    return seeds % 2 ? sorted[seeds / 2] : (sorted[seeds / 2 - 1] + sorted[seeds / 2]) / 2;
}

/** As few digits as read back to the same bits. */
static void write_real(FILE *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        fputs("diverged", out);
        return;
    }
    for (int digits = 3; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        const double back = strtod(text, NULL);
        if (memcmp(&back, &value, sizeof(back)) == 0)
            break;
    }
    fputs(text, out);
}

static void write_policy(FILE *out, const struct tuned_file *self, const struct tuned_policy *p)
{
    fprintf(out, "  - label: \"%s\"\n    digest: \"%016" PRIx64 "\"\n    lr: ", p->label,
            p->digest);
    if (p->usable)
        write_real(out, p->lr);
    else
        fputs("none # every rate diverged", out);
    fprintf(out, "\n    edge: %s%s\n    centre: ", edge_name[p->edge],
            p->edge == TUNED_INSIDE ? "" : " # of all that was tried: the best may lie beyond");
    write_real(out, p->centre);
    fputs("\n    curve:\n", out);
    for (uint32_t i = 0; i < p->points; i++) {
        fputs("      - {lr: ", out);
        write_real(out, p->point[i].lr);
        fputs(", values: [", out);
        for (uint32_t s = 0; s < self->seeds; s++) {
            fputs(s ? ", " : "", out);
            write_real(out, p->point[i].value[s]);
        }
        fputs("]}\n", out);
    }
}

void tuned_file_write(FILE *out, const struct tuned_file *self)
{
    char time[32];
    fprintf(out,
            "# Learning rates that `dawdle tune` found for %s; a profile takes them over with\n"
            "# `train: {tuned: FILE}`. values: the final %s\n"
            "# with each seed, on validation samples (never on test samples); a rate counts by "
            "their median.\n",
            self->profile, target_metric_name(self->metric));
    fprintf(out,
            "tuned: %u\nprofile: \"%s\"\nclock: %s\ndigest: \"%016" PRIx64
            "\"\nmetric: %s\nseeds: [",
            TUNED_FILE_VERSION, self->profile, clock_name[self->clock], self->digest,
            target_metric_name(self->metric));
    for (uint32_t i = 0; i < self->seeds; i++)
        fprintf(out, "%s%" PRIu64, i ? ", " : "", self->seed[i]);
    fprintf(out,
            "] # the first of 1000001, 1000002, ... that the profile does not report\n"
            "budget: {time: %s, iterations: %" PRIu64
            ", rates: %u} # of a run, and of each policy's grid\n"
            "cost: {runs: %u, seconds: ",
            units_format_ns(self->time_ns, time, sizeof(time)), self->iterations, self->rates,
            self->runs);
    write_real(out, self->seconds);
    fputs("} # of training, on the profile's clock\npolicies:\n", out);
    for (uint32_t i = 0; i < self->policies; i++)
        write_policy(out, self, &self->policy[i]);
}

struct reading {
    struct profile_source source;
    struct profile_tree tree;
    struct profile_errors *errors;
    struct tuned_file *out;
};

#define REFUSE(self, node, ...) profile_errors_add((self)->errors, (node)->mark, __VA_ARGS__)

/** Every key of `map` is one of `known`, a text with a space around each. */
static void refuse_unknown(struct reading *self, const struct profile_node *map, const char *known)
{
    for (const struct profile_node *n = map->first; n; n = n->next) {
        char word[64];
        snprintf(word, sizeof(word), " %.60s ", n->key);
        if (!strstr(known, word))
            profile_errors_add(self->errors, n->key_mark, "unknown key '%.60s'; expected one of:%s",
                               n->key, known);
    }
}

/** The child that must be there and of this kind; NULL with an error otherwise. */
static struct profile_node *need(struct reading *self, const struct profile_node *map,
                                 const char *key, enum profile_kind kind)
{
    static const char *const name[] = {"a single value", "a map", "a list"};
    struct profile_node *const node = profile_tree_child(map, key);
    if (!node)
        REFUSE(self, map, "missing key %s: expected %s", key, name[kind]);
    else if (node->kind != kind)
        REFUSE(self, node, "%s must be %s", key, name[kind]);
    return node && node->kind == kind ? node : NULL;
}

static const char *need_text(struct reading *self, const struct profile_node *map, const char *key)
{
    const struct profile_node *const node = need(self, map, key, PROFILE_TEXT);
    return node ? node->text : "";
}

static double parse_real(struct reading *self, const struct profile_node *node)
{
    const char *why;
    double value = 0;
    if (node->kind != PROFILE_TEXT)
        REFUSE(self, node, "expected a number");
    else if (strcmp(node->text, "diverged") == 0)
        return (double)NAN;
    else if (units_parse_real(node->text, &value, &why) != 0)
        REFUSE(self, node, "'%.40s': %s", node->text, why);
    return value;
}

static double need_rate(struct reading *self, const struct profile_node *map, const char *key)
{
    const struct profile_node *const node = need(self, map, key, PROFILE_TEXT);
    const double value = node ? parse_real(self, node) : 1;
    if (node && !(value > 0))
        REFUSE(self, node, "%s must be a positive number", key);
    return value;
}

static uint64_t need_number(struct reading *self, const struct profile_node *map, const char *key,
                            int base)
{
    const struct profile_node *const node = need(self, map, key, PROFILE_TEXT);
    char *end = NULL;
    if (!node)
        return 0;
    errno = 0;
    const uint64_t value = strtoull(node->text, &end, base);
    if (!*node->text || *end || errno || !strchr("0123456789abcdef", node->text[0]))
        REFUSE(self, node, "%s '%.40s' is not a number%s", key, node->text,
               base == 16 ? " of 16 hexadecimal digits" : "");
    return value;
}

/** Index of the word in names[count]. */
static uint32_t need_name(struct reading *self, const struct profile_node *map, const char *key,
                          const char *const *names, uint32_t count)
{
    const struct profile_node *const node = need(self, map, key, PROFILE_TEXT);
    uint32_t i = 0;
    while (node && i < count && strcmp(names[i], node->text) != 0)
        i++;
    if (node && i == count)
        REFUSE(self, node, "unknown %s '%.40s'", key, node->text);
    return i < count ? i : 0;
}

static void read_point(struct reading *self, const struct profile_node *node,
                       struct tuned_policy *policy)
{
    struct tuned_point *const point = &policy->point[policy->points];
    const struct profile_node *values;
    uint32_t n = 0;
    refuse_unknown(self, node, " lr values ");
    point->lr = need_rate(self, node, "lr");
    values = need(self, node, "values", PROFILE_LIST);
    for (const struct profile_node *v = values ? values->first : NULL; v; v = v->next, n++)
        if (n < TUNED_SEEDS_MAX)
            point->value[n] = tuned_value(self->out->metric, parse_real(self, v));
    if (values && n != self->out->seeds)
        REFUSE(self, values, "%u values for %u seeds", n, self->out->seeds);
    if (policy->points > 0 && !(point->lr > point[-1].lr))
        REFUSE(self, node, "the rates of a curve must ascend");
    policy->points++;
}

/** A rate that somebody put in by hand is not a tuned one. */
static void check_best(struct reading *self, const struct profile_node *node,
                       const struct tuned_policy *policy)
{
    const struct tuned_point *chosen = NULL;
    for (uint32_t i = 0; i < policy->points; i++)
        if (memcmp(&policy->point[i].lr, &policy->lr, sizeof(policy->lr)) == 0)
            chosen = &policy->point[i];
    if (!chosen) {
        REFUSE(self, node, "lr %g of policy '%s' is not in its curve", policy->lr, policy->label);
        return;
    }
    for (uint32_t i = 0; i < policy->points; i++) {
        const double other = tuned_median(&policy->point[i], self->out->seeds);
        const double best = tuned_median(chosen, self->out->seeds);
        if (tuned_is_better(self->out->metric, other, best)) {
            REFUSE(self, node, "lr %g of policy '%s' is not the best of its curve: %g is",
                   policy->lr, policy->label, policy->point[i].lr);
            return;
        }
    }
}

static void read_policy(struct reading *self, const struct profile_node *node)
{
    struct tuned_policy *const policy = &self->out->policy[self->out->policies];
    const struct profile_node *curve, *lr;
    if (node->kind != PROFILE_MAP) {
        REFUSE(self, node, "an entry of policies must be a map");
        return;
    }
    refuse_unknown(self, node, " label digest lr edge centre curve ");
    snprintf(policy->label, sizeof(policy->label), "%s", need_text(self, node, "label"));
    policy->digest = need_number(self, node, "digest", 16);
    policy->edge = (enum tuned_edge)need_name(self, node, "edge", edge_name, 3);
    policy->centre = need_rate(self, node, "centre");
    curve = need(self, node, "curve", PROFILE_LIST);
    for (const struct profile_node *n = curve ? curve->first : NULL; n; n = n->next)
        if (policy->points == TUNED_RATES_MAX || n->kind != PROFILE_MAP)
            REFUSE(self, n, "expected at most %u entries {lr: ..., values: [...]}",
                   TUNED_RATES_MAX);
        else
            read_point(self, n, policy);
    lr = need(self, node, "lr", PROFILE_TEXT);
    policy->usable = lr && strcmp(lr->text, "none") != 0;
    policy->lr = policy->usable ? need_rate(self, node, "lr") : policy->centre;
    if (policy->usable && curve && self->out->seeds > 0)
        check_best(self, lr, policy);
    self->out->policies++;
}

static void read_metric(struct reading *self, const struct profile_node *root)
{
    const struct profile_node *const node = need(self, root, "metric", PROFILE_TEXT);
    const uint32_t index = node ? keys_name_find(&keys_metrics, node->text) : 0;
    if (index == UINT32_MAX)
        REFUSE(self, node, "unknown metric '%.40s'", node->text);
    else
        self->out->metric = (enum target_metric)index;
}

static void read_seeds(struct reading *self, const struct profile_node *list)
{
    struct tuned_file *const out = self->out;
    if (!list->first)
        REFUSE(self, list, "seeds must not be empty");
    for (const struct profile_node *n = list->first; n; n = n->next) {
        const bool digits =
            n->kind == PROFILE_TEXT && *n->text && n->text[strspn(n->text, "0123456789")] == '\0';
        if (!digits || out->seeds == TUNED_SEEDS_MAX)
            REFUSE(self, n, "expected at most %u seeds, which are numbers", TUNED_SEEDS_MAX);
        else
            out->seed[out->seeds++] = strtoull(n->text, NULL, 10);
    }
}

static void read_head(struct reading *self, const struct profile_node *root)
{
    struct tuned_file *const out = self->out;
    const struct profile_node *budget, *cost, *seeds;
    refuse_unknown(self, root, " tuned profile clock digest metric seeds budget cost policies ");
    snprintf(out->profile, sizeof(out->profile), "%s", need_text(self, root, "profile"));
    out->clock = (enum experiment_clock)need_name(self, root, "clock", clock_name, 2);
    out->digest = need_number(self, root, "digest", 16);
    read_metric(self, root);
    seeds = need(self, root, "seeds", PROFILE_LIST);
    if (seeds)
        read_seeds(self, seeds);
    budget = need(self, root, "budget", PROFILE_MAP);
    cost = need(self, root, "cost", PROFILE_MAP);
    if (!budget || !cost)
        return;
    const char *why;
    refuse_unknown(self, budget, " time iterations rates ");
    refuse_unknown(self, cost, " runs seconds ");
    if (units_parse_ns(need_text(self, budget, "time"), &out->time_ns, &why) != 0)
        REFUSE(self, budget, "budget.time: %s", why);
    out->iterations = need_number(self, budget, "iterations", 10);
    out->rates = (uint32_t)need_number(self, budget, "rates", 10);
    out->runs = (uint32_t)need_number(self, cost, "runs", 10);
    const struct profile_node *const seconds = need(self, cost, "seconds", PROFILE_TEXT);
    out->seconds = seconds ? parse_real(self, seconds) : 0;
}

static void read_all(struct reading *self, const struct profile_node *root)
{
    const struct profile_node *version = profile_tree_child(root, "tuned");
    char expected[16];
    snprintf(expected, sizeof(expected), "%u", TUNED_FILE_VERSION);
    if (!version || version->kind != PROFILE_TEXT || strcmp(version->text, expected) != 0) {
        REFUSE(self, version ? version : root,
               "not a file of `dawdle tune`: it begins with `tuned: %s`", expected);
        return;
    }
    read_head(self, root);
    const struct profile_node *const list = need(self, root, "policies", PROFILE_LIST);
    for (const struct profile_node *n = list ? list->first : NULL; n; n = n->next)
        if (self->out->policies == EXPERIMENT_POLICIES_MAX)
            REFUSE(self, n, "at most %u policies", EXPERIMENT_POLICIES_MAX);
        else
            read_policy(self, n);
}

int tuned_file_read(const char *path, struct tuned_file *out, struct profile_errors *errors)
{
    const uint32_t before = errors->count + errors->dropped;
    struct reading self = {
        .errors = errors, .out = out, .source = {.name = path, .rank = PROFILE_RANK_FILE}};
    struct profile_node *root = NULL;
    char *text = NULL;
    memset(out, 0, sizeof(*out));
    int rc = profile_text_read(path, &text, &self.source.length, errors);
    self.source.text = text;
    if (rc == 0)
        rc = profile_text_guard(&self.source, errors);
    if (rc == 0)
        rc = profile_parse(&self.tree, &self.source, &root, errors);
    if (rc == 0 && root && root->kind == PROFILE_MAP)
        read_all(&self, root);
    else if (rc == 0)
        profile_errors_add(errors, (struct profile_mark){&self.source, 1, 1, 1},
                           "not a file of `dawdle tune`: expected a map of keys");
    profile_tree_free(&self.tree);
    free(text);
    return errors->count + errors->dropped == before ? 0 : -EINVAL;
}
