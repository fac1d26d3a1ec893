/* SPDX-License-Identifier: BSD-3-Clause */
/* Where its writer loads an atomic its reader stores it: nobody else writes the rows of workers elsewhere. */
#include "harness/run/run_books.h"

static void word64(struct pack *pack, _Atomic uint64_t *at,
                   void (*kind)(struct pack *, uint64_t *, size_t))
{
    uint64_t value = pack->reads ? 0 : atomic_load(at);
    kind(pack, &value, 1);
    if (pack->reads && !pack->bad)
        atomic_store(at, value);
}

static void count64(struct pack *pack, _Atomic uint64_t *at)
{
    word64(pack, at, pack_words);
}

static void count32(struct pack *pack, _Atomic uint32_t *at)
{
    uint32_t value = pack->reads ? 0 : atomic_load(at);
    pack_numbers(pack, &value, 1);
    if (pack->reads && !pack->bad)
        atomic_store(at, value);
}

static bool same_phase(const struct blame_phase *a, const struct blame_phase *b)
{
    return a->begin == b->begin && a->injected == b->injected && a->end == b->end;
}

/** What it computed lately, for those who waited for it. */
static void pack_phases(struct pack *pack, struct phases *it)
{
    struct blame_phase now[2] = {{0}}, was[2] = {{0}};
    const bool known = phases_read(it, was);
    for (uint32_t i = 0; i < 2; i++) {
        now[i] = was[i];
        pack_moments(pack, &now[i].begin, 1);
        pack_moments(pack, &now[i].injected, 1);
        pack_moments(pack, &now[i].end, 1);
    }
    if (!pack->reads || pack->bad ||
        (known && same_phase(&now[0], &was[0]) && same_phase(&now[1], &was[1])))
        return;
    phases_begin(it, &now[0]);
    phases_begin(it, &now[1]);
}

/** Has it gone? Of who went with a process all know by themselves. */
static void pack_presence(struct pack *pack, struct cohort *cohort, struct cohort_worker *it)
{
    uint32_t epoch = pack->reads ? 0 : atomic_load(&it->epoch);
    uint32_t present = pack->reads ? 0 : atomic_load(&it->present);
    uint64_t since = pack->reads ? 0 : atomic_load(&it->epoch_cyc);
    pack_numbers(pack, &epoch, 1);
    pack_numbers(pack, &present, 1);
    pack_moments(pack, &since, 1);
    if (!pack->reads || pack->bad || atomic_load(&it->is_lost))
        return;
    atomic_store(&it->present, present);
    if (atomic_load(&it->epoch) == epoch)
        return;
    atomic_store(&it->epoch_cyc, since);
    atomic_store(&it->epoch, epoch);
    cohort_announce(cohort);
}

/** As a loop would read it: who is done has counted all that it sent, and is not seen as done before that is here. */
static void pack_row(struct pack *pack, struct cohort *cohort, struct cohort_worker *it)
{
    uint32_t done = pack->reads ? 0 : atomic_load(&it->done);
    pack_numbers(pack, &done, 1);
    count64(pack, &it->received);
    count64(pack, &it->sent);
    count64(pack, &it->begun);
    count64(pack, &it->finished);
    count64(pack, &it->bytes);
    count64(pack, &it->missed);
    count32(pack, &it->working);
    count32(pack, &it->version);
    count32(pack, &it->held);
    count32(pack, &it->apart);
    word64(pack, &it->due_cyc, pack_moments);
    word64(pack, &it->longest_cyc, pack_cycles);
    pack_phases(pack, &it->phases);
    pack_presence(pack, cohort, it);
    if (pack->reads && !pack->bad)
        atomic_store(&it->done, done);
}

static void pack_process(struct pack *pack, struct run *run, uint32_t p)
{
    struct run_process *const it = &run->process[p];
    uint32_t stage = pack->reads ? 0 : atomic_load(&it->stage);
    pack_numbers(pack, &stage, 1);
    /* two hundred times a second: only while somebody may still want to know */
    const bool sets_up = cohort_phase(&run->cohort) == COHORT_WAIT;
    const uint64_t addresses =
        pack_count(pack, sets_up ? run->cohort.bridges : 0, run->cohort.bridges);
    for (uint32_t peer = 0; peer < addresses; peer++)
        pack_text(pack, it->address[peer], LINK_ADDRESS_MAX);
    count64(pack, &run->cohort.bridge[p].settled);
    count64(pack, &run->cohort.bridge[p].let_go);
    if (pack->reads && !pack->bad) /* after the addresses, which it vouches for */
        atomic_store(&it->stage, stage);
}

void run_books(struct pack *pack, struct run *run, uint32_t rank)
{
    const struct cell *const cell = run->cell;
    uint32_t first, end;
    cell_processes(cell, rank, &first, &end);
    for (uint32_t p = first; p < end; p++)
        pack_process(pack, run, p);
    for (uint32_t w = 0; w < cell->graph.workers; w++)
        if (cell_rank_has(cell, rank, w))
            pack_row(pack, &run->cohort, &run->cohort.worker[w]);
}
