/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine, read once through hwloc into a flat array of PUs in placement order.
 *
 * hwloc's default flags already drop PUs outside the cgroup's cpuset; the affinity mask of the opening thread is
 * intersected on top, because `taskset -c 1 dawdle` must see one core. Logical indices stay those of `lstopo`, so
 * what we draw can be looked up there.
 *
 * hwloc falls back to the native machine when HWLOC_SYNTHETIC or HWLOC_XMLFILE cannot be used. A plan for the wrong
 * machine is worse than none, so both are handed over explicitly and a failure is an error.
 */
#include "topo/machine.h"

#include <errno.h>
#include <hwloc/cpukinds.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "topo/machine_private.h"

static const char *wanted(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] ? value : NULL;
}

/** Replace the machine as the environment asks; SYNTHETIC before XMLFILE, the order hwloc itself has. */
static int choose_source(hwloc_topology_t topology, struct err *err)
{
    const char *synthetic = wanted("HWLOC_SYNTHETIC");
    const char *xml = wanted("HWLOC_XMLFILE");

    if (synthetic) {
        if (hwloc_topology_set_synthetic(topology, synthetic) < 0)
            return err_set(
                err, -EINVAL,
                "HWLOC_SYNTHETIC: hwloc does not understand \"%s\" (try \"package:1 l3:1 "
                "core:4 pu:2\", or unset it to use this machine)",
                synthetic);
    } else if (xml && hwloc_topology_set_xml(topology, xml) < 0) {
        const int code = errno == ENOENT ? -ENOENT : -EINVAL;
        return err_set(err, code,
                       "HWLOC_XMLFILE: cannot read \"%s\" as hwloc XML (make one with `lstopo "
                       "file.xml`, or unset it to use this machine)",
                       xml);
    }
    return 0;
}

/** The variable on which hwloc does not look at this machine by itself; NULL: none. */
static const char *described_by(void)
{
    static const char *const variables[] = {"HWLOC_SYNTHETIC", "HWLOC_XMLFILE", "HWLOC_FSROOT",
                                            "HWLOC_COMPONENTS", "HWLOC_THISSYSTEM"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        if (wanted(variables[i]))
            return variables[i];
    return NULL;
}

static int load(hwloc_topology_t topology, struct err *err)
{
    const char *replaced = wanted("HWLOC_SYNTHETIC");
    if (!replaced)
        replaced = wanted("HWLOC_XMLFILE");
    if (hwloc_topology_load(topology) < 0) {
        const char *const set_by = described_by();
        if (replaced)
            return err_set(err, -EINVAL, "\"%s\" does not describe a machine that hwloc can load",
                           replaced);
        return err_set(err, -EIO, "hwloc cannot read the topology of this machine: %s%s%s",
                       strerror(errno), set_by ? "; it is told where to look by " : "",
                       set_by ? set_by : "");
    }
    /* HWLOC_THISSYSTEM=1 is the user's word that the description is this very machine. */
    if (replaced && !wanted("HWLOC_THISSYSTEM") && hwloc_topology_is_thissystem(topology))
        return err_set(err, -EINVAL, "hwloc ignored \"%s\" and read this machine instead",
                       replaced);
    return 0;
}

static uint32_t ancestor_index(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_obj_t pu,
                               uint32_t otherwise)
{
    const hwloc_obj_t found = hwloc_get_ancestor_obj_by_type(topology, type, pu);
    return found ? found->logical_index : otherwise;
}

/** NUMA nodes are not ancestors in hwloc 2: take the first node of the PU's node set. */
static uint32_t numa_index(hwloc_topology_t topology, hwloc_obj_t pu)
{
    const int first = pu->nodeset ? hwloc_bitmap_first(pu->nodeset) : -1;
    const hwloc_obj_t node =
        first < 0 ? NULL : hwloc_get_numanode_obj_by_os_index(topology, (unsigned)first);
    return node ? node->logical_index : 0;
}

/** hwloc ranks kinds only where it knows which is the more powerful: by frequency, capacity, or what the firmware says. */
static uint32_t kind_index(hwloc_topology_t topology, hwloc_obj_t pu)
{
    int efficiency = -1;
    const int kind = hwloc_cpukinds_get_by_cpuset(topology, pu->cpuset, 0);
    if (hwloc_cpukinds_get_nr(topology, 0) < 2 || kind < 0 ||
        hwloc_cpukinds_get_info(topology, (unsigned)kind, NULL, &efficiency, NULL, NULL, 0) < 0)
        return MACHINE_NONE;
    return efficiency < 0 ? MACHINE_NONE : (uint32_t)efficiency;
}

#define ORDER_BY(key)                        \
    do {                                     \
        if (a->key != b->key)                \
            return a->key < b->key ? -1 : 1; \
    } while (0)

static int by_core(const void *left, const void *right)
{
    const struct machine_pu *a = left, *b = right;
    ORDER_BY(package);
    ORDER_BY(numa);
    ORDER_BY(l3);
    ORDER_BY(core);
    ORDER_BY(smt); /* 0 everywhere until the siblings are numbered */
    ORDER_BY(os_index);
    return 0;
}

static int by_placement(const void *left, const void *right)
{
    const struct machine_pu *a = left, *b = right;
    ORDER_BY(smt);
    return by_core(left, right);
}

/** The PUs this thread may run on; for a foreign machine all of it. */
static int allowed_set(struct machine *self, hwloc_bitmap_t set, struct err *err)
{
    hwloc_bitmap_copy(set, hwloc_topology_get_topology_cpuset(self->topology));
    if (self->foreign)
        return 0;

    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    if (!mask)
        return err_set(err, -ENOMEM, "out of memory for the affinity mask");
    if (hwloc_get_cpubind(self->topology, mask, HWLOC_CPUBIND_THREAD) == 0)
        hwloc_bitmap_and(set, set, mask);
    hwloc_bitmap_free(mask);
    return 0;
}

/** Where `smt` counts usable threads only: the lone allowed sibling of a core is a first thread to us. */
static void number_siblings(struct machine *self)
{
    qsort(self->pu, self->pu_count, sizeof(*self->pu), by_core);
    for (uint32_t i = 1; i < self->pu_count; i++)
        if (self->pu[i].core == self->pu[i - 1].core)
            self->pu[i].smt = self->pu[i - 1].smt + 1;
}

static int collect(struct machine *self, struct err *err)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (!set)
        return err_set(err, -ENOMEM, "out of memory for the set of cores");
    int rc = allowed_set(self, set, err);
    if (rc < 0)
        goto out;

    const int count = hwloc_get_nbobjs_inside_cpuset_by_type(self->topology, set, HWLOC_OBJ_PU);
    if (count <= 0) {
        rc = err_set(err, -ENODEV,
                     "no usable core: the affinity mask (taskset) and the cgroup's cpuset have no "
                     "core in common");
        goto out;
    }
    self->pu = calloc((size_t)count, sizeof(*self->pu));
    if (!self->pu) {
        rc = err_set(err, -ENOMEM, "out of memory for %d cores", count);
        goto out;
    }
    for (int i = 0; i < count; i++) {
        const hwloc_obj_t pu =
            hwloc_get_obj_inside_cpuset_by_type(self->topology, set, HWLOC_OBJ_PU, (unsigned)i);
        self->pu[i] = (struct machine_pu){
            .os_index = pu->os_index,
            .core = ancestor_index(self->topology, HWLOC_OBJ_CORE, pu, pu->logical_index),
            .l3 = ancestor_index(self->topology, HWLOC_OBJ_L3CACHE, pu, MACHINE_NONE),
            .numa = numa_index(self->topology, pu),
            .package = ancestor_index(self->topology, HWLOC_OBJ_PACKAGE, pu, 0),
            .kind = kind_index(self->topology, pu),
        };
    }
    self->pu_count = (uint32_t)count;
    number_siblings(self);
out:
    hwloc_bitmap_free(set);
    return rc;
}

static int by_value(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/** Distinct values of one field of all PUs, given by its offset; MACHINE_NONE is no value. */
static uint32_t count_distinct(const struct machine *self, size_t offset, uint32_t *scratch)
{
    for (uint32_t i = 0; i < self->pu_count; i++)
        memcpy(&scratch[i], (const char *)&self->pu[i] + offset, sizeof(*scratch));
    qsort(scratch, self->pu_count, sizeof(*scratch), by_value);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < self->pu_count; i++)
        distinct += scratch[i] != MACHINE_NONE && (i == 0 || scratch[i] != scratch[i - 1]);
    return distinct;
}

static void summarize(struct machine *self)
{
    const hwloc_obj_t package = hwloc_get_obj_by_type(self->topology, HWLOC_OBJ_PACKAGE, 0);
    const char *model = package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    char threads[32] = "", l3[32] = "no L3", packages[32] = "";

    if (self->pu_count > self->core_count)
        snprintf(threads, sizeof(threads), " (%u threads)", self->pu_count);
    if (self->l3_count)
        snprintf(l3, sizeof(l3), "%u L3", self->l3_count);
    if (self->package_count > 1)
        snprintf(packages, sizeof(packages), ", %u packages", self->package_count);
    snprintf(self->summary, sizeof(self->summary), "%u core%s%s, %s, %u NUMA node%s%s%s%.100s%s",
             self->core_count, self->core_count == 1 ? "" : "s", threads, l3, self->numa_count,
             self->numa_count == 1 ? "" : "s", packages, model ? ", " : "", model ? model : "",
             self->foreign ? " (described, not this machine)" : "");
}

static int digest(struct machine *self, struct err *err)
{
    int rc = collect(self, err);
    if (rc < 0)
        return rc;
    uint32_t *scratch = calloc(self->pu_count, sizeof(*scratch));
    if (!scratch)
        return err_set(err, -ENOMEM, "out of memory for %u cores", self->pu_count);
    self->core_count = count_distinct(self, offsetof(struct machine_pu, core), scratch);
    self->l3_count = count_distinct(self, offsetof(struct machine_pu, l3), scratch);
    self->numa_count = count_distinct(self, offsetof(struct machine_pu, numa), scratch);
    self->package_count = count_distinct(self, offsetof(struct machine_pu, package), scratch);
    free(scratch);

    qsort(self->pu, self->pu_count, sizeof(*self->pu), by_placement);
    summarize(self);
    return 0;
}

int machine_open(struct machine **out, struct err *err)
{
    CHECK(out);
    *out = NULL;
    struct machine *self = calloc(1, sizeof(*self));
    if (!self)
        return err_set(err, -ENOMEM, "out of memory for the machine");

    /* hwloc reports firmware oddities on stderr, in the middle of our output; 2 = say nothing. */
    setenv("HWLOC_HIDE_ERRORS", "2", 0);
    int rc = 0;
    if (hwloc_topology_init(&self->topology) < 0) {
        rc = err_set(err, -ENOMEM, "hwloc cannot start: %s", strerror(errno));
        self->topology = NULL;
        goto fail;
    }
    rc = choose_source(self->topology, err);
    if (rc == 0)
        rc = load(self->topology, err);
    if (rc < 0)
        goto fail;
    self->foreign = !hwloc_topology_is_thissystem(self->topology);
    rc = digest(self, err);
    if (rc < 0)
        goto fail;
    *out = self;
    return 0;

fail:
    machine_close(self);
    return rc;
}

void machine_close(struct machine *self)
{
    if (!self)
        return;
    if (self->topology)
        hwloc_topology_destroy(self->topology);
    free(self->pu);
    free(self);
}

uint32_t machine_pu_count(const struct machine *self)
{
    return self->pu_count;
}

uint32_t machine_core_count(const struct machine *self)
{
    return self->core_count;
}

uint32_t machine_numa_count(const struct machine *self)
{
    return self->numa_count;
}

const struct machine_pu *machine_pu_at(const struct machine *self, uint32_t index)
{
    CHECK(index < self->pu_count);
    return &self->pu[index];
}

const char *machine_described_by(void)
{
    const char *const variable = described_by();
    return variable ? variable : "hwloc";
}

bool machine_is_foreign(const struct machine *self)
{
    return self->foreign;
}

const char *machine_summary(const struct machine *self)
{
    return self->summary;
}

uint32_t machine_distance(const struct machine *self, uint32_t a, uint32_t b)
{
    const struct machine_pu *x = machine_pu_at(self, a);
    const struct machine_pu *y = machine_pu_at(self, b);
    if (a == b)
        return 0;
    if (x->core == y->core)
        return 1;
    if (x->l3 == y->l3 && x->l3 != MACHINE_NONE)
        return 2;
    if (x->package != y->package) /* before NUMA: firmware may merge two sockets into one node */
        return 5;
    return x->numa == y->numa ? 3 : 4;
}

static int by_nearness(const void *left, const void *right, void *machine)
{
    const struct machine *self = machine;
    return by_core(machine_pu_at(self, *(const uint32_t *)left),
                   machine_pu_at(self, *(const uint32_t *)right));
}

void machine_near_order(const struct machine *self, uint32_t *index, uint32_t count)
{
    CHECK(count <= self->pu_count);
    for (uint32_t i = 0; i < count; i++)
        index[i] = i;
    qsort_r(index, count, sizeof(*index), by_nearness, (void *)self);
}
