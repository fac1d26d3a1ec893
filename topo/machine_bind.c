/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Binding threads and memory, and not believing it: after each binding the kernel is asked what it did.
 *
 * A thread that silently floats makes every latency figure of the run worthless, so a binding that cannot be verified
 * is an error. A refused memory policy is not: the thread is bound, and first touch already places its pages nearby.
 */
#include "topo/machine.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "topo/machine_private.h"

static hwloc_obj_t object_of(const struct machine *self, uint32_t index)
{
    const hwloc_obj_t pu =
        hwloc_get_pu_obj_by_os_index(self->topology, machine_pu_at(self, index)->os_index);
    CHECK(pu);
    return pu;
}

/** The kernel's own answer: the mask is the PU alone, and the thread already runs there. */
static int verify_bound(struct machine *self, hwloc_const_cpuset_t wanted_set, uint32_t os_index,
                        struct err *err)
{
    hwloc_bitmap_t now = hwloc_bitmap_alloc();
    if (!now)
        return err_set(err, -ENOMEM, "out of memory for an affinity mask");
    int rc = 0;
    if (hwloc_get_cpubind(self->topology, now, HWLOC_CPUBIND_THREAD) < 0)
        rc = err_set(err, -errno, "cannot read back the binding to PU %u: %s", os_index,
                     strerror(errno));
    else if (!hwloc_bitmap_isequal(now, wanted_set))
        rc = err_set(err, -EXDEV, "the kernel did not bind this thread to PU %u alone", os_index);
    else if (hwloc_get_last_cpu_location(self->topology, now, HWLOC_CPUBIND_THREAD) < 0)
        rc = err_set(err, -errno, "cannot read where this thread runs: %s", strerror(errno));
    else if (!hwloc_bitmap_isincluded(now, wanted_set))
        rc = err_set(err, -EXDEV, "bound to PU %u, but the thread still runs elsewhere", os_index);
    hwloc_bitmap_free(now);
    return rc;
}

static int refuse_foreign(const struct machine *self, struct err *err)
{
    if (!self->foreign)
        return 0;
    return err_set(err, -ENODEV,
                   "cannot bind to a described machine: unset HWLOC_SYNTHETIC and HWLOC_XMLFILE to "
                   "run here, or plan only");
}

int machine_bind(struct machine *self, uint32_t index, struct err *err)
{
    const hwloc_obj_t pu = object_of(self, index);
    int rc = refuse_foreign(self, err);
    if (rc < 0)
        return rc;
    if (hwloc_set_cpubind(self->topology, pu->cpuset, HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT))
        return err_set(err, -errno, "cannot bind to PU %u: %s", pu->os_index, strerror(errno));
    rc = verify_bound(self, pu->cpuset, pu->os_index, err);
    if (rc < 0)
        return rc;

    /* An inherited policy (numactl --interleave) would override first touch. With one node there is
     * nothing to choose, and containers often forbid the call. */
    if (hwloc_get_nbobjs_by_type(self->topology, HWLOC_OBJ_NUMANODE) > 1 &&
        hwloc_set_membind(self->topology, pu->nodeset, HWLOC_MEMBIND_BIND,
                          HWLOC_MEMBIND_THREAD | HWLOC_MEMBIND_BYNODESET) < 0)
        err_set(err, 0, "bound to PU %u, but its memory policy was refused: %s", pu->os_index,
                strerror(errno));
    return 0;
}

int machine_bind_memory(struct machine *self, uint32_t index, void *address, uint64_t bytes,
                        struct err *err)
{
    const hwloc_obj_t pu = object_of(self, index);
    const int rc = refuse_foreign(self, err);
    if (rc < 0)
        return rc;
    if (hwloc_set_area_membind(self->topology, address, bytes, pu->nodeset, HWLOC_MEMBIND_BIND,
                               HWLOC_MEMBIND_MIGRATE | HWLOC_MEMBIND_BYNODESET) < 0)
        return err_set(err, -errno, "memory stays where it is, not at NUMA node %u: %s",
                       machine_pu_at(self, index)->numa, strerror(errno));
    return 0;
}
