/* SPDX-License-Identifier: BSD-3-Clause */
/* See help.h. */
#include "harness/experiment/help.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/inject/law.h"
#include "harness/experiment/keys.h"
#include "harness/experiment/profile_values.h"
#include "harness/profile/profile_text.h"

#define PROFILES_MAX 64u
#define LIST_COLUMNS 110u /* of a line of `list profiles` */

static const struct key_names *const kinds[] = {&keys_policies, &keys_laws,   &keys_faults,
                                                &keys_graphs,   &keys_models, &keys_formats,
                                                &keys_edges};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/** Path as a user writes it: entries of lists carry the list's name. */
static const char *full_path(const struct key *key, char *out, size_t bytes)
{
    const char *section = keys_section_name(key->section);
    snprintf(out, bytes, "%s%s%s", section, *section ? "." : "", key->path);
    return out;
}

static const char *default_text(const struct key *key)
{
    return key->fallback == KEY_REQUIRED ? "required" : key->fallback ? key->fallback : "-";
}

/** Rows with the same path that mean the same: the option of several policies. */
static bool means_the_same(const struct key *a, const struct key *b)
{
    return a->section == b->section && a->by && b->by && strcmp(a->path, b->path) == 0 &&
           strcmp(a->by, b->by) == 0 && strcmp(a->unit, b->unit) == 0 &&
           strcmp(a->help, b->help) == 0;
}

static bool stood_before(const struct key *key)
{
    for (uint32_t i = keys_first(key->section); i < keys_number(key); i++)
        if (means_the_same(keys_at(i), key))
            return true;
    return false;
}

static bool applies(const struct key *key, const struct key *by, const char *name)
{
    for (uint32_t i = keys_number(key); i < keys_end(key->section); i++)
        if ((keys_at(i) == key || means_the_same(keys_at(i), key)) &&
            keys_applies(keys_at(i), by->names, name))
            return true;
    return false;
}

/** `if kind is sgp or agp`; a key that no row reads yet says so without names. */
static void print_readers(FILE *out, const struct key *key, const struct key *by)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < keys_name_count(by->names); i++) {
        const char *name = keys_name_at(by->names, i).name;
        if (!applies(key, by, name))
            continue;
        if (found++ == 0)
            fprintf(out, "if %s is %s", key->by, name);
        else
            fprintf(out, " or %s", name);
    }
    if (found == 0)
        fprintf(out, "if the %s uses it", by->names->one);
}

/** When the key is read, in words; nothing = always. */
static void print_condition(FILE *out, const struct key *key, const char *before, const char *after)
{
    if (!key->by)
        return;
    fputs(before, out);
    const struct key *by = keys_find(key->section, key->by);
    if (key->only == KEY_PRESENT) {
        fprintf(out, "with %s", key->by);
    } else if (key->only && key->only[0] == '!' && !by->names->reads) {
        fprintf(out, "unless %s is %s", key->by, key->only + 1);
    } else {
        print_readers(out, key, by);
    }
    fputs(after, out);
}

static void expected_text(const struct key *key, char *out, size_t bytes)
{
    const bool list = key->place.items_max > 0 && key->type != KEY_SEEDS;
    const size_t used = (size_t)snprintf(out, bytes, "%s", list ? "list of " : "");
    if (keys_is_section(key->path))
        snprintf(out, bytes, "list of %.0f to %.0f entries", key->min, key->max);
    else
        profile_value_expected(key, out + used, bytes - used);
}

static void print_line(FILE *out, const struct key *key)
{
    char path[128], expected[512];
    full_path(key, path, sizeof(path));
    expected_text(key, expected, sizeof(expected));
    fprintf(out, "  %-24s %-12s %s\n", path, default_text(key), expected);
    fprintf(out, "  %-24s %-12s   %s", "", "", key->help);
    print_condition(out, key, " (", ")");
    fputc('\n', out);
}

static void print_full(FILE *out, const struct key *key)
{
    char path[128], expected[512];
    full_path(key, path, sizeof(path));
    expected_text(key, expected, sizeof(expected));
    fprintf(out, "%s\n  %s\n  value    %s\n  default  %s\n", path, key->help, expected,
            default_text(key));
    print_condition(out, key, "  read     ", "\n");
    for (uint32_t i = 0; key->names && i < keys_name_count(key->names); i++) {
        const struct key_name name = keys_name_at(key->names, i);
        fprintf(out, "    %-28s %s\n", name.name, name.help);
    }
}

static bool below(const char *path, const char *group)
{
    const size_t length = strlen(group);
    return strncmp(path, group, length) == 0 && path[length] == '.';
}

static int refuse_key(FILE *errors, const char *wanted)
{
    static char paths[KEYS_MAX][128];
    struct suggest nearest = {.typed = wanted};
    const uint32_t count = keys_end(KEYS_SECTIONS - 1);
    for (uint32_t i = 0; i < count; i++)
        suggest_offer(&nearest, full_path(keys_at(i), paths[i], sizeof(paths[i])));
    const char *found = nearest.best;
    for (uint32_t i = 0; i < count && !found; i++) { /* `degree` for workers.graph.degree */
        nearest = (struct suggest){.typed = wanted};
        suggest_offer(&nearest, keys_leaf(keys_at(i)->path));
        if (nearest.best)
            found = paths[i];
    }
    if (found)
        fprintf(errors, "dawdle help: unknown key '%s'; did you mean '%s'?\n", wanted, found);
    else
        fprintf(errors, "dawdle help: unknown key '%s'; `dawdle help` lists all keys\n", wanted);
    return 2;
}

static const char *const section_titles[] = {
    "Keys of a profile",
    "Keys of an entry of policies:", "Keys of an entry of inject:", "Keys of an entry of faults:"};

static void print_all(FILE *out)
{
    for (uint32_t section = 0; section < KEYS_SECTIONS; section++) {
        fprintf(out, "%s%s\n  %-24s %-12s %s\n", section ? "\n" : "", section_titles[section],
                "key", "default", "value");
        for (uint32_t i = keys_first(section); i < keys_end(section); i++)
            if (!stood_before(keys_at(i)))
                print_line(out, keys_at(i));
    }
}

void help_print_long(FILE *out)
{
    for (uint32_t section = 0; section < KEYS_SECTIONS; section++) {
        fprintf(out, "%s%s\n", section ? "\n" : "", section_titles[section]);
        for (uint32_t i = keys_first(section); i < keys_end(section); i++) {
            if (stood_before(keys_at(i)))
                continue;
            fputc('\n', out);
            print_full(out, keys_at(i));
        }
    }
}

int help_print(FILE *out, FILE *errors, const char *wanted)
{
    if (!wanted) {
        print_all(out);
        return 0;
    }
    uint32_t found = 0;
    for (uint32_t i = 0; i < keys_end(KEYS_SECTIONS - 1); i++) {
        char path[128];
        full_path(keys_at(i), path, sizeof(path));
        if (stood_before(keys_at(i)))
            continue;
        if (strcmp(path, wanted) == 0)
            print_full(out, keys_at(i));
        else if (below(path, wanted))
            print_line(out, keys_at(i));
        else
            continue;
        found++;
    }
    return found ? 0 : refuse_key(errors, wanted);
}

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

static void print_kind(FILE *out, const struct key_names *names)
{
    if (names == &keys_laws) {
        print_laws(out);
        return;
    }
    for (uint32_t i = 0; i < keys_name_count(names); i++) {
        const struct key_name name = keys_name_at(names, i);
        fprintf(out, "%-14s %s\n", name.name, name.help);
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
