/* SPDX-License-Identifier: BSD-3-Clause */
/* The names that profile values may take: views on the tables of other rooms, and fixed lists in the order of their enums. */
#include <string.h>

#include "core/drive/counts.h"
#include "core/inject/fault.h"
#include "core/inject/law.h"
#include "core/learn/model.h"
#include "core/policy/policy.h"
#include "core/worker/dataset.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_tables.h"
#include "harness/launch/launch.h"
#include "harness/metric/figure_rows.h"
#include "harness/metric/summary.h"
#include "net/link.h"
#include "topo/graph.h"

static uint32_t policies(void)
{
    return policy_count;
}

static struct key_name policy_at(uint32_t i)
{
    return (struct key_name){policy_table[i]->name, policy_table[i]->help, policy_table[i]};
}

static uint32_t laws(void)
{
    return law_count;
}

static struct key_name law_at(uint32_t i)
{
    return (struct key_name){law_table[i].name, law_table[i].help, &law_table[i]};
}

/** Is `leaf` one of the space-separated `words`? */
static bool names_leaf(const char *words, const char *leaf)
{
    const size_t length = strlen(leaf);
    const char *at = words ? words : "";
    while (*at) {
        const size_t word = strcspn(at, " ");
        if (word == length && memcmp(at, leaf, length) == 0)
            return true;
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

static bool policy_reads(uint32_t i, const char *leaf)
{
    return option_find(policy_table[i]->options, leaf) != NULL;
}

static bool law_reads(uint32_t i, const char *leaf)
{
    return names_leaf(law_table[i].parameters, leaf);
}

static uint32_t graphs(void)
{
    return graph_count;
}

static struct key_name graph_at(uint32_t i)
{
    return (struct key_name){graph_table[i].name, graph_table[i].help, &graph_table[i]};
}

static bool graph_reads(uint32_t i, const char *leaf)
{
    return strcmp(leaf, "degree") == 0 && graph_table[i].uses_degree;
}

static uint32_t models(void)
{
    return model_count;
}

static struct key_name model_at(uint32_t i)
{
    return (struct key_name){model_table[i]->name, model_table[i]->help, model_table[i]};
}

/** `none` is a row of the profile, not of the loader: with it no loader is opened. */
static uint32_t formats(void)
{
    return dataset_format_count + 1;
}

static struct key_name format_at(uint32_t i)
{
    if (i == dataset_format_count)
        return (struct key_name){"none", "no data and no loader (measures the harness)", NULL};
    return (struct key_name){dataset_formats[i].name, dataset_formats[i].help, NULL};
}

static uint32_t faults(void)
{
    return FAULT_KINDS;
}

static struct key_name fault_at(uint32_t i)
{
    return (struct key_name){fault_kind_name[i], fault_kind_help[i], NULL};
}

static uint32_t figures(void)
{
    return METRICS;
}

static struct key_name figure_at(uint32_t i)
{
    return (struct key_name){metric_table[i].name, metric_table[i].help, NULL};
}

static uint32_t counters(void)
{
    return counts_rows;
}

static struct key_name counter_at(uint32_t i)
{
    return (struct key_name){counts_table[i].name, counts_table[i].help, NULL};
}

const struct key_names keys_policies = {"policy", "policies", policies, policy_at, policy_reads,
                                        NULL,     0,          NULL,     NULL};
const struct key_names keys_laws = {"law", "laws", laws, law_at, law_reads, NULL, 0, NULL, NULL};
const struct key_names keys_graphs = {"graph", "graphs", graphs, graph_at, graph_reads,
                                      NULL,    0,        NULL,   NULL};
const struct key_names keys_models = {"model", "models", models, model_at, NULL,
                                      NULL,    0,        NULL,   NULL};
const struct key_names keys_formats = {"format", "formats", formats, format_at, NULL,
                                       NULL,     0,         NULL,    NULL};
const struct key_names keys_figures = {"metric", "metrics", figures, figure_at, NULL,
                                       NULL,     0,         NULL,    NULL};

const struct key_names keys_counters = {"counter", "counters", counters, counter_at, NULL,
                                        NULL,      0,          NULL,     NULL};

const struct key_names keys_faults = {"fault", "faults", faults, fault_at, NULL,
                                      NULL,    0,        NULL,   NULL};

#define FIXED(id, one, many, later, why, ...)                                               \
    static const struct key_name id##_list[] = {__VA_ARGS__};                               \
    const struct key_names id = {                                                           \
        one,   many, NULL, NULL, NULL, id##_list, sizeof(id##_list) / sizeof(id##_list[0]), \
        later, why}

/* clang-format off */
/** In front of the table of links: whichever suits. */
static uint32_t links(void)
{
    uint32_t count = 0;
    while (link_at(count))
        count++;
    return count + 1;
}

static struct key_name link_name_at(uint32_t i)
{
    if (i == 0)
        return (struct key_name){"auto", "memif within a host, udp between hosts", NULL};
    return (struct key_name){link_at(i - 1)->name, link_at(i - 1)->help, link_at(i - 1)};
}

const struct key_names keys_links = {
    .one = "link", .many = "links", .count = links, .at = link_name_at};

static uint32_t launchers(void)
{
    uint32_t count = 0;
    while (launch_at(count))
        count++;
    return count;
}

static struct key_name launcher_at(uint32_t i)
{
    return (struct key_name){launch_at(i)->name, launch_at(i)->help, launch_at(i)};
}

const struct key_names keys_launchers = {
    .one = "launcher", .many = "launchers", .count = launchers, .at = launcher_at};

FIXED(keys_edges, "edge", "edges", NULL, NULL,
    {"handle", "in-process, zero copy: a handle to the sender's snapshot crosses the edge", NULL},
    {"null", "delivers nothing (measures the harness)", NULL});
FIXED(keys_clocks, "clock", "clocks", NULL, NULL,
    {"live", "real threads, real time", NULL},
    {"virtual", "a discrete-event simulation: the same policies and arithmetic, up to 131072 workers", NULL});
FIXED(keys_shards, "kind of shards", "shards", NULL, NULL,
    {"iid", "shuffled and dealt evenly", NULL},
    {"labels", "each worker sees `per_worker` classes only", NULL});
FIXED(keys_tiers, "tier", "tiers", NULL, NULL,
    {"auto", "the best tier that works and keeps up; the reason is recorded", NULL},
    {"direct", "io_uring with O_DIRECT", NULL},
    {"buffered", "io_uring through the page cache", NULL},
    {"preadv", "preadv on the worker's thread", NULL});
FIXED(keys_jitters, "jitter", "jitters", NULL, NULL,
    {"none", "exactly the base time: ties will be broken by worker number", NULL},
    {"lognormal", "the base time times a lognormal of mean 1", NULL},
    {"law", "the base time and a delay drawn from `law`, as in inject: `jitter: {law: {kind: exp, mean: 200us}}`", NULL});
FIXED(keys_link_jitters, "jitter", "jitters", NULL, NULL,
    {"none", "every message takes exactly the latency", NULL},
    {"lognormal", "lognormal of mean 1", NULL});
FIXED(keys_metrics, "metric", "metrics", NULL, NULL,
    {"train_loss_mean_model", "training loss of the mean of all models", NULL},
    {"heldout_loss_mean_model", "validation loss of the mean of all models", NULL},
    {"heldout_accuracy_mean_model", "validation accuracy of the mean of all models, 0 to 1", NULL},
    {"train_loss_local_mean", "training loss of each model, averaged over workers", NULL},
    {"train_loss_local_worst", "training loss of the worst of the models", NULL});
FIXED(keys_whats, "thing to delay", "whats", NULL, NULL,
    {"compute", "the gradient", NULL},
    {"load", "its batch: a slow disk", NULL},
    {"publish", "its messages leave later; the worker goes on meanwhile", NULL},
    {"link", "messages on their way", NULL},
    {"node", "everything: the gradient, and nothing is answered meanwhile", NULL});
FIXED(keys_scopes, "scope", "scopes", NULL, NULL,
    {"compute", "the worker computes slowly; its loop still answers", NULL},
    {"process", "it answers nothing until it is done", NULL});
FIXED(keys_modes, "mode", "modes", NULL, NULL,
    {"park", "sleeps: the core is free for its other workers", NULL},
    {"spin", "busy-waits: the core is kept busy", NULL});
FIXED(keys_selects, "selection", "selects", NULL, NULL,
    {"all", "every worker", NULL},
    {"percent", "a share of the workers, drawn by seed", NULL},
    {"count", "so many workers, drawn by seed", NULL},
    {"workers", "a fixed list", NULL},
    {"groups", "everybody in these groups", NULL},
    {"cpukind", "whoever is placed on cores of this kind; live only", NULL});
FIXED(keys_eaches, "drawing", "eaches", NULL, NULL,
    {"iteration", "anew in each iteration (transient)", NULL},
    {"run", "once per run (permanent)", NULL});
FIXED(keys_ofs, "unit of drawing", "ofs", NULL, NULL,
    {"workers", "each worker by itself", NULL},
    {"groups", "all of a group together", NULL});
FIXED(keys_draws, "draw", "draws", NULL, NULL,
    {"worker", "each worker its own", NULL},
    {"group", "the hit workers of a group the same", NULL});
FIXED(keys_cpukinds, "kind of cores", "cpukinds", NULL, NULL,
    {"efficient", "the cores that hwloc ranks lowest in performance", NULL},
    {"performance", "the cores that hwloc ranks highest in performance", NULL});
FIXED(keys_directions, "direction", "directions", NULL, NULL,
    {"out", "those that lead out of a selected worker", NULL},
    {"in", "those that lead to one", NULL},
    {"both", "either", NULL},
    {"within", "from one selected worker to another", NULL},
    {"across", "between a selected worker and one who is not: what a partition cuts", NULL});
#define FIGURE_NAME(name, help) {#name, help, NULL},
FIXED(keys_plots, "figure", "figures", NULL, NULL, FIGURE_ROWS(FIGURE_NAME));
FIXED(keys_disks, "error", "errors", NULL, NULL,
    {"eio", "an error", NULL},
    {"short", "fewer bytes than asked for", NULL},
    {"eagain", "nothing yet, try again", NULL});
/* clang-format on */

/* KEY_CHOICE stores the index: the lists above follow the enums. */
_Static_assert(SHARD_IID == 0 && SHARD_LABELS == 1, "keys_shards");
_Static_assert(LOADER_AUTO == 0 && LOADER_PREADV == 3, "keys_tiers");
_Static_assert(JITTER_NONE == 0 && JITTER_LOGNORMAL == 1 && JITTER_LAW == 2, "keys_jitters");
_Static_assert(CLOCK_LIVE == 0 && CLOCK_VIRTUAL == 1, "keys_clocks");
_Static_assert(TARGET_TRAIN_LOSS_MEAN_MODEL == 0 && TARGET_TRAIN_LOSS_LOCAL_WORST == 4,
               "keys_metrics");
_Static_assert(EXPERIMENT_SELECT_ALL == 0 && EXPERIMENT_SELECT_PERCENT == 1 &&
                   EXPERIMENT_SELECT_COUNT == 2 && EXPERIMENT_SELECT_WORKERS == 3 &&
                   EXPERIMENT_SELECT_GROUPS == 4 && EXPERIMENT_SELECT_CPUKIND == 5,
               "keys_selects");
_Static_assert(INJECT_COMPUTE == 0 && INJECT_LOAD == 1 && INJECT_PUBLISH == 2 && INJECT_LINK == 3 &&
                   INJECT_NODE == 4,
               "keys_whats");
_Static_assert(OF_WORKERS == 0 && OF_GROUPS == 1, "keys_ofs");
_Static_assert(DRAW_WORKER == 0 && DRAW_GROUP == 1, "keys_draws");
_Static_assert(CPUKIND_EFFICIENT == 0 && CPUKIND_PERFORMANCE == 1, "keys_cpukinds");
_Static_assert(EDGES_OUT == 0 && EDGES_IN == 1 && EDGES_BOTH == 2 && EDGES_WITHIN == 3 &&
                   EDGES_ACROSS == 4,
               "keys_directions");
_Static_assert(DISK_EIO == 0 && DISK_SHORT == 1 && DISK_EAGAIN == 2, "keys_disks");
_Static_assert(SCOPE_COMPUTE == 0 && SCOPE_PROCESS == 1, "keys_scopes");
_Static_assert(INJECT_PARK == 0 && INJECT_SPIN == 1, "keys_modes");
