/* SPDX-License-Identifier: BSD-3-Clause */
/** The inside of struct machine, shared by machine.c (reading it) and machine_bind.c (binding to it). */
#ifndef TOPO_MACHINE_PRIVATE_H
#define TOPO_MACHINE_PRIVATE_H

#include <hwloc.h>

#include "topo/machine.h"

struct machine {
    hwloc_topology_t topology;
    struct machine_pu *pu; /* [pu_count], placement order */
    uint32_t pu_count;
    uint32_t core_count, l3_count, numa_count, package_count;
    bool foreign;
    char summary[256];
};

#endif
