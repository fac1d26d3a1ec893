/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine: order of PUs, distances, what is refused, and that a binding on the real machine holds. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support_topo.h"

static int open_with(const char *variable, const char *value, struct err *err)
{
    struct machine *machine = NULL;
    unsetenv("HWLOC_SYNTHETIC");
    unsetenv("HWLOC_XMLFILE");
    setenv(variable, value, 1);
    const int rc = machine_open(&machine, err);
    cr_expect_eq(machine != NULL, rc == 0);
    machine_close(machine);
    return rc;
}

Test(machine, counts_what_the_description_says)
{
    struct machine *machine = synthetic_machine("package:2 numa:4 l3:4 core:4 pu:2");

    cr_expect_eq(machine_pu_count(machine), 256u);
    cr_expect_eq(machine_core_count(machine), 128u);
    cr_expect_eq(machine_numa_count(machine), 8u);
    cr_expect_not_null(strstr(machine_summary(machine), "128 cores (256 threads)"));
    cr_expect_not_null(strstr(machine_summary(machine), "32 L3"));
    cr_expect_not_null(strstr(machine_summary(machine), ", 2 packages"));
    machine_close(machine);
}

Test(machine, puts_smt_siblings_last_and_near_cores_together)
{
    struct machine *machine = synthetic_machine(TWO_SOCKETS);

    for (uint32_t i = 0; i < 32; i++) {
        const struct machine_pu *pu = machine_pu_at(machine, i);
        const uint32_t core = i % 16;
        cr_expect_eq(pu->smt, i / 16, "PU %u", i);
        cr_expect_eq(pu->core, core, "PU %u", i);
        cr_expect_eq(pu->os_index, 2 * core + i / 16, "PU %u", i);
        cr_expect_eq(pu->l3, core / 4, "PU %u", i);
        cr_expect_eq(pu->numa, core / 8, "PU %u", i);
        cr_expect_eq(pu->package, core / 8, "PU %u", i);
    }
    machine_close(machine);
}

Test(machine, lays_siblings_side_by_side_in_near_order)
{
    struct machine *machine = synthetic_machine(LAPTOP);
    uint32_t near[8];

    machine_near_order(machine, near, 8);

    const uint32_t expected[8] = {0, 4, 1, 5, 2, 6, 3, 7};
    cr_expect_arr_eq(near, expected, sizeof(near));
    machine_close(machine);
}

Test(machine, grades_distance_from_same_pu_to_other_package)
{
    struct machine *machine = synthetic_machine("package:2 numa:2 l3:2 core:2 pu:2");
    const struct {
        uint32_t core, smt, distance;
    } rows[] = {{0, 0, 0}, {0, 1, 1}, {1, 0, 2}, {2, 0, 3}, {4, 1, 4}, {8, 0, 5}};

    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint32_t other = rows[i].core + 16 * rows[i].smt;
        cr_expect_eq(machine_distance(machine, 0, other), rows[i].distance, "core %u",
                     rows[i].core);
        cr_expect_eq(machine_distance(machine, other, 0), rows[i].distance, "core %u",
                     rows[i].core);
    }
    machine_close(machine);
}

Test(machine, calls_another_package_far_even_within_one_numa_node)
{
    struct machine *machine = synthetic_machine("package:2 core:2 pu:1");

    cr_expect_eq(machine_numa_count(machine), 1u);
    cr_expect_eq(machine_distance(machine, 0, 2), 5u);
    machine_close(machine);
}

Test(machine, without_l3_calls_the_cores_of_a_node_numa_near)
{
    struct machine *machine = xml_machine("board-no-l3.xml");

    cr_expect_eq(machine_core_count(machine), 4u);
    cr_expect_not_null(strstr(machine_summary(machine), "no L3"));
    cr_expect_eq(machine_pu_at(machine, 0)->l3, MACHINE_NONE);
    cr_expect_eq(machine_distance(machine, 0, 1), 3u);
    machine_close(machine);
}

Test(machine, drops_cores_outside_the_cgroup)
{
    struct machine *machine = xml_machine("two-socket-cgroup.xml"); /* PUs 2 3 8 9 16 allowed */

    const uint32_t expected[] = {2, 8, 16, 3, 9};
    cr_assert_eq(machine_pu_count(machine), 5u);
    for (uint32_t i = 0; i < 5; i++)
        cr_expect_eq(machine_pu_at(machine, i)->os_index, expected[i], "PU %u", i);
    cr_expect_eq(machine_core_count(machine), 3u);
    cr_expect_not_null(strstr(machine_summary(machine), ", 2 packages"));
    machine_close(machine);
}

Test(machine, sees_one_pu_when_the_affinity_mask_has_one)
{
    cpu_set_t allowed, one;
    cr_assert_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    size_t last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &allowed))
        last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);

    struct machine *machine = real_machine();

    cr_expect_eq(machine_pu_count(machine), 1u);
    cr_expect_eq(machine_core_count(machine), 1u);
    cr_expect_eq(machine_pu_at(machine, 0)->os_index, (uint32_t)last);
    cr_expect_eq(machine_pu_at(machine, 0)->smt, 0u, "the only usable thread is the first one");
    machine_close(machine);
}

Test(machine, binds_this_thread_to_every_pu_in_turn)
{
    struct machine *machine = real_machine();
    struct err err = {""};

    for (uint32_t i = 0; i < machine_pu_count(machine); i++) {
        const uint32_t os_index = machine_pu_at(machine, i)->os_index;
        cr_assert_eq(machine_bind(machine, i, &err), 0, "%s", err.text);
        cpu_set_t now;
        cr_assert_eq(sched_getaffinity(0, sizeof(now), &now), 0);
        cr_expect_eq(CPU_COUNT(&now), 1);
        cr_expect(CPU_ISSET(os_index, &now));
        cr_expect_eq((uint32_t)sched_getcpu(), os_index);
    }
    machine_close(machine);
}

Test(machine, binds_memory_or_says_why_not)
{
    struct machine *machine = real_machine();
    struct err err = {""};
    const size_t bytes = 1 << 16;
    void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(area, MAP_FAILED);

    const int rc = machine_bind_memory(machine, 0, area, bytes, &err);

    cr_expect_leq(rc, 0);
    cr_expect_eq(rc < 0, err.text[0] != 0, "rc %d, \"%s\"", rc, err.text);
    memset(area, 1, bytes);
    munmap(area, bytes);
    machine_close(machine);
}

Test(machine, refuses_to_bind_when_foreign)
{
    struct machine *machine = synthetic_machine(LAPTOP);
    struct err err = {""};
    char area[64];

    cr_expect(machine_is_foreign(machine));
    cr_expect_eq(machine_bind(machine, 0, &err), -ENODEV);
    cr_expect_not_null(strstr(err.text, "HWLOC_SYNTHETIC"), "%s", err.text);
    cr_expect_eq(machine_bind_memory(machine, 0, area, sizeof(area), &err), -ENODEV);
    machine_close(machine);
}

Test(machine, ranks_two_kinds_of_cores_by_their_power)
{
    struct machine *machine = xml_machine("hybrid.xml");

    for (uint32_t i = 0; i < machine_pu_count(machine); i++) {
        const struct machine_pu *const pu = machine_pu_at(machine, i);
        cr_expect_eq(pu->kind, pu->os_index < 2 ? 1u : 0u, "PU %u", pu->os_index);
    }
    machine_close(machine);
}

Test(machine, has_no_kinds_where_all_cores_are_alike)
{
    struct machine *machine = synthetic_machine(LAPTOP);

    for (uint32_t i = 0; i < machine_pu_count(machine); i++)
        cr_expect_eq(machine_pu_at(machine, i)->kind, MACHINE_NONE);
    machine_close(machine);
}

Test(machine, takes_the_users_word_that_a_description_is_this_system)
{
    setenv("HWLOC_THISSYSTEM", "1", 1);
    struct machine *machine = xml_machine("two-socket.xml");

    cr_expect_not(machine_is_foreign(machine));
    machine_close(machine);
}

Test(machine, refuses_a_bad_synthetic_description)
{
    struct err err = {""};

    cr_expect_eq(open_with("HWLOC_SYNTHETIC", "flux:3", &err), -EINVAL);
    cr_expect_not_null(strstr(err.text, "flux:3"), "%s", err.text);
}

Test(machine, refuses_a_missing_xml_file)
{
    struct err err = {""};

    cr_expect_eq(open_with("HWLOC_XMLFILE", "/nonexistent/machine.xml", &err), -ENOENT);
    cr_expect_not_null(strstr(err.text, "/nonexistent/machine.xml"), "%s", err.text);
}

Test(machine, refuses_a_file_that_is_not_hwloc_xml)
{
    char path[] = "/tmp/dawdle-machine-XXXXXX";
    FILE *out = fdopen(mkstemp(path), "w");
    fputs("<html><body>not a machine</body></html>\n", out);
    fclose(out);
    struct err err = {""};

    const int rc = open_with("HWLOC_XMLFILE", path, &err);

    unlink(path);
    cr_expect_eq(rc, -EINVAL);
    cr_expect_not_null(strstr(err.text, path), "%s", err.text);
}

Test(machine, treats_an_empty_variable_as_unset)
{
    struct err err = {""};

    cr_expect_eq(open_with("HWLOC_SYNTHETIC", "", &err), 0, "%s", err.text);
}

Test(machine, checks_the_index, .signal = SIGABRT)
{
    struct machine *machine = synthetic_machine(LAPTOP);

    machine_pu_at(machine, 8);
}
