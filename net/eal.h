/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * DPDK's environment layer: start it on the best tier this host allows, get one memory area from it, stop it.
 *
 * Tiers, best first: `huge` (huge pages, --in-memory; needs free huge pages but neither root nor a mount) and `nohuge`
 * (4 KiB pages with transparent huge pages advised; works everywhere). The tier is decided before DPDK is
 * touched, because a process may start it only once. DAWDLE_EAL=huge|nohuge forces one.
 *
 * Call from the main thread before other threads exist: start-up redirects stdout and stderr for a moment, sets an
 * environment variable and moves the thread between cores. All three are put back. Nothing stays in the file system,
 * not even after kill -9: the run-time directory that DPDK insists on is removed as soon as DPDK is up.
 */
#ifndef NET_EAL_H
#define NET_EAL_H

#include <stddef.h>

#include "core/base/err.h"

enum eal_tier { EAL_TIER_BEST = 0, EAL_TIER_HUGE, EAL_TIER_NOHUGE };

struct eal_config {
    size_t memory_bytes; /* the area of eal_memory(), 1 byte to 256 GiB */
    size_t
        pool_bytes; /* what links take from DPDK for their frames (ethdev_pool_bytes); 0: there are none */
    const char
        *runtime_dir;   /* existing writable directory, e.g. the run's; borrowed for the call */
    enum eal_tier tier; /* EAL_TIER_BEST unless a tier is demanded; DAWDLE_EAL beats it */
};

struct eal {
    enum eal_tier tier;
    size_t page_bytes; /* of the area */
    size_t memory_bytes;
    void *memory;     /* on the NUMA node of the calling thread's first core */
    char reason[256]; /* why not the better tier; empty on the best one */
};

/**
 * Start DPDK and map the area. `out` is filled in place.
 *
 * Errors (with a sentence in `err`): -EINVAL bad DAWDLE_EAL, size or path; -ENOENT, -EACCES ... the run-time directory;
 * -ENOMEM the demanded tier or the memory is not there; -EALREADY a second start in one process; else DPDK's own.
 */
int eal_start(struct eal *out, const struct eal_config *config, struct err *err);

/**
 * The area, for an arena: 2 MiB aligned, valid until eal_stop. On `nohuge` it is ordinary memory that DPDK does not know:
 * fine for channels inside the process, but a device that reads it itself would need it registered first.
 */
static inline void *eal_memory(const struct eal *self)
{
    return self->memory;
}

/** `huge` or `nohuge`, as in DAWDLE_EAL. */
const char *eal_tier_name(enum eal_tier tier);

/** Make the calling (our own) thread known to DPDK. 0 or -errno; at most 127 threads at a time. */
int eal_register_thread(void);

/** Undo it, before the thread ends. */
void eal_unregister_thread(void);

/** After the end of a process, however it ended: what its start left in its runtime directory, if it did not get through. */
void eal_sweep(const char *runtime_dir, long pid);

/** Give everything back. Accepts a zeroed struct. DPDK cannot be started again in this process. */
void eal_stop(struct eal *self);

#endif
