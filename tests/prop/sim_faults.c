/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fault x policy table: what each policy does about each fault, run in virtual time. core/policy/FAULTS.md says it in
 * words; a test compares the two. Every run ends, every loan is back, every message is accounted for (cluster_run).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy/rows.h"
#include "tests/random/options.h"
#include "tests/unit/support_sim.h"

#define WORKERS 8u
#define VICTIM 3u

enum answer {
    REFUSED,  /* before the start */
    SURVIVES, /* its neighbours give it up, and the others go on */
    RETURNS,  /* and take it in again */
};

struct line {
    const char *name;
    const struct policy *row;
    enum answer loss, comeback; /* crash and leave for good; crash and leave with a return, join */
    const char *options;        /* NULL: its defaults */
};

static const struct line lines[] = {
    {"none", &policy_none, REFUSED, REFUSED, ""},
    {"allreduce", &policy_allreduce, REFUSED, REFUSED, ""},
    {"dsgd", &policy_dsgd, SURVIVES, RETURNS, ""},
    {"dsgd", &policy_dsgd, SURVIVES, RETURNS, "order: cta"},
    {"local-sgd", &policy_local_sgd, REFUSED, REFUSED, "steps: 3"},
    {"k-sync", &policy_k_sync, REFUSED, REFUSED, "k: 3"},
    {"adpsgd", &policy_adpsgd, SURVIVES, RETURNS, ""},
    {"adpsgd", &policy_adpsgd, SURVIVES, RETURNS, "comm_thread: true"},
    {"swarm", &policy_swarm, SURVIVES, RETURNS, "steps: 2"},
    {"aau", &policy_aau, SURVIVES, RETURNS, "release: cluster"},
    {"aau", &policy_aau, SURVIVES, RETURNS, "release: all"},
    {"aau", &policy_aau, SURVIVES, RETURNS, "release: nbr"},
    {"aau", &policy_aau, SURVIVES, RETURNS, "release: pair"},
    {"aau", &policy_aau, SURVIVES, RETURNS, "new_edge: vertex"},
    {"aau (oracle)", &policy_aau_oracle, SURVIVES, REFUSED, "release: cluster"},
    {"aau (oracle)", &policy_aau_oracle, SURVIVES, REFUSED, "new_edge: vertex"},
    {"partial", &policy_partial, SURVIVES, RETURNS, "wait: k, k: 2"},
    {"prague", &policy_prague, REFUSED, REFUSED, "group: 3, lag: 2"},
    {"sgp", &policy_sgp, REFUSED, REFUSED, "overlap: 1"},
    {"agp", &policy_agp, REFUSED, REFUSED, ""},
    {"agp-yscaled", &policy_agp_yscaled, REFUSED, REFUSED, ""},
    {"hop", &policy_hop, REFUSED, REFUSED, "staleness: 2"},
    {"swift", &policy_swift, REFUSED, REFUSED, "steps: 1"},
    {"epidemic", &policy_epidemic, SURVIVES, RETURNS, "fanout: 2, timeout: 200us"},
    {"asgd", &policy_asgd, REFUSED, REFUSED, ""},
    {"ssp", &policy_ssp, REFUSED, REFUSED, "staleness: 2"},
};
#define LINES ((uint32_t)(sizeof(lines) / sizeof(lines[0])))

/* Line `i`, or after the last the first row that has none yet: what it says of itself, with its defaults. */
static bool line_at(uint32_t i, struct line *out)
{
    if (i < LINES) {
        *out = lines[i];
        return true;
    }
    i -= LINES;
    for (uint32_t p = 0; p < policy_count; p++) {
        const struct policy *const row = policy_table[p];
        bool stands = row->needs_tree; /* clusters have none */
        for (uint32_t k = 0; k < LINES; k++)
            stands |= lines[k].row == row;
        if (stands || i-- > 0)
            continue;
        *out = (struct line){row->name, row, row->survives_loss ? SURVIVES : REFUSED,
                             row->survives_return ? RETURNS : REFUSED, NULL};
        return true;
    }
    return false;
}

static struct policy_counters counted(const struct cluster *cluster)
{
    struct policy_counters sum = {0};
    for (uint32_t w = 0; w < WORKERS; w++) {
        const struct policy_counters one = agent_counters(sim_agent(cluster->sim, w));
        sum.evicted += one.evicted;
        sum.torn += one.torn;
    }
    return sum;
}

static void plan(struct cluster *cluster, const struct line *line, const struct fault *fault,
                 uint32_t faults, uint64_t seed)
{
    cluster_plan_row(cluster, line->row, WORKERS, 4, seed);
    for (uint32_t w = 0; w < WORKERS; w++)
        cluster->worker[w].options = line->options ? options_read(line->row, "%s", line->options)
                                                   : options_default(line->row);
    cluster->config.jitter_cv = 0.1;
    cluster->config.links = (struct sim_links){.latency_ns = 20 * US, .jitter_cv = 0.3};
    cluster->config.fault = fault;
    cluster->config.fault_count = faults;
    cluster->config.stop_ns = 120 * MS;
}

/** Everybody who is there at the end must have gone on in the second half of the run. */
static void expect_progress(struct cluster *cluster, const struct line *line)
{
    uint64_t before[WORKERS];
    cluster_open(cluster);
    while (sim_now_ns(cluster->sim) < 60 * MS && sim_run(cluster->sim, 1))
        ;
    for (uint32_t w = 0; w < WORKERS; w++)
        before[w] = sim_worker(cluster->sim, w)->gradients;
    cluster_run(cluster);
    for (uint32_t w = line->row->central; w < WORKERS; w++)
        if (!sim_worker(cluster->sim, w)->crashed)
            cr_expect_gt(sim_worker(cluster->sim, w)->gradients, before[w] + 2,
                         "%s: worker %u stands still", line->name, w);
}

/** Where the victim goes for good, or comes (back). */
static void run_absence(const struct line *line, struct fault fault, enum answer answer,
                        uint64_t seed)
{
    struct cluster cluster;
    fault.worker = VICTIM;
    const bool returns = fault.kind == FAULT_JOIN || fault.for_ns > 0;
    cr_expect_eq(policy_refuses(line->row, returns) != NULL, answer == REFUSED, "%s", line->name);
    if (answer == REFUSED)
        return;
    plan(&cluster, line, &fault, 1, seed);
    const uint32_t neighbours = cluster.worker[VICTIM].peer_count;
    expect_progress(&cluster, line);

    const struct sim_fault was = sim_fault(cluster.sim, 0);
    const struct policy_counters counters = counted(&cluster);
    cr_expect(was.happened);
    cr_expect_eq(sim_worker(cluster.sim, VICTIM)->crashed, !returns, "%s", line->name);
    cr_expect_eq(sim_worker(cluster.sim, VICTIM)->lives, returns);
    cr_expect_eq(was.back_ns > 0, returns);
    cr_expect_eq(counters.evicted, neighbours, "%s: each neighbour gives it up, once", line->name);
    if (fault.kind != FAULT_CRASH)
        cr_expect_eq(counters.torn, 0, "%s: leaving in good order tears nothing", line->name);
    cluster_close(&cluster);
}

static void run_all(struct fault fault, bool comeback)
{
    struct line line;
    for (uint32_t i = 0; line_at(i, &line); i++)
        for (uint64_t seed = 1; seed <= 3; seed++)
            run_absence(&line, fault, comeback ? line.comeback : line.loss, seed);
}

/* A sentence that several rows share is true of a family of them, and of nobody else. */
Test(sim_faults, each_row_says_itself_why_it_refuses_a_loss)
{
    for (uint32_t p = 0; p < policy_count; p++) {
        const struct policy *const row = policy_table[p];
        cr_expect_eq(row->loss_refusal == NULL, row->survives_loss, "%s", row->name);
        cr_expect(row->survives_return || !row->survives_loss || row->return_refusal, "%s",
                  row->name);
        cr_expect_not(row->survives_return && row->return_refusal, "%s", row->name);
        for (uint32_t q = 0; q < p && row->loss_refusal; q++)
            cr_expect(row->matrix == MATRIX_COLUMN || !policy_table[q]->loss_refusal ||
                          strcmp(row->loss_refusal, policy_table[q]->loss_refusal) != 0,
                      "%s says what %s says", row->name, policy_table[q]->name);
    }
    cr_expect_str_eq(policy_refuses(policy_find("swift"), false),
                     "it takes silence for slowness, and would average with a lost worker's last "
                     "model for ever");
    cr_expect_not_null(policy_aau_oracle.return_refusal);
}

Test(sim_faults, a_crash_is_survived_by_those_who_say_so)
{
    run_all((struct fault){.kind = FAULT_CRASH, .at_ns = 20 * MS, .notice_ns = 3 * MS}, false);
}

Test(sim_faults, so_is_one_that_leaves)
{
    run_all((struct fault){.kind = FAULT_LEAVE, .at_ns = 20 * MS}, false);
}

Test(sim_faults, who_crashed_comes_back)
{
    run_all(
        (struct fault){
            .kind = FAULT_CRASH, .at_ns = 20 * MS, .for_ns = 15 * MS, .notice_ns = 3 * MS},
        true);
}

Test(sim_faults, who_crashed_comes_back_before_anybody_has_noticed)
{
    run_all(
        (struct fault){
            .kind = FAULT_CRASH, .at_ns = 20 * MS, .for_ns = 100 * US, .notice_ns = 50 * MS},
        true);
}

Test(sim_faults, who_left_comes_back)
{
    run_all((struct fault){.kind = FAULT_LEAVE, .at_ns = 20 * MS, .for_ns = 15 * MS}, true);
}

Test(sim_faults, who_joins_late_takes_part)
{
    run_all((struct fault){.kind = FAULT_JOIN, .at_ns = 30 * MS}, true);
}

/* ------------------------------------------------------------------------------------- what nobody is evicted for */

static void run_spell(const struct line *line, struct fault fault, const struct sim_faults *mishaps,
                      uint64_t seed)
{
    struct cluster cluster;
    fault.worker = VICTIM;
    plan(&cluster, line, &fault, mishaps ? 0 : 1, seed);
    cluster.config.faults = mishaps;
    expect_progress(&cluster, line);

    cr_expect_eq(counted(&cluster).evicted, 0, "%s gives nobody up", line->name);
    if (mishaps && line->row->tensor_class == DELIVERY_EXACT)
        cr_expect_eq(sim_totals(cluster.sim)->count.tensors_dropped, 0, "%s", line->name);
    cluster_close(&cluster);
}

Test(sim_faults, nobody_is_evicted_for_a_pause_a_disk_or_slots)
{
    static const struct fault spells[] = {
        {.kind = FAULT_PAUSE, .at_ns = 20 * MS, .for_ns = 10 * MS},
        {.kind = FAULT_DISK, .at_ns = 20 * MS, .for_ns = 10 * MS},
        {.kind = FAULT_SLOTS, .at_ns = 20 * MS, .for_ns = 10 * MS, .keep = 0},
        {.kind = FAULT_SLOTS, .at_ns = 20 * MS, .for_ns = 10 * MS, .keep = 2},
    };
    struct line line;
    for (uint32_t i = 0; line_at(i, &line); i++)
        for (uint32_t k = 0; k < 4; k++)
            run_spell(&line, spells[k], NULL, 1 + k);
}

Test(sim_faults, nor_for_lost_messages)
{
    const struct sim_faults lossy = {
        .until_ns = UINT64_MAX, .loss = 0.05, .retransmit_ns = 100 * US};
    struct line line;
    for (uint32_t i = 0; line_at(i, &line); i++)
        run_spell(&line, (struct fault){0}, &lossy, 5);
}

Test(sim_faults, a_paused_neighbour_is_evicted_where_the_profile_says_after_how_long)
{
    const struct line line = {
        .name = "aau", .row = &policy_aau, .options = "release: cluster, evict_after: 2ms"};
    const struct fault pause = {
        .kind = FAULT_PAUSE, .worker = VICTIM, .at_ns = 20 * MS, .for_ns = 20 * MS};
    struct cluster cluster;
    plan(&cluster, &line, &pause, 1, 1);

    expect_progress(&cluster, &line);

    cr_expect_gt(counted(&cluster).evicted, 0);
    cluster_close(&cluster);
}

/* --------------------------------------------------------------------------------------- what the faults cost */

Test(sim_faults, a_failing_disk_is_booked_as_loading)
{
    const struct line line = {.name = "adpsgd", .row = &policy_adpsgd};
    const struct fault disk = {
        .kind = FAULT_DISK, .worker = VICTIM, .at_ns = 20 * MS, .for_ns = 10 * MS};
    struct cluster cluster;
    plan(&cluster, &line, &disk, 1, 1);

    expect_progress(&cluster, &line);

    const struct sim_worker_record *const victim = sim_worker(cluster.sim, VICTIM);
    cr_expect_geq(victim->part_ns[PART_LOAD], 8 * MS);
    cr_expect_leq(victim->part_ns[PART_LOAD], 10 * MS);
    cr_expect_eq(sim_worker(cluster.sim, 0)->part_ns[PART_LOAD], 0);
    cluster_close(&cluster);
}

static void expect_stages(const struct line *line)
{
    struct fault join[6];
    struct cluster cluster;
    uint64_t before[WORKERS];
    for (uint32_t i = 0; i < 6; i++)
        join[i] =
            (struct fault){.kind = FAULT_JOIN, .worker = 2 + i, .at_ns = i < 2 ? 30 * MS : 60 * MS};
    plan(&cluster, line, join, 6, 1);
    cluster_open(&cluster);
    while (sim_now_ns(cluster.sim) < 29 * MS && sim_run(cluster.sim, 1))
        ;
    for (uint32_t w = 0; w < WORKERS; w++)
        cr_expect_eq(sim_worker(cluster.sim, w)->gradients > 5, w < 2, "%s: two", line->name);
    while (sim_now_ns(cluster.sim) < 59 * MS && sim_run(cluster.sim, 1))
        ;
    for (uint32_t w = 0; w < WORKERS; w++)
        cr_expect_eq(sim_worker(cluster.sim, w)->gradients > 5, w < 4, "%s: four", line->name);
    for (uint32_t w = 0; w < WORKERS; w++)
        before[w] = sim_worker(cluster.sim, w)->gradients;

    cluster_run(&cluster);

    for (uint32_t w = 0; w < WORKERS; w++)
        cr_expect_gt(sim_worker(cluster.sim, w)->gradients, before[w] + 10, "%s: eight, and %u",
                     line->name, w);
    cluster_close(&cluster);
}

Test(sim_faults, a_rollout_from_two_to_four_to_eight_workers)
{
    for (uint32_t i = 0; i < LINES; i++)
        if (lines[i].comeback == RETURNS)
            expect_stages(&lines[i]);
}

/* ---------------------------------------------------------------------------------------------------- in words */

static const char *const words[] = {"refused", "survives", "returns"};

Test(sim_faults, the_table_in_words_says_the_same)
{
    char path[512], row[128];
    static char text[32768];
    snprintf(path, sizeof(path), "%s/core/policy/FAULTS.md", getenv("DAWDLE_SOURCE"));
    FILE *const file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    text[fread(text, 1, sizeof(text) - 1, file)] = 0;
    fclose(file);
    for (uint32_t i = 0; i < LINES; i++) {
        snprintf(row, sizeof(row), "| %s | %s | %s |", lines[i].name, words[lines[i].loss],
                 words[lines[i].comeback]);
        cr_expect_not_null(strstr(text, row), "FAULTS.md lacks the row: %s", row);
    }
    for (uint32_t i = 0; i < policy_count; i++) {
        snprintf(row, sizeof(row), "| %s |", policy_table[i]->name);
        cr_expect_not_null(strstr(text, row), "FAULTS.md lacks %s", policy_table[i]->name);
    }
}
