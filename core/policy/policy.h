/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The table of averaging policies: one file each, one row each.
 *
 * A row says everything a driver must know without running the policy: which edges it needs, which delivery class
 * each of its tensors has, how its mixing matrix is classed, and how many snapshots may be on loan.
 */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/policy/option.h"
#include "core/policy/step.h"

/** Which edges a row asks for. Neighbourhood is symmetric in all of them; who sends is the policy's business. */
enum policy_edges {
    POLICY_EDGES_NONE,
    POLICY_EDGES_GRAPH,
    POLICY_EDGES_ALL,
    POLICY_EDGES_STAR,        /* worker 0 and each other one */
    POLICY_EDGES_EXPONENTIAL, /* i and i +- 2^j modulo the number of workers */
};

/** How a message may be delivered (design: channels). */
enum delivery_class {
    DELIVERY_NEWEST, /* a newer version may supersede an unread one: mailbox */
    DELIVERY_EXACT,  /* never superseded; full is back-pressure: SPSC ring */
    DELIVERY_SUM,    /* cumulative, newest wins: mailbox */
};

enum matrix_class { MATRIX_NONE, MATRIX_EXACT_MEAN, MATRIX_DOUBLY, MATRIX_COLUMN, MATRIX_ROW };

/** Does each worker keep the last exact mean of all until the next one? It is what such a policy is judged by. */
static inline bool matrix_keeps_average(enum matrix_class matrix, uint32_t workers)
{
    return matrix == MATRIX_EXACT_MEAN && workers > 1;
}

/** Everything a policy instance is told. Pointers are borrowed for the whole run. */
struct policy_config {
    uint32_t self;         /* own 32-bit id */
    uint32_t workers;      /* ids are below this */
    uint32_t peer_count;   /* neighbours on the edges that the row asks for */
    const uint32_t *peers; /* [peer_count] their ids, ascending */
    uint64_t seed;         /* key of this worker's policy stream (core/base/rng.h) */
    struct policy_options options;
    bool adpsgd_active; /* bipartite: this side initiates; `any`: ignored */
    const uint8_t *
        tree; /* [peer_count] 1 = the edge is in the spanning tree of the graph; rows with needs_tree */
    bool may_lose;       /* workers may go during the run, and some hear of it later than others */
    const uint8_t *late; /* [workers] 1 = is not there from the start; NULL: everybody is */
    void *shared; /* state of all workers together; rows with shared_bytes, virtual time only */
};

/**
 * A policy's file says `struct x_options {...}; POLICY_OPTIONS(struct x_options)`, where its table of options says what lies
 * in it (POLICY_OPTION_AT), and reads it by options_of(config).
 */
#define POLICY_OPTIONS(type)                                                                  \
    _Static_assert(sizeof(type) <= sizeof(struct policy_options), "more options than words"); \
    static inline type options_in(const struct policy_options *options)                       \
    {                                                                                         \
        type own;                                                                             \
        memcpy(&own, options, sizeof(own));                                                   \
        return own;                                                                           \
    }                                                                                         \
    static inline type options_of(const struct policy_config *config)                         \
    {                                                                                         \
        return options_in(&config->options);                                                  \
    }

/** What a policy counts about itself, for the result; a field that means nothing to it stays 0. */
struct policy_counters {
    uint64_t refused;   /* answers "no" that this worker received */
    uint64_t unmixed;   /* iterations that went on without an exchange they should have had */
    uint64_t aborted;   /* waves led by this worker that ended without an exchange */
    uint64_t committed; /* exchanges that this worker took part in */
    uint64_t epochs;    /* epochs this worker has seen end */
    uint64_t evicted;   /* peers this worker has given up */
    uint64_t alarms;    /* times a bound of staleness was passed */
    uint64_t dropped;   /* gradients or models that came too late to be used */
    uint64_t torn; /* edges of an exchange given up at this end alone: the sum may not be kept */
};

struct policy {
    const char *name, *help;
    const char *source;  /* paper */
    const char *caution; /* said with its name wherever its options are; NULL: nothing */
    const char *waits_for;
    const char *lost_message; /* what a lost message breaks */
    /* Why profiles in which a worker goes, or comes back or late, are refused; each exactly where the row does not survive it. */
    const char *loss_refusal, *return_refusal;
    const struct policy_option
        *options; /* that it reads, ended by one without a name; NULL: none */
    enum policy_edges edges;
    enum lanes lanes;
    enum delivery_class tensor_class;
    enum matrix_class matrix;
    uint32_t exact_depth; /* messages in flight per edge and direction, for DELIVERY_EXACT */
    uint32_t slots_fixed,
        slots_per_edge; /* bound of live snapshots: fixed + per_edge * out-degree */
    bool synchronous;   /* has global rounds: EV_STOP names the last one */
    bool
        central; /* worker 0 serves the others, computes no gradient and has no shard: its model is the result */
    bool reduces;         /* asks for ACT_REDUCE */
    bool needs_tree;      /* reads policy_config.tree */
    bool survives_loss;   /* answers EV_PEER_DOWN by going on without that peer */
    bool survives_return; /* answers EV_PEER_UP, and an EV_START among workers that have gone on */
    /**
     * Controls that a worker has reason to send to a peer that reads nothing, as the row's head comment argues. With more of
     * them unread it is told EV_FULL, before anything else, and EV_ROOM later. NULL: a handful, whatever the number of workers.
     */
    uint32_t (*control_bound)(uint32_t workers);
    bool
        survives_drop; /* goes on when an exact tensor is lost for good, or finds its channel full */
    /** Choose what its options leave to it. `omniscient`: in virtual time, where one may see all workers. May be NULL. */
    void (*settle)(struct policy_options *options, uint32_t workers, bool omniscient);
    /** What stands in its place, see policy_variant, or NULL: itself. May be NULL. */
    const struct policy *(*variant)(const struct policy_options *options, uint32_t workers);
    /** A sentence why this worker cannot run so, or NULL; nothing else is called before it. May be NULL itself. */
    const char *(*check)(const struct policy_config *config);
    /** State of all workers together (an omniscient policy, which only virtual time can run); NULL for others. */
    size_t (*shared_bytes)(const struct policy_config *all, uint32_t workers);
    void (*shared_init)(void *shared, const struct policy_config *all, uint32_t workers);
    /** Start to load what an event of `worker`, due soon, will read of it: changes nothing, may be NULL. */
    void (*shared_fetch)(const void *shared, uint32_t worker);
    /**
     * Bytes of state for this configuration (a multiple of 64 is not required). With memory (zeroed, 64-byte aligned) it
     * is filled as well; NULL measures (core/base/layout.h).
     */
    size_t (*lay_out)(void *memory, const struct policy_config *config);
    void (*step)(void *state, const struct event *event, struct actions *out);
    size_t
        counters_at; /* where in its state a struct policy_counters stands; 0: it counts nothing */
    /** What it counts elsewhere; may be NULL. */
    void (*counters)(const void *state, struct policy_counters *out);
};

extern const struct policy *const policy_table[];
extern const uint32_t policy_count;

/** Row by name, or NULL. */
const struct policy *policy_find(const char *name);

/** A sentence why workers of this row may not go (and, `returns`, come back or come later), or NULL: they may. */
const char *policy_refuses(const struct policy *row, bool returns);

/** Value of the option `name`, see option_value; 0 of a row that has none. */
uint64_t policy_value(const struct policy *row, const struct policy_options *options,
                      const char *name);

/** Is the option `name` the one called `choice`? Not of a row that has no such option. */
bool policy_chooses(const struct policy *row, const struct policy_options *options,
                    const char *name, const char *choice);

/** Does the driver model its reductions, of which no message is sent? */
bool policy_models_reduction(const struct policy *row, const struct policy_options *options);

/** After how long a silent neighbour is taken for lost; 0: never. */
uint64_t policy_evicts_after_ns(const struct policy *row, const struct policy_options *options);

/** Does a worker go on when an exact tensor is lost for good? One that evicts does so with its sender. */
static inline bool policy_survives_drop(const struct policy *row,
                                        const struct policy_options *options)
{
    return row->survives_drop || policy_evicts_after_ns(row, options) > 0;
}

/** Its options with nothing left to be chosen (`auto`). */
struct policy_options policy_settle(const struct policy *row, struct policy_options options,
                                    uint32_t workers, bool omniscient);

/**
 * The row that implements `row` with these settled options for so many workers: the row itself, or one that stands in no
 * table because an option chooses it.
 */
const struct policy *policy_variant(const struct policy *row, const struct policy_options *options,
                                    uint32_t workers);

#endif
