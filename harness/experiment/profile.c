/* SPDX-License-Identifier: BSD-3-Clause */
/* The story of one load: find, read, guard, parse, --set, fill, check. Each stage runs only on what the one before proved. */
#include "harness/experiment/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/experiment/profile_private.h"
#include "harness/experiment/profile_trace.h"
#include "harness/profile/profile_parse.h"
#include "harness/profile/profile_set.h"
#include "harness/profile/profile_text.h"
#include "harness/profile/profile_values.h"

#define SET_ECHO 160 /* characters of a --set that its errors repeat */

struct profile_node *profile_item(const struct profile_load *load, const char *path, uint32_t index)
{
    const struct profile_node *list = profile_tree_find(load->in.root, path);
    struct profile_node *n = list ? list->first : NULL;
    for (; n && index > 0; index--)
        n = n->next;
    return n;
}

/** The folder of the profile, and its name without folder and suffix as the default name of the experiment. */
static void split_path(struct profile_load *load, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    const int folder_bytes = slash == path ? 1 : slash ? (int)(slash - path) : 0;
    snprintf(load->folder, sizeof(load->folder), "%.*s", folder_bytes, path);
    load->in.folder = load->folder;

    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    char *name = load->stem;
    snprintf(name, EXPERIMENT_NAME_MAX, "%.63s", file);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    for (char *c = name; *c; c++)
        if (!strchr(safe, *c) || (c == name && (*c == '.' || *c == '-')))
            *c = '_';
}

static void fill_policies(struct profile_load *load)
{
    struct experiment *out = load->out;
    out->policy_count = profile_normalise_list(&load->in, KEYS_POLICY, 1, EXPERIMENT_POLICIES_MAX);
    if (!profile_tree_child(load->in.root, "policies") &&
        !profile_misspelt(KEYS_PROFILE, load->in.root, "", "policies")) {
        char names[512];
        profile_value_names(&keys_policies, names, sizeof(names));
        profile_errors_add(load->in.errors, profile_place(&load->in, NULL),
                           "missing key policies: expected a list of: %s", names);
    }
    for (uint32_t i = 0; i < out->policy_count; i++) {
        struct experiment_policy *policy = &out->policy[i];
        struct profile_origin *origin = out->origins->policy[i];
        struct profile_node *node = profile_item(load, "policies", i);
        if (node->kind != PROFILE_MAP)
            continue;
        profile_fill(&load->in, KEYS_POLICY, node, policy, origin);
        policy->lr_own = profile_tree_child(node, "lr") != NULL;
        if (!policy->lr_own)
            policy->lr = out->train.lr;
        if (!policy->label[0] && policy->row)
            snprintf(policy->label, sizeof(policy->label), "%s", policy->row->name);
    }
}

static enum inject_select select_of(const struct experiment_inject *inject)
{
    const bool once = inject->each == EACH_RUN;
    switch (inject->select) {
    case EXPERIMENT_SELECT_ALL:
        return SELECT_ALL;
    case EXPERIMENT_SELECT_PERCENT:
        return once ? SELECT_PERCENT_ONCE : SELECT_PERCENT_EACH;
    case EXPERIMENT_SELECT_COUNT:
        return once ? SELECT_COUNT_ONCE : SELECT_COUNT_EACH;
    case EXPERIMENT_SELECT_WORKERS:
    case EXPERIMENT_SELECT_GROUPS:
    case EXPERIMENT_SELECT_CPUKIND:
        break;
    }
    return SELECT_WORKERS;
}

/** What core/inject has in another shape than the profile. */
static void derive_inject(struct experiment_inject *entry)
{
    struct inject *const inject = &entry->inject;
    inject->select = select_of(entry);
    inject->workers = inject->worker_count ? entry->workers : NULL;
    inject->by_group = entry->select == EXPERIMENT_SELECT_GROUPS || entry->of == OF_GROUPS;
    inject->one_draw = entry->draw == DRAW_GROUP;
    inject->config.absolute = entry->trace_path[0] && !entry->rescale;
    inject->link.unreliable = inject->what == INJECT_LINK && !entry->reliable;
    inject->when.steps = entry->schedule_times < entry->schedule_scales ? entry->schedule_times
                                                                        : entry->schedule_scales;
    for (uint32_t i = 0; i < inject->when.steps; i++)
        inject->when.step[i] =
            (struct inject_step){entry->schedule_ns[i], entry->schedule_scale[i]};
}

/** Files that laws draw from. Their errors stand where the profile names them. node: the map that has `law`. */
static void load_times(struct profile_load *load, struct profile_node *node, const char *trace_path,
                       const char *sample_path, const char *sample_policy,
                       struct law_config *config)
{
    struct err err = {.text = ""};
    const struct profile_node *file = NULL;
    if (trace_path[0]) {
        file = profile_tree_find(node, "law.file");
        if (profile_trace_load(trace_path, &config->trace, &err))
            profile_errors_add(load->in.errors, profile_place(&load->in, file),
                               "law.file '%.80s': %s", file->text, err.text);
    }
    if (sample_path[0]) {
        file = profile_tree_find(node, "law.from");
        if (profile_sample_load(sample_path, sample_policy, &config->sample, &err))
            profile_errors_add(load->in.errors, profile_place(&load->in, file),
                               "law.from '%.80s': %s", file->text, err.text);
    }
}

static void fill_jitter(struct profile_load *load)
{
    struct experiment_law *const jitter = &load->out->compute.jitter_law;
    if (!jitter->law)
        return;
    jitter->config.absolute = jitter->trace_path[0] && !jitter->rescale;
    load_times(load, profile_tree_find(load->in.root, "compute.jitter"), jitter->trace_path,
               jitter->sample_path, jitter->sample_policy, &jitter->config);
}

static void fill_inject(struct profile_load *load)
{
    struct experiment *out = load->out;
    out->inject_count = profile_normalise_list(&load->in, KEYS_INJECT, 0, EXPERIMENT_INJECT_MAX);
    for (uint32_t i = 0; i < out->inject_count; i++) {
        struct experiment_inject *inject = &out->inject[i];
        struct profile_node *node = profile_item(load, "inject", i);
        if (node->kind != PROFILE_MAP)
            continue;
        profile_fill(&load->in, KEYS_INJECT, node, inject, out->origins->inject[i]);
        derive_inject(inject);
        load_times(load, node, inject->trace_path, inject->sample_path, inject->sample_policy,
                   &inject->inject.config);
    }
}

static void fill_faults(struct profile_load *load)
{
    struct experiment *const out = load->out;
    out->fault_count = profile_normalise_list(&load->in, KEYS_FAULT, 0, EXPERIMENT_FAULTS_MAX);
    for (uint32_t i = 0; i < out->fault_count; i++) {
        struct profile_node *const node = profile_item(load, "faults", i);
        if (node->kind == PROFILE_MAP)
            profile_fill(&load->in, KEYS_FAULT, node, &out->fault[i], out->origins->fault[i]);
    }
}

/** Virtual time has no loader: its keys are no part of the echo, and refused where somebody wrote them. */
static void fill_virtual(struct profile_load *load)
{
    static const char *const live[] = {"data.io", "data.prefetch"};
    struct experiment *out = load->out;
    if (!profile_tree_find(load->in.root, "compute.core"))
        out->compute.core_ns = out->compute.base_ns;
    for (uint32_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
        struct profile_origin *origin =
            &out->origins->profile[keys_number(keys_find(KEYS_PROFILE, live[i]))];
        if (origin->kind == ORIGIN_DEFAULT)
            origin->kind = ORIGIN_UNSET;
    }
}

/** Values that follow from the presence of others. */
static void fill_derived(struct profile_load *load)
{
    struct experiment *out = load->out;
    out->sweep.at = load->value == PROFILE_AS_WRITTEN ? out->sweep.count : load->value;
    out->target.set = profile_tree_child(load->in.root, "target") != NULL;
    const struct key *degree = keys_find(KEYS_PROFILE, "workers.graph.degree");
    const double most = out->workers.count > 0 ? out->workers.count - 1.0 : 0.0;
    const bool chosen = out->origins->profile[keys_number(degree)].kind != ORIGIN_DEFAULT;
    if (!chosen && out->workers.degree > most)
        out->workers.degree = most; /* `workers: 2` alone must be a valid profile */
    if (out->clock == CLOCK_VIRTUAL)
        fill_virtual(load);
    const bool jitter_given = profile_tree_find(load->in.root, "compute.jitter") != NULL;
    if (out->compute.base_ns == 0 && !jitter_given) {
        out->compute.jitter =
            JITTER_NONE; /* nothing to vary; the table's default supposes a base */
        out->compute.jitter_cv = 0.0;
        const struct key *cv = keys_find(KEYS_PROFILE, "compute.jitter.cv");
        out->origins->profile[keys_number(cv)].kind = ORIGIN_UNSET;
    }
}

static void fill_all(struct profile_load *load)
{
    profile_spell_claims(load);
    profile_spell_jitter(load);
    profile_normalise(&load->in, KEYS_PROFILE, load->in.root);
    profile_fill(&load->in, KEYS_PROFILE, load->in.root, load->out, load->out->origins->profile);
    if (!load->out->name[0]) {
        snprintf(load->out->name, sizeof(load->out->name), "%s", load->stem);
        const struct key *name = keys_find(KEYS_PROFILE, "name");
        load->out->origins->profile[keys_number(name)].kind = ORIGIN_DEFAULT;
    }
    fill_derived(load);
    fill_jitter(load);
    fill_policies(load);
    fill_inject(load);
    fill_faults(load);
}

/** --set sources are part of marks until the errors are rendered: they live as long as the tree. */
static void apply_sets(struct profile_load *load, struct profile_source *sources,
                       char (*names)[SET_ECHO], const char *const *set, uint32_t set_count)
{
    for (uint32_t i = 0; i < set_count; i++) {
        snprintf(names[i], SET_ECHO, "--set %s", set[i]);
        for (char *c = names[i]; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7F)
                *c = '?'; /* the terminal must not obey what we are about to refuse */
        sources[i] = (struct profile_source){
            .name = names[i], .text = set[i], .length = strlen(set[i]), .rank = i + 1};
        if (profile_text_guard(&sources[i], load->in.errors) == 0)
            profile_set_apply(KEYS_PROFILE, &load->in.tree, load->in.root, &sources[i],
                              load->in.errors);
    }
}

/** The value of a swept key is each of the sweep's: another one would be written in vain. */
static void refuse_swept(struct profile_load *load, const struct profile_source *sources,
                         uint32_t set_count)
{
    const char *const key = load->out->sweep.key;
    const size_t length = strlen(key);
    for (uint32_t i = 0; i < set_count; i++)
        if (length > 0 && strncmp(sources[i].text, key, length) == 0 &&
            sources[i].text[length] == '=')
            profile_errors_add(load->in.errors, (struct profile_mark){.source = &sources[i]},
                               "the profile sweeps this key: change sweep.values, or take the "
                               "sweep back with --set sweep=");
}

static int load_text(struct profile_load *load, const char *const *set, uint32_t set_count)
{
    const uint32_t errors_before = load->in.errors->count;
    if (profile_text_guard(&load->in.source, load->in.errors) ||
        profile_parse(&load->in.tree, &load->in.source, &load->in.root, load->in.errors))
        return -EINVAL;
    const struct profile_mark start = {&load->in.source, 1, 1, 1};
    if (load->in.root && load->in.root->kind != PROFILE_MAP) {
        profile_errors_add(load->in.errors, load->in.root->mark,
                           "a profile is a map of keys, such as `policies: [allreduce, dsgd]`");
        return -EINVAL;
    }
    if (!load->in.root)
        load->in.root = profile_tree_node(&load->in.tree, PROFILE_MAP, start);

    struct profile_source *sources = calloc(set_count + 1, sizeof(*sources));
    char(*names)[SET_ECHO] = calloc(set_count + 1, SET_ECHO);
    CHECK(sources);
    CHECK(names);
    struct profile_source swept = {0};
    apply_sets(load, sources, names, set, set_count);
    profile_sweep_written(load);
    if (load->value != PROFILE_AS_WRITTEN)
        profile_sweep_apply(load, &swept);
    profile_text_claim(&load->in.source, load->out->claim, sizeof(load->out->claim));
    fill_all(load);
    if (load->value == PROFILE_AS_WRITTEN)
        refuse_swept(load, sources, set_count);
    if (load->in.errors->count == errors_before)
        profile_check(load);
    if (load->in.errors->count == errors_before)
        profile_tuned(load);
    load->in.errors->circumstance = NULL;
    free(sources);
    free(names);
    return load->in.errors->count == errors_before ? 0 : -EINVAL;
}

int profile_load(struct experiment *out, const char *path_or_name, const char *const *set,
                 uint32_t set_count, struct profile_errors *errors)
{
    return profile_load_value(out, path_or_name, set, set_count, PROFILE_AS_WRITTEN, errors);
}

int profile_load_value(struct experiment *out, const char *path_or_name, const char *const *set,
                       uint32_t set_count, uint32_t value, struct profile_errors *errors)
{
    memset(out, 0, sizeof(*out));
    char path[EXPERIMENT_PATH_MAX];
    char *text = NULL;
    struct profile_load load = {.in.errors = errors, .out = out, .value = value};
    int rc = profile_text_find(path_or_name, path, sizeof(path), errors);
    if (rc == 0)
        rc = profile_text_read(path, &text, &load.in.source.length, errors);
    if (rc == 0) {
        out->origins = calloc(1, sizeof(*out->origins));
        CHECK(out->origins);
        split_path(&load, path);
        snprintf(out->origins->file, sizeof(out->origins->file), "%s", path);
        load.in.source.name = path;
        load.in.source.text = text;
        rc = load_text(&load, set, set_count);
    }
    profile_tree_free(&load.in.tree);
    free(text);
    if (rc) {
        profile_free(out);
        memset(out, 0, sizeof(*out));
    }
    return rc;
}

void profile_where_inject(const struct experiment *experiment, uint32_t entry, const char *key,
                          char *out, size_t bytes)
{
    const struct profile_origins *const origins = experiment->origins;
    out[0] = '\0';
    if (!origins)
        return;
    const struct profile_origin *const origin =
        &origins->inject[entry][keys_number(keys_find(KEYS_INJECT, key))];
    const char *const slash = strrchr(origins->file, '/');
    if (origin->kind == ORIGIN_FILE)
        snprintf(out, bytes, "%s:%u:%u: ", slash ? slash + 1 : origins->file, origin->line,
                 origin->column);
}

void profile_free(struct experiment *experiment)
{
    for (uint32_t i = 0; i < experiment->inject_count; i++) {
        profile_trace_free(&experiment->inject[i].inject.config.trace);
        profile_sample_free(&experiment->inject[i].inject.config.sample);
    }
    profile_trace_free(&experiment->compute.jitter_law.config.trace);
    profile_sample_free(&experiment->compute.jitter_law.config.sample);
    free(experiment->origins);
    experiment->origins = NULL;
    experiment->inject_count = 0;
}
