/* SPDX-License-Identifier: BSD-3-Clause */
/* Profiles that virtual time cannot run end with exit code 2 and a sentence that says why. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "harness/experiment/keys_tables.h"
#include "tests/live/support_virtual.h"

#define VIRTUAL "name: t\nclock: virtual\ndata: none\nmodel: none\nstop: {iterations: 2}\n"
#define LIVE "name: t\ndata: none\nmodel: none\nstop: {iterations: 2}\n"

TestSuite(virtual_refusals, .init = virtual_enter, .fini = virtual_leave, .timeout = 120);

static void expect_refused(const char *command, const char *yaml, const char *piece)
{
    cr_expect_eq(virtual_command(command, yaml, 0), 2, "%s", yaml);
    char *const said = virtual_errors();
    cr_expect_not_null(strstr(said, piece), "expected: %s\n%s", piece, said);
    free(said);
}

Test(virtual_refusals, no_workers_and_too_many)
{
    expect_refused("run", VIRTUAL "policies: [dsgd]\nworkers: 0\n",
                   "workers.count '0' is out of range: expected 1 to 131072 workers");
    expect_refused("run", VIRTUAL "policies: [dsgd]\nworkers: 131073\n",
                   "workers.count '131073' is out of range: expected 1 to 131072 workers");
}

Test(virtual_refusals, a_graph_that_is_not_connected)
{
    expect_refused("run", VIRTUAL "policies: [dsgd]\nworkers: {count: 4, graph: none}\n",
                   "policy dsgd needs a connected graph, and 'none' is not");
}

Test(virtual_refusals, more_peers_than_a_policy_can_name)
{
    expect_refused("run", VIRTUAL "policies: [dsgd]\nworkers: {count: 2000, graph: star}\n",
                   "worker 0 of 2000 would have 1999 peers, a policy can name 1023 at most");
    expect_refused("run", VIRTUAL "policies: [allreduce]\nworkers: {count: 2000, graph: ring}\n",
                   "collective: modelled");
}

Test(virtual_refusals, a_remedy_that_does_not_help_is_not_named)
{
    expect_refused("run",
                   VIRTUAL "policies: [{kind: prague, collective: modelled}]\n"
                           "workers: {count: 2000, graph: ring}\n",
                   "a policy can name 1023 at most\n");
}

Test(virtual_refusals, a_bandwidth_for_messages_without_content)
{
    expect_refused("run", VIRTUAL "policies: [dsgd]\nlinks: {bandwidth: 1GB}\n",
                   "which no bandwidth delays");
}

Test(virtual_refusals, keys_of_virtual_time_on_the_live_clock)
{
    expect_refused("run", LIVE "policies: [dsgd]\nlinks: {latency: 1us}\n",
                   "clock 'live' does not use links.latency; only for: virtual");
    expect_refused("run", LIVE "policies: [{kind: aau, pathsearch: oracle}]\n", "pathsearch");
}

/* Whatever row it is, and whatever else the table will hold. */
Test(virtual_refusals, what_only_virtual_time_has_on_the_live_clock)
{
    static const char *const option[] = {"collective: modelled", "pathsearch: oracle"};
    static const char *const key[] = {"collective", "pathsearch"};
    uint32_t met = 0;
    for (uint32_t p = 0; p < policy_count; p++) {
        char yaml[512];
        for (uint32_t k = 0; k < 2; k++) {
            if (!option_find(policy_table[p]->options, key[k]))
                continue;
            snprintf(yaml, sizeof(yaml), LIVE "policies: [{kind: %s, %s}]\n", policy_table[p]->name,
                     option[k]);
            expect_refused("run", yaml, "exists in virtual time only");
            met++;
        }
        if (!policy_table[p]->shared_bytes)
            continue;
        snprintf(yaml, sizeof(yaml), LIVE "policies: [%s]\n", policy_table[p]->name);
        expect_refused("run", yaml, "exists in virtual time only");
    }
    cr_expect_geq(met, 4u, "allreduce, local-sgd, prague, aau");
}

Test(virtual_refusals, no_base_time)
{
    expect_refused("sim", LIVE "policies: [dsgd]\ncompute: {base: 0}\n", "compute.base is 0");
}

Test(virtual_refusals, threads_for_a_live_run)
{
    cr_expect_eq(virtual_command("run", LIVE "policies: [dsgd]\n", 2), 2);
    char *const said = virtual_errors();
    cr_expect_not_null(strstr(said, "--threads is for virtual time"), "%s", said);
    free(said);
}

Test(virtual_refusals, placement_of_workers_that_have_no_machine)
{
    expect_refused("topo", VIRTUAL "policies: [dsgd]\n", "placed on no machine");
}

#define TIMED "name: t\nclock: virtual\ndata: none\nmodel: none\nstop: {time: 40ms}\n"

Test(virtual_refusals, a_fault_that_a_policy_does_not_survive)
{
    expect_refused("run",
                   TIMED "policies: [allreduce]\nworkers: 4\n"
                         "faults:\n  - {kind: crash, workers: 1, at: 1ms}\n",
                   "without one of them no round ends");
    expect_refused("run",
                   TIMED "policies: [sgp]\nworkers: 4\n"
                         "faults:\n  - {kind: leave, workers: 1, at: 1ms}\n",
                   "push-sum weights");
    expect_refused("run",
                   TIMED "policies: [none, swift, prague]\nworkers: 4\n"
                         "faults:\n  - {kind: leave, workers: 1, at: 1ms}\n",
                   "it takes silence for slowness");
}

Test(virtual_refusals, not_a_fault_that_it_survives)
{
    cr_expect_eq(virtual_command("run",
                                 TIMED
                                 "policies: [dsgd, aau, adpsgd]\nworkers: 4\n"
                                 "faults:\n  - {kind: crash, workers: 1, at: 5ms, restart: 10ms}\n"
                                 "  - {kind: join, workers: 3, at: 9ms}\n",
                                 0),
                 0);
    json_t *const result = virtual_result();
    const json_t *const faults = json_object_get(virtual_of(result, 0), "faults");

    cr_assert_eq(json_array_size(faults), 2);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(faults, 0), "kind")),
                     "crash");
    cr_expect_float_eq(json_real_value(json_object_get(json_array_get(faults, 0), "back_s")), 0.015,
                       1e-9);
    json_decref(result);
}
