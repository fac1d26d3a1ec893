/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The machine as hwloc sees it, reduced to what placement needs: the cores this process may use.
 *
 * Respects affinity masks and cgroups. hwloc's own variables (HWLOC_SYNTHETIC, HWLOC_XMLFILE) replace the machine; then
 * it is `foreign`: it can be drawn and planned on, not bound to. The only folder that includes hwloc.h.
 */
#ifndef TOPO_MACHINE_H
#define TOPO_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"

/** The machine reports no such level (many virtual machines and boards have no L3, most have cores of one kind). */
#define MACHINE_NONE UINT32_MAX

/** One processing unit, in placement order: first PU of each physical core, near cores together; SMT siblings last. */
struct machine_pu {
    uint32_t os_index;
    uint32_t core, l3, numa, package; /* logical, as lstopo prints them; l3 may be MACHINE_NONE */
    uint32_t smt;                     /* 0 = first usable thread of its core */
    uint32_t
        kind; /* of its core: 0 = the least powerful, and so on; MACHINE_NONE where they are all alike */
};

struct machine;

/**
 * 0 and `*out`, owned by the caller until machine_close; or -errno with `err`. A description named by the environment
 * that hwloc cannot use is an error, never a silent return to the native machine.
 */
int machine_open(struct machine **out, struct err *err);
void machine_close(struct machine *self);

uint32_t machine_pu_count(const struct machine *self);   /* allowed PUs */
uint32_t machine_core_count(const struct machine *self); /* physical cores with an allowed PU */
uint32_t machine_numa_count(const struct machine *self);
const struct machine_pu *machine_pu_at(const struct machine *self, uint32_t index);
/** The variable of the environment on which hwloc does not look at this machine itself; "hwloc" if none is known. */
const char *machine_described_by(void);

bool machine_is_foreign(const struct machine *self);

/** One line: "2 cores, 1 L3, 1 NUMA node, AMD EPYC …". */
const char *machine_summary(const struct machine *self);

/** 0 = same PU, 1 = SMT sibling, 2 = same L3, 3 = same NUMA node, 4 = same package, 5 = other package. */
uint32_t machine_distance(const struct machine *self, uint32_t a, uint32_t b);

/**
 * The first `count` PUs as indices, near ones next to each other: by package, NUMA node, L3, core, siblings side by
 * side. index: [count]. Requires count <= machine_pu_count.
 */
void machine_near_order(const struct machine *self, uint32_t *index, uint32_t count);

/**
 * Bind the calling thread (and its future memory) to the PU; verifies afterwards. 0, or -errno with `err`; -ENODEV on a
 * foreign machine. When only the memory policy is refused the answer is 0 and `err` carries the note (else untouched).
 */
int machine_bind(struct machine *self, uint32_t index, struct err *err);

/** Move/bind an address range to the NUMA node of the PU. 0, or -errno with `err` (harmless: said in the result). */
int machine_bind_memory(struct machine *self, uint32_t index, void *address, uint64_t bytes,
                        struct err *err);

#endif
