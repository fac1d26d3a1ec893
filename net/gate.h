/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Holds DPDK's interrupt thread, so that nothing is unmapped under a loop that polls a port.
 *
 * When the peer of a memif port dies, that thread unmaps the port's rings at once, also while another thread is in the
 * middle of a burst over them; and again within rte_eal_cleanup. With the gate closed the thread stands still: a dead
 * peer's rings stay mapped and only fall silent. It is opened where ports connect and before they close.
 *
 * DPDK has one interrupt thread for everything: its alarms and other drivers' link events wait as well.
 */
#ifndef NET_GATE_H
#define NET_GATE_H

#include <stdbool.h>

#include "core/base/err.h"

/** Installs the gate, open; once per process, while DPDK runs. 0 or -errno with a sentence. Later calls do nothing. */
int gate_install(struct err *err);

/** Returns when the interrupt thread stands at the gate. Does nothing without one. */
void gate_close(void);

/** Returns when all that had piled up before the gate has been served. */
void gate_open(void);

bool gate_is_closed(void);

#endif
