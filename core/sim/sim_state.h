/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The inside of the virtual driver. Internal to core/sim.
 *
 * One block of memory per worker holds all that its events touch: this struct, the policy's state, the slots' books.
 * Messages live in one pool and are named by number; due entries of the queue carry {kind, number} and a check word.
 */
#ifndef CORE_SIM_SIM_STATE_H
#define CORE_SIM_SIM_STATE_H

#include "core/base/hist.h"
#include "core/base/slots.h"
#include "core/drive/books.h"
#include "core/drive/progress.h"
#include "core/inject/disk.h"
#include "core/policy/agent.h"
#include "core/sim/base/base.h"
#include "core/sim/sim.h"

enum message_kind {
    MESSAGE_TENSOR,
    MESSAGE_CONTROL,
    MESSAGE_WAKE,
    MESSAGE_REDUCED,
    MESSAGE_STOP,
    MESSAGE_DOWN, /* from here on about lives (lives.h) */
    MESSAGE_UP,
    MESSAGE_LEAVE,
    MESSAGE_GONE,
    MESSAGE_BEGIN,
    MESSAGE_ROOM, /* EV_ROOM for its sender: not about lives, but of one life of it (pressure.h) */
};

/** Anything that reaches a worker from outside and can wait for it. One cache line. */
struct sim_message {
    union {
        struct {
            uint64_t tag, handle;
            uint32_t degree, iteration; /* of the sender */
        };
        uint32_t word[STEP_WORDS];
    };
    uint64_t sent_ns;
    uint32_t next;   /* in whatever list it is in */
    uint32_t edge;   /* directed, numbered at the sender; about lives: of whom it speaks */
    uint32_t to;     /* worker */
    uint32_t number; /* of its class on this edge */
    uint8_t kind, type;
    bool copy : 1;    /* made by the link: its loan is its own, but it was sent once */
    bool corrupt : 1; /* a bit has flipped */
    uint8_t life;     /* of its edge, when it was sent */
    uint16_t incarnation,
        to_incarnation; /* of whom it comes from or speaks of; about lives: of its receiver */
};
_Static_assert(sizeof(struct sim_message) == 64, "a message is one cache line");

struct sim_list {
    uint32_t first, last; /* messages; SIM_NONE */
};

#define SIM_TO_BITS 20u
#define SIM_PEER_BITS 11u

/** A directed edge, kept by its sender; two to a cache line. Index 0: tensors, 1: controls. */
struct sim_edge {
    uint64_t last_ns[2];       /* latest arrival so far: nothing of the class may come before it */
    uint32_t number[2];        /* messages sent */
    uint16_t flying[2];        /* sent and not handled; of newest and sum: not arrived */
    uint32_t to : SIM_TO_BITS; /* receiver */
    uint32_t peer : SIM_PEER_BITS; /* the sender's index among the receiver's peers */
    uint32_t down : 1;             /* the receiver is known to be gone */
};
_Static_assert(sizeof(struct sim_edge) == 32, "two edges are one cache line");
_Static_assert(SIM_WORKERS_MAX < 1u << SIM_TO_BITS, "an edge can name each worker");
_Static_assert(STEP_PEERS_MAX < 1u << SIM_PEER_BITS, "and each peer of a worker");

/** What mailboxes add to an edge. */
struct sim_mailbox {
    uint32_t waiting; /* message that has not left yet, or SIM_NONE */
    uint32_t unread;  /* message in the receiver's inbox, or SIM_NONE */
    uint32_t newest;  /* number of the newest one that arrived, + 1 */
};

/** Of a directed edge, where workers come back. Messages of another life of the edge are dropped. */
struct sim_life {
    uint8_t life; /* incarnation_pair of how often the sender and the receiver came back */
    uint8_t told; /* of the latter, how much the sender has heard of */
};

enum sim_phase {
    SIM_IDLE,
    SIM_BEGINNING, /* a gradient is asked for, the worker's own thread is still busy */
    SIM_COMPUTING,
};

/** In the order in which events need it: a line for each message, the next for each action, the rest per iteration. */
struct sim_node {
    struct agent agent;
    uint64_t ready_ns;     /* hears nothing before: busy, deaf or paused */
    uint64_t busy_ns;      /* one of the reasons of ready_ns: the thread's own work */
    struct sim_list inbox; /* came meanwhile */
    uint32_t first_edge;
    uint32_t finished;  /* gradients */
    uint32_t current;   /* slot of the current model */
    uint8_t phase;      /* enum sim_phase */
    uint8_t timers_due; /* bit per timer that ran out meanwhile */
    bool gradient_due;  /* ended meanwhile */
    bool crashed;

    struct slots slots;
    uint32_t peer_count;
    uint32_t generation; /* of the compute phase */
    uint32_t version;
    uint32_t held_round;
    uint32_t mixed_with;
    bool came;            /* this iteration's gradient is there */
    bool orphan;          /* the model that the gradient reads is no longer the current one */
    bool held, stop_told; /* an ACT_COMPUTE after the end, for held_round */

    uint64_t asked_ns, begin_ns, base_ns, injected_ns; /* the compute phase … */
    struct blame_phase before;                         /* … and the one before it */
    uint64_t begun;
    uint64_t drawn_ns[INJECT_BASE_LANES]; /* base times of the iterations around this one */
    uint64_t ready_at_ns;        /* when the gradient came that is not averaged yet, + 1; 0: none */
    uint32_t slot, slot_version; /* what the gradient reads */
    bool process;                /* it hears nothing during this phase */
    bool phase_booked;           /* to its planned end */
    bool on_core;                /* a shared core is not done with it */
    uint32_t round;              /* asked for last */

    struct books books;  /* of this iteration */
    uint64_t blamed_ns;  /* of it, waits that have ended */
    uint64_t dropped_ns; /* of it, own time of gradients that were abandoned */
    struct sim_worker_record record;
    uint64_t halted_ns, goes_on_ns; /* of the latest pause that a fault made: its begin and end */
    uint64_t stolen_ns;             /* since when its core is taken away, + 1; 0: it is not */
    uint64_t pause_ns,
        wake_ns;      /* ready_ns's other reason; time of the DUE_WAKE that counts, or 0 */
    uint64_t port_ns; /* its port is free from here */
    uint64_t core_begin_ns, core_end_ns; /* of the real gradient, as far as is known … */
    uint64_t displaced_ns;               /* … with what services had displaced until then */
    uint64_t left_ns;                    /* of the real gradient, where it is computed in slices */
    uint64_t disk_ns;                    /* no batch before */
    uint64_t gone_ns;                    /* its peers have heard its last word */
    uint64_t restore_ns;                 /* withheld slots come back */
    uint32_t fault;                      /* that began last */
    uint32_t missed;                     /* rounds that it was not there for */
    bool apart;                          /* takes no part in rounds, until it is asked for one */
    bool noticed;                        /* absent, and its peers were told */
    bool leaving, overstayed;            /* asked to go; and it should be back already */
    bool withheld, starved;              /* some of its slots are; it has too few */
    uint32_t full;                       /* edges whose EV_FULL is due (pressure.h) */
    uint32_t reduce_next;    /* next worker in the list of who asked for the same reduction */
    uint32_t average;        /* sim.averages: slot of the last exact mean of all … */
    uint64_t average_number; /* … and which one it is, from 1; 0: the initial model */
};
_Static_assert(offsetof(struct sim_node, slots) == 64, "what a message needs is one cache line");
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

/** A modelled reduction that not all members have asked for, or that is under way. */
struct sim_reduce {
    uint64_t tag;
    uint32_t size, asked;
    uint64_t asked_ns; /* latest … */
    uint32_t last;     /* … by this member */
    uint32_t lowest;   /* member id: where the list that finds it begins */
    uint32_t first;    /* who asked, linked by reduce_next */
    uint32_t next;     /* in the list of `lowest`, or of free ones */
};

/** What the worker that is being told something is told by: who is to blame for its wait, if that ends it. */
struct sim_cause {
    enum { CAUSE_NONE, CAUSE_MESSAGE, CAUSE_GONE } kind; /* GONE: a timer, or the loss of a peer */
    uint32_t edge; /* that the message came by, numbered at its sender, or SIM_NONE */
    uint32_t from; /* without an edge: the worker that sent it, or SIM_NONE */
    uint64_t sent_ns;
};

#define SIM_BLOCKS_MAX 32u

struct sim {
    struct sim_base base;
    uint64_t active_ns; /* of the latest step */
    struct err stall;   /* the first message that never comes */
    uint64_t stuck_ns;  /* since then or later: when the count below was met first */
    uint64_t stuck_gradients;
    uint32_t lost_from, lost_to; /* of the latest message that a bad link lost */

    /* what comes before anything timed */
    struct sim_list wakes, prompt;
    uint32_t roll;     /* next worker to be told roll_kind; == workers: nobody */
    uint8_t roll_kind; /* EV_START or EV_STOP */
    uint32_t resuming; /* worker that works off its inbox, or SIM_NONE */
    bool stop_wanted, stopped, ended, recording;
    bool any_begun, any_held, any_timer;
    bool mailboxes; /* class newest or sum */
    bool publishes; /* something delays what workers send */

    uint8_t *block;             /* all workers' */
    uint32_t *block_at;         /* [workers] in cache lines */
    uint32_t stride;            /* cache lines of each block; 0: they differ, and block_at says */
    uint32_t books_at;          /* bytes from the node to its slots' books; 0: they differ */
    uint32_t degree;            /* edges of each worker; 0: they differ, and first_edge says */
    uint32_t *first_edge;       /* [workers] as in the node, for whoever has not fetched that yet */
    struct values_model *shown; /* [workers] at the cut being judged; only with values */
    bool drops;    /* a tensor that finds its channel full is lost, as every worker survives it */
    bool averages; /* an exact mean of all is kept by each worker until the next one */
    struct sim_edge *edge;
    struct sim_mailbox *mailbox;
    uint8_t *pressure;        /* [edges] enum pressure, or NULL: no bound */
    struct sim_life *life;    /* [edges] or NULL: nobody comes back */
    struct sim_fault *faults; /* [fault_count] */
    uint8_t *late; /* [workers] policy_config.late; NULL: everybody is there from the start */
    uint32_t withholding;   /* workers with withheld slots */
    struct link_state *bad; /* [edges]; NULL: no link is bad */
    uint8_t *is_bad;        /* [edges] with `bad`: is this one? */
    uint64_t *wait_ns; /* [edges] by receiver: how long it waited for the peer at the other end */
    uint64_t *
        far_wait_ns; /* [workers][workers] for whom without an edge; far_by_sender: [workers] for whom anybody waited */
    bool far_by_sender;
    struct sim_cause cause;
    uint64_t *published_ns;  /* [workers][config.slots] when the model in it was sent last */
    struct sim_timer *timer; /* [workers * SIM_TIMERS_MAX] */
    struct sim_core *core;   /* [cores] */
    struct disk *disk;       /* [workers] NULL: nothing delays their batches */
    struct actions *actions;
    struct hist *hist;   /* [SERIES_BOTH] */
    struct sim_cut *cut; /* [cuts + 1] */
    uint32_t cuts_taken;

    struct sim_message *message;
    uint32_t messages, messages_room, message_free;
    struct sim_reduce *reduce; /* [workers]: each worker is in one at most */
    uint32_t *reduce_of;       /* [workers] by lowest id */
    uint32_t reduces, reduce_free;
    uint32_t *member, *from, *to; /* [workers] of the reduction being executed */
    struct values_row *row;       /* [STEP_PEERS_MAX] of the mix being executed */
    void *shared;

    double ns_per_byte;
    struct inject_base base_times;
    double link_sigma, link_shift; /* of the logarithm of the latency's factor */
    /* What counts for a budget in iterations (core/drive/progress.h). */
    struct progress_budget budget;
    uint64_t spent, spent_max, spent_cut; /* so far; at the end, and at the next cut */
    uint32_t apart;                       /* workers that take no part in rounds */
    double used;                          /* of the budget, the furthest that was seen */
    uint32_t round_max;                   /* latest round begun */
    uint64_t last_round;

    struct {
        void *at;
        size_t bytes;
    } memory[SIM_BLOCKS_MAX];
    uint32_t memory_count;
    uint64_t memory_refused_bytes;
};

static inline struct sim_node *node_at(const struct sim *self, uint32_t worker)
{
    const size_t line =
        self->stride ? (size_t)worker * self->stride : (size_t)self->block_at[worker];
    return (struct sim_node *)(void *)(self->block + line * 64);
}

/** Where the policy's state lies behind its node. */
#define SIM_STATE_AT ((sizeof(struct sim_node) + 63) / 64 * 64)

/** As the node says, without asking it. */
static inline uint32_t sim_first_edge(const struct sim *self, uint32_t worker)
{
    return self->degree ? worker * self->degree : self->first_edge[worker];
}

static inline uint64_t *published_at(const struct sim *self, uint32_t worker, uint32_t slot)
{
    return &self->published_ns[(uint64_t)worker * self->base.config.slots + slot];
}

/** Id of the worker's `peer`-th neighbour. */
static inline uint32_t sim_peer(const struct sim *self, uint32_t worker, uint32_t peer)
{
    return self->edge[node_at(self, worker)->first_edge + peer].to;
}

/** Id of the worker that sends on this directed edge. */
static inline uint32_t sim_sender(const struct sim *self, uint32_t edge)
{
    const struct sim_edge *const out = &self->edge[edge];
    return self->edge[sim_first_edge(self, out->to) + out->peer].to;
}

static inline uint64_t sim_far_index(const struct sim *self, uint32_t receiver, uint32_t sender)
{
    return self->far_by_sender ? sender : (uint64_t)receiver * self->base.config.workers + sender;
}

/** A message will never come: that somebody waits for it is no fault of the driver. */
static inline bool sim_stalls(const struct sim *self)
{
    return self->stall.text[0] != 0;
}

#endif
