/* SPDX-License-Identifier: BSD-3-Clause */
/* A long matrix in one process: one EAL, memory used from the start again by every cell, flat memory. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/run/matrix.h"

#define TINY(seeds)                                                                            \
    "name: tiny\nseeds: " seeds "\nworkers: {count: 4, graph: ring}\n"                         \
    "data: {format: synthetic, samples: 1000, features: 16, classes: 4, "                      \
    "shards: {kind: labels, per_worker: 2}}\nmodel: {kind: softmax}\ncompute: {base: 200us}\n" \
    "policies: [allreduce, dsgd, adpsgd, aau]\nstop: {time: 5ms}\njudge: {points: 2}\n"

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void load(struct sweep *sweep, const char *yaml, const char *folder)
{
    char path[512];
    struct profile_errors errors = {0};
    snprintf(path, sizeof(path), "%s/tiny.yaml", folder);
    FILE *const file = fopen(path, "w");
    cr_assert(file);
    fputs(yaml, file);
    fclose(file);
    cr_assert_eq(sweep_load(sweep, path, NULL, 0, &errors), 0);
}

static void run(struct host *host, struct sweep *sweep, const char *folder)
{
    struct err err = {{0}};
    cr_assert_eq(sweep_plan(sweep, host->machine, NULL, PLAN_RUN, &err), 0, "%s", err.text);
    cr_assert_leq(sweep->plan[0].memory_bytes, host->arena.size_bytes);
    const struct matrix_options options = {.out = folder, .quiet = true};
    cr_expect_eq(matrix_run(host, sweep, &options), 0);
}

Test(matrix, of_two_hundred_cells_holds_flat_memory, .timeout = 120)
{
    char folder[] = "/tmp/dawdle-matrix-XXXXXX", command[600];
    struct machine *machine;
    struct host host;
    struct err err = {{0}};
    static struct sweep few, many;
    cr_assert(mkdtemp(folder));
    cr_assert(freopen("/dev/null", "w", stdout)); /* the tables */
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("DAWDLE_EAL", "nohuge", 1);
    load(&few, TINY("5"), folder);
    load(&many, TINY("50"), folder);
    cr_assert_eq(machine_open(&machine, &err), 0, "%s", err.text);
    cr_assert_eq(host_open(&host, machine, 16u << 20, folder, &err), 0, "%s", err.text);

    run(&host, &few, folder);
    const long after_20_cells = peak_kib();
    run(&host, &many, folder);
    const long after_220_cells = peak_kib();

    /* What may grow is the record of each run and, while it is written, its tree of JSON: 96 KiB a cell would be a leak. */
    cr_expect_lt(after_220_cells - after_20_cells, 200 * 96, "%ld KiB, then %ld KiB",
                 after_20_cells, after_220_cells);
    host_close(&host);
    machine_close(machine);
    sweep_close(&few);
    sweep_close(&many);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}
