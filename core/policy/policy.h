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

#include "core/policy/step.h"

enum policy_edges { POLICY_EDGES_NONE, POLICY_EDGES_GRAPH, POLICY_EDGES_ALL };

/** How a message may be delivered (design: channels). */
enum delivery_class {
    DELIVERY_NEWEST,  /* a newer version may supersede an unread one: mailbox */
    DELIVERY_EXACT,   /* never superseded; full is back-pressure: SPSC ring */
    DELIVERY_SUM,     /* cumulative, newest wins: mailbox */
    DELIVERY_CONTROL, /* small ordered messages: SPSC ring */
};

enum matrix_class { MATRIX_NONE, MATRIX_EXACT_MEAN, MATRIX_DOUBLY, MATRIX_COLUMN, MATRIX_ROW };

/** What to do when no slot is free to publish into. */
enum slot_rule { SLOT_WAIT, SLOT_SKIP, SLOT_COPY };

enum aau_release { AAU_CLUSTER, AAU_ALL, AAU_NBR, AAU_PAIR };
enum adpsgd_pairing { ADPSGD_ANY, ADPSGD_BIPARTITE };

/** Everything a policy instance is told. Pointers are borrowed for the whole run. */
struct policy_config {
    uint32_t self;         /* own 32-bit id */
    uint32_t workers;      /* ids are below this */
    uint32_t peer_count;   /* neighbours on the edges that the row asks for */
    const uint32_t *peers; /* [peer_count] their ids, ascending */
    uint64_t seed;         /* key of this worker's policy stream (core/base/rng.h) */
    enum aau_release aau_release;
    enum adpsgd_pairing adpsgd_pairing;
    bool adpsgd_comm_thread; /* answer and initiate while a gradient is being computed */
    bool adpsgd_active;      /* bipartite: this side initiates; `any`: ignored */
};

/** What a policy counts about itself, for the result; a field that means nothing to it stays 0. */
struct policy_counters {
    uint64_t refused;   /* answers "no" that this worker received */
    uint64_t unmixed;   /* iterations that went on without an exchange they should have had */
    uint64_t aborted;   /* waves led by this worker that ended without an exchange */
    uint64_t committed; /* exchanges that this worker took part in */
    uint64_t epochs;    /* epochs this worker has seen end */
};

struct policy {
    const char *name, *help;
    const char *source; /* paper */
    const char *waits_for;
    const char *lost_message; /* what a lost message breaks */
    enum policy_edges edges;
    enum delivery_class tensor_class;
    enum matrix_class matrix;
    enum slot_rule exhausted;
    uint32_t exact_depth; /* messages in flight per edge and direction, for DELIVERY_EXACT */
    uint32_t slots_fixed,
        slots_per_edge; /* bound of live snapshots: fixed + per_edge * out-degree */
    bool synchronous;   /* has global rounds: EV_STOP names the last one */
    /** Bytes of state for this configuration (a multiple of 64 is not required). */
    size_t (*state_bytes)(const struct policy_config *config);
    /** Fill `state` (zeroed, 64-byte aligned). */
    void (*init)(void *state, const struct policy_config *config);
    void (*step)(void *state, const struct event *event, struct actions *out);
    /** Optional; `out` is zeroed before. */
    void (*counters)(const void *state, struct policy_counters *out);
};

extern const struct policy *const policy_table[];
extern const uint32_t policy_count;

/** Row by name, or NULL. */
const struct policy *policy_find(const char *name);

#endif
