/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contradictions in entries of `inject:`. An entry that hits nobody, never acts, or asks a law for what it cannot say would
 * be a control that somebody takes for an experiment.
 */
#include <string.h>

#include "harness/experiment/keys_tables.h"
#include "harness/experiment/profile_private.h"

/** One entry and where it stands. */
struct entry {
    struct profile_load *load;
    const struct experiment *x;
    const struct experiment_inject *written;
    const struct inject *inject;
    struct profile_node *node;
};

/** Where a key of the entry stands, or the nearest map around it. */
static struct profile_mark place_of(const struct entry *e, const char *path)
{
    return profile_tree_nearest(e->node, path)->mark;
}

#define FAIL(e, path, ...) profile_errors_add((e)->load->in.errors, place_of(e, path), __VA_ARGS__)

static bool written(const struct entry *e, const char *path)
{
    return profile_tree_find(e->node, path) != NULL;
}

/* ------------------------------------------------------------------------------------------------------------ whom */

void profile_check_ids(struct profile_load *load, const struct profile_node *list, const char *what,
                       const uint32_t *id, uint32_t count, uint32_t limit)
{
    const struct profile_node *item = list && list->kind == PROFILE_LIST ? list->first : list;
    for (uint32_t k = 0; k < count && item; k++, item = item->next) {
        if (id[k] >= limit)
            profile_errors_add(load->in.errors, item->mark,
                               "there is no %s %u; the %u %ss are 0 to %u", what, id[k], limit,
                               what, limit - 1);
        for (uint32_t j = 0; j < k; j++)
            if (id[j] == id[k])
                profile_errors_add(load->in.errors, item->mark, "%s %u stands twice", what, id[k]);
    }
}

static void check_lists(const struct entry *e)
{
    const struct experiment_inject *const written = e->written;
    if (written->select == EXPERIMENT_SELECT_WORKERS)
        profile_check_ids(e->load, profile_tree_find(e->node, "select.workers"), "worker",
                          written->workers, e->inject->worker_count, e->x->workers.count);
    if (written->select == EXPERIMENT_SELECT_GROUPS && e->x->workers.groups > 0)
        profile_check_ids(e->load, profile_tree_find(e->node, "select.groups"), "group",
                          written->workers, e->inject->worker_count, e->x->workers.groups);
}

static void check_groups(const struct entry *e)
{
    static const char sentence[] = "%s needs groups: say how many with workers.groups";
    if (e->x->workers.groups > 0)
        return;
    if (e->written->select == EXPERIMENT_SELECT_GROUPS)
        FAIL(e, "select.groups", sentence, "select.groups");
    if (e->written->of == OF_GROUPS)
        FAIL(e, "select.of", sentence, "select.of: groups");
    if (e->written->draw == DRAW_GROUP)
        FAIL(e, "draw", sentence, "draw: group");
}

static void check_drawn(const struct entry *e)
{
    const bool grouped = e->written->of == OF_GROUPS && e->x->workers.groups > 0;
    const uint32_t items = grouped ? e->x->workers.groups : e->x->workers.count;
    const char *const what = grouped ? "groups" : "workers";
    if (e->inject->select == SELECT_PERCENT_ONCE && e->inject->share * items < 0.5)
        FAIL(e, "select.percent",
             "selects nobody: %g%% of %u %s, drawn once, rounds to 0; one of them is %.4g%%",
             e->inject->share * 100.0, items, what, 100.0 / items);
    if (e->written->select == EXPERIMENT_SELECT_COUNT && e->inject->count > items)
        FAIL(e, "select.count", "select.count is %u, but there are %u %s", e->inject->count, items,
             what);
}

static void check_select(const struct entry *e)
{
    check_lists(e);
    check_groups(e);
    check_drawn(e);
    if (e->written->select == EXPERIMENT_SELECT_CPUKIND && e->x->clock == CLOCK_VIRTUAL)
        FAIL(e, "select.cpukind",
             "selects nobody: cores have kinds on the live clock only; name the workers instead");
}

/* ------------------------------------------------------------------------------------------------------------ when */

static void check_schedule(const struct entry *e)
{
    const struct experiment_inject *const w = e->written;
    if (!written(e, "when.schedule"))
        return;
    if (w->schedule_times != w->schedule_scales)
        FAIL(e, "when.schedule", "when.schedule has %u times and %u scales; each time needs one",
             w->schedule_times, w->schedule_scales);
    const struct profile_node *const times = profile_tree_find(e->node, "when.schedule.times");
    const struct profile_node *item = times->kind == PROFILE_LIST ? times->first : times;
    const struct profile_node *before = item;
    for (uint32_t i = 0; i < w->schedule_times; i++, before = item, item = item->next)
        if (i > 0 && w->schedule_ns[i] <= w->schedule_ns[i - 1])
            profile_errors_add(e->load->in.errors, item->mark,
                               "when.schedule must ascend: '%.40s' is not after '%.40s'",
                               item->text, before->text);
}

static void check_when(const struct entry *e)
{
    const struct inject_when *const when = &e->inject->when;
    if (written(e, "when.stop") && when->stop_ns <= when->start_ns)
        FAIL(e, "when.stop", "never acts: when.stop must be after when.start");
    if (e->x->stop.time_ns > 0 && when->start_ns >= e->x->stop.time_ns)
        FAIL(e, "when.start", "never acts: the run ends first (stop.time)");
    if (when->every_ns > 0 && when->for_ns > when->every_ns)
        FAIL(e, "when.for", "when.for is longer than when.every: the spells would overlap");
    check_schedule(e);
}

/* ------------------------------------------------------------------------------------------------------------ laws */

/** Says how long something takes from how long it took: nothing where it takes no time by itself. */
static bool needs_base(const struct law *law)
{
    return law->shorten || keys_has_word(law->parameters, "factor");
}

static void check_law_of(const struct entry *e, const char *what)
{
    const struct law *const law = e->inject->law;
    if (law->piece)
        FAIL(e, "law",
             "law '%s' says how fast work goes over time; what: %s needs a law per "
             "iteration (`dawdle list laws`)",
             law->name, what);
    else if (needs_base(law))
        FAIL(e, "law",
             "law '%s' stretches what takes time by itself, and with what: %s nothing "
             "does; use a law of delays, such as const",
             law->name, what);
}

static void check_law(const struct entry *e)
{
    static const char *const memories[] = {"correlation", "link.half_life"};
    const struct inject *const inject = e->inject;
    const char *const why = inject->law->check ? inject->law->check(&inject->config) : NULL;
    if (why)
        FAIL(e, "law", "law '%s': %s", inject->law->name, why);
    if (inject->what != INJECT_COMPUTE && inject->what != INJECT_NODE)
        check_law_of(e, keys_name_at(&keys_whats, inject->what).name);
    for (uint32_t i = 0; i < 2 && !inject->law->inverts; i++)
        if (written(e, memories[i]))
            FAIL(e, memories[i],
                 "law '%s' is not drawn by inversion, so its draws cannot be "
                 "correlated without changing it",
                 inject->law->name);
    if (written(e, memories[0]) && written(e, memories[1]))
        FAIL(e, "correlation",
             "correlation.half_life and link.half_life exclude each other: one "
             "counts messages, the other time");
}

/* ----------------------------------------------------------------------------------------------------------- links */

static void check_link(const struct entry *e)
{
    const struct inject_link *const link = &e->inject->link;
    if (link->reorder > 0 && link->gap_ns == 0)
        FAIL(e, "link.reorder", "link.reorder needs link.gap: how late a message may be");
    if (link->up_ns > 0 && !link->cut)
        FAIL(e, "link.cut", "link.up and link.down are those of a link that is cut: write true");
    if (link->edges == EDGES_ACROSS && e->inject->select == SELECT_ALL)
        FAIL(e, "link.edges", "selects no edge: with every worker selected nobody is across");
    if (link->edges == EDGES_WITHIN && !e->inject->by_group &&
        e->inject->select == SELECT_WORKERS && e->inject->worker_count == 1)
        FAIL(e, "link.edges", "selects no edge: within one worker there is none");
    if (link->bytes_per_s > 0 && strcmp(e->x->model.ops->name, "none") == 0)
        FAIL(e, "link.rate", "model 'none' sends messages without content, which no rate delays");
}

/** Exact messages that are lost for good leave whoever waits for them waiting. */
static void check_reliable(const struct entry *e)
{
    for (uint32_t i = 0; i < e->x->policy_count && e->inject->link.unreliable; i++) {
        const struct policy_options options = experiment_options(e->x, i);
        const struct policy *const row =
            policy_variant(e->x->policy[i].row, &options, e->x->workers.count);
        const bool newest =
            row->tensor_class == DELIVERY_NEWEST || row->tensor_class == DELIVERY_SUM;
        if (row->edges != POLICY_EDGES_NONE && !newest && !row->survives_drop)
            FAIL(e, "link.reliable",
                 "reliable: false loses messages of policy '%s' for good, which it cannot "
                 "survive: %s",
                 e->x->policy[i].label, row->lost_message ? row->lost_message : "it waits for all");
    }
}

/** Is there anything on its way? */
static void check_messages(const struct entry *e, const char *what)
{
    uint32_t senders = 0;
    for (uint32_t i = 0; i < e->x->policy_count; i++) {
        const struct policy_options options = experiment_options(e->x, i);
        const struct policy *const row =
            policy_variant(e->x->policy[i].row, &options, e->x->workers.count);
        senders += row->edges != POLICY_EDGES_NONE;
        if (policy_models_reduction(row, &options))
            FAIL(e, "what",
                 "what: %s delays messages, but policy '%s' has collective: modelled, "
                 "which sends none; use chunked",
                 what, e->x->policy[i].label);
    }
    if (senders == 0)
        FAIL(e, "what", "what: %s delays messages, but no policy here sends any", what);
    if (strcmp(e->x->edges, "null") == 0)
        FAIL(e, "what", "what: %s delays messages, but edges: null deliver none", what);
}

/* -------------------------------------------------------------------------------------------------------- together */

static void check_what(const struct entry *e)
{
    switch (e->inject->what) {
    case INJECT_COMPUTE:
    case INJECT_NODE:
        return;
    case INJECT_LOAD:
        if (strcmp(e->x->data.format, "none") == 0)
            FAIL(e, "what", "what: load delays batches, but data.format none loads nothing");
        return;
    case INJECT_PUBLISH:
        check_messages(e, "publish");
        return;
    case INJECT_LINK:
        check_messages(e, "link");
        check_link(e);
        check_reliable(e);
        return;
    }
}

static void check_rates(struct profile_load *load)
{
    const struct experiment *const x = load->out;
    uint32_t rates = 0;
    for (uint32_t i = 0; i < x->inject_count; i++) {
        const struct inject *const inject = &x->inject[i].inject;
        rates += inject->what == INJECT_LINK && inject->link.bytes_per_s > 0;
        if (rates == INJECT_LINKS_MAX + 1 && inject->link.bytes_per_s > 0)
            profile_errors_add(load->in.errors, profile_item(load, "inject", i)->mark,
                               "more than %u entries have a link.rate", INJECT_LINKS_MAX);
    }
}

void profile_check_inject(struct profile_load *load)
{
    const struct experiment *const x = load->out;
    for (uint32_t i = 0; i < x->inject_count; i++) {
        const struct entry e = {.load = load,
                                .x = x,
                                .written = &x->inject[i],
                                .inject = &x->inject[i].inject,
                                .node = profile_item(load, "inject", i)};
        check_select(&e);
        check_when(&e);
        check_law(&e);
        check_what(&e);
        if (x->clock == CLOCK_VIRTUAL && e.inject->mode == INJECT_SPIN)
            profile_errors_add(load->in.errors, e.node->mark,
                               "mode: spin burns a real core, and virtual time has none; use park");
    }
    check_rates(load);
}
