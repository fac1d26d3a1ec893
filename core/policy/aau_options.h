/* SPDX-License-Identifier: BSD-3-Clause */
/** Options of AAU and of what shares its machinery: the oracle, and cb-dybw, which has some of them. */
#ifndef CORE_POLICY_AAU_OPTIONS_H
#define CORE_POLICY_AAU_OPTIONS_H

#include "core/policy/policy.h"

enum aau_release { AAU_CLUSTER, AAU_ALL, AAU_NBR, AAU_PAIR };
enum aau_new_edge { AAU_COMPONENT, AAU_VERTEX };
enum aau_pathsearch { AAU_AUTO, AAU_MESSAGES, AAU_ORACLE };

struct aau_options {
    enum aau_release release;
    enum aau_new_edge new_edge;     /* between components, or to a worker not touched yet */
    enum aau_pathsearch pathsearch; /* AAU_AUTO is settled before init */
    uint32_t max_staleness;         /* alarm when a model has missed so many epochs; 0 = no alarm */
    uint64_t evict_after_ns; /* a neighbour silent for so long is treated as absent; 0 = never */
};
POLICY_OPTIONS(struct aau_options)

extern const struct policy_option aau_options[];

/* Those of cb-dybw too. */
#define AAU_OPTION_EVICT_AFTER                                                       \
    {                                                                                \
        .name = "evict_after", .type = OPTION_NS,                                    \
        POLICY_OPTION_AT(struct aau_options, evict_after_ns), .max = OPTION_HOUR_NS, \
        .fallback = "0", .unit = "time",                                             \
        .help = "a neighbour silent for so long is treated as absent; 0 = never",    \
        .draw = {5, 105, 4},                                                         \
    }
#define AAU_OPTION_MAX_STALENESS                                                          \
    {                                                                                     \
        .name = "max_staleness", .type = OPTION_COUNT,                                    \
        POLICY_OPTION_AT(struct aau_options, max_staleness), .max = 1e9, .fallback = "0", \
        .unit = "epochs",                                                                 \
        .help = "count an alarm when a model has missed more epochs; 0 = no alarm",       \
        .draw = {0, 3, 0},                                                                \
    }

#endif
