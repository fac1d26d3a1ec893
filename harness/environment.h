/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * environment.json: what a stranger must know about the machine and the build to judge or repeat a result.
 *
 * Read from /proc, /sys and uname; what this host does not expose is null or says "not exposed". Facts that belong to
 * other rooms (library versions, EAL tier, placement) are handed in as text.
 */
#ifndef HARNESS_ENVIRONMENT_H
#define HARNESS_ENVIRONMENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/** All pointers borrowed; NULL text becomes null. */
struct environment_extra {
    const char *dpdk_version, *liburing_version, *hwloc_version;
    const char *eal_tier,
        *eal_reason; /* which rung of the start-up ladder, and why not a better one */
    const uint64_t *seed; /* [seed_count] */
    uint32_t seed_count;
    const uint32_t *placement; /* [workers] OS index of worker w's PU */
    uint32_t workers;
    double tsc_hz; /* as calibrated; 0 = unknown */
};

/** A new reference, or NULL when out of memory. */
json_t *environment_json(const struct environment_extra *extra);

/* The facts one by one; doctor judges them. Texts are "" where the host does not expose them. */

/** First line of a small file without its newline. Returns the length, or -errno. */
int environment_read_line(const char *path, char *out, size_t size);

/** The value of `key` in /proc/cpuinfo-like text (`key : value`). Returns out. */
const char *environment_field(const char *path, const char *key, char *out, size_t size);

/** The bracketed choice of files like `always [madvise] never`; the whole line when there is none. */
const char *environment_choice(const char *path, char *out, size_t size);

/** CPU time stolen by the hypervisor since boot, as a share of all; NaN if unknown. */
double environment_steal_share(void);

/** `docker`, `podman`, `kubernetes`, `lxc`, `container`, or "" outside of one. */
const char *environment_container(char *out, size_t size);

/**
 * How many cores' worth of time the cgroup of this process grants it: the least quota of it and of those around it (cpu.max, or
 * cpu.cfs_quota_us of version 1). 0: no quota. root: "", or a folder that stands for `/` in tests.
 */
double environment_cpu_quota(const char *root);

/** 2 MiB pages of the host: total and free; 0 where not exposed. */
void environment_huge_pages(uint64_t *total, uint64_t *free_pages);

#endif
