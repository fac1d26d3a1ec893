/* SPDX-License-Identifier: BSD-3-Clause */
/** Fabrics on plain memory for tests: graphs, an arena, and drivers' book-keeping. */
#ifndef TESTS_UNIT_SUPPORT_NET_H
#define TESTS_UNIT_SUPPORT_NET_H

#include "core/base/slots.h"
#include "net/fabric.h"

#define BENCH_WORKERS_MAX 80u

/** A fabric over a complete graph and what its workers need to use it. */
struct bench {
    struct fabric_config config;
    struct fabric fabric;
    struct port *port; /* the fabric's */
    struct arena arena;
    struct slots slots[BENCH_WORKERS_MAX];
    uint32_t peer_begin[BENCH_WORKERS_MAX + 1];
    uint32_t peers[BENCH_WORKERS_MAX * BENCH_WORKERS_MAX];
};

/** Neighbour lists of the complete graph of `workers`; the rest of the configuration stays as it is. */
void bench_complete(struct bench *self, uint32_t workers);

/** Memory of exactly the planned size, the fabric, and the slots of every worker. */
void bench_open(struct bench *self);
void bench_close(struct bench *self);

/** As a driver does: take a slot, fill it with `value`, seal it as `version`, drop it when lent. Returns the handle. */
slots_handle bench_write(struct bench *self, uint32_t worker, uint32_t version, float value);

/** Lend, send as a tensor, and take back what was superseded or refused. */
enum port_status bench_send(struct bench *self, uint32_t worker, uint32_t edge,
                            slots_handle handle);

#endif
