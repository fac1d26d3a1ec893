/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Golden traces as text: events on the left, the actions they must give on the right, one step per line.
 *
 *     @0   start                  -> compute r0
 *     @100 grad                   -> apply, send model t0 d2 {0 1}
 *     @150 model p0 t0 d2 h10     ->
 *     @160 control p1 REFUSE{1}   -> timer 1 @200 g1
 *     @170 model p1 t0 d1 h11     -> mix metropolis d2 {0:h10:w2 1:h11:w1}, release {0:h10 1:h11}, compute r1
 *
 * Tags above 32 bits read t<high>.<low>. Blanks are free. Lists are peer indices, never ids.
 */
#ifndef TESTS_TRACE_SUPPORT_POLICY_H
#define TESTS_TRACE_SUPPORT_POLICY_H

#include "core/policy/agent.h"
#include "tests/random/options.h"

/** A control message's name and how many words of it are shown, a number or TRACE_LIST. */
struct trace_control {
    const char *name;
    uint8_t type;
    uint8_t words;
};

/** Two words, of which the second counts items of `size` words that follow. */
#define TRACE_LIST(size) (2u | (size) << 4)

extern const struct trace_control trace_adpsgd[], trace_aau[], trace_agp[], trace_hop[];

/** One worker under test, self-contained. Free with trace_free. */
struct trace_node {
    struct agent agent;
    struct policy_config config;
    uint32_t peers[16];
    const struct trace_control *controls; /* ends with a NULL name; may be NULL */
    void *memory;
    struct actions *out;
};

/** `peers`: ids, ascending, ended by UINT32_MAX. `options`: the fields beside self, workers, peers; may be NULL. */
void trace_open(struct trace_node *self, const struct policy *policy, uint32_t id, uint32_t workers,
                const uint32_t *peers, const struct policy_config *options);
void trace_free(struct trace_node *self);

/** Feed the events of `text` in order; fails the test at the first line whose actions differ. */
void expect_trace(struct trace_node *self, const char *text);

/** The last argument of trace_open that sets options alone, as options_read has them. */
#define OPTIONS(row, ...) (&(struct policy_config){.options = options_read(&(row), __VA_ARGS__)})

#define PEERS(...) ((const uint32_t[]){__VA_ARGS__, UINT32_MAX})

#endif
