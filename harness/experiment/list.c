/* SPDX-License-Identifier: BSD-3-Clause */
/* The names that a profile may use, with what is behind them: the tables of other rooms as text. */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/inject/law.h"
#include "harness/experiment/help.h"
#include "harness/metric/metric.h"
#include "harness/profile/profile_text.h"
#include "net/link.h"

#define PROFILES_MAX 64u
#define LIST_COLUMNS 110u /* of a line of `list profiles` */

static const struct key_names *const kinds[] = {
    &keys_policies, &keys_laws,  &keys_faults,    &keys_graphs,  &keys_models,   &keys_formats,
    &keys_edges,    &keys_links, &keys_launchers, &keys_figures, &keys_counters, &keys_plots};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/** Under a law per iteration a faster policy meets more slow draws per second, so it matters which one is. */
static void print_laws(FILE *out)
{
    fprintf(out, "%-14s %-10s %s\n", "law", "per", "what it does [its parameters]");
    for (uint32_t i = 0; i < law_count; i++) {
        const struct law *const law = &law_table[i];
        fprintf(out, "%-14s %-10s %s", law->name, law_per(law), law->help);
        fprintf(out, law->parameters[0] ? " [%s]\n" : "%s\n", law->parameters);
    }
}

static const char *needs_text(const struct metric_row *row)
{
    return row->needs & METRIC_NEEDS_TARGET    ? "a target"
           : row->needs & METRIC_NEEDS_HELDOUT ? "held-out"
                                               : "";
}

static void print_metrics(FILE *out)
{
    fprintf(out, "%-33s %-7s %-9s %s\n", "metric", "unit", "needs", "what it is");
    for (uint32_t i = 0; i < METRICS; i++)
        fprintf(out, "%-33s %-7s %-9s %s\n", metric_table[i].name,
                metric_unit_name(metric_table[i].unit), needs_text(&metric_table[i]),
                metric_table[i].help);
}

/** Which work on this host, and what the others lack. */
static void print_links(FILE *out)
{
    const struct link_ops *row;
    for (uint32_t i = 0; (row = link_at(i)); i++) {
        char why[256];
        const bool lacks = row->why_not(why, sizeof(why));
        fprintf(out, "%-14s %-14s %s\n", row->name, link_bypass_name(row->bypass), row->help);
        if (lacks)
            fprintf(out, "%-14s not here: %s\n", "", why);
    }
}

static void print_kind(FILE *out, const struct key_names *names)
{
    if (names == &keys_links) {
        print_links(out);
        return;
    }
    if (names == &keys_laws) {
        print_laws(out);
        return;
    }
    if (names == &keys_figures) {
        print_metrics(out);
        return;
    }
    const int width = names == &keys_counters ? 20 : 14;
    for (uint32_t i = 0; i < keys_name_count(names); i++) {
        const struct key_name name = keys_name_at(names, i);
        fprintf(out, "%-*s %s\n", width, name.name, name.help);
    }
}

static const char *read_claim(const char *name, char *claim, size_t bytes)
{
    struct profile_errors *errors =
        calloc(1, sizeof(*errors)); /* an unreadable profile has no claim */
    CHECK(errors);
    char path[4096];
    struct profile_source source = {.name = name};
    char *text = NULL;
    claim[0] = '\0';
    if (profile_text_find(name, path, sizeof(path), errors) == 0 &&
        profile_text_read(path, &text, &source.length, errors) == 0) {
        source.text = text;
        if (profile_text_guard(&source, errors) == 0)
            profile_text_claim(&source, claim, bytes);
    }
    free(text);
    profile_errors_free(errors);
    free(errors);
    return claim;
}

static void print_claim(FILE *out, int width, const char *name, const char *claim)
{
    for (uint32_t n = 0; *claim || n == 0; n++) {
        const size_t length = strcspn(claim, "\n");
        fprintf(out, "%-*s %.*s\n", width, n ? "" : name, (int)length, claim);
        claim += length + (claim[length] == '\n');
    }
}

/** Without what stands in brackets, but for a letter; on one line. */
static void shorten(char *text)
{
    char *to = text;
    uint32_t depth = 0;
    for (const char *at = text; *at; at++) {
        depth += *at == '(' && !(at[1] && at[2] == ')');
        if (depth == 0 && !(*at == '\n' && at[1] == '\n'))
            *to++ = *at == '\n' ? ' ' : *at;
        depth -= depth > 0 && *at == ')';
        if (to > text + 1 && (to[-1] == ',' || to[-1] == '.' || to[-1] == ' ') && to[-2] == ' ') {
            to[-2] = to[-1]; /* the blank before the bracket */
            to--;
        }
    }
    *to = '\0';
}

/** Its first sentence, without `Claim:` in front, cut between words where the line would be too long. */
static void print_claim_short(FILE *out, int width, const char *name, char *claim)
{
    const size_t columns = LIST_COLUMNS - (size_t)width - 1;
    const char *const colon = strstr(claim, ": ");
    char *const sentence =
        claim + (strncmp(claim, "Claim", 5) == 0 && colon ? colon + 2 - claim : 0);
    shorten(sentence);
    const char *const stop = strstr(sentence, ". ");
    size_t length = stop ? (size_t)(stop - sentence) : strlen(sentence);
    const bool cut = length > columns;
    if (cut) {
        length = columns - 1;
        while (length > 0 && sentence[length] != ' ')
            length--;
    }
    fprintf(out, "%-*s %.*s%s\n", width, name, (int)length, sentence, cut ? "\xe2\x80\xa6" : "");
}

static void print_profiles(FILE *out, bool in_full)
{
    char *names[PROFILES_MAX];
    const uint32_t count = profile_text_shipped(names, PROFILES_MAX);
    int width = 14;
    for (uint32_t i = 0; i < count; i++)
        width = (int)strlen(names[i]) > width ? (int)strlen(names[i]) : width;
    for (uint32_t i = 0; i < count; i++) {
        char claim[1024];
        read_claim(names[i], claim, sizeof(claim));
        if (in_full)
            print_claim(out, width, names[i], claim);
        else
            print_claim_short(out, width, names[i], claim);
        free(names[i]);
    }
}

static int refuse_kind(FILE *errors, const char *what)
{
    struct suggest nearest = {.typed = what};
    for (uint32_t k = 0; k < KIND_COUNT; k++)
        suggest_offer(&nearest, kinds[k]->many);
    suggest_offer(&nearest, "profiles");
    fprintf(errors, "dawdle list: unknown kind '%s'%s%s%s expected one of:", what,
            nearest.best ? "; did you mean '" : ";", nearest.best ? nearest.best : "",
            nearest.best ? "'?" : "");
    for (uint32_t k = 0; k < KIND_COUNT; k++)
        fprintf(errors, " %s", kinds[k]->many);
    fputs(" profiles\n", errors);
    return 2;
}

int list_print(FILE *out, FILE *errors, const char *what)
{
    for (uint32_t k = 0; k < KIND_COUNT; k++) {
        if (!what)
            fprintf(out, "%s%s:\n", k ? "\n" : "", kinds[k]->many);
        else if (strcmp(kinds[k]->many, what) != 0 && strcmp(kinds[k]->one, what) != 0)
            continue;
        print_kind(out, kinds[k]);
        if (what)
            return 0;
    }
    if (what && strcmp(what, "profiles") != 0 && strcmp(what, "profile") != 0)
        return refuse_kind(errors, what);
    if (!what)
        fputs("\nprofiles:\n", out);
    print_profiles(out, false);
    return 0;
}

static const char *const edges_words[] = {"none", "the graph", "everybody", "star around worker 0",
                                          "exponential (i and i +- 2^j)"};
static const char *const class_words[] = {"newest (a newer one supersedes an unread one)",
                                          "exact (none is ever superseded)",
                                          "sum (cumulative: the newest tells all)"};
static const char *const matrix_words[] = {
    "none", "exact mean", "doubly stochastic: keeps the mean",
    "column stochastic: keeps sum and weight", "row stochastic: the mean drifts"};
_Static_assert(POLICY_EDGES_EXPONENTIAL == 4 && DELIVERY_SUM == 2 && MATRIX_ROW == 4,
               "the words follow the enums");

/** Which model the losses and the accuracy of a run are of. */
static const char *evaluated_words(const struct policy *row)
{
    if (row->central)
        return "at the model of worker 0";
    if (row->matrix == MATRIX_EXACT_MEAN)
        return "at the last mean of all workers' models, never within a round";
    return "at the mean of all workers' current models";
}

static void print_policy(FILE *out, const struct policy *row)
{
    fprintf(out, "%s\n  %s\n", row->name, row->help);
    fprintf(out, "  source     %s\n", row->source ? row->source : "-");
    fprintf(out, "  waits for  %s\n", row->waits_for ? row->waits_for : "nothing");
    fprintf(out, "  edges      %s%s\n", edges_words[row->edges],
            row->central ? "; worker 0 serves and computes nothing" : "");
    fprintf(out, "  messages   %s%s\n",
            row->edges == POLICY_EDGES_NONE ? "none" : class_words[row->tensor_class],
            row->lanes == LANES_PLAIN ? "" : ", with push-sum weight");
    fprintf(out, "  matrix     %s\n", matrix_words[row->matrix]);
    fprintf(out, "  evaluated  %s\n", evaluated_words(row));
    fprintf(out, "  a lost message: %s%s\n", row->lost_message ? row->lost_message : "-",
            row->survives_loss ? "; a lost peer is survived" : "");
    fprintf(out, "  clocks     %s\n", row->shared_bytes ? "virtual" : "live, virtual");
    fprintf(out, "  options    %s", row->options ? "" : "none");
    for (const struct policy_option *o = row->options; o && o->name; o++)
        fprintf(out, "%s%s", o == row->options ? "" : " ", o->name);
    fputc('\n', out);
}

static bool is_kind(const char *what, const char *many, const char *one)
{
    return what && (strcmp(what, many) == 0 || strcmp(what, one) == 0);
}

int list_print_long(FILE *out, FILE *errors, const char *what)
{
    if (is_kind(what, "profiles", "profile")) {
        print_profiles(out, true);
        return 0;
    }
    if (!is_kind(what, keys_policies.many, keys_policies.one)) {
        fprintf(errors, "dawdle list: --long is for `list policies` and `list profiles`\n");
        return 2;
    }
    for (uint32_t i = 0; i < policy_count; i++) {
        fputs(i ? "\n" : "", out);
        print_policy(out, policy_table[i]);
    }
    return 0;
}

static void explain_law(FILE *out, const struct law *law)
{
    fprintf(out, "%s\n  %s\n  drawn per   %s\n  parameters  %s\n", law->name, law->help,
            law_per(law), law->parameters[0] ? law->parameters : "none");
}

static void explain_metric(FILE *out, const struct metric_row *row)
{
    fprintf(out, "%s\n  %s\n  unit   %s\n", row->name, row->help, metric_unit_name(row->unit));
    if (*needs_text(row))
        fprintf(out, "  needs  %s\n",
                row->needs & METRIC_NEEDS_TARGET ? "a `target:` in the profile"
                                                 : "held-out samples: data.split");
    if (row->timing != TIMING_NONE)
        fprintf(out, "  open   when other programs took the cores%s: see judge.stolen\n",
                row->timing == TIMING_BUDGET ? " and stop.time ends the runs" : "");
}

uint32_t help_names(FILE *out, const char *word)
{
    uint32_t found = 0;
    for (uint32_t k = 0; k < KIND_COUNT; k++) {
        const uint32_t index = keys_name_find(kinds[k], word);
        if (index == UINT32_MAX)
            continue;
        fprintf(out, "%s%s ", found++ ? "\n" : "", kinds[k]->one);
        if (kinds[k] == &keys_policies)
            print_policy(out, policy_table[index]);
        else if (kinds[k] == &keys_laws)
            explain_law(out, &law_table[index]);
        else if (kinds[k] == &keys_figures)
            explain_metric(out, &metric_table[index]);
        else
            fprintf(out, "%s\n  %s\n", word, keys_name_at(kinds[k], index).help);
    }
    return found;
}

void help_names_suggest(struct suggest *nearest)
{
    for (uint32_t k = 0; k < KIND_COUNT; k++)
        for (uint32_t i = 0; i < keys_name_count(kinds[k]); i++)
            suggest_offer(nearest, keys_name_at(kinds[k], i).name);
}

const struct key_names *list_kind(uint32_t index)
{
    return index < KIND_COUNT ? kinds[index] : NULL;
}
