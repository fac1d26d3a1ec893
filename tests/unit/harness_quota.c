/* SPDX-License-Identifier: BSD-3-Clause */
/* CPU quotas as cgroups of both versions state them, in files below a folder that stands for `/`. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/environment.h"

static char root[64];

static void make_root(void)
{
    strcpy(root, "/tmp/dawdle-quota-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
}

static void put(const char *path, const char *text)
{
    char command[512];
    snprintf(command, sizeof(command), "mkdir -p $(dirname %s%s) && printf -- '%s' > %s%s", root,
             path, text, root, path);
    cr_assert_eq(system(command), 0);
}

TestSuite(quota, .init = make_root, .fini = remove_root);

Test(quota, is_none_where_nothing_says_so)
{
    cr_expect_eq(environment_cpu_quota(root), 0);
    put("/proc/self/cgroup", "0::/\\n");
    cr_expect_eq(environment_cpu_quota(root), 0);
    put("/sys/fs/cgroup/cpu.max", "max 100000\\n");
    cr_expect_eq(environment_cpu_quota(root), 0);
}

Test(quota, of_a_container_is_in_the_root_of_its_own_view)
{
    put("/proc/self/cgroup", "0::/\\n");
    put("/sys/fs/cgroup/cpu.max", "150000 100000\\n");
    cr_expect_float_eq(environment_cpu_quota(root), 1.5, 1e-12);
}

Test(quota, is_the_least_of_the_group_and_those_around_it)
{
    put("/proc/self/cgroup", "0::/batch/job\\n");
    put("/sys/fs/cgroup/batch/job/cpu.max", "400000 100000\\n");
    put("/sys/fs/cgroup/batch/cpu.max", "250000 100000\\n");
    cr_expect_float_eq(environment_cpu_quota(root), 2.5, 1e-12);
}

Test(quota, of_version_1_has_two_files)
{
    put("/proc/self/cgroup", "9:name=systemd:/\\n4:cpuset:/job\\n2:cpu,cpuacct:/job\\n0::/\\n");
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\\n");
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\\n");
    cr_expect_eq(environment_cpu_quota(root), 0);
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000\\n");
    cr_expect_float_eq(environment_cpu_quota(root), 0.5, 1e-12);
}
