/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Workers: what each computes, what it waits for, and where its time goes. Internal to core/sim.
 *
 * One block of memory per worker holds all that its events touch: this struct, the policy's state, the slots' books.
 */
#ifndef CORE_SIM_NODE_NODE_STATE_H
#define CORE_SIM_NODE_NODE_STATE_H

#include "core/base/hist.h"
#include "core/drive/books.h"
#include "core/drive/progress.h"
#include "core/inject/disk.h"
#include "core/policy/agent.h"
#include "core/sim/wire/wire_state.h"

enum sim_phase {
    SIM_IDLE,
    SIM_BEGINNING, /* a gradient is asked for, the worker's own thread is still busy */
    SIM_COMPUTING,
};

/** The latest pause that a fault made, and the host's. */
struct sim_pause {
    uint64_t begin_ns, end_ns;
    uint64_t stolen_ns; /* since when its core is taken away, + 1; 0: it is not */
};

/** A real gradient's turn on its shared core, as far as is known … */
struct sim_turn {
    uint64_t begin_ns, end_ns;
    uint64_t displaced_ns; /* … with what services had displaced until then */
    uint64_t left_ns;      /* of the gradient, where it is computed in slices */
};

/** In the order in which events need it: a line for each message, the next for each action, the rest per iteration. */
struct sim_node {
    struct agent agent;
    uint64_t ready_ns;  /* hears nothing before: busy, deaf or paused */
    uint64_t busy_ns;   /* one of the reasons of ready_ns: the thread's own work */
    uint8_t phase;      /* enum sim_phase */
    uint8_t timers_due; /* bit per timer that ran out meanwhile */
    bool gradient_due;  /* ended meanwhile */
    uint32_t current;   /* slot of the current model */
    struct sim_port port;
    uint32_t generation; /* of the compute phase */
    uint32_t version;
    uint32_t mixed_with;
    bool came;             /* this iteration's gradient is there */
    bool orphan;           /* the model that the gradient reads is no longer the current one */
    bool deferred_compute; /* an ACT_COMPUTE after the end, for deferred_round */
    bool stop_notified;

    uint64_t asked_ns, begin_ns, base_ns, injected_ns; /* the compute phase … */
    struct blame_phase before;                         /* … and the one before it */
    uint64_t begun;
    uint64_t drawn_ns[INJECT_BASE_LANES]; /* base times of the iterations around this one */
    uint64_t ready_at_ns; /* when the gradient came that is not averaged yet, + 1; 0: none */
    struct {
        uint32_t slot, version;
    } reads;           /* by the gradient */
    bool process;      /* it hears nothing during this phase */
    bool phase_booked; /* to its planned end */
    bool on_core;      /* a shared core is not done with it */
    uint32_t deferred_round;
    uint32_t round; /* asked for last */

    struct books books;  /* of this iteration */
    uint64_t blamed_ns;  /* of it, waits that have ended */
    uint64_t dropped_ns; /* of it, own time of gradients that were abandoned */
    struct sim_worker_record record;
    struct sim_pause paused;
    uint64_t pause_ns,
        wake_ns; /* ready_ns's other reason; time of the DUE_WAKE that counts, or 0 */
    struct sim_turn turn;
    uint64_t disk_ns; /* no batch before */
    struct {
        uint32_t missed; /* that it was not there for */
        bool apart;      /* takes no part in any, until it is asked for one */
    } rounds;
    struct {
        uint32_t slot;
        uint64_t number;
    } average; /* the last exact mean of all, and which one it is, from 1; 0: the initial model */
};
_Static_assert(offsetof(struct sim_node, port) == SIM_PORT_AT, "as the wire sees it");
_Static_assert(offsetof(struct sim_node, port.slots) == 64,
               "what a message needs is one cache line");
_Static_assert(offsetof(struct sim_node, asked_ns) == 128, "and what an action needs another");
_Static_assert(offsetof(struct sim_node, begun) < 192,
               "and what a peer that waits asks for a third");

/**
 * A core that workers share. Its loop serves whoever has something to do at once, in order of asking, and computes
 * gradients in between, in order of asking too: a service displaces all gradients that wait or are under way.
 */
struct sim_core {
    uint64_t free_ns;      /* services asked for so far end here */
    uint64_t work_ns;      /* gradients asked for so far end here */
    uint64_t displaced_ns; /* what services took from gradients, ever */

    /* only with slices (slices.h) */
    bool awake, slicing; /* a DUE_SLICE is under way; and it is the end of a slice … */
    uint32_t worker;     /* … of this worker's gradient … */
    uint32_t generation; /* … in this compute phase … */
    uint64_t slice_ns;   /* … so long */
    uint32_t next;       /* whose turn it is then, or the first after that who wants one */
};

struct sim_timer {
    uint64_t generation;
    uint32_t armed_count;
    bool armed;
};

/** What the worker that is being told something is told by: who is to blame for its wait, if that ends it. */
struct sim_cause {
    enum { CAUSE_NONE, CAUSE_MESSAGE, CAUSE_GONE } kind; /* GONE: a timer, or the loss of a peer */
    uint32_t edge; /* that the message came by, numbered at its sender, or SIM_NONE */
    uint32_t from; /* without an edge: the worker that sent it, or SIM_NONE */
    uint64_t sent_ns;
};

struct sim_nodes {
    struct sim_wire wire;
    uint64_t active_ns; /* of the latest step */
    bool recording, stopped;
    bool averages;     /* an exact mean of all is kept by each worker until the next one */
    bool any_deferred; /* an ACT_COMPUTE */
    uint32_t resuming; /* worker that works off its inbox, or SIM_NONE */
    uint32_t books_at; /* bytes from the node to its slots' books; 0: they differ */

    struct sim_timer *timer; /* [workers * SIM_TIMERS_MAX] */
    uint64_t *published_ns;  /* [workers][config.slots] when the model in it was sent last */
    struct sim_core *core;   /* [cores] */
    struct disk *disk;       /* [workers] NULL: nothing delays their batches */
    struct inject_base base_times;

    struct hist *hist; /* [SERIES_BOTH] */
    struct sim_cause cause;
    uint64_t *wait_ns; /* [edges] by receiver: how long it waited for the peer at the other end */
    uint64_t *far_wait_ns; /* [workers][workers] for whom without an edge … */
    bool far_by_sender;    /* … [workers] for whom anybody waited */

    /* What counts for a budget in iterations (core/drive/progress.h). */
    struct progress_budget budget;
    uint64_t spent, spent_max, spent_cut; /* so far; at the end, and at the next cut */
    uint32_t cuts_taken;
    uint32_t apart;      /* workers that take no part in rounds */
    double used;         /* of the budget, the furthest that was seen */
    uint32_t round_max;  /* latest round begun … */
    uint64_t last_round; /* … at the stop */
};

static inline struct sim_node *node_at(const struct sim_nodes *self, uint32_t worker)
{
    return (struct sim_node *)(void *)wire_block(&self->wire, worker);
}

/** Where the policy's state lies behind its node. */
#define SIM_STATE_AT ((sizeof(struct sim_node) + 63) / 64 * 64)

static inline uint64_t *published_at(const struct sim_nodes *self, uint32_t worker, uint32_t slot)
{
    return &self->published_ns[(uint64_t)worker * self->wire.base.config.slots + slot];
}

static inline uint64_t sim_far_index(const struct sim_nodes *self, uint32_t receiver,
                                     uint32_t sender)
{
    return self->far_by_sender ? sender
                               : (uint64_t)receiver * self->wire.base.config.workers + sender;
}

#endif
