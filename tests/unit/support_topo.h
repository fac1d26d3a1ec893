/* SPDX-License-Identifier: BSD-3-Clause */
/** Machines and graphs for the topology tests. Each test runs in a process of its own, so the environment is free. */
#ifndef TESTS_UNIT_SUPPORT_TOPO_H
#define TESTS_UNIT_SUPPORT_TOPO_H

#include "topo/graph.h"
#include "topo/machine.h"

#define LAPTOP "package:1 l3:1 core:4 pu:2"
#define TWO_SOCKETS "package:2 numa:1 l3:2 core:4 pu:2"

/** The machine this process runs on; fails the test with the sentence when it does not open. */
struct machine *real_machine(void);
/** A synthetic description. */
struct machine *synthetic_machine(const char *description);
/** A file under tests/machines/. */
struct machine *xml_machine(const char *file);

struct graph make_graph(const char *kind, uint32_t workers, double degree, uint64_t seed);
bool has_edge(const struct graph *graph, uint32_t a, uint32_t b);

#endif
