/* SPDX-License-Identifier: BSD-3-Clause */
/* Opened once per process, in this order: machine (hwloc reads the affinity mask), clock, EAL (which moves the thread). */
#include "harness/run/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define CALIBRATION_NS 200000000u

static void read_clock(struct host *out)
{
    clock_calibrate(&out->clock, CALIBRATION_NS);
    if (!out->clock.invariant)
        fprintf(
            stderr,
            "dawdle: warning: this CPU's time stamp counter may change its rate: durations may be "
            "wrong (a host with the CPU flags constant_tsc and nonstop_tsc has none of that)\n");
}

int host_open(struct host *out, struct machine *machine, size_t bytes, const char *runtime_dir,
              struct err *err)
{
    *out = (struct host){.machine = machine};
    read_clock(out);
    const struct eal_config config = {.memory_bytes = bytes, .runtime_dir = runtime_dir};
    const int rc = eal_start(&out->eal, &config, err);
    if (rc < 0)
        return rc;
    if (out->eal.reason[0])
        fprintf(stderr,
                "dawdle: note: no huge pages, normal pages are used: memory is a "
                "little slower (%s)\n",
                out->eal.reason);
    arena_init(&out->arena, eal_memory(&out->eal), bytes);
    return 0;
}

int host_open_shared(struct host *out, struct machine *machine, size_t bytes,
                     const char *runtime_dir, struct err *err)
{
    *out = (struct host){.machine = machine};
    void *const area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return err_set(err, -errno, "cannot map %zu MiB for all processes: %s", bytes >> 20,
                       strerror(errno));
    read_clock(out);
    arena_init(&out->arena, area, bytes);
    out->shared_bytes = bytes;
    out->eal.tier = EAL_TIER_NOHUGE;
    snprintf(out->eal.reason, sizeof(out->eal.reason),
             "processes share their books on pages of normal size");
    out->runtime_dir = runtime_dir;
    return 0;
}

void host_close(struct host *self)
{
    if (self->shared_bytes > 0)
        munmap(self->arena.base, self->shared_bytes);
    else
        eal_stop(&self->eal);
}
