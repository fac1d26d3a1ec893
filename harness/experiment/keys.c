/* The table, and the questions that parsing, --set, help and the echo ask of it. */
#include "harness/experiment/keys.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/policy/control.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/profile_values.h"

const char KEY_REQUIRED[] = "(required)";
const char KEY_PRESENT[] = "(present)";

#define IN(type, field)                                                   \
    {                                                                     \
        offsetof(type, field), sizeof(((type *)0)->field), 0, 0, 0, false \
    }
#define ITEMS(type, field, least, most)                                             \
    {                                                                               \
        offsetof(type, field), sizeof(((type *)0)->field[0]), 0, least, most, false \
    }
#define COUNTED(type, field, count, least, most)                                                  \
    {                                                                                             \
        offsetof(type, field), sizeof(((type *)0)->field[0]), offsetof(type, count), least, most, \
            true                                                                                  \
    }
#define UNSTORED             \
    {                        \
        0, 0, 0, 0, 0, false \
    }

#define P(field) IN(struct experiment, field)
#define A(field) IN(struct experiment_policy, field)
#define I(field) IN(struct experiment_inject, field)

#define HOUR_NS 3600e9
#define SEED_MAX 9007199254740992.0 /* 2^53: every reader of our JSON keeps it exact */
#define ROWS_MAX 1e9

/* clang-format off */
const struct key keys_table[] = {
    /* path, section, type, place, min, max, default, by, only, names, unit, help */
    {"name", KEYS_PROFILE, KEY_WORD, P(name), 1, EXPERIMENT_NAME_MAX - 1, NULL, NULL, NULL, NULL,
     "word", "name of the experiment and of its result folder; default: the file's name"},
    {"clock", KEYS_PROFILE, KEY_CHOICE, P(clock), 0, 0, "live", NULL, NULL, &keys_clocks,
     "name", "which driver runs the workers; `dawdle sim` means virtual"},
    {"seeds", KEYS_PROFILE, KEY_SEEDS, COUNTED(struct experiment, seed, seed_count, 1, EXPERIMENT_SEEDS_MAX), 0, SEED_MAX, "3", NULL, NULL, NULL,
     "count or list", "runs per policy: a count n means seeds 1..n; policies are paired by seed"},

    {"workers.count", KEYS_PROFILE, KEY_U32, P(workers.count), 1, EXPERIMENT_WORKERS_MAX, "8", "clock", "live", NULL,
     "workers", "participants; more than cores is allowed and tagged cooperative"},
    {"workers.count", KEYS_PROFILE, KEY_U32, P(workers.count), 1, SIM_WORKERS_MAX, "8", "clock", "virtual", NULL,
     "workers", "participants"},
    {"workers.graph.kind", KEYS_PROFILE, KEY_NAME, P(workers.graph), 0, 0, "random", NULL, NULL, &keys_graphs,
     "name", "who may talk to whom"},
    {"workers.graph.degree", KEYS_PROFILE, KEY_REAL, P(workers.degree), 0, EXPERIMENT_WORKERS_MAX - 1, "3", "workers.graph.kind", NULL, NULL,
     "neighbours", "mean number of neighbours; the default shrinks to what few workers can have"},
    {"workers.cores", KEYS_PROFILE, KEY_U32, P(workers.cores), 0, EXPERIMENT_WORKERS_MAX, "0", "clock", "live", NULL,
     "cores", "loops (pinned threads) at most; 0 = every core this process may use"},
    {"workers.cores", KEYS_PROFILE, KEY_U32, P(workers.cores), 0, SIM_WORKERS_MAX, "0", "clock", "virtual", NULL,
     "cores", "virtual cores that the workers share; 0 = one each"},

    {"data.format", KEYS_PROFILE, KEY_NAME, P(data.format), 0, 0, "synthetic", NULL, NULL, &keys_formats,
     "name", "where samples come from"},
    {"data.path", KEYS_PROFILE, KEY_FILE, P(data.path), 1, EXPERIMENT_PATH_MAX - 1, KEY_REQUIRED, "data.format", "idx npy", NULL,
     "path", "file with the features, or a folder with the usual names; relative to the profile"},
    {"data.labels", KEYS_PROFILE, KEY_FILE, P(data.labels), 1, EXPERIMENT_PATH_MAX - 1, NULL, "data.format", "idx npy", NULL,
     "path", "file with the labels; default: derived from data.path"},
    {"data.cache", KEYS_PROFILE, KEY_FOLDER, P(data.cache), 1, EXPERIMENT_PATH_MAX - 1, NULL, "data.format", "!none", NULL,
     "path", "folder for unpacked and synthetic files; default: $XDG_CACHE_HOME/dawdle or ~/.cache/dawdle"},
    {"data.samples", KEYS_PROFILE, KEY_U32, P(data.samples), 10, ROWS_MAX, "20000", "data.format", "synthetic", NULL,
     "samples", "samples to make"},
    {"data.samples", KEYS_PROFILE, KEY_U32, P(data.samples), 0, ROWS_MAX, "0", "data.format", "idx npy", NULL,
     "samples", "use the first so many; 0 = all"},
    {"data.classes", KEYS_PROFILE, KEY_U32, P(data.classes), 2, 256, "10", "data.format", "synthetic", NULL,
     "classes", "classes to make"},
    {"data.classes", KEYS_PROFILE, KEY_U32, P(data.classes), 0, 256, "0", "data.format", "idx npy", NULL,
     "classes", "number of classes; 0 = largest label + 1"},
    {"data.features", KEYS_PROFILE, KEY_U32, P(data.features), 1, 65536, "64", "data.format", "synthetic", NULL,
     "floats", "features per sample"},
    {"data.separation", KEYS_PROFILE, KEY_REAL, P(data.separation), 0, 1000, "3", "data.format", "synthetic", NULL,
     "sigma", "distance of the class means in units of the noise: small is hard"},
    {"data.split", KEYS_PROFILE, KEY_SHARE, ITEMS(struct experiment, data.split, 3, 3), 0, 1, "80%,10%,10%", "data.format", "!none", NULL,
     "shares", "training, validation, test; made before sharding, sum 100%"},
    {"data.shards.kind", KEYS_PROFILE, KEY_CHOICE, P(data.shards), 0, 0, "iid", "data.format", "!none", &keys_shards,
     "name", "how training samples are dealt to workers"},
    {"data.shards.per_worker", KEYS_PROFILE, KEY_U32, P(data.per_worker), 1, 256, KEY_REQUIRED, "data.shards.kind", "labels", NULL,
     "classes", "classes that one worker sees"},
    {"data.io", KEYS_PROFILE, KEY_CHOICE, P(data.io), 0, 0, "auto", "data.format", "!none", &keys_tiers,
     "name", "how the loader reads"},
    {"data.prefetch", KEYS_PROFILE, KEY_U32, P(data.prefetch), 2, 64, "4", "data.format", "!none", NULL,
     "batches", "batches in flight per worker"},

    {"model.kind", KEYS_PROFILE, KEY_ROW, P(model.ops), 0, 0, "mlp", NULL, NULL, &keys_models,
     "name", "what is trained"},
    {"model.hidden", KEYS_PROFILE, KEY_U32, COUNTED(struct experiment, model.hidden, model.hidden_count, 1, MODEL_HIDDEN_MAX), 1, 65536, "64", "model.kind", "mlp", NULL,
     "units", "widths of the hidden layers"},

    {"model.path", KEYS_PROFILE, KEY_LIBRARY, P(model.path), 1, EXPERIMENT_PATH_MAX - 1, KEY_REQUIRED, "model.kind", "plugin", NULL,
     "path", "shared object with the functions of harness/plugin/dawdle_plugin.h; relative to the profile, or a name beside the program"},
    {"model.arguments", KEYS_PROFILE, KEY_TEXT, P(model.arguments), 0, EXPERIMENT_PATH_MAX - 1, NULL, "model.kind", "plugin", NULL,
     "text", "handed to the plug-in as it is"},

    {"train.batch", KEYS_PROFILE, KEY_U32, P(train.batch), 1, 65536, "32", NULL, NULL, NULL,
     "samples", "samples per gradient and worker"},
    {"train.lr", KEYS_PROFILE, KEY_REAL, P(train.lr), 1e-9, 1e6, "0.1", "model.kind", "!none", NULL,
     "", "learning rate of policies that set none of their own"},
    {"train.tuned", KEYS_PROFILE, KEY_FILE, P(train.tuned), 1, EXPERIMENT_PATH_MAX - 1, NULL, "model.kind", "!none", NULL,
     "path", "file of `dawdle tune`: sets the rate of every policy, and results say `lr: tuned`"},
    {"train.decay.every", KEYS_PROFILE, KEY_SHARE, P(train.decay_every), 0.001, 1, KEY_REQUIRED, "train.decay", KEY_PRESENT, NULL,
     "of the budget", "the rate falls each time this share of stop.time or stop.iterations has passed"},
    {"train.decay.factor", KEYS_PROFILE, KEY_REAL, P(train.decay_factor), 1e-6, 1, KEY_REQUIRED, "train.decay", KEY_PRESENT, NULL,
     "", "what the rate is multiplied with"},

    {"compute.base", KEYS_PROFILE, KEY_NS, P(compute.base_ns), 0, HOUR_NS, "1ms", NULL, NULL, NULL,
     "time", "undisturbed compute time of one gradient, the real one included; 0 = only the real one"},
    {"compute.jitter.kind", KEYS_PROFILE, KEY_CHOICE, P(compute.jitter), 0, 0, "lognormal", NULL, NULL, &keys_jitters,
     "name", "law of the base time, of mean 1"},
    {"compute.jitter.cv", KEYS_PROFILE, KEY_SHARE, P(compute.jitter_cv), 0, 1, "5%", "compute.jitter.kind", "lognormal", NULL,
     "of the mean", "coefficient of variation"},

    {"compute.core", KEYS_PROFILE, KEY_NS, P(compute.core_ns), 0, HOUR_NS, NULL, "clock", "virtual", NULL,
     "time", "of compute.base, what keeps a shared core to itself; default: all of it"},

    {"edges.kind", KEYS_PROFILE, KEY_NAME, P(edges), 0, 0, "handle", "clock", "live", &keys_edges,
     "name", "what carries parameters between workers"},
    {"links.latency", KEYS_PROFILE, KEY_NS, P(links.latency_ns), 0, HOUR_NS, "1us", "clock", "virtual", NULL,
     "time", "from sent to seen, besides what the bandwidth costs"},
    {"links.jitter.kind", KEYS_PROFILE, KEY_CHOICE, P(links_jitter), 0, 0, "none", "clock", "virtual", &keys_link_jitters,
     "name", "law of the latency, of mean 1"},
    {"links.jitter.cv", KEYS_PROFILE, KEY_SHARE, P(links.jitter_cv), 0, 1, "10%", "links.jitter.kind", "lognormal", NULL,
     "of the mean", "coefficient of variation"},
    {"links.bandwidth", KEYS_PROFILE, KEY_RATE, P(links.bytes_per_s), 0, 1e15, "0", "clock", "virtual", NULL,
     "B/s", "of each worker's port, shared by all its messages; 0 = unlimited"},
    {"costs.iteration", KEYS_PROFILE, KEY_NS, P(costs.iteration_ns), 0, HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what an iteration costs a worker's thread besides computing: loading, polling"},
    {"costs.apply", KEYS_PROFILE, KEY_NS, P(costs.apply_ns), 0, HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what an optimizer step costs"},
    {"costs.send", KEYS_PROFILE, KEY_NS, P(costs.send_ns), 0, HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what sending one message costs"},
    {"costs.mix", KEYS_PROFILE, KEY_NS, P(costs.mix_ns), 0, HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what averaging costs per vector read"},

    {"record", KEYS_PROFILE, KEY_BOOL, P(record), 0, 0, "true", "clock", "live", NULL,
     "", "keep every policy's events, for `dawdle replay`"},

    {"policies", KEYS_PROFILE, KEY_WORD, UNSTORED, 1, EXPERIMENT_POLICIES_MAX, KEY_REQUIRED, NULL, NULL, &keys_policies,
     "list", "the averaging policies to compare: names, or maps {kind: NAME, ...}"},
    {"inject", KEYS_PROFILE, KEY_WORD, UNSTORED, 0, EXPERIMENT_INJECT_MAX, NULL, NULL, NULL, NULL,
     "list", "what makes workers dawdle; default: nothing does"},

    {"stop.time", KEYS_PROFILE, KEY_NS, P(stop.time_ns), 1e6, 24 * HOUR_NS, NULL, NULL, NULL, NULL,
     "time", "budget of one run; at least one of stop.time and stop.iterations is needed"},
    {"stop.iterations", KEYS_PROFILE, KEY_U64, P(stop.iterations), 1, 1e12, NULL, NULL, NULL, NULL,
     "iterations", "budget of one run: gradients per worker; exact for policies with rounds, on average for the others"},

    {"target.metric", KEYS_PROFILE, KEY_CHOICE, P(target.metric), 0, 0, KEY_REQUIRED, "target", KEY_PRESENT, &keys_metrics,
     "name", "what must reach the target"},
    {"target.value", KEYS_PROFILE, KEY_REAL, P(target.value), -1e12, 1e12, NULL, "target", KEY_PRESENT, NULL,
     "", "the target as a number; or use target.relative_to"},
    {"target.relative_to", KEYS_PROFILE, KEY_WORD, P(target.relative_to), 1, EXPERIMENT_NAME_MAX - 1, NULL, "target", KEY_PRESENT, NULL,
     "policy", "label of the policy whose final value is the target: a loss times target.factor, an accuracy divided by it"},
    {"target.factor", KEYS_PROFILE, KEY_REAL, P(target.factor), 1e-6, 1e6, "1", "target.relative_to", KEY_PRESENT, NULL,
     "", "above 1 makes the target easier; see target.relative_to"},
    {"target.hold", KEYS_PROFILE, KEY_U32, P(target.hold), 1, EXPERIMENT_POINTS_MAX, "3", "target", KEY_PRESENT, NULL,
     "snapshots", "consecutive snapshots that must meet the target"},

    {"judge.points", KEYS_PROFILE, KEY_U32, P(judge.points), 2, EXPERIMENT_POINTS_MAX, "40", NULL, NULL, NULL,
     "snapshots", "snapshots per run, evenly spaced over the budget"},
    {"judge.train_samples", KEYS_PROFILE, KEY_U32, P(judge.train_samples), 1, 1e6, "2000", NULL, NULL, NULL,
     "samples", "training samples that judge the mean model"},
    {"judge.heldout_samples", KEYS_PROFILE, KEY_U32, P(judge.heldout_samples), 1, 1e6, "2000", NULL, NULL, NULL,
     "samples", "validation samples that judge the mean model"},
    {"judge.local_samples", KEYS_PROFILE, KEY_U32, P(judge.local_samples), 1, 1e6, "500", NULL, NULL, NULL,
     "samples", "training samples that judge each local model"},

    {"checks", KEYS_PROFILE, KEY_TEXT, COUNTED(struct experiment, check, check_count, 0, EXPERIMENT_CHECKS_MAX), 1, 255, NULL, NULL, NULL, NULL,
     "text", "sentences that must hold, such as \"wait_share(aau) < 20%\" or \"claim: wait_share(aau) < wait_share(dsgd)\"; else exit 4"},
    {"claims", KEYS_PROFILE, KEY_TEXT, COUNTED(struct experiment, claims, claims_count, 0, EXPERIMENT_CLAIMS_MAX), 1, 255, NULL, NULL, NULL, NULL,
     "text", "sentences that are decided over paired seeds and reported, such as \"time_to_target(aau) < time_to_target(dsgd)\""},

    {"sweep.key", KEYS_PROFILE, KEY_WORD, P(sweep.key), 1, EXPERIMENT_SWEEP_TEXT_MAX - 1, KEY_REQUIRED, "sweep", KEY_PRESENT, NULL,
     "path", "the key that takes each of sweep.values in turn, written as for --set: inject.0.law.factor, policies.aau.lr"},
    {"sweep.values", KEYS_PROFILE, KEY_TEXT, COUNTED(struct experiment, sweep.value, sweep.count, 1, EXPERIMENT_SWEEP_MAX), 1, EXPERIMENT_SWEEP_TEXT_MAX - 1, KEY_REQUIRED, "sweep", KEY_PRESENT, NULL,
     "values", "every policy runs with every seed for each of them"},
    {"sweep.metrics", KEYS_PROFILE, KEY_CHOICE, COUNTED(struct experiment, sweep.metric, sweep.metric_count, 1, EXPERIMENT_SWEEP_METRICS_MAX), 0, 0, NULL, "sweep", KEY_PRESENT, &keys_figures,
     "names", "a table of policies by values for each; default: speed-up or final loss, and gradients per second"},

    {"kind", KEYS_POLICY, KEY_ROW, A(row), 0, 0, KEY_REQUIRED, NULL, NULL, &keys_policies,
     "name", "the algorithm"},
    {"label", KEYS_POLICY, KEY_WORD, A(label), 1, EXPERIMENT_NAME_MAX - 1, NULL, NULL, NULL, NULL,
     "word", "name in tables, checks and --set; default: the kind; must be unique"},
    {"lr", KEYS_POLICY, KEY_REAL, A(lr), 1e-9, 1e6, NULL, NULL, NULL, NULL,
     "", "its own learning rate; default: train.lr, and results say `lr: shared`"},
    {"order", KEYS_POLICY, KEY_CHOICE, A(options.order), 0, 0, "atc", "kind", NULL, &keys_orders,
     "name", "does the step come before or after the average?"},
    {"collective", KEYS_POLICY, KEY_CHOICE, A(options.collective), 0, 0, "chunked", "kind", NULL, &keys_collectives,
     "name", "how a group reduces"},
    {"release", KEYS_POLICY, KEY_CHOICE, A(options.release), 0, 0, "cluster", "kind", NULL, &keys_releases,
     "name", "who goes on when an edge is established"},
    {"pathsearch", KEYS_POLICY, KEY_CHOICE, A(options.pathsearch), 0, 0, "auto", "kind", NULL, &keys_pathsearches,
     "name", "how workers learn which edges the epoch has"},
    {"evict_after", KEYS_POLICY, KEY_NS, A(options.evict_after_ns), 0, HOUR_NS, "0", "kind", NULL, NULL,
     "time", "a neighbour silent for so long is treated as absent; 0 = never"},
    {"max_staleness", KEYS_POLICY, KEY_U32, A(options.max_staleness), 0, 1e9, "0", "kind", NULL, NULL,
     "epochs", "count an alarm when a model has missed more epochs; 0 = no alarm"},
    {"pairing", KEYS_POLICY, KEY_CHOICE, A(options.pairing), 0, 0, "any", "kind", NULL, &keys_pairings,
     "name", "who may average with whom"},
    {"comm_thread", KEYS_POLICY, KEY_BOOL, A(options.comm_thread), 0, 0, "true", "kind", NULL, NULL,
     "", "average while a gradient is being computed, as with a communication thread"},
    {"wait", KEYS_POLICY, KEY_CHOICE, A(options.wait), 0, 0, "k", "kind", NULL, &keys_waits,
     "name", "how long a worker waits for its neighbours"},
    {"weights", KEYS_POLICY, KEY_CHOICE, A(options.weights), 0, 0, "metropolis", "kind", NULL, &keys_weights,
     "name", "weights of the average"},
    {"k", KEYS_POLICY, KEY_U32, A(options.k), 1, SIM_WORKERS_MAX, "2", "wait", "k", NULL,
     "neighbours", "how many are waited for; who has fewer waits for all"},
    {"k", KEYS_POLICY, KEY_U32, A(options.k), 1, SIM_WORKERS_MAX, "2", "kind", "!partial", NULL,
     "gradients", "how many make a round"},
    {"fraction", KEYS_POLICY, KEY_SHARE, A(options.fraction), 1e-6, 1, "50%", "wait", "fraction", NULL,
     "of the neighbours", "how many are waited for"},
    {"timeout", KEYS_POLICY, KEY_NS, A(options.timeout_ns), 1, HOUR_NS, "1ms", "wait", "timeout", NULL,
     "time", "how long others are waited for after the own gradient"},
    {"timeout", KEYS_POLICY, KEY_NS, A(options.timeout_ns), 1, HOUR_NS, "1ms", "kind", "!partial", NULL,
     "time", "how long others are waited for after the own gradient"},
    {"steps", KEYS_POLICY, KEY_U32, A(options.steps), 1, 1e6, "4", "kind", NULL, NULL,
     "steps", "local steps from one exchange to the next"},
    {"group", KEYS_POLICY, KEY_U32, A(options.group), 2, PRAGUE_MEMBERS_MAX, "3", "kind", NULL, NULL,
     "workers", "members of a group"},
    {"lag", KEYS_POLICY, KEY_U32, A(options.lag), 0, 1e6, "0", "kind", NULL, NULL,
     "requests", "nobody who lags by more is drafted; 0 = everybody is"},
    {"overlap", KEYS_POLICY, KEY_U32, A(options.overlap), 0, 1e6, "0", "kind", NULL, NULL,
     "iterations", "how late a message may be used; at most 3"},
    {"staleness", KEYS_POLICY, KEY_U32, A(options.staleness), 0, 1e6, "4", "kind", NULL, NULL,
     "iterations", "how far the fastest may be ahead; of hop at most 5"},
    {"backup", KEYS_POLICY, KEY_U32, A(options.backup), 0, STEP_PEERS_MAX, "1", "kind", NULL, NULL,
     "neighbours", "how many are not waited for"},
    {"jump", KEYS_POLICY, KEY_U32, A(options.jump), 0, 1e6, "0", "kind", NULL, NULL,
     "iterations", "how many a straggler may skip at once; 0 = none"},
    {"fanout", KEYS_POLICY, KEY_U32, A(options.fanout), 1, STEP_PEERS_MAX, "2", "kind", NULL, NULL,
     "receivers", "to how many a model is sent per iteration"},
    {"damped", KEYS_POLICY, KEY_BOOL, A(options.damped), 0, 0, "false", "kind", NULL, NULL,
     "", "divide each step by its staleness"},

    {"what", KEYS_INJECT, KEY_CHOICE, UNSTORED, 0, 0, "compute", NULL, NULL, &keys_whats,
     "name", "what is delayed"},
    {"scope", KEYS_INJECT, KEY_CHOICE, I(inject.scope), 0, 0, "compute", NULL, NULL, &keys_scopes,
     "name", "does a delayed worker still answer?"},
    {"select.kind", KEYS_INJECT, KEY_CHOICE, I(select), 0, 0, "all", NULL, NULL, &keys_selects,
     "name", "whom it hits; default: what select.percent or select.workers say, else all"},
    {"select.percent", KEYS_INJECT, KEY_SHARE, I(inject.share), 1e-6, 1, KEY_REQUIRED, "select.kind", "percent", NULL,
     "of the workers", "how many are hit"},
    {"select.each", KEYS_INJECT, KEY_CHOICE, I(each), 0, 0, "iteration", "select.kind", "percent", &keys_eaches,
     "name", "how often they are drawn: transient or permanent stragglers"},
    {"select.workers", KEYS_INJECT, KEY_U32, COUNTED(struct experiment_inject, workers, inject.worker_count, 1, EXPERIMENT_WORKERS_MAX), 0, SIM_WORKERS_MAX - 1, KEY_REQUIRED, "select.kind", "workers", NULL,
     "ids", "these workers, counted from 0"},
    {"law.kind", KEYS_INJECT, KEY_ROW, I(inject.law), 0, 0, KEY_REQUIRED, NULL, NULL, &keys_laws,
     "name", "how much longer an iteration takes"},
    {"law.factor", KEYS_INJECT, KEY_REAL, I(inject.config.factor), 1, 1e6, KEY_REQUIRED, "law.kind", NULL, NULL,
     "times", "compute takes so many times as long"},
    {"law.mean", KEYS_INJECT, KEY_NS, I(inject.config.mean_ns), 1, HOUR_NS, KEY_REQUIRED, "law.kind", NULL, NULL,
     "time", "mean of the exponential part"},
    {"law.shift", KEYS_INJECT, KEY_NS, I(inject.config.shift_ns), 0, HOUR_NS, KEY_REQUIRED, "law.kind", NULL, NULL,
     "time", "constant part"},
    {"law.scale", KEYS_INJECT, KEY_NS, I(inject.config.scale_ns), 1, HOUR_NS, KEY_REQUIRED, "law.kind", NULL, NULL,
     "time", "smallest delay"},
    {"law.alpha", KEYS_INJECT, KEY_REAL, I(inject.config.alpha), 0.01, 1000, KEY_REQUIRED, "law.kind", NULL, NULL,
     "", "tail index: small is heavy"},
    {"law.median", KEYS_INJECT, KEY_NS, I(inject.config.median_ns), 1, HOUR_NS, KEY_REQUIRED, "law.kind", NULL, NULL,
     "time", "half of the delays are below"},
    {"law.p99", KEYS_INJECT, KEY_NS, I(inject.config.p99_ns), 1, HOUR_NS, KEY_REQUIRED, "law.kind", NULL, NULL,
     "time", "99 of 100 delays are below"},
    {"law.file", KEYS_INJECT, KEY_FILE, I(trace_path), 1, EXPERIMENT_PATH_MAX - 1, KEY_REQUIRED, "law.kind", NULL, NULL,
     "path", "CSV with the columns step,worker,compute_s; relative to the profile"},
    {"law.from", KEYS_INJECT, KEY_FILE, I(sample_path), 1, EXPERIMENT_PATH_MAX - 1, KEY_REQUIRED, "law.kind", NULL, NULL,
     "path", "result directory of a run, or a file: seconds one per line, or low_s,high_s,count; relative to the profile"},
    {"law.policy", KEYS_INJECT, KEY_WORD, I(sample_policy), 1, EXPERIMENT_NAME_MAX - 1, NULL, "law.kind", NULL, NULL,
     "label", "of a run with several policies, the one whose iterations are drawn from"},
    {"mode", KEYS_INJECT, KEY_CHOICE, I(inject.mode), 0, 0, "park", NULL, NULL, &keys_modes,
     "name", "does the delay leave the core to others?"},
};
/* clang-format on */

const uint32_t keys_count = sizeof(keys_table) / sizeof(keys_table[0]);
_Static_assert(sizeof(keys_table) / sizeof(keys_table[0]) <= KEYS_MAX, "arrays by row hold all");

static bool below(const char *path, const char *group)
{
    const size_t length = strlen(group);
    return length == 0 || (strncmp(path, group, length) == 0 && path[length] == '.');
}

const struct key *keys_find(enum keys_section section, const char *path)
{
    for (uint32_t i = 0; i < keys_count; i++)
        if (keys_table[i].section == section && strcmp(keys_table[i].path, path) == 0)
            return &keys_table[i];
    return NULL;
}

bool keys_is_group(enum keys_section section, const char *path)
{
    for (uint32_t i = 0; i < keys_count; i++)
        if (keys_table[i].section == section && below(keys_table[i].path, path))
            return true;
    return false;
}

bool keys_exists(enum keys_section section, const char *path)
{
    return keys_find(section, path) || keys_is_group(section, path);
}

bool keys_is_section(const char *path)
{
    return strcmp(path, "policies") == 0 || strcmp(path, "inject") == 0;
}

const char *keys_main(enum keys_section section, const char *path)
{
    static const char *const candidates[] = {"kind", "format", "count", "time"};
    for (uint32_t c = 0; c < 4; c++)
        for (uint32_t i = 0; i < keys_count; i++) {
            const struct key *key = &keys_table[i];
            const size_t length = strlen(path);
            if (key->section == section && below(key->path, path) &&
                strcmp(key->path + length + (length > 0), candidates[c]) == 0)
                return candidates[c];
        }
    return NULL;
}

void keys_offer_children(enum keys_section section, const char *path, struct suggest *nearest)
{
    static char child[KEYS_MAX][SUGGEST_MAX]; /* suggest keeps pointers: one text per row */
    const size_t length = strlen(path);
    for (uint32_t i = 0; i < keys_count; i++) {
        const struct key *key = &keys_table[i];
        if (key->section != section || !below(key->path, path))
            continue;
        const char *name = key->path + length + (length > 0);
        const size_t bytes = strcspn(name, ".");
        memcpy(child[i], name, bytes);
        child[i][bytes] = '\0';
        suggest_offer(nearest, child[i]);
    }
}

const char *keys_elsewhere(enum keys_section section, const char *leaf)
{
    const char *found = NULL;
    for (uint32_t i = 0; i < keys_count; i++) {
        const struct key *key = &keys_table[i];
        if (key->section != section || strcmp(keys_leaf(key->path), leaf) != 0)
            continue;
        if (found && strcmp(found, key->path) != 0)
            return NULL;
        found = key->path;
    }
    return found;
}

static bool has_word(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = words; at && (at = strstr(at, word)); at += length) {
        const bool starts = at == words || at[-1] == ' ';
        if (starts && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

bool keys_applies(const struct key *key, const struct key_names *kinds, const char *kind)
{
    const bool excludes = key->only && key->only[0] == '!';
    if (excludes && strcmp(key->only + 1, kind) == 0)
        return false;
    if (key->only && !excludes)
        return has_word(key->only, kind);
    if (!kinds->reads)
        return excludes;
    const uint32_t index = keys_name_find(kinds, kind);
    return index != UINT32_MAX && kinds->reads(index, keys_leaf(key->path));
}

/** Directly, or through a key between them: `timeout` hangs on `wait`, which hangs on `kind`. */
static bool hangs_on(const struct key *key, const struct key *by, const char *kind)
{
    if (!key->by || key->only == KEY_PRESENT)
        return false;
    if (strcmp(key->by, by->path) == 0)
        return keys_applies(key, by->names, kind);
    return hangs_on(keys_find(key->section, key->by), by, kind);
}

void keys_readers(const struct key *key, const struct key *by, char *out, uint32_t bytes)
{
    uint32_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < keys_name_count(by->names); i++) {
        const char *const kind = keys_name_at(by->names, i).name;
        bool reads = false;
        for (uint32_t k = 0; k < keys_count && !reads; k++)
            reads = keys_table[k].section == key->section &&
                    strcmp(keys_table[k].path, key->path) == 0 &&
                    hangs_on(&keys_table[k], by, kind);
        if (!reads)
            continue;
        const int n = snprintf(out + used, bytes - used, "%s%s", used ? ", " : "", kind);
        if ((uint32_t)n >= bytes - used)
            return;
        used += (uint32_t)n;
    }
}

const char *keys_leaf(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

const char *keys_section_name(enum keys_section section)
{
    return section == KEYS_POLICY ? "policies" : section == KEYS_INJECT ? "inject" : "";
}

bool keys_option_applies(const struct key *key, const struct experiment_policy *policy)
{
    if (key->section != KEYS_POLICY || !key->by)
        return false;
    const struct key *const by = keys_find(KEYS_POLICY, key->by);
    if (!by->by)
        return keys_applies(key, by->names, policy->row->name);
    if (!keys_option_applies(by, policy))
        return false;
    uint32_t choice; /* an option that others hang on is a choice */
    memcpy(&choice, (const char *)policy + by->place.offset, sizeof(choice));
    return keys_applies(key, by->names, keys_name_at(by->names, choice).name);
}

void keys_option_value(const struct key *key, const struct experiment_policy *policy, char *out,
                       uint32_t bytes)
{
    FILE *const text = fmemopen(out, bytes, "w");
    out[0] = '\0';
    if (!text)
        return;
    profile_value_print(text, key, (const char *)policy + key->place.offset);
    fclose(text);
}
