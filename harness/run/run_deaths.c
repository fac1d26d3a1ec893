/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dead counted is in the memory that all share, as it was at their last instruction. */
#include "harness/run/run_deaths.h"

#include <stdio.h>

_Static_assert(EXPERIMENT_PROCESSES_MAX <= COHORT_BRIDGES_MAX, "a bit for each process");

bool run_death_took(const struct run *run, uint32_t worker)
{
    return run->cohort.bridges > 0 && cohort_is_lost(&run->cohort, run->cell->process[worker]);
}

const char *run_death_ends_run(const struct run *run, uint32_t p)
{
    if (cohort_phase(&run->cohort) == COHORT_WAIT)
        return "the run had not begun";
    if (p == 0)
        return "it decided when the run ends";
    if (!run->cell->row->survives_loss)
        return "no worker of this policy can be missed";
    return NULL;
}

void run_death(struct run *run, uint32_t p, const char *how)
{
    char text[256];
    struct run_process *const process = &run->process[p];
    process->lost_cyc = clock_cyc();
    atomic_store(&process->stage, RUN_STAGE_ENDED); /* nobody waits for its word */
    cohort_lose(&run->cohort, p);
    snprintf(text, sizeof(text), "process %u %s: its workers count as crashed, the others go on", p,
             how);
    run->common.say(text);
}

void run_deaths_look(struct run *run)
{
    struct cohort *const c = &run->cohort;
    if (atomic_load(&c->lost) == atomic_load(&c->buried) || !cohort_has_let_go(c))
        return;
    const uint64_t now = clock_cyc();
    for (uint32_t w = 0; w < c->workers; w++) {
        struct run_process *const process = &run->process[run->cell->process[w]];
        if (!run_death_took(run, w) || atomic_load(&c->worker[w].is_lost))
            continue;
        process->noticed_cyc = now;
        cohort_bury(c, w, now);
    }
    cohort_buried(c);
}

/** A fault that was planned had taken it before its process died. */
static bool had_gone(const struct run *run, uint32_t w, uint64_t cyc)
{
    for (uint32_t i = 0; i < run->common.faults; i++) {
        const struct worker_fault *const was = &run->happened[i];
        if (run->fault[i].worker == w && fault_is_absence(run->fault[i].kind) && was->happened &&
            was->at_cyc <= cyc && was->back_cyc == 0)
            return true;
    }
    return false;
}

static void add_fault(struct run *run, uint32_t w)
{
    const struct run_process *const process = &run->process[run->cell->process[w]];
    const uint64_t since = process->lost_cyc - run->cohort.start_cyc;
    if (run->common.faults == FAULT_SCHEDULE_MAX || had_gone(run, w, process->lost_cyc))
        return;
    run->fault[run->common.faults] = (struct fault){
        .kind = FAULT_CRASH, .worker = w, .at_ns = clock_ns(&run->host->clock, since)};
    run->happened[run->common.faults++] = (struct worker_fault){
        .at_cyc = process->lost_cyc, .noticed_cyc = process->noticed_cyc, .happened = true};
}

void run_death_settle(struct run *run, uint32_t worker)
{
    worker_lose(run->worker[worker]);
    run->share[worker].core = run->thread[run->cell->placement.loop[worker]].core;
}

bool run_death_left_nothing(const struct run *run, uint32_t w)
{
    return run_death_took(run, w) && !cell_is_ours(run->cell, w) &&
           !run->process[run->cell->process[w]].has_part;
}

void run_deaths_close(struct run *run)
{
    for (uint32_t w = 0; w < run->cell->graph.workers; w++) {
        if (!run_death_took(run, w))
            continue;
        if (run_death_left_nothing(run, w)) {
            worker_lose(run->worker[w]);
            run->worker[w]->journal.full = true; /* what it did is not known */
        }
        add_fault(run, w);
    }
}

/** What one side counted and the other did not: under way to the dead, or counted by them an instruction too late. */
static uint64_t balance(uint64_t *sent, uint64_t ended)
{
    const uint64_t lost = *sent > ended ? *sent - ended : 0;
    *sent = *sent < ended ? ended : *sent;
    return lost;
}

void run_deaths_collect(const struct run *run, struct record_run *out)
{
    struct counts *const c = &out->count;
    for (uint32_t p = 0; p < run->cohort.bridges; p++)
        out->cores.frames.lost += cohort_is_lost(&run->cohort, p);
    if (out->cores.frames.lost == 0)
        return;
    const uint64_t tensors =
        balance(&c->tensors_sent, c->tensors_delivered + c->tensors_superseded +
                                      c->tensors_dropped + c->tensors_in_flight);
    c->tensors_dropped += tensors;
    c->links.dropped_by[LINK_GONE] += tensors;
    c->links.control_dropped_by[LINK_GONE] +=
        balance(&c->control_sent, c->control_delivered + record_control_ended(out));
}
