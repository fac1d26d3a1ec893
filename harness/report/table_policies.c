/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of policies depends on what each was told: its options and its rate stand under the table. */
#include "harness/report/table_policies.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/experiment/keys_tables.h"
#include "harness/metric/target.h"
#include "harness/report/table_line.h"

static void note(FILE *out, const struct table_style *style, const char *head, const char *text)
{
    table_line(out, style, INK_DIM, head, text);
}

static void append(char *out, size_t size, const char *text)
{
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%s", used ? ", " : "", text);
}

/* `release cluster, k 2`: the options that the row reads, less those that are off. */
static void describe_options(char *out, size_t size, const struct experiment *experiment,
                             uint32_t index)
{
    struct experiment_policy policy = experiment->policy[index];
    policy.options = experiment_options(experiment, index);
    const char *const caution = policy.row->caution;
    snprintf(out, size, caution ? "%s (%s)" : "%s", policy.label, caution);
    const size_t label = strlen(out);
    for (uint32_t i = 0; i < keys_count(KEYS_POLICY); i++) {
        char value[64];
        if (!keys_option_applies(keys_at(KEYS_POLICY, i), &policy))
            continue;
        keys_option_value(keys_at(KEYS_POLICY, i), &policy, value, sizeof(value));
        if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
            continue;
        const size_t used = strlen(out);
        snprintf(out + used, size - used, " %s %s", keys_leaf(keys_at(KEYS_POLICY, i)->path),
                 value);
    }
    if (strlen(out) == label && !caution)
        *out = '\0'; /* nothing to choose */
}

/* What a policy chose for itself, where that is a thing to know. */
static void settled_note(FILE *out, const struct table_style *style,
                         const struct experiment *experiment, uint32_t index)
{
    const struct experiment_policy *const p = &experiment->policy[index];
    const struct policy_options options = experiment_options(experiment, index);
    for (const struct policy_option *o = p->row->options; o && o->name; o++) {
        const uint64_t value = option_value(o, &options);
        char text[256];
        if (value == option_value(o, &p->options) || !o->choices || !o->choices[value].settled)
            continue;
        snprintf(text, sizeof(text), "%s: %s", p->label, o->choices[value].settled);
        note(out, style, o->name, text);
    }
}

/* The ordering of policies depends on these choices, so they stand beside it. */
static void rule_notes(FILE *out, const struct table_style *style,
                       const struct experiment *experiment)
{
    char line[512] = "", text[256];
    const char *head = "rules";
    for (uint32_t i = 0; i < experiment->policy_count; i++) {
        if (!experiment->policy[i].row)
            continue;
        describe_options(text, sizeof(text), experiment, i);
        if (!*text)
            continue;
        if (*line && strlen(line) + strlen(text) + 18 > style->width) {
            note(out, style, head, line);
            line[0] = '\0';
            head = "";
        }
        append(line, sizeof(line), text);
    }
    if (*line)
        note(out, style, head, line);
}

static void settled_notes(FILE *out, const struct table_style *style,
                          const struct experiment *experiment)
{
    for (uint32_t i = 0; i < experiment->policy_count; i++)
        if (experiment->policy[i].row)
            settled_note(out, style, experiment, i);
}

/* How much worse another rate is: times the loss, or share of the accuracy. */
static void put_relative(char *out, size_t size, double value, double best)
{
    if (isnan(value))
        snprintf(out, size, "not tried");
    else if (isinf(value))
        snprintf(out, size, "diverged");
    else
        snprintf(out, size, "x%.3g", value / best);
}

/* A comparison is worth little where a factor of two in the rate moves a policy further than the policies differ. */
static void tuned_note(FILE *out, const struct table_style *style,
                       const struct experiment *experiment, const struct experiment_policy *p)
{
    char text[512], half[32], twice[32];
    put_relative(half, sizeof(half), p->tuned.half, p->tuned.best);
    put_relative(twice, sizeof(twice), p->tuned.twice, p->tuned.best);
    char at[2 * EXPERIMENT_SWEEP_TEXT_MAX + 16] = "";
    for (uint32_t v = 0; v < experiment->sweep.count && !*at; v++) /* said once, of all values */
        experiment_tuned_at(experiment, experiment->sweep.value[v], at, sizeof(at));
    snprintf(text, sizeof(text), "%s %g, tuned%s%.120s%s: %s at half of it %s, at twice %s",
             p->label, p->lr, *at ? " at " : "", at,
             p->tuned.edge ? " (on the edge of what was tried)" : "",
             target_metric_name(experiment->train.tuned_metric), half, twice);
    note(out, style, "lr", text);
}

/** The rates that policies have of their own, untuned. Does a policy share the common one? */
static bool list_rates(const struct experiment *experiment, char *rates, size_t size)
{
    char text[160];
    bool shared = false;
    for (uint32_t i = 0; i < experiment->policy_count; i++) {
        const struct experiment_policy *p = &experiment->policy[i];
        if (p->tuned.set)
            continue;
        shared = shared || !p->lr_own;
        if (!p->lr_own)
            continue;
        snprintf(text, sizeof(text), "%s %g", p->label, p->lr);
        append(rates, size, text);
    }
    return shared;
}

static void rate_notes(FILE *out, const struct table_style *style,
                       const struct experiment *experiment)
{
    char rates[1024] = "";
    const bool shared = list_rates(experiment, rates, sizeof(rates)),
               learns = strcmp(experiment->data.format, "none") != 0;
    if (shared && learns) {
        char all[1200];
        snprintf(all, sizeof(all), "shared %g (not tuned per policy)%s%s", experiment->train.lr,
                 *rates ? ", but " : "", rates);
        note(out, style, "lr", all);
    } else if (*rates) {
        note(out, style, "lr", rates);
    }
    for (uint32_t i = 0; i < experiment->policy_count; i++)
        if (experiment->policy[i].tuned.set)
            tuned_note(out, style, experiment, &experiment->policy[i]);
}

/* What virtual time was told that a host would have decided. */

void table_policy_notes(FILE *out, const struct table_style *style,
                        const struct experiment *experiment)
{
    rule_notes(out, style, experiment);
    settled_notes(out, style, experiment);
    rate_notes(out, style, experiment);
}
