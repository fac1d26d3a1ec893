/* SPDX-License-Identifier: BSD-3-Clause */
/** What moves messages between processes: implemented by net/, turned by one loop of each process. */
#ifndef CORE_WORKER_BRIDGE_H
#define CORE_WORKER_BRIDGE_H

#include <stdint.h>

struct bridge {
    /** Never waits. */
    void (*turn)(struct bridge *self, uint64_t now_cyc);
    /** That process is dead: what is under way to it ends, what it sent and nobody has yet is nobody's. Harmless if repeated. */
    void (*lose)(struct bridge *self, uint32_t process);
};

#endif
