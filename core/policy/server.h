/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * An asynchronous parameter server, both sides of it: what asgd and ssp share. Worker 0 serves and computes nothing.
 *
 *   server                                    worker j
 *   sends its model x_v              ->       copies it, keeps the handle, computes g at it
 *   x += (x_v - lr g) - x_v          <-       sends x_v - lr g, tagged with the handle of x_v
 *   sends x, at once or when it may  ->       gives x_v back, copies x ...
 *
 * So the server takes gradients, x - sum of lr g, though models are what is sent: it subtracts the very snapshot that
 * the model was made from. That snapshot exists as long as the worker keeps its handle, which is until the reply.
 *
 * Between a worker and the server exactly one of these is under way at any time: a model being computed on, an answer,
 * or a reply. Hence at most one unread tensor per edge and direction, and two snapshots of the server lent per worker: the
 * one kept and the reply. A worker lends one, its answer.
 *
 * Stop, in any order: a worker that is owed a reply waits for it, every other one is finished at once; either gives
 * back what it keeps and says BYE. The server answers everybody, stopped or not, and once stopped holds no reply
 * back; it is done when all have said BYE. No cycle of waiting: workers wait for the server only, and a server that has been told
 * to stop waits for nobody before it replies. After BYE nothing is under way, so nothing arrives after `done`.
 */
#ifndef CORE_POLICY_SERVER_H
#define CORE_POLICY_SERVER_H

#include "core/policy/policy.h"

#define SERVER_FREE UINT32_MAX /* nobody is ever held back */

struct server_rules {
    uint32_t
        ahead_max; /* a worker this many answers ahead of the slowest still gets its reply; more: it waits */
    bool damped; /* a step is divided by its staleness in versions of the server, if above 1 */
};

/** policy.lay_out, with the rules of one row. */
size_t server_lay_out(void *memory, const struct policy_config *config, struct server_rules rules);
void server_step(void *self, const struct event *event, struct actions *out);
void server_counters(const void *self, struct policy_counters *out);

/** policy.check of every row with a server. */
const char *server_check(const struct policy_config *config);

#endif
