/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a profile itself; what stands in its lists is in keys_policy.c and keys_inject.c. */
#include <stddef.h>

#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_law.h"
#include "harness/experiment/keys_rows.h"

#define SEED_MAX 9007199254740992.0 /* 2^53: every reader of our JSON keeps it exact */
#define ROWS_MAX 1e9

#define P(field) KEYS_IN(struct experiment, field)
#define JITTER(field) P(compute.jitter_law.field)
#define LAW(field) P(compute.jitter_law.config.field)

/* clang-format off */
const struct key keys_profile_row[] = {
    /* path, section, type, place, min, max, default, by, only, names, unit, help */
    {"name", KEYS_PROFILE, KEY_WORD, P(name), 1, EXPERIMENT_NAME_MAX - 1, NULL, NULL, NULL, NULL,
     "word", "name of the experiment and of its result folder; default: the file's name"},
    {"clock", KEYS_PROFILE, KEY_CHOICE, P(clock), 0, 0, "live", NULL, NULL, &keys_clocks,
     "name", "which driver runs the workers; `dawdle sim` means virtual"},
    {"seeds", KEYS_PROFILE, KEY_SEEDS, KEYS_COUNTED(struct experiment, seed, seed_count, 1, EXPERIMENT_SEEDS_MAX), 0, SEED_MAX, "3", NULL, NULL, NULL,
     "count or list", "runs per policy: a count n means seeds 1..n; policies are paired by seed"},

    {"workers.count", KEYS_PROFILE, KEY_U32, P(workers.count), 1, EXPERIMENT_WORKERS_MAX, "8", "clock", "live", NULL,
     "workers", "participants; more than cores is allowed and tagged cooperative"},
    {"workers.count", KEYS_PROFILE, KEY_U32, P(workers.count), 1, SIM_WORKERS_MAX, "8", "clock", "virtual", NULL,
     "workers", "participants"},
    {"workers.groups", KEYS_PROFILE, KEY_U32, P(workers.groups), 1, SIM_WORKERS_MAX, NULL, NULL, NULL, NULL,
     "groups", "racks: contiguous blocks of workers, for inject.select and inject.draw; default: each worker alone"},
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
    {"data.split", KEYS_PROFILE, KEY_SHARE, KEYS_ITEMS(struct experiment, data.split, 3, 3), 0, 1, "80%,10%,10%", "data.format", "!none", NULL,
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
    {"model.hidden", KEYS_PROFILE, KEY_U32, KEYS_COUNTED(struct experiment, model.hidden, model.hidden_count, 1, MODEL_HIDDEN_MAX), 1, 65536, "64", "model.kind", "mlp", NULL,
     "units", "widths of the hidden layers"},
    {"model.parameters", KEYS_PROFILE, KEY_U32, P(model.parameters), 0, 4e9, "0", "model.kind", "none", NULL,
     "floats", "virtual: how large a model is that is not computed, for links with a bandwidth or a rate"},
    {"model.path", KEYS_PROFILE, KEY_LIBRARY, P(model.path), 1, EXPERIMENT_PATH_MAX - 1, KEY_REQUIRED, "model.kind", "plugin", NULL,
     "path", "shared object with the functions of dawdle_plugin.h; relative to the profile, or the name of one that came with the program"},
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

    {"compute.base", KEYS_PROFILE, KEY_NS, P(compute.base_ns), 0, KEYS_HOUR_NS, "1ms", NULL, NULL, NULL,
     "time", "undisturbed compute time of one gradient, the real one included; 0 = only the real one"},
    {"compute.jitter.kind", KEYS_PROFILE, KEY_CHOICE, P(compute.jitter), 0, 0, "lognormal", NULL, NULL, &keys_jitters,
     "name", "how the base time varies from gradient to gradient"},
    {"compute.jitter.cv", KEYS_PROFILE, KEY_SHARE, P(compute.jitter_cv), 0, 1, "5%", "compute.jitter.kind", "lognormal", NULL,
     "of the mean", "coefficient of variation"},
    {"compute.jitter.law.kind", KEYS_PROFILE, KEY_ROW, P(compute.jitter_law.law), 0, 0, KEY_REQUIRED, "compute.jitter.kind", "law", &keys_laws,
     "name", "the distribution of what is added to the base time of each gradient"},
    KEYS_LAW(KEYS_PROFILE, "compute.jitter.", LAW, JITTER)

    {"compute.core", KEYS_PROFILE, KEY_NS, P(compute.core_ns), 0, KEYS_HOUR_NS, NULL, "clock", "virtual", NULL,
     "time", "of compute.base, what keeps a shared core to itself; default: all of it"},
    {"compute.slice", KEYS_PROFILE, KEY_NS, P(compute.slice_ns), 0, KEYS_HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "a shared core computes its workers' gradients in turn, so long at a time; 0: one after the other"},

    {"edges.kind", KEYS_PROFILE, KEY_NAME, P(edges), 0, 0, "handle", "clock", "live", &keys_edges,
     "name", "what carries parameters between workers of one process"},
    {"processes", KEYS_PROFILE, KEY_U32, P(processes), 1, EXPERIMENT_PROCESSES_MAX, "1", "clock", "live", NULL,
     "processes", "that the workers are spread over, each with a part of the cores"},
    {"link.kind", KEYS_PROFILE, KEY_NAME, P(link.kind), 0, 0, "auto", "clock", "live", &keys_links,
     "name", "what carries parameters between processes"},
    {"link.interface", KEYS_PROFILE, KEY_WORD, P(link.interface), 1, EXPERIMENT_NAME_MAX - 1, KEY_REQUIRED, "link.kind", "af_packet", NULL,
     "name", "interface of the kernel that the frames go through (see ip link)"},
    {"link.address", KEYS_PROFILE, KEY_WORD, P(link.address), 1, EXPERIMENT_NAME_MAX - 1, NULL, "link.kind", "af_packet udp", NULL,
     "IPv4", "this host's own address; default: of the interface, or 127.0.0.1"},
    {"links.latency", KEYS_PROFILE, KEY_NS, P(links.latency_ns), 0, KEYS_HOUR_NS, "1us", "clock", "virtual", NULL,
     "time", "from sent to seen, besides what the bandwidth costs"},
    {"links.jitter.kind", KEYS_PROFILE, KEY_CHOICE, P(links_jitter), 0, 0, "none", "clock", "virtual", &keys_link_jitters,
     "name", "distribution of the latency, of mean 1"},
    {"links.jitter.cv", KEYS_PROFILE, KEY_SHARE, P(links.jitter_cv), 0, 1, "10%", "links.jitter.kind", "lognormal", NULL,
     "of the mean", "coefficient of variation"},
    {"links.bandwidth", KEYS_PROFILE, KEY_RATE, P(links.bytes_per_s), 0, 1e15, "0", "clock", "virtual", NULL,
     "B/s", "of each worker's port, shared by all its messages; 0 = unlimited"},
    {"costs.iteration", KEYS_PROFILE, KEY_NS, P(costs.iteration_ns), 0, KEYS_HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what an iteration costs a worker's thread besides computing: loading, polling"},
    {"costs.apply", KEYS_PROFILE, KEY_NS, P(costs.apply_ns), 0, KEYS_HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what an optimizer step costs"},
    {"costs.send", KEYS_PROFILE, KEY_NS, P(costs.send_ns), 0, KEYS_HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what sending one message costs"},
    {"costs.mix", KEYS_PROFILE, KEY_NS, P(costs.mix_ns), 0, KEYS_HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what averaging costs per vector read"},
    {"costs.event", KEYS_PROFILE, KEY_NS, P(costs.event_ns), 0, KEYS_HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what dealing with a message, a timer or its own gradient costs a worker's thread, besides the above"},
    {"costs.read", KEYS_PROFILE, KEY_NS, P(costs.read_ns), 0, KEYS_HOUR_NS, "0", "clock", "virtual", NULL,
     "time", "what reading a batch ahead costs a shared core"},

    {"output.models", KEYS_PROFILE, KEY_BOOL, P(models), 0, 0, "false", NULL, NULL, NULL,
     "", "keep each worker's final model and their mean as .npy files, in models/ of the result directory"},
    {"record", KEYS_PROFILE, KEY_BOOL, P(record), 0, 0, "true", "clock", "live", NULL,
     "", "keep every policy's events, for `dawdle replay`"},

    {"policies", KEYS_PROFILE, KEY_WORD, KEYS_UNSTORED, 1, EXPERIMENT_POLICIES_MAX, KEY_REQUIRED, NULL, NULL, &keys_policies,
     "list", "the averaging policies to compare: names, or maps {kind: NAME, ...}"},
    {"inject", KEYS_PROFILE, KEY_WORD, KEYS_UNSTORED, 0, EXPERIMENT_INJECT_MAX, NULL, NULL, NULL, NULL,
     "list", "what makes workers dawdle; default: nothing does"},

    {"faults", KEYS_PROFILE, KEY_WORD, KEYS_UNSTORED, 0, EXPERIMENT_FAULTS_MAX, NULL, NULL, NULL, NULL,
     "list", "what breaks, and when; default: nothing does"},

    {"stop.time", KEYS_PROFILE, KEY_NS, P(stop.time_ns), 1e6, 24 * KEYS_HOUR_NS, NULL, NULL, NULL, NULL,
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
     "samples", "training samples that evaluate the mean model"},
    {"judge.heldout_samples", KEYS_PROFILE, KEY_U32, P(judge.heldout_samples), 1, 1e6, "2000", NULL, NULL, NULL,
     "samples", "validation samples that evaluate the mean model"},
    {"judge.local_samples", KEYS_PROFILE, KEY_U32, P(judge.local_samples), 1, 1e6, "500", NULL, NULL, NULL,
     "samples", "training samples that evaluate each local model"},
    {"judge.stolen", KEYS_PROFILE, KEY_SHARE, P(judge.stolen), 0, 1, "10%", NULL, NULL, NULL,
     "of its cores", "live: once other programs took more of a policy's cores, checks and claims about time stay open"},

    {"checks", KEYS_PROFILE, KEY_TEXT, KEYS_COUNTED(struct experiment, check, check_count, 0, EXPERIMENT_CHECKS_MAX), 1, 255, NULL, NULL, NULL, NULL,
     "text", "sentences that must hold, such as \"wait_share(aau) < 20%\" or \"claim: wait_share(aau) < wait_share(dsgd)\"; else exit 4"},
    {"claims", KEYS_PROFILE, KEY_TEXT, KEYS_COUNTED(struct experiment, claims, claims_count, 0, EXPERIMENT_CLAIMS_MAX), 1, 255, NULL, NULL, NULL, NULL,
     "text", "sentences that are decided over paired seeds and reported, such as \"time_to_target(aau) < time_to_target(dsgd)\""},

    {"sweep.key", KEYS_PROFILE, KEY_WORD, P(sweep.key), 1, EXPERIMENT_SWEEP_TEXT_MAX - 1, KEY_REQUIRED, "sweep", KEY_PRESENT, NULL,
     "path", "the key that takes each of sweep.values in turn, written as for --set: inject.0.law.factor, policies.aau.lr"},
    {"sweep.values", KEYS_PROFILE, KEY_TEXT, KEYS_COUNTED(struct experiment, sweep.value, sweep.count, 1, EXPERIMENT_SWEEP_MAX), 1, EXPERIMENT_SWEEP_TEXT_MAX - 1, KEY_REQUIRED, "sweep", KEY_PRESENT, NULL,
     "values", "every policy runs with every seed for each of them"},
    {"sweep.metrics", KEYS_PROFILE, KEY_CHOICE, KEYS_COUNTED(struct experiment, sweep.metric, sweep.metric_count, 1, EXPERIMENT_SWEEP_METRICS_MAX), 0, 0, NULL, "sweep", KEY_PRESENT, &keys_figures,
     "names", "a table of policies by values for each; default: speed-up or final loss, and gradients per second"},
};
/* clang-format on */

const uint32_t keys_profile_rows = sizeof(keys_profile_row) / sizeof(keys_profile_row[0]);
