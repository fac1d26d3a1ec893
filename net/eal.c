/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL start-up: choose the tier, build the arguments, start quietly, leave no trace.
 *
 * What DPDK 22.11 does that shapes this file:
 *  - rte_eal_init works once per process, also when it fails: everything is checked before the call.
 *  - Wrong arguments print the whole usage: output is held back and only its last EAL line is quoted.
 *  - A run-time directory is always made, under $RUNTIME_DIRECTORY, else /var/run or $XDG_RUNTIME_DIR (which breaks
 *    when set but empty): we set RUNTIME_DIRECTORY for the call. Without shared configuration nothing is put there.
 *  - --in-memory and --no-huge exclude each other; --in-memory implies --no-shconf.
 *  - The calling thread is pinned, and threads made later would inherit that.
 *  - --no-huge memory is a shared memory file that cannot become transparent huge pages: on that tier DPDK gets a
 *    little for itself, and the area is an anonymous mapping with huge pages advised.
 */
#include "net/eal.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "core/base/check.h"
#include "net/capture_output.h"
#include "net/huge_pages.h"

#define MIB ((size_t)1 << 20)
#define AREA_ALIGN (2 * MIB)
#define MEMORY_MAX ((size_t)256 << 30)
#define OWN_MIB \
    ((size_t)16)         /* what DPDK takes for itself (services, threads): below 4 MiB in 22.11 */
#define RUNTIME "dpdk"   /* DPDK appends /dpdk/<file prefix> to the directory it is given */
#define ARGUMENTS_MAX 16 /* one more than used */

struct arguments {
    int count;
    char *item[ARGUMENTS_MAX];
    char text[ARGUMENTS_MAX][64];
};

static const char *const tier_names[] = {
    [EAL_TIER_BEST] = "best", [EAL_TIER_HUGE] = "huge", [EAL_TIER_NOHUGE] = "nohuge"};

const char *eal_tier_name(enum eal_tier tier)
{
    CHECK(tier <= EAL_TIER_NOHUGE);
    return tier_names[tier];
}

static int demanded_tier(enum eal_tier *tier, const char **by, struct err *err)
{
    const char *wanted = getenv("DAWDLE_EAL");

    *by = "the caller";
    if (wanted == NULL || wanted[0] == '\0')
        return 0;
    *by = "DAWDLE_EAL";
    if (strcmp(wanted, "huge") == 0)
        *tier = EAL_TIER_HUGE;
    else if (strcmp(wanted, "nohuge") == 0)
        *tier = EAL_TIER_NOHUGE;
    else
        return err_set(err, -EINVAL, "DAWDLE_EAL is '%.32s': expected 'huge' or 'nohuge'", wanted);
    return 0;
}

static size_t available_bytes(void)
{
    char line[128];
    size_t kib = SIZE_MAX / 1024; /* without /proc the kernel will say it later */

    FILE *in = fopen("/proc/meminfo", "re");
    if (in == NULL)
        return SIZE_MAX;
    while (fgets(line, sizeof(line), in) != NULL)
        if (sscanf(line, "MemAvailable: %zu kB", &kib) == 1)
            break;
    fclose(in);
    return kib * 1024;
}

/* What DPDK takes for itself and for the frames of links, in whole MiB. */
static size_t own_bytes(const struct eal_config *config)
{
    return OWN_MIB * MIB + (config->pool_bytes + MIB - 1) / MIB * MIB;
}

/* What DPDK must hold on the huge tier: the area, its alignment and header, and its own needs. */
static size_t huge_bytes(const struct eal_config *config)
{
    return ((config->memory_bytes + AREA_ALIGN - 1) & ~(AREA_ALIGN - 1)) + AREA_ALIGN +
           own_bytes(config);
}

static int choose_tier(struct eal *self, const struct eal_config *config, struct err *err)
{
    enum eal_tier demanded = config->tier;
    const char *by;

    const int rc = demanded_tier(&demanded, &by, err);
    if (rc < 0)
        return rc;
    if (demanded != EAL_TIER_NOHUGE) {
        const struct huge_pages pages = huge_pages_find(huge_bytes(config));
        if (pages.page_bytes != 0) {
            self->tier = EAL_TIER_HUGE;
            self->page_bytes = pages.page_bytes;
            return 0;
        }
        if (demanded == EAL_TIER_HUGE)
            return err_set(err, -ENOMEM,
                           "huge pages are demanded by %s, but %s; or take the demand back", by,
                           pages.why_not);
        snprintf(self->reason, sizeof(self->reason), "%s", pages.why_not);
    } else {
        snprintf(self->reason, sizeof(self->reason), "demanded by %s", by);
    }

    self->tier = EAL_TIER_NOHUGE;
    self->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    const size_t needed = config->memory_bytes + own_bytes(config), available = available_bytes();
    if (needed > available)
        return err_set(err, -ENOMEM, "%zu MiB of memory are needed and %zu MiB are available",
                       needed / MIB, available / MIB);
    return 0;
}

__attribute__((format(printf, 2, 3))) static void argue(struct arguments *self, const char *format,
                                                        ...)
{
    va_list values;

    CHECK(self->count < ARGUMENTS_MAX - 1);
    char *text = self->text[self->count];
    va_start(values, format);
    const int length = vsnprintf(text, sizeof(self->text[0]), format, values);
    va_end(values);
    CHECK(length > 0 && (size_t)length < sizeof(self->text[0]));
    self->item[self->count++] = text;
    self->item[self->count] = NULL;
}

static void build_arguments(struct arguments *out, const struct eal *self,
                            const struct eal_config *config, int core, const char *prefix)
{
    *out = (struct arguments){.count = 0};
    argue(out, "dawdle");
    argue(out, "--lcores=0@%d", core);
    argue(out, "--no-pci");
    argue(out, "--no-telemetry");
    argue(out, "--iova-mode=va");
    argue(out, "--log-level=error");
    argue(out, "--file-prefix=%s", prefix);
    if (self->tier == EAL_TIER_HUGE) {
        argue(out, "--in-memory");
        argue(out, "-m%zu", huge_bytes(config) / MIB);
    } else {
        argue(out, "--no-huge");
        argue(out, "--no-shconf");
        argue(out, "-m%zu", own_bytes(config) / MIB);
    }
}

/* rmdir, not a recursive removal: if DPDK had put a file there we want to notice, not to delete it. */
static void remove_runtime(const char *dir, const char *prefix)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/" RUNTIME "/%s", dir, prefix);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/" RUNTIME, dir);
    rmdir(path);
}

static void name_prefix(long pid, char *out, size_t size)
{
    snprintf(out, size, "dawdle-%ld", pid);
}

void eal_sweep(const char *runtime_dir, long pid)
{
    char prefix[32];
    name_prefix(pid, prefix, sizeof(prefix));
    remove_runtime(runtime_dir, prefix);
}

static void set_or_unset(const char *name, const char *value)
{
    if (value != NULL)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

/* rte_eal_init with its side effects undone: output, environment, affinity, directory. */
static int init_quietly(const struct eal *self, const struct eal_config *config, struct err *err)
{
    struct arguments arguments;
    struct capture_output captured;
    cpu_set_t cores;
    char prefix[32], line[256];
    int core = 0;

    if (sched_getaffinity(0, sizeof(cores), &cores) < 0)
        return err_set(err, -errno, "cannot read which cores may be used: %s", strerror(errno));
    while (core < CPU_SETSIZE - 1 && !CPU_ISSET((size_t)core, &cores))
        core++;
    name_prefix(getpid(), prefix, sizeof(prefix));
    build_arguments(&arguments, self, config, core, prefix);
    const char *old = getenv("RUNTIME_DIRECTORY");
    char *old_copy = old != NULL ? strdup(old) : NULL;

    setenv("RUNTIME_DIRECTORY", config->runtime_dir, 1);
    capture_output_begin(&captured);
    const int rc = rte_eal_init(arguments.count, arguments.item);
    const int code = rte_errno > 0 ? rte_errno : EIO;
    capture_output_end(&captured, "EAL: ", line, sizeof(line));
    set_or_unset("RUNTIME_DIRECTORY", old_copy);
    free(old_copy);
    sched_setaffinity(0, sizeof(cores), &cores);
    remove_runtime(config->runtime_dir, prefix);
    if (rc < 0)
        return err_set(err, -code, "DPDK did not start on tier %s: %s (%s)",
                       eal_tier_name(self->tier), line[0] != '\0' ? line : "it gave no reason",
                       strerror(code));
    return 0;
}

static int map_area(struct eal *self, size_t bytes, struct err *err)
{
    const size_t whole = (bytes + AREA_ALIGN - 1) & ~(AREA_ALIGN - 1);

    if (self->tier == EAL_TIER_HUGE) {
        self->memory = rte_malloc("dawdle", whole, (unsigned)AREA_ALIGN);
        if (self->memory == NULL)
            return err_set(err, -ENOMEM, "DPDK has no %zu MiB of huge pages in one piece",
                           whole / MIB);
    } else {
        /* Over-map and trim, so that the area starts where a transparent huge page can start. */
        unsigned char *raw = mmap(NULL, whole + AREA_ALIGN, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (raw == MAP_FAILED)
            return err_set(err, -errno, "cannot map %zu MiB: %s", whole / MIB, strerror(errno));
        const size_t skip = (AREA_ALIGN - (size_t)raw % AREA_ALIGN) % AREA_ALIGN;
        if (skip > 0)
            munmap(raw, skip);
        munmap(raw + skip + whole, AREA_ALIGN - skip);
        self->memory = raw + skip;
        madvise(self->memory, whole, MADV_HUGEPAGE); /* a wish: its refusal costs speed only */
        /* DPDK's own memfd cannot become transparent huge pages; ours can, and DPDK knows it as external memory. */
        if (rte_extmem_register(self->memory, whole, NULL, 0, self->page_bytes) < 0) {
            const int code = rte_errno > 0 ? rte_errno : EIO;
            munmap(self->memory, whole);
            self->memory = NULL;
            return err_set(err, -code, "DPDK refuses %zu MiB of external memory: %s", whole / MIB,
                           strerror(code));
        }
    }
    self->memory_bytes = whole;
    return 0;
}

static int check_config(const struct eal_config *config, struct err *err)
{
    if (config->memory_bytes == 0 || config->memory_bytes > MEMORY_MAX)
        return err_set(err, -EINVAL, "%zu bytes of memory asked for: expected 1 byte to 256 GiB",
                       config->memory_bytes);
    /* DPDK calls this "Invalid 'command line' arguments" */
    if (access("/sys/devices/system/cpu", F_OK) < 0)
        return err_set(err, -ENOENT,
                       "/sys/devices/system/cpu is missing, where DPDK finds the cores: mount it "
                       "(mount -t sysfs sysfs /sys), or run in virtual time (dawdle sim)");
    if (config->runtime_dir == NULL || strlen(config->runtime_dir) > PATH_MAX - 64)
        return err_set(err, -EINVAL, "the run-time directory is missing or its path is too long");
    if (access(config->runtime_dir, W_OK | X_OK) < 0)
        return err_set(err, -errno, "cannot write into the run-time directory %.256s: %s",
                       config->runtime_dir, strerror(errno));
    return 0;
}

int eal_start(struct eal *out, const struct eal_config *config, struct err *err)
{
    static int started; /* DPDK's own rule, which it states less clearly */
    int rc;

    *out = (struct eal){.tier = EAL_TIER_BEST};
    if ((rc = check_config(config, err)) < 0)
        return rc;
    if (started)
        return err_set(err, -EALREADY, "DPDK can be started once in a process, and it was");
    if ((rc = choose_tier(out, config, err)) < 0)
        goto fail;
    started = 1;
    if ((rc = init_quietly(out, config, err)) < 0)
        goto fail;
    if ((rc = map_area(out, config->memory_bytes, err)) < 0)
        goto stop;
    return 0;

stop:
    rte_eal_cleanup();
fail:
    *out = (struct eal){.tier = EAL_TIER_BEST};
    return rc;
}

int eal_register_thread(void)
{
    if (rte_thread_register() < 0)
        return rte_errno > 0 ? -rte_errno : -EIO;
    return 0;
}

void eal_unregister_thread(void)
{
    rte_thread_unregister();
}

void eal_stop(struct eal *self)
{
    if (self->tier == EAL_TIER_BEST)
        return;
    if (self->tier == EAL_TIER_HUGE) {
        rte_free(self->memory);
    } else {
        rte_extmem_unregister(self->memory, self->memory_bytes);
        munmap(self->memory, self->memory_bytes);
    }
    rte_eal_cleanup();
    *self = (struct eal){.tier = EAL_TIER_BEST};
}
