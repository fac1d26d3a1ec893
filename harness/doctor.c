/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each check asks the system itself and changes nothing: a fit machine is one on which the thing works, not one of a
 * list.
 */
#include "harness/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/io_uring.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/check.h"
#include "harness/environment.h"
#include "harness/record/results_json.h"

#define DISK_FAIL_BYTES (64ull << 20)
#define DISK_WARN_BYTES (1ull << 30)
#define HUGE_PAGES_WANTED 64u /* 128 MiB: EAL, and the slots of a small profile */
#define STEAL_SHARE_MAX 0.01
#define UNLOCKED_BYTES (64ull << 20)

#define SAY(field, ...) snprintf(f->field, sizeof(f->field), __VA_ARGS__)

static void cpu_count(struct doctor_finding *f)
{
    cpu_set_t allowed;
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const int usable =
        sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    SAY(finding, "%d of %ld CPUs usable", usable, online);
    if (usable >= 2)
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "all workers take turns on one core; latencies include each other's turns");
    SAY(remedy, "taskset -p %d, or give the container more CPUs", getpid());
}

static void cpu_quota(struct doctor_finding *f)
{
    cpu_set_t allowed;
    const double quota = environment_cpu_quota("");
    const int usable =
        sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    if (quota <= 0) {
        SAY(finding, "none");
        return;
    }
    SAY(finding, "the cgroup grants the time of %.3g of %d CPUs", quota, usable);
    if (quota >= usable)
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "the kernel stops all workers for a part of each period: times are its own");
    SAY(remedy, "give the container whole CPUs (--cpuset-cpus) instead of a quota (--cpus)");
}

static void cpu_smt(struct doctor_finding *f)
{
    char active[16];
    f->verdict = DOCTOR_INFO;
    if (environment_read_line("/sys/devices/system/cpu/smt/active", active, sizeof(active)) <= 0) {
        SAY(finding, "the host does not say whether cores are shared");
        return;
    }
    SAY(finding, "SMT is %s", *active == '1' ? "on" : "off");
    if (*active == '1')
        SAY(consequence, "siblings slow each other down; workers go to separate cores first");
}

static void cpu_governor(struct doctor_finding *f)
{
    char governor[64];
    if (environment_read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor,
                              sizeof(governor)) <= 0) {
        f->verdict = DOCTOR_INFO;
        SAY(finding, "not exposed (usual in virtual machines)");
        return;
    }
    SAY(finding, "%s", governor);
    if (strcmp(governor, "performance") == 0)
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "clock rates follow the load, so idle policies look slower");
    SAY(remedy, "cpupower frequency-set -g performance");
}

static void cpu_steal(struct doctor_finding *f)
{
    const double share = environment_steal_share();
    if (isnan(share)) {
        f->verdict = DOCTOR_INFO;
        SAY(finding, "not exposed");
        return;
    }
    SAY(finding, "%.2f %% stolen since boot", 100 * share);
    if (share <= STEAL_SHARE_MAX)
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "the hypervisor pauses this machine: tails are partly its own");
    SAY(remedy, "use a dedicated host, or compare medians over more seeds");
}

static void clock_source(struct doctor_finding *f)
{
    char flags[4096];
    char source[64];
    environment_field("/proc/cpuinfo", "flags", flags, sizeof(flags));
    environment_read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                          source, sizeof(source));
    const bool constant = strstr(flags, "constant_tsc") != NULL;
    SAY(finding, "%s, constant_tsc %s", *source ? source : "not exposed", constant ? "yes" : "no");
    if (constant)
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "the time-stamp counter may change its rate: measured times drift");
    SAY(remedy, "run on a host with an invariant TSC");
}

static void mem_hugepages(struct doctor_finding *f)
{
    uint64_t total;
    uint64_t free_pages;
    environment_huge_pages(&total, &free_pages);
    SAY(finding, "%llu of %llu 2 MiB pages free", (unsigned long long)free_pages,
        (unsigned long long)total);
    if (free_pages >= HUGE_PAGES_WANTED)
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "large profiles fall back to 4 KiB pages; results are tagged");
    SAY(remedy, "echo %llu | sudo tee /proc/sys/vm/nr_hugepages",
        (unsigned long long)(total - free_pages + 128));
}

static void mem_memlock(struct doctor_finding *f)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        SAY(finding, "unlimited");
        return;
    }
    SAY(finding, "%llu KiB may be locked", (unsigned long long)limit.rlim_cur / 1024);
    if (limit.rlim_cur >= UNLOCKED_BYTES)
        return;
    f->verdict = DOCTOR_INFO;
    SAY(consequence, "without CAP_IPC_LOCK, registered io_uring buffers beyond this are refused");
    SAY(remedy, "ulimit -l unlimited, or docker run --ulimit memlock=-1");
}

static void thp_mode(struct doctor_finding *f)
{
    char mode[64];
    environment_choice("/sys/kernel/mm/transparent_hugepage/enabled", mode, sizeof(mode));
    f->verdict = DOCTOR_INFO;
    SAY(finding, "%s", *mode ? mode : "not exposed");
    if (strcmp(mode, "always") == 0)
        SAY(consequence, "the kernel may merge pages during a run; page faults are reported");
}

static void io_uring_setup_check(struct doctor_finding *f)
{
    struct io_uring_params params = {0};
    char sysctl[16];
    const long fd = syscall(SYS_io_uring_setup, 4, &params);
    if (fd >= 0) {
        close((int)fd);
        SAY(finding, "works");
        return;
    }
    const int code = errno;
    const bool off =
        environment_read_line("/proc/sys/kernel/io_uring_disabled", sysctl, sizeof(sysctl)) > 0 &&
        *sysctl != '0';
    f->verdict = DOCTOR_WARN;
    SAY(finding, "refused: %s", strerror(code));
    SAY(consequence, "batches are read with preadv on the worker's own core");
    if (code == ENOSYS)
        SAY(remedy, "use Linux 5.11 or newer, with CONFIG_IO_URING");
    else if (code == ENOMEM)
        SAY(remedy, "ulimit -l unlimited (this kernel charges rings to the locked memory)");
    else if (off)
        SAY(remedy, "sudo sysctl kernel.io_uring_disabled=0");
    else
        SAY(remedy, "allow it in the container: docker run --security-opt seccomp=unconfined");
}

static void io_direct(struct doctor_finding *f, const char *dir)
{
    const int fd = open(dir, O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        SAY(finding, "O_DIRECT works in %s", dir);
        return;
    }
    f->verdict = DOCTOR_INFO;
    SAY(finding, "no O_DIRECT in %s: %s", dir, strerror(errno));
    SAY(consequence, "data files there are read through the page cache");
    SAY(remedy, "keep data on ext4 or xfs");
}

static void dpdk_version(struct doctor_finding *f, const char *version)
{
    SAY(finding, "%s", version && *version ? version : "not linked");
    if (version && *version)
        return;
    f->verdict = DOCTOR_INFO;
    SAY(consequence, "only edges without DPDK are available");
}

static void dpdk_runtime_dir(struct doctor_finding *f)
{
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    const char *dir = geteuid() == 0 ? "/var/run" : xdg ? xdg : "/tmp";
    if (geteuid() != 0 && xdg && !*xdg) {
        f->verdict = DOCTOR_WARN;
        SAY(finding, "XDG_RUNTIME_DIR is set but empty");
        SAY(consequence, "plain DPDK programs stop with 'Invalid command line arguments'");
        SAY(remedy, "unset XDG_RUNTIME_DIR");
        return;
    }
    SAY(finding, "%s", dir);
    if (access(dir, W_OK | X_OK) == 0)
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "EAL cannot keep its files there: %s", strerror(errno));
    SAY(remedy, "export XDG_RUNTIME_DIR=$(mktemp -d)");
}

static void container_kind(struct doctor_finding *f)
{
    char kind[32];
    environment_container(kind, sizeof(kind));
    f->verdict = DOCTOR_INFO;
    SAY(finding, "%s", *kind ? kind : "none");
    if (*kind)
        SAY(consequence, "CPU quota, seccomp and missing huge pages may apply");
}

static void disk_free(struct doctor_finding *f, const char *dir)
{
    struct statvfs fs;
    if (statvfs(dir, &fs) != 0) {
        f->verdict = DOCTOR_FAIL;
        SAY(finding, "%s: %s", dir, strerror(errno));
        SAY(consequence, "results cannot be written there");
        SAY(remedy, "choose another results directory");
        return;
    }
    const uint64_t bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    SAY(finding, "%.1f GiB free in %s", (double)bytes / 0x1p30, dir);
    if (bytes >= DISK_WARN_BYTES)
        return;
    f->verdict = bytes < DISK_FAIL_BYTES ? DOCTOR_FAIL : DOCTOR_WARN;
    SAY(consequence, "iterations.csv of a long matrix may not fit");
    SAY(remedy, "choose another results directory");
}

static void kernel_version(struct doctor_finding *f)
{
    struct utsname name;
    int major = 0;
    int minor = 0;
    if (uname(&name) != 0)
        return;
    SAY(finding, "%.80s", name.release);
    if (sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
        (major > 5 || (major == 5 && minor >= 11)))
        return;
    f->verdict = DOCTOR_WARN;
    SAY(consequence, "io_uring before 5.11 lacks what the loader uses; batches are read by preadv");
    SAY(remedy, "use Linux 5.11 or newer");
}

static struct doctor_finding *next(struct doctor_finding *finding, uint32_t *count, const char *id)
{
    CHECK(*count < DOCTOR_FINDINGS_MAX);
    struct doctor_finding *f = &finding[(*count)++];
    *f = (struct doctor_finding){.id = id, .verdict = DOCTOR_PASS};
    return f;
}

uint32_t doctor_examine(const struct doctor_extra *extra,
                        struct doctor_finding finding[DOCTOR_FINDINGS_MAX])
{
    static const struct {
        const char *id;
        void (*check)(struct doctor_finding *f);
    } checks[] = {
        {"cpu.count", cpu_count},
        {"cpu.quota", cpu_quota},
        {"cpu.smt", cpu_smt},
        {"cpu.governor", cpu_governor},
        {"cpu.steal", cpu_steal},
        {"clock.source", clock_source},
        {"mem.hugepages", mem_hugepages},
        {"mem.memlock", mem_memlock},
        {"thp.mode", thp_mode},
        {"kernel.version", kernel_version},
        {"io_uring.setup", io_uring_setup_check},
        {"dpdk.runtime_dir", dpdk_runtime_dir},
        {"container.kind", container_kind},
    };
    const char *dir = extra->results_dir && *extra->results_dir ? extra->results_dir : ".";
    uint32_t count = 0;
    for (uint32_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        checks[i].check(next(finding, &count, checks[i].id));
    dpdk_version(next(finding, &count, "dpdk.version"), extra->dpdk_version);
    io_direct(next(finding, &count, "io.direct"), dir);
    disk_free(next(finding, &count, "disk.free"), dir);
    return count;
}

static const char *const verdict_text[] = {"PASS", "INFO", "WARN", "FAIL"};

static int print_json(FILE *out, const struct doctor_finding *finding, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "id", json_string(finding[i].id));
        json_object_set_new(item, "verdict", json_string(verdict_text[finding[i].verdict]));
        json_object_set_new(item, "finding", results_json_text(finding[i].finding));
        json_object_set_new(item, "consequence", results_json_text(finding[i].consequence));
        json_object_set_new(item, "remedy", results_json_text(finding[i].remedy));
        json_array_append_new(list, item);
    }
    const int rc = json_dumpf(list, out, JSON_INDENT(1));
    fputc('\n', out);
    json_decref(list);
    return rc;
}

static void print_line(FILE *out, const struct table_style *style, const struct doctor_finding *f)
{
    static const enum table_ink ink[] = {INK_GOOD, INK_DIM, INK_WARN, INK_BAD};
    table_ink(out, style, ink[f->verdict], verdict_text[f->verdict]);
    fprintf(out, "  %-17s %s", f->id, f->finding);
    if (*f->consequence)
        fprintf(out, " \xe2\x80\x94 %s", f->consequence);
    if (*f->remedy)
        fprintf(out, " \xe2\x80\x94 %s", f->remedy);
    fputc('\n', out);
}

int doctor_run(FILE *out, const struct table_style *style, bool json,
               const struct doctor_extra *extra)
{
    struct doctor_finding finding[DOCTOR_FINDINGS_MAX];
    const uint32_t count = doctor_examine(extra, finding);
    bool unfit = false;
    for (uint32_t i = 0; i < count; i++)
        unfit = unfit || finding[i].verdict == DOCTOR_FAIL;
    if (json && print_json(out, finding, count) != 0)
        return 1;
    for (uint32_t i = 0; !json && i < count; i++)
        print_line(out, style, &finding[i]);
    return unfit ? 3 : 0;
}
