/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of an entry of `policies:`. Options carry the names that the rows of core/policy read. */
#include <stddef.h>

#include "core/policy/control.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_rows.h"

#define A(field) KEYS_IN(struct experiment_policy, field)

/* clang-format off */
const struct key keys_policy_row[] = {
    /* path, section, type, place, min, max, default, by, only, names, unit, help */
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
    {"new_edge", KEYS_POLICY, KEY_CHOICE, A(options.new_edge), 0, 0, "component", "kind", NULL, &keys_new_edges,
     "name", "which edge between ready workers is worth an exchange in this epoch"},
    {"pathsearch", KEYS_POLICY, KEY_CHOICE, A(options.pathsearch), 0, 0, "auto", "kind", NULL, &keys_pathsearches,
     "name", "how workers learn which edges the epoch has"},
    {"evict_after", KEYS_POLICY, KEY_NS, A(options.evict_after_ns), 0, KEYS_HOUR_NS, "0", "kind", NULL, NULL,
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
    {"timeout", KEYS_POLICY, KEY_NS, A(options.timeout_ns), 1, KEYS_HOUR_NS, "1ms", "wait", "timeout", NULL,
     "time", "how long others are waited for after the own gradient"},
    {"timeout", KEYS_POLICY, KEY_NS, A(options.timeout_ns), 1, KEYS_HOUR_NS, "1ms", "kind", "!partial", NULL,
     "time", "how long others are waited for after the own gradient"},
    {"steps", KEYS_POLICY, KEY_U32, A(options.steps), 1, 1e6, "4", "kind", NULL, NULL,
     "steps", "local steps from one exchange to the next"},
    {"group", KEYS_POLICY, KEY_U32, A(options.group), 2, PRAGUE_MEMBERS_MAX, "3", "kind", NULL, NULL,
     "workers", "members of a group"},
    {"lag", KEYS_POLICY, KEY_U32, A(options.lag), 0, 1e6, "0", "kind", NULL, NULL,
     "requests", "nobody who lags by more is drafted; 0 = everybody is"},
    {"overlap", KEYS_POLICY, KEY_U32, A(options.overlap), 0, 1e6, "0", "kind", NULL, NULL,
     "iterations", "how late a message may be used; at most 3"},
    {"give_up", KEYS_POLICY, KEY_NS, A(options.give_up_ns), 0, KEYS_HOUR_NS, "0", "kind", NULL, NULL,
     "time", "how long a message is waited for that may be lost for good; 0 = for ever"},
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
};
/* clang-format on */

const uint32_t keys_policy_rows = sizeof(keys_policy_row) / sizeof(keys_policy_row[0]);
