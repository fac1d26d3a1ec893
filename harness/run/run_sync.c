/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One list for both directions: at its writer it reads this rank's memory, at its readers it writes the copies. Nobody but
 * this thread writes those. What is a decision (the phase, the last round) is rank 0's alone.
 */
#include "harness/run/run_sync.h"

#include <errno.h>
#include <stdio.h>

#include "harness/run/interrupt.h"
#include "harness/run/pack.h"
#include "harness/run/ranks.h"
#include "harness/run/run_books.h"
#include "harness/run/run_deaths.h"
#include "harness/run/run_part.h"

/* A rank that says nothing for so long is gone; at first all lay out their memory. */
#define SILENCE_MS 5000u
#define LAYOUT_MS 120000u
#define NEAR_NS UINT64_C(10000000)
#define PARTS_MS 120000u
/* Of the latest snapshots all know when they were: there are never more between two rounds. */
#define CUTS_TOLD 8u

static const struct ranks *ranks_of(const struct run *run)
{
    return run->cell->common->ranks;
}

/* ----------------------------------------------------------------- word */

/** Beside its books. */
struct saying {
    struct run_state state;
    uint32_t reported, refused, halted, failed, interrupted, disk_failed;
    uint64_t lost; /* processes that died */
};

static void pack_saying(struct pack *pack, struct saying *it)
{
    pack_numbers(pack, &it->state.running, 1);
    pack_numbers(pack, &it->state.code, 1);
    pack_text(pack, it->state.text, sizeof(it->state.text));
    pack_numbers(pack, &it->reported, 1);
    pack_numbers(pack, &it->refused, 1);
    pack_numbers(pack, &it->halted, 1);
    pack_numbers(pack, &it->failed, 1);
    pack_numbers(pack, &it->interrupted, 1);
    pack_numbers(pack, &it->disk_failed, 1);
    pack_words(pack, &it->lost, 1);
}

/** What rank 0 has decided. */
struct decided {
    uint64_t name, remaining_ns, last_round, stalled_cyc;
    uint64_t start_cyc, stop_cyc, end_cyc;
    uint32_t decision, phase, cut;
    struct cohort_cut at[CUTS_TOLD]; /* the latest cuts, the last one first */
};

static void pack_decided(struct pack *pack, struct decided *it)
{
    pack_words(pack, &it->name, 1);
    pack_words(pack, &it->remaining_ns, 1);
    pack_words(pack, &it->start_cyc, 1);
    pack_words(pack, &it->last_round, 1);
    pack_cycles(pack, &it->stalled_cyc, 1);
    pack_moments(pack, &it->stop_cyc, 1);
    pack_moments(pack, &it->end_cyc, 1);
    pack_numbers(pack, &it->decision, 1);
    pack_numbers(pack, &it->phase, 1);
    pack_numbers(pack, &it->cut, 1);
    for (uint32_t i = 0; i < CUTS_TOLD; i++) {
        pack_moments(pack, &it->at[i].cyc, 1);
        pack_words(pack, &it->at[i].gradients, 1);
        pack_words(pack, &it->at[i].bytes, 1);
    }
}

static struct decided decided_here(struct run *run)
{
    struct cohort *const c = &run->cohort;
    struct decided out = {.name = run->name, .stalled_cyc = atomic_load(&c->stalled_cyc)};
    out.phase = (uint32_t)cohort_phase(c);
    out.decision = atomic_load(&run->gate.decision);
    out.cut =
        atomic_load(&c->cut); /* after the phase: who hears HALT hears of all cuts before it */
    for (uint32_t i = 0; i < CUTS_TOLD && i < out.cut; i++)
        out.at[i] = c->at[out.cut - 1 - i];
    out.start_cyc = c->start_cyc;
    out.stop_cyc = c->stop_cyc;
    out.end_cyc = c->end_cyc;
    out.last_round = c->last_round;
    const uint64_t now = clock_cyc();
    if (c->start_cyc > now)
        out.remaining_ns = clock_ns(&run->host->clock, c->start_cyc - now);
    return out;
}

/* ---------------------------------------------------------------- apply */

/** Moments of another host's counter: the start of the run is the same moment there and here. */
static struct pack reader_of(const struct run *run, uint32_t rank, const struct hub_word *word)
{
    struct pack pack = pack_reader(word->data, word->bytes);
    uint64_t start = 0;
    double ns_per_cyc = 0;
    pack_clock(&pack, &start, &ns_per_cyc);
    if (run->cohort.clock && !ranks_share_clock(ranks_of(run), rank, ranks_of(run)->rank))
        pack.clock = (struct clock_shift){.there = start,
                                          .here = run->cohort.start_cyc,
                                          .scale = ns_per_cyc / run->host->clock.ns_per_cyc};
    return pack;
}

/** What loops have to know of it, before they begin. */
static void set_clocks(const struct run *run, uint32_t rank, const struct clock_shift *clock)
{
    if (!run->cohort.clock || cohort_phase(&run->cohort) != COHORT_WAIT)
        return;
    for (uint32_t w = 0; w < run->cell->graph.workers; w++)
        if (cell_rank_has(run->cell, rank, w))
            run->cohort.clock[w] = *clock;
}

static void write_clock(const struct run *run, struct pack *pack)
{
    uint64_t start = run->cohort.start_cyc;
    double ns_per_cyc = run->host->clock.ns_per_cyc;
    pack_clock(pack, &start, &ns_per_cyc);
}

static void obey(struct run *run, const struct decided *it)
{
    struct cohort *const c = &run->cohort;
    run->name = it->name;
    if (it->decision == RUN_GO && c->start_cyc == 0)
        c->start_cyc = ranks_share_clock(ranks_of(run), 0, ranks_of(run)->rank)
                           ? it->start_cyc
                           : clock_cyc() + clock_to_cyc(&run->host->clock, it->remaining_ns);
    atomic_store(&run->gate.decision, it->decision);
    c->stop_cyc = it->stop_cyc;
    c->end_cyc = it->end_cyc;
    c->last_round = it->last_round;
    if (atomic_load(&c->stalled_cyc) != it->stalled_cyc) {
        atomic_store(&c->stalled_cyc, it->stalled_cyc);
        cohort_announce(c);
    }
    for (uint32_t i = 0; i < CUTS_TOLD && i < it->cut; i++)
        c->at[it->cut - 1 - i] = it->at[i];
    atomic_store(&c->cut, it->cut);
    if (it->phase > COHORT_RUN) /* RUN begins here by this rank's own clock */
        atomic_store_explicit(&c->phase, it->phase, memory_order_release);
}

static bool is_decision(const struct run *run, const struct decided *it)
{
    return it->decision <= RUN_GO_HOME && it->phase <= COHORT_END && it->cut <= run->cohort.cuts;
}

/** Sums over what others say; their own words stay theirs. */
static void add_up(struct run *run, const struct saying *it, struct saying *sum,
                   struct run_heard *out)
{
    sum->reported += it->reported;
    sum->halted += it->halted;
    out->running += it->state.running;
    if (it->refused)
        atomic_store(&run->gate.refused, 1);
    if (it->failed)
        atomic_store(&run->cohort.failed, 1);
    if (it->interrupted)
        interrupt_stop(); /* whoever got the signal: no further run is begun */
    if (it->disk_failed)
        atomic_store(&run->disk_failed, true);
}

/** Of its own processes a rank alone says that they are dead. */
static void note_deaths(struct run *run, uint32_t rank, uint64_t lost)
{
    uint32_t first, end;
    cell_processes(run->cell, rank, &first, &end);
    for (uint32_t p = first; p < end; p++)
        if ((lost >> p & 1) && !cohort_is_lost(&run->cohort, p))
            run_death(run, p, "has died");
}

static void note_error(const struct run *run, uint32_t rank, const struct run_state *its,
                       struct run_heard *out)
{
    char title[RANKS_TITLE_MAX];
    /* whoever only followed another's error has a lesser one */
    if (its->code == 0 || (out->error != 0 && out->error != -ECANCELED))
        return;
    out->error = err_set(&out->err, -(int)(its->code % 4096), "%s: %s",
                         ranks_title(ranks_of(run), rank, title), its->text);
}

static int apply(struct run *run, uint32_t rank, const struct hub_word *word, struct saying *sum,
                 struct run_heard *out, struct err *err)
{
    struct pack pack = reader_of(run, rank, word);
    struct saying its = {.reported = 0};
    struct decided decided = {.name = 0};
    char title[RANKS_TITLE_MAX];
    pack_saying(&pack, &its);
    if (rank == 0)
        pack_decided(&pack, &decided);
    if (!pack.bad && rank != ranks_of(run)->rank)
        run_books(&pack, run, rank);
    if (pack.bad || !is_decision(run, &decided))
        return err_set(err, -EPROTO, "%s says what this run does not know",
                       ranks_title(ranks_of(run), rank, title));
    note_error(run, rank, &its.state, out);
    set_clocks(run, rank, &pack.clock);
    if (rank == ranks_of(run)->rank) {
        out->running += its.state.running;
    } else {
        add_up(run, &its, sum, out);
        note_deaths(run, rank, its.lost);
    }
    if (rank == 0 && ranks_of(run)->rank != 0)
        obey(run, &decided);
    return 0;
}

static void write_word(struct run *run, const struct run_state *mine, struct pack *pack)
{
    struct saying saying = {.state = *mine,
                            .reported = atomic_load(&run->gate.reported),
                            .refused = atomic_load(&run->gate.refused),
                            /* before the rows, which hold what was begun by then */
                            .halted = cohort_halted_here(&run->cohort),
                            .failed = atomic_load(&run->cohort.failed),
                            .interrupted = atomic_load(&run->interrupted),
                            .disk_failed = atomic_load(&run->disk_failed),
                            .lost = atomic_load(&run->cohort.lost)};
    write_clock(run, pack);
    pack_saying(pack, &saying);
    if (ranks_of(run)->rank == 0) {
        struct decided decided = decided_here(run);
        pack_decided(pack, &decided);
    }
    run_books(pack, run, ranks_of(run)->rank);
}

/** A rank that is gone took its processes with it. Nobody else says any more that its loops halt: rank 0 counts them. */
static int lose_rank(struct run *run, uint32_t rank, struct err *err)
{
    char title[RANKS_TITLE_MAX], how[RANKS_TITLE_MAX + 32];
    uint32_t first, end;
    cell_processes(run->cell, rank, &first, &end);
    snprintf(how, sizeof(how), "has gone with %s", ranks_title(ranks_of(run), rank, title));
    for (uint32_t p = first; p < end; p++) {
        const char *const fatal = run_death_ends_run(run, p);
        uint32_t loop, loops_end;
        if (fatal)
            return err_set(err, -EPIPE, "%s has gone, and %s", title, fatal);
        cell_loops(run->cell, p, &loop, &loops_end);
        run->cohort.bridge[p].loops = ranks_of(run)->rank == 0 ? loops_end - loop : 0;
        if (!cohort_is_lost(&run->cohort, p))
            run_death(run, p, how);
    }
    return 0;
}

static int note_gone(struct run *run, const struct hub_word *word, struct err *err)
{
    int rc = 0;
    for (uint32_t r = 0; r < ranks_of(run)->count && rc == 0; r++)
        rc = word[r].gone ? lose_rank(run, r, err) : 0;
    return rc;
}

/** A round. It fails where rank 0 has gone, who alone would have made one result of what all measured. */
static int say(struct run *run, const struct pack *mine, bool parts, uint32_t patience,
               const struct hub_word **word, struct err *err)
{
    const int rc =
        hub_round(ranks_of(run)->hub, mine->data, (uint32_t)mine->used, parts, patience, word, err);
    run->is_orphan |= rc < 0 && ranks_of(run)->rank > 0 && cohort_phase(&run->cohort) >= COHORT_RUN;
    return rc;
}

static uint32_t patience_ms(const struct run *run)
{
    return atomic_load(&run->cohort.waves) == 0 ? LAYOUT_MS : SILENCE_MS;
}

int run_sync(struct run *run, const struct run_state *mine, struct run_heard *out, struct err *err)
{
    const struct hub_word *word;
    struct saying sum = {.reported = 0};
    struct pack pack = pack_writer();
    *out = (struct run_heard){0};
    write_word(run, mine, &pack);
    int rc = pack.bad ? err_set(err, -ENOMEM, "not enough memory to talk to other ranks") : 0;
    if (rc == 0)
        rc = say(run, &pack, false, patience_ms(run), &word, err);
    if (rc == 0)
        rc = note_gone(run, word, err);
    for (uint32_t r = 0; r < ranks_of(run)->count && rc == 0; r++)
        rc = word[r].gone ? 0 : apply(run, r, &word[r], &sum, out, err);
    pack_close(&pack);
    if (rc < 0)
        return rc;
    atomic_store(&run->gate.elsewhere, sum.reported);
    atomic_store_explicit(&run->cohort.halted_elsewhere, sum.halted, memory_order_release);
    /* release: the rows of this wave are all there */
    atomic_fetch_add_explicit(&run->cohort.waves, 1, memory_order_release);
    return 0;
}

void run_sync_start(struct run *run)
{
    struct cohort *const c = &run->cohort;
    if (atomic_load(&run->gate.decision) != RUN_GO || c->start_cyc == 0 ||
        cohort_phase(c) != COHORT_WAIT)
        return;
    if (c->start_cyc > clock_cyc() + clock_to_cyc(&run->host->clock, NEAR_NS))
        return; /* a round or two come before: all get to know each other's start */
    while (clock_cyc() < c->start_cyc)
        run_gate_sleep();
    atomic_store_explicit(&c->phase, COHORT_RUN, memory_order_release);
}

/* ---------------------------------------------------------------- parts */

static int read_part(struct run *run, uint32_t rank, const struct hub_word *word, struct err *err)
{
    struct pack pack = reader_of(run, rank, word);
    char title[RANKS_TITLE_MAX];
    run_part(run, rank, &pack);
    if (pack.bad || pack.used != pack.size)
        return err_set(err, -EPROTO, "what %s measured is not what this run measures",
                       ranks_title(ranks_of(run), rank, title));
    return 0;
}

int run_sync_parts(struct run *run, struct err *err)
{
    const struct ranks *const ranks = ranks_of(run);
    const struct hub_word *word;
    struct pack pack = pack_writer();
    if (ranks->rank > 0) {
        write_clock(run, &pack);
        run_part(run, ranks->rank, &pack);
    }
    int rc = pack.bad || pack.used > HUB_WORD_MAX
                 ? err_set(err, -ENOMEM, "what this rank measured has no room")
                 : say(run, &pack, true, PARTS_MS, &word, err);
    if (rc == 0)
        rc = note_gone(run, word, err);
    for (uint32_t r = 1; r < ranks->count && rc == 0 && ranks->rank == 0; r++)
        rc = word[r].gone ? 0 : read_part(run, r, &word[r], err);
    pack_close(&pack);
    return rc;
}
