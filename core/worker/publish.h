/* SPDX-License-Identifier: BSD-3-Clause */
/** ACT_SEND and ACT_CONTROL of the live driver. Internal to core/worker. */
#ifndef CORE_WORKER_PUBLISH_H
#define CORE_WORKER_PUBLISH_H

#include "core/worker/worker.h"

/** Show others the version of the current model, which has just been made. */
void publish_version(struct worker *self);

/** Lend the current model to the action's peers. False: a channel is full; call again to go on where it stopped. */
bool publish_tensor(struct worker *self, const struct action *action);

/** The same for a control message, which lends nothing. */
bool publish_control(struct worker *self, const struct action *action);

#endif
