/* SPDX-License-Identifier: BSD-3-Clause */
/* What cannot be read is null and no error: a result without its environment is still a result. */
#include "harness/environment.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "harness/record/results_json.h"
#include "harness/version.h"

#define ENVIRONMENT_PATH_MAX 4400u
#define GOVERNOR "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define HUGE_2M "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define THP "/sys/kernel/mm/transparent_hugepage/enabled"

int environment_read_line(const char *path, char *out, size_t size)
{
    *out = '\0';
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    const ssize_t got = read(fd, out, size - 1);
    const int rc = got < 0 ? -errno : 0;
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return rc < 0 ? rc : (int)strlen(out);
}

const char *environment_field(const char *path, const char *key, char *out, size_t size)
{
    char *line = NULL;
    size_t capacity = 0;
    const size_t length = strlen(key);
    *out = '\0';
    FILE *in = fopen(path, "re");
    if (!in)
        return out;
    while (!*out && getline(&line, &capacity, in) > 0) {
        const char *at = line + length;
        if (strncmp(line, key, length) != 0)
            continue;
        at += strspn(at, " \t");
        if (*at++ != ':')
            continue;
        at += strspn(at, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
    }
    free(line);
    fclose(in);
    return out;
}

const char *environment_choice(const char *path, char *out, size_t size)
{
    char line[256];
    environment_read_line(path, line, sizeof(line));
    const char *open = strchr(line, '[');
    const char *close = open ? strchr(open, ']') : NULL;
    if (close)
        snprintf(out, size, "%.*s", (int)(close - open - 1), open + 1);
    else
        snprintf(out, size, "%s", line);
    return out;
}

double environment_steal_share(void)
{
    char line[512];
    unsigned long long part[8] = {0};
    double all = 0;
    if (environment_read_line("/proc/stat", line, sizeof(line)) <= 0)
        return (double)NAN;
    /* user nice system idle iowait irq softirq steal */
    if (sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &part[0], &part[1], &part[2],
               &part[3], &part[4], &part[5], &part[6], &part[7]) != 8)
        return (double)NAN;
    for (uint32_t i = 0; i < 8; i++)
        all += (double)part[i];
    return all > 0 ? (double)part[7] / all : (double)NAN;
}

const char *environment_container(char *out, size_t size)
{
    static const struct {
        const char *path, *needle, *kind; /* needle NULL: the file's existence suffices */
    } signs[] = {
        {"/.dockerenv", NULL, "docker"},
        {"/run/.containerenv", NULL, "podman"},
        {"/var/run/secrets/kubernetes.io", NULL, "kubernetes"},
        {"/proc/1/cgroup", "kubepods", "kubernetes"},
        {"/proc/1/cgroup", "docker", "docker"},
        {"/proc/1/cgroup", "lxc", "lxc"},
        {"/proc/1/environ", "container=", "container"},
    };
    for (uint32_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        char text[4096];
        bool found = signs[i].needle ? false : access(signs[i].path, F_OK) == 0;
        FILE *in = signs[i].needle ? fopen(signs[i].path, "re") : NULL;
        if (in) {
            const size_t got = fread(text, 1, sizeof(text), in);
            found = memmem(text, got, signs[i].needle, strlen(signs[i].needle)) != NULL;
            fclose(in);
        }
        if (found) {
            snprintf(out, size, "%s", signs[i].kind);
            return out;
        }
    }
    *out = '\0';
    return out;
}

/** The quota that the files of one folder set, in cores; 0: none. */
static double quota_in(const char *folder, bool second_version)
{
    char path[ENVIRONMENT_PATH_MAX + 32], line[128];
    double quota = 0, period = 0;
    snprintf(path, sizeof(path), "%s/%s", folder, second_version ? "cpu.max" : "cpu.cfs_quota_us");
    environment_read_line(path, line, sizeof(line));
    if (second_version) /* `max 100000` is no quota */
        return sscanf(line, "%lf %lf", &quota, &period) == 2 && period > 0 ? quota / period : 0;
    quota = strtod(line, NULL); /* -1 is none */
    snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder);
    environment_read_line(path, line, sizeof(line));
    period = strtod(line, NULL);
    return quota > 0 && period > 0 ? quota / period : 0;
}

/** 0 stands for none. */
static double lesser_quota(double a, double b)
{
    return a <= 0 ? b : b <= 0 ? a : fmin(a, b);
}

/** The least of this group's and its parents' as far as they are visible here. */
static double quota_up(const char *root, const char *mount, const char *group, bool second_version)
{
    char folder[ENVIRONMENT_PATH_MAX];
    double least = 0;
    const int head = snprintf(folder, sizeof(folder), "%s/sys/fs/cgroup%s", root, mount);
    snprintf(folder + head, sizeof(folder) - (size_t)head, "%s", group);
    for (;;) {
        least = lesser_quota(least, quota_in(folder, second_version));
        char *const slash = strrchr(folder, '/');
        if (!slash || slash < folder + head)
            return least;
        *slash = '\0';
    }
}

/** Of one line of /proc/self/cgroup, `0::/group` or `4:cpu,cpuacct:/group`; 0: it says nothing of cores. */
static double quota_of_line(const char *root, char *line)
{
    char *const names = strchr(line, ':') ? strchr(line, ':') + 1 : line;
    char *const group = strchr(names, ':');
    if (!group)
        return 0;
    *group = '\0';
    group[1 + strcspn(group + 1, "\n")] = '\0';
    if (*names == '\0')
        return quota_up(root, "", group + 1, true);
    if (strcmp(names, "cpu") != 0 && strstr(names, "cpu,") != names)
        return 0;
    return lesser_quota(quota_up(root, "/cpu", group + 1, false),
                        quota_up(root, "/cpu,cpuacct", group + 1, false));
}

double environment_cpu_quota(const char *root)
{
    char path[ENVIRONMENT_PATH_MAX], line[ENVIRONMENT_PATH_MAX];
    double least = 0;
    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    FILE *const in = fopen(path, "re");
    while (in && fgets(line, sizeof(line), in))
        least = lesser_quota(least, quota_of_line(root, line));
    if (in)
        fclose(in);
    return least;
}

static uint64_t read_count(const char *path)
{
    char line[64];
    environment_read_line(path, line, sizeof(line));
    return strtoull(line, NULL, 10);
}

void environment_huge_pages(uint64_t *total, uint64_t *free_pages)
{
    *total = read_count(HUGE_2M "nr_hugepages");
    *free_pages = read_count(HUGE_2M "free_hugepages");
}

static void put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new_nocheck(object, key, value);
}

/* "" means that the host does not tell: null, never an empty string that looks like an answer. */
static void put_text(json_t *object, const char *key, const char *text)
{
    put(object, key, text && *text ? results_json_text(text) : json_null());
}

static json_t *cpu_json(void)
{
    char text[4096];
    cpu_set_t allowed;
    json_t *out = json_object();
    put_text(out, "model", environment_field("/proc/cpuinfo", "model name", text, sizeof(text)));
    put_text(out, "microcode", environment_field("/proc/cpuinfo", "microcode", text, sizeof(text)));
    put(out, "online", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    put(out, "allowed",
        sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? json_integer(CPU_COUNT(&allowed))
                                                             : json_null());
    environment_field("/proc/cpuinfo", "flags", text, sizeof(text));
    put(out, "constant_tsc", json_boolean(strstr(text, "constant_tsc") != NULL));
    put(out, "nonstop_tsc", json_boolean(strstr(text, "nonstop_tsc") != NULL));
    put(out, "virtualised", json_boolean(strstr(text, " hypervisor") != NULL));
    if (environment_read_line(GOVERNOR, text, sizeof(text)) <= 0)
        snprintf(text, sizeof(text), "not exposed");
    put_text(out, "governor", text);
    environment_read_line("/sys/devices/system/cpu/smt/active", text, sizeof(text));
    put(out, "smt", *text ? json_boolean(*text == '1') : json_null());
    const double quota = environment_cpu_quota("");
    put(out, "quota_cores", quota > 0 ? results_json_real(quota) : json_null());
    put(out, "steal_share_since_boot", results_json_real(environment_steal_share()));
    return out;
}

/* Those words of the command line that change what latencies mean; the rest may name disks and hosts. */
static json_t *boot_flags(void)
{
    static const char *const wanted[] = {
        "isolcpus",
        "nohz_full",
        "rcu_nocbs",
        "irqaffinity",
        "nosmt",
        "mitigations",
        "preempt",
        "idle",
        "intel_idle.max_cstate",
        "processor.max_cstate",
        "tsc",
        "clocksource",
        "skew_tick",
        "nowatchdog",
        "hugepages",
        "hugepagesz",
        "default_hugepagesz",
        "transparent_hugepage",
    };
    char line[4096];
    json_t *out = json_array();
    char *state = NULL;
    environment_read_line("/proc/cmdline", line, sizeof(line));
    for (char *word = strtok_r(line, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
        const size_t length = strcspn(word, "=");
        for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
            if (strlen(wanted[i]) == length && strncmp(word, wanted[i], length) == 0)
                json_array_append_new(out, results_json_text(word));
    }
    return out;
}

static json_t *kernel_json(void)
{
    char text[256];
    struct utsname name;
    json_t *out = json_object();
    const bool known = uname(&name) == 0;
    put_text(out, "release", known ? name.release : NULL);
    put_text(out, "version", known ? name.version : NULL);
    put_text(out, "machine", known ? name.machine : NULL);
    put(out, "boot_flags", boot_flags());
    environment_read_line(CLOCKSOURCE, text, sizeof(text));
    put_text(out, "clocksource", text);
    environment_read_line("/proc/sys/kernel/sched_rt_runtime_us", text, sizeof(text));
    put_text(out, "sched_rt_runtime_us", text);
    environment_read_line("/sys/class/dmi/id/product_name", text, sizeof(text));
    put_text(out, "machine_model", text);
    put_text(out, "container", environment_container(text, sizeof(text)));
    return out;
}

static json_t *memory_json(void)
{
    char text[256];
    uint64_t total;
    uint64_t free_pages;
    json_t *out = json_object();
    environment_huge_pages(&total, &free_pages);
    environment_field("/proc/meminfo", "MemTotal", text, sizeof(text));
    put(out, "total_bytes", json_integer((json_int_t)strtoull(text, NULL, 10) * 1024));
    put(out, "huge_pages_2m_total", json_integer((json_int_t)total));
    put(out, "huge_pages_2m_free", json_integer((json_int_t)free_pages));
    put_text(out, "transparent_huge_pages", environment_choice(THP, text, sizeof(text)));
    return out;
}

static json_t *software_json(const struct environment_extra *extra)
{
    json_t *out = json_object();
    put_text(out, "dawdle", DAWDLE_VERSION);
    put_text(out, "compiler", __VERSION__);
    put_text(out, "dpdk", extra->dpdk_version);
    put_text(out, "liburing", extra->liburing_version);
    put_text(out, "hwloc", extra->hwloc_version);
    put_text(out, "jansson", jansson_version_str());
    return out;
}

static json_t *run_json(const struct environment_extra *extra)
{
    json_t *out = json_object();
    json_t *seeds = json_array();
    json_t *placement = json_array();
    for (uint32_t i = 0; i < extra->seed_count; i++)
        json_array_append_new(seeds, json_integer((json_int_t)extra->seed[i]));
    for (uint32_t w = 0; extra->placement && w < extra->workers; w++)
        json_array_append_new(placement, json_integer(extra->placement[w]));
    put(out, "seeds", seeds);
    put(out, "placement", placement);
    put_text(out, "eal_tier", extra->eal_tier);
    put_text(out, "eal_reason", extra->eal_reason);
    put(out, "tsc_hz", extra->tsc_hz > 0 ? results_json_real(extra->tsc_hz) : json_null());
    return out;
}

json_t *environment_json(const struct environment_extra *extra)
{
    char when[64];
    struct tm utc;
    const time_t now = time(NULL);
    json_t *out = json_object();
    if (!out)
        return NULL;
    gmtime_r(&now, &utc);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
    put(out, "schema", json_integer(RESULTS_SCHEMA));
    put_text(out, "when", when);
    put(out, "cpu", cpu_json());
    put(out, "kernel", kernel_json());
    put(out, "memory", memory_json());
    put(out, "software", software_json(extra));
    put(out, "run", run_json(extra));
    return out;
}
