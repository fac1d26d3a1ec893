/* SPDX-License-Identifier: BSD-3-Clause */
/** What every layer of a simulation needs: its configuration, the time, what is due, and that it may break. */
#ifndef CORE_SIM_BASE_BASE_H
#define CORE_SIM_BASE_BASE_H

#include "core/base/check.h"
#include "core/base/err.h"
#include "core/sim/base/config.h"
#include "core/sim/base/queue.h"
#include "core/sim/base/results.h"

#define SIM_NONE UINT32_MAX

enum due_kind {
    DUE_MESSAGE,  /* number of the message; extra: receiver */
    DUE_GRADIENT, /* worker; extra: generation */
    DUE_BEGIN,    /* worker; extra: generation: its thread is free to begin the compute phase */
    DUE_TIMER,    /* worker * SIM_TIMERS_MAX + timer; extra: how often it was armed */
    DUE_WAKE,     /* worker: it may hear again */
    DUE_CUT,      /* number of the cut */
    DUE_STOP,
    DUE_REDUCED, /* number of the reduction */
    DUE_FAULT,   /* number of the fault, which begins */
    DUE_NOTICED, /* number of the fault, of which the peers hear */
    DUE_OVER,    /* number of the fault, which ends */
    DUE_STOLEN,  /* number of the hole */
    DUE_SLICE,   /* core: a slice of a gradient ends, or may begin */
};
#define DUE_INDEX_BITS 28u

static inline uint32_t due_ref(enum due_kind kind, uint32_t index)
{
    return (uint32_t)kind << DUE_INDEX_BITS | index;
}

struct sim_base {
    uint64_t now_ns;
    uint64_t clock_ns; /* within a step: when the worker's thread gets to the next action */
    struct sim_config config;
    struct sim_totals totals;
    struct err failure;
    struct queue queue;
};

static inline void due_at(struct sim_base *self, uint64_t at_ns, enum due_kind kind, uint32_t index,
                          uint32_t extra)
{
    queue_push(&self->queue,
               (struct queue_entry){.at_ns = at_ns, .ref = due_ref(kind, index), .extra = extra});
}

/** The run is broken: the first reason stays, and sim_run ends. Always names worker and time. */
void sim_break(struct sim_base *self, uint32_t worker, const char *what);
void sim_break_edge(struct sim_base *self, uint32_t worker, uint32_t to, const char *what);

static inline bool sim_broken(const struct sim_base *self)
{
    return self->failure.text[0] != 0;
}

static inline uint64_t sim_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}
static inline uint64_t sim_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
