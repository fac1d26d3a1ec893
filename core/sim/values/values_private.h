/* SPDX-License-Identifier: BSD-3-Clause */
/** What values_open.c, values.c (submission, by the policy loop) and values_tasks.c (arithmetic, by anybody) share. */
#ifndef CORE_SIM_VALUES_VALUES_PRIVATE_H
#define CORE_SIM_VALUES_VALUES_PRIVATE_H

#include "core/learn/combine.h"
#include "core/sim/values/values_arguments.h"
#include "core/sim/values/values_config.h"
#include "core/sim/values/values_pending.h"
#include "core/sim/values/values_pool.h"

/** Behind a gradient: the ids of its batch, written at submission, and its loss. Offsets in floats. */
struct values_layout {
    uint32_t dim, features, batch;
    uint32_t ids, loss;                 /* in a gradient's buffer */
    uint32_t x, label, model, gradient; /* in a task's scratch */
};

/** What tasks read. Constant after values_open. */
struct values_work {
    const struct model_config *model;
    enum lanes lanes;
    bool has_data;
    struct values_data data;
    struct values_layout layout;
    double *sum_applied; /* [workers]; each by its own apply tasks, which run one after the other */
    double *sum_gained;  /* [workers]; in the same order */
};

/** A pending cut: whom it shows what. */
struct values_showing {
    struct values_evaluation evaluation;
    uint32_t cut;
    const float **vector; /* [workers] */
};

struct values_worker {
    struct sampler sampler;
    uint32_t gradient; /* node, or VALUES_POOL_NONE */
    task_id applied;   /* newest apply: the ledger is summed in order */
};

struct values {
    struct values_config config;
    struct sim_memory memory;
    size_t bytes; /* of this block */
    struct values_work work;
    struct values_pending pending;
    struct values_pool vectors, gradients;
    struct values_arguments arguments;
    struct values_worker *worker; /* [workers] */
    uint32_t *slot;               /* [workers][slots] node, or VALUES_POOL_NONE */
    task_id *after;               /* [after_max] what the next task waits for */
    uint32_t after_count, after_max;
    uint32_t *order; /* samples of all workers, permuted by their samplers */
    struct values_showing showing[VALUES_CUTS];
    double sum_start;
    int error;
};

/** One buffer pointer or number among a task's arguments. */
static inline uint64_t values_pack(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

struct values_layout values_layout_of(const struct values_config *config);

/** Each fills in run, context and arguments; the caller adds what it depends on. */
struct task values_task_gradient(const struct values_work *work, const float *vector, float *out);
struct task values_task_apply(const struct values_work *work, const float *from,
                              const float *gradient, float *to, uint32_t worker,
                              enum apply_rule rule, float rate);
struct task values_task_book(const struct values_work *work, const float *vector, uint32_t worker,
                             bool gained);
/** `mix`: in its arguments. */
struct task values_task_mix(struct combine *mix, float *to);
/** Part `part` of `parts` of the mean; row: [count] in its arguments, sorted by worker. */
struct task values_task_mean(const struct values_work *work, const float *const *row,
                             uint32_t count, float *to, uint32_t part, uint32_t parts);
/** Nothing: finishes when what it depends on has. */
struct task values_task_join(void);
struct task values_task_cut(const struct values_showing *showing);

#endif
