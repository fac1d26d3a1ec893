/* SPDX-License-Identifier: BSD-3-Clause */
/* One list for both directions; what has a length is checked against the room that the plan made for it. */
#include "harness/run/run_part.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS(it) (sizeof(it) / sizeof(uint64_t))

static void pack_spent(struct pack *pack, struct worker_spent *it)
{
    pack_cycles(pack, &it->cyc, 1);
    pack_doubles(pack, &it->count, 1);
}

static void pack_costs(struct pack *pack, struct worker_costs *it)
{
    pack_spent(pack, &it->gradients);
    pack_spent(pack, &it->slices);
    pack_spent(pack, &it->applies);
    pack_spent(pack, &it->sends);
    pack_spent(pack, &it->vectors);
    pack_spent(pack, &it->loads);
    pack_spent(pack, &it->rests);
    pack_spent(pack, &it->events);
}

static void pack_account(struct pack *pack, struct worker *worker)
{
    struct worker_account *const it = &worker->account;
    pack_words(pack, &it->total_iterations, 1);
    pack_cycles(pack, &it->total_cyc, 1);
    pack_cycles(pack, it->total_part_cyc, PART_COUNT);
    pack_cycles(pack, it->blamed_cyc, BLAME_COUNT);
    pack_cycles(pack, it->edge_cyc, worker->peer_count);
}

static void pack_log(struct pack *pack, struct worker_log *it)
{
    it->count = (uint32_t)pack_count(pack, it->count, it->capacity);
    for (uint32_t i = 0; i < it->count; i++) {
        struct worker_iteration *const line = &it->line[i];
        pack_moments(pack, &line->start_cyc, 1);
        pack_cycles(pack, &line->total_cyc, 1);
        pack_cycles(pack, line->part_cyc, PART_COUNT);
        pack_cycles(pack, &line->own_cyc, 1);
        pack_numbers(pack, &line->iteration, 1);
        pack_numbers(pack, &line->mixed_with, 1);
        pack_bytes(pack, &line->loss, sizeof(line->loss));
    }
}

static void pack_journal(struct pack *pack, struct journal *it)
{
    uint32_t full = it->full;
    if (!it->data)
        return;
    it->used = (size_t)pack_count(pack, it->used, it->capacity);
    pack_bytes(pack, it->data, it->used);
    pack_words(pack, &it->entries, 1);
    pack_numbers(pack, &full, 1);
    it->full = full != 0;
}

/** Its final vector, into whichever of its slots: the reader's worker never trained. */
static void pack_vector(struct pack *pack, const struct run *run, uint32_t w)
{
    const struct worker *const worker = run->worker[w];
    float *const vector = run->port->ops->slot(run->port, w, worker->current);
    pack_bytes(pack, vector, run->fabric.dim * sizeof(*vector));
}

static void pack_snapshots(struct pack *pack, const struct run *run, uint32_t w)
{
    const struct cell *const cell = run->cell;
    const uint32_t cuts = atomic_load(&run->cohort.cut), workers = cell->graph.workers;
    const size_t floats = worker_snapshot_floats(cell->row, &cell->common->model);
    for (size_t c = 0; c <= cuts; c++) {
        const size_t at = c * workers + w;
        pack_bytes(pack, run->buffers->snapshot + at * floats, floats * sizeof(float));
        pack_bytes(pack, run->buffers->snapshot_absent + at, 1);
        pack_words(pack, run->buffers->snapshot_average + at, 1);
    }
}

static void pack_share(struct pack *pack, struct run_share *it)
{
    pack_words(pack, (uint64_t *)&it->channels, WORDS(it->channels));
    pack_words(pack, (uint64_t *)&it->links, WORDS(it->links));
    pack_words(pack, &it->left, 1);
    pack_words(pack, &it->loans, 1);
    pack_numbers(pack, &it->core, 1);
}

/** What the profile had planned for it, and when it was. */
static void pack_faults(struct pack *pack, struct run *run, uint32_t w)
{
    for (uint32_t i = 0; i < run->common.faults; i++) {
        struct worker_fault *const it = &run->happened[i];
        uint32_t happened = it->happened;
        if (run->fault[i].worker != w)
            continue;
        pack_moments(pack, &it->at_cyc, 1);
        pack_moments(pack, &it->noticed_cyc, 1);
        pack_moments(pack, &it->back_cyc, 1);
        pack_numbers(pack, &happened, 1);
        it->happened = happened != 0;
    }
}

static void pack_worker(struct pack *pack, struct run *run, uint32_t w)
{
    struct worker *const worker = run->worker[w];
    uint32_t done = worker->done;
    uint64_t finished = atomic_load(&run->cohort.worker[w].finished);
    pack_share(pack, &run->share[w]);
    pack_words(pack, (uint64_t *)&worker->count, WORDS(worker->count));
    pack_words(pack, &finished, 1);
    atomic_store(&run->cohort.worker[w].finished, finished);
    pack_numbers(pack, &done, 1);
    worker->done = done != 0;
    pack_numbers(pack, &worker->slots.free_count_min, 1);
    pack_account(pack, worker);
    pack_costs(pack, &worker->costs);
    pack_doubles(pack, &worker->ledger.start, 1);
    pack_doubles(pack, &worker->ledger.applied, 1);
    pack_doubles(pack, &worker->ledger.weight_gained, 1);
    pack_log(pack, &worker->log);
    pack_journal(pack, &worker->journal);
    pack_faults(pack, run, w);
    pack_vector(pack, run, w);
    pack_snapshots(pack, run, w);
    for (uint32_t h = 0; h < SERIES_COUNT; h++)
        pack_hist(pack, &run_worker_hist(run->buffers, w)[h]);
}

static void pack_stolen(struct pack *pack, struct stolen *it)
{
    pack_cycles(pack, &it->cyc, 1);
    it->count = (uint32_t)pack_count(pack, it->count, it->room);
    for (uint32_t i = 0; i < it->count; i++) {
        pack_moments(pack, &it->hole[i].begin_cyc, 1);
        pack_cycles(pack, &it->hole[i].cyc, 1);
    }
}

static void pack_loop(struct pack *pack, struct run *run, uint32_t l)
{
    struct run_thread *const it = &run->thread[l];
    uint32_t tier = (uint32_t)it->tier;
    pack_cycles(pack, &it->loop.run_cyc, 1);
    pack_cycles(pack, &it->loop.work_cyc, 1);
    pack_words(pack, &it->loop.batches, 1);
    pack_spent(pack, &it->loop.reads);
    pack_stolen(pack, &it->loop.stolen);
    pack_numbers(pack, &it->core, 1);
    pack_numbers(pack, &tier, 1);
    pack->bad |= tier > LOADER_PREADV;
    if (!pack->bad)
        it->tier = (enum loader_tier)tier;
    pack_text(pack, it->loader_reason, sizeof(it->loader_reason));
    pack_words(pack, &it->batches, 1);
    pack_words(pack, &it->bytes_read, 1);
    pack_words(pack, &it->load_retries, 1);
    pack_words(pack, &it->involuntary_switches, 1);
    pack_words(pack, &it->page_faults, 1);
    pack_hist(pack, run_period_hist(run->buffers, l));
}

static void pack_process(struct pack *pack, struct run_process *it)
{
    uint32_t is_over = it->is_over;
    pack_words(pack, it->counts.wire, COUNT(it->counts.wire));
    pack_words(pack, &it->counts.peers_sent, 1);
    pack_words(pack, (uint64_t *)&it->counts.link, WORDS(it->counts.link));
    pack_numbers(pack, &it->counts.payload, 1);
    pack_numbers(pack, &is_over, 1);
    it->is_over = is_over != 0;
    it->has_part = true;
}

void run_part(struct run *run, uint32_t rank, struct pack *pack)
{
    const struct cell *const cell = run->cell;
    uint32_t process, processes_end;
    cell_processes(cell, rank, &process, &processes_end);
    for (uint32_t w = 0; w < cell->graph.workers; w++)
        if (cell_rank_has(cell, rank, w))
            pack_worker(pack, run, w);
    for (; process < processes_end; process++) {
        uint32_t loop, loops_end;
        cell_loops(cell, process, &loop, &loops_end);
        for (; loop < loops_end; loop++)
            pack_loop(pack, run, loop);
        pack_process(pack, &run->process[process]);
    }
}
