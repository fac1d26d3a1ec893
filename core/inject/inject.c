/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom an entry hits, and what it draws for them.
 *
 * Each decision has a stream of its own, told apart by the top bits of the stream's index: whether a worker is hit must
 * say nothing about how hard, nor may two entries of one profile move together.
 */
#include "core/inject/inject.h"

#include <stddef.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/inject/ar1.h"
#include "core/inject/law_rows.h"

enum question { HOW_LONG, WHETHER, WHO };

static uint64_t stream_of(uint64_t seed, enum question question, uint32_t number, uint32_t worker)
{
    CHECK(number < 1u << 30);
    return rng_key(seed, RNG_DELAY, (uint64_t)question << 62 | (uint64_t)number << 32 | worker);
}

/*
 * Where a keyed permutation of [0, count) puts `item`, without building it: each round swaps pairs (x, pivot - x mod
 * count) or not, by one random bit. So "is worker 3 among the k chosen ones" costs the same with 8 or 60000 workers.
 *
 * Source: V. T. Hoang, B. Morris, P. Rogaway, "An enciphering scheme based on a card shuffle", CRYPTO 2012. The number
 * of rounds is ours, for statistics and not secrecy: the tests find no bias for single workers nor for pairs.
 */
static uint32_t permuted(uint64_t key, uint32_t count, uint32_t item)
{
    const uint32_t bits = count > 1 ? 32 - (uint32_t)__builtin_clz(count - 1) : 1;
    const uint32_t rounds = 6 * bits + 12; /* the floor is for a handful of workers */
    for (uint32_t round = 0; round < rounds; round++) {
        const uint64_t round_key = rng_at(key, round);
        const uint32_t pivot = (uint32_t)(((round_key >> 32) * count) >> 32);
        const uint32_t partner = pivot >= item ? pivot - item : pivot + (count - item);
        const uint32_t pair = item > partner ? item : partner; /* both sides ask for the same bit */
        if (rng_at(round_key, pair) >> 63)
            item = partner;
    }
    return item;
}

static uint32_t chosen_count(double share, uint32_t workers)
{
    const uint32_t rounded = (uint32_t)(share * (double)workers + 0.5);
    return rounded < workers ? rounded : workers;
}

static uint32_t group_of(const struct inject_set *self, uint32_t worker)
{
    return self->group ? self->group[worker] : worker;
}

static bool is_listed(const struct inject *entry, uint32_t item)
{
    for (uint32_t i = 0; i < entry->worker_count; i++)
        if (entry->workers[i] == item)
            return true;
    return false;
}

/** The stream that decides which of all items are drawn. */
static uint64_t who(const struct inject_set *self, uint32_t number)
{
    return stream_of(self->seed, WHO, number, 0);
}

bool inject_hits(const struct inject_set *self, uint32_t number, uint32_t worker,
                 uint64_t iteration)
{
    const struct inject *const entry = &self->entry[number];
    CHECK(worker < self->workers);
    const bool grouped = entry->by_group && self->group;
    const uint32_t item = grouped ? self->group[worker] : worker;
    const uint32_t items = grouped ? self->groups : self->workers;
    switch (entry->select) {
    case SELECT_ALL:
        return true;
    case SELECT_PERCENT_EACH:
        return rng_unit_at(stream_of(self->seed, WHETHER, number, item), iteration) < entry->share;
    case SELECT_PERCENT_ONCE:
        return permuted(who(self, number), items, item) < chosen_count(entry->share, items);
    case SELECT_COUNT_EACH:
        return permuted(rng_at(who(self, number), iteration), items, item) < entry->count;
    case SELECT_COUNT_ONCE:
        return permuted(who(self, number), items, item) < entry->count;
    case SELECT_WORKERS:
        return is_listed(entry, item);
    }
    check_failed(__FILE__, __LINE__, "a known way to select workers");
}

/** The stream of an entry for one worker, or for all of its group. */
static uint64_t key_of(const struct inject_set *self, uint32_t number, uint32_t worker)
{
    const bool shared = self->entry[number].one_draw;
    return stream_of(self->seed, HOW_LONG, number, shared ? group_of(self, worker) : worker);
}

static struct law_draw draw_of(const struct inject_set *self, uint32_t number, uint32_t worker,
                               uint64_t iteration, uint64_t base_ns)
{
    const uint64_t key = key_of(self, number, worker);
    const double half_life = self->entry[number].half_life;
    return (struct law_draw){.bits = half_life > 0.0 ? ar1_bits(key, iteration, half_life)
                                                     : rng_at(key, iteration),
                             .key = key,
                             .iteration = iteration,
                             .compute_ns = base_ns,
                             .worker = worker};
}

/**
 * The entries that concern this phase of this worker's iteration, one bit each. Asked once per phase: to find the chosen
 * ones among many workers takes a while.
 */
static uint64_t concerned(const struct inject_set *self, enum inject_what what, uint32_t worker,
                          uint64_t iteration)
{
    uint64_t entries = 0;
    CHECK(self->count <= INJECT_ENTRIES_MAX);
    for (uint32_t i = 0; i < self->count; i++) {
        const enum inject_what of = self->entry[i].what;
        const bool meant = of == what || (of == INJECT_NODE && what == INJECT_COMPUTE);
        if (meant && inject_hits(self, i, worker, iteration))
            entries |= UINT64_C(1) << i;
    }
    return entries;
}

/** The lowest entry among them, taken out. */
static uint32_t next_of(uint64_t *entries)
{
    const uint32_t number = (uint32_t)__builtin_ctzll(*entries);
    *entries &= *entries - 1;
    return number;
}

static uint64_t scaled_ns(uint64_t ns, double scale)
{
    return scale >= 1.0 && scale <= 1.0 ? ns : law_saturate_ns((double)ns * scale);
}

/** What a law per iteration adds. */
static uint64_t drawn_ns(const struct inject_set *self, uint32_t number, uint32_t worker,
                         uint64_t iteration, uint64_t at_ns, uint64_t base_ns)
{
    const struct inject *const entry = &self->entry[number];
    if (!entry->law->delay_ns)
        return 0;
    const double scale = inject_when_at(&entry->when, at_ns).scale;
    if (!(scale > 0.0))
        return 0;
    const struct law_draw draw = draw_of(self, number, worker, iteration, base_ns);
    return scaled_ns(entry->law->delay_ns(&entry->config, &draw), scale);
}

/** What is left of the base time where measured times are below it. */
static uint64_t shortened_ns(const struct inject_set *self, uint64_t entries, uint32_t worker,
                             uint64_t iteration, uint64_t at_ns, uint64_t base_ns)
{
    while (entries) {
        const uint32_t i = next_of(&entries);
        const struct inject *const entry = &self->entry[i];
        if (!entry->law->shorten || !(inject_when_at(&entry->when, at_ns).scale > 0.0))
            continue;
        const struct law_draw draw = draw_of(self, i, worker, iteration, base_ns);
        base_ns = entry->law->shorten(&entry->config, &draw);
    }
    return base_ns;
}

/* ------------------------------------------------------------------------------------------------ laws per time */

/** How fast one entry lets work go. */
static struct law_piece piece_of(const struct inject_set *self, uint32_t number, uint32_t worker,
                                 uint64_t at_ns)
{
    const struct inject *const entry = &self->entry[number];
    const struct inject_span span = inject_when_at(&entry->when, at_ns);
    if (!(span.scale > 0.0))
        return (struct law_piece){.rate = 1.0, .until_ns = span.until_ns};
    const struct law_piece piece =
        entry->law->piece(&entry->config, key_of(self, number, worker), at_ns);
    CHECK(piece.until_ns > at_ns);
    return (struct law_piece){.rate = 1.0 - span.scale * (1.0 - piece.rate),
                              .until_ns =
                                  piece.until_ns < span.until_ns ? piece.until_ns : span.until_ns};
}

/**
 * How fast all of them let work go, until one of them changes. As long as one stands still nothing goes, whatever the others
 * do. Adds to *slow those that hold it up.
 */
static struct law_piece piece_of_all(const struct inject_set *self, uint64_t entries,
                                     uint32_t worker, uint64_t at_ns, uint64_t *slow)
{
    struct law_piece all = {.rate = 1.0, .until_ns = UINT64_MAX};
    uint64_t still_ns = 0;
    while (entries) {
        const uint32_t i = next_of(&entries);
        const struct law_piece one = piece_of(self, i, worker, at_ns);
        if (one.rate < 1.0)
            *slow |= UINT64_C(1) << i;
        if (one.rate <= 0.0 && one.until_ns > still_ns)
            still_ns = one.until_ns;
        if (one.until_ns < all.until_ns)
            all.until_ns = one.until_ns;
        all.rate *= one.rate;
    }
    return still_ns > 0 ? (struct law_piece){.rate = 0.0, .until_ns = still_ns} : all;
}

/** How long work takes that begins at_ns: until the integral of the rate reaches it. */
static uint64_t stretched_ns(const struct inject_set *self, uint64_t entries, uint32_t worker,
                             uint64_t at_ns, uint64_t work_ns, uint64_t *slow)
{
    const uint64_t begin_ns = at_ns;
    double left = (double)work_ns;
    for (uint32_t pieces = 0; at_ns - begin_ns < LAW_DELAY_NS_MAX; pieces++) {
        struct law_piece piece = {.until_ns = UINT64_MAX};
        if (pieces < INJECT_PIECES_MAX)
            piece = piece_of_all(self, entries, worker, at_ns, slow);
        else
            piece.rate = ((double)work_ns - left) / (double)(at_ns - begin_ns);
        const double room = piece.rate * (double)(piece.until_ns - at_ns);
        if (room >= left && piece.rate > 0.0) {
            const uint64_t total_ns = at_ns - begin_ns + law_saturate_ns(left / piece.rate);
            return total_ns < LAW_DELAY_NS_MAX ? total_ns : LAW_DELAY_NS_MAX;
        }
        left -= room;
        at_ns = piece.until_ns;
    }
    return LAW_DELAY_NS_MAX;
}

/** Those with a law per time. */
static uint64_t rates_among(const struct inject_set *self, uint64_t entries)
{
    uint64_t rates = 0;
    while (entries) {
        const uint32_t i = next_of(&entries);
        if (self->entry[i].law->piece)
            rates |= UINT64_C(1) << i;
    }
    return rates;
}

/** What laws per time add; *slow: the entries that do. */
static uint64_t slowed_ns(const struct inject_set *self, uint64_t entries, uint32_t worker,
                          uint64_t at_ns, uint64_t work_ns, uint64_t *slow)
{
    const uint64_t rates = rates_among(self, entries);
    *slow = 0;
    if (work_ns == 0 || rates == 0)
        return 0;
    const uint64_t took_ns = stretched_ns(self, rates, worker, at_ns, work_ns, slow);
    return took_ns > work_ns ? took_ns - work_ns : 0;
}

/* ---------------------------------------------------------------------------------------------------- together */

/** How the delay that these entries cause is spent. */
static void mark(struct inject_phase *phase, const struct inject_set *self, uint64_t entries)
{
    while (entries) {
        const struct inject *const entry = &self->entry[next_of(&entries)];
        phase->spin |= entry->mode == INJECT_SPIN;
        phase->process |= entry->scope == SCOPE_PROCESS || entry->what == INJECT_NODE;
    }
}

struct inject_phase inject_phase(const struct inject_set *self, enum inject_what what,
                                 uint32_t worker, uint64_t iteration, uint64_t at_ns,
                                 uint64_t base_ns)
{
    struct inject_phase phase = {.base_ns = base_ns};
    const uint64_t entries = self->count ? concerned(self, what, worker, iteration) : 0;
    if (entries == 0)
        return phase;
    phase.base_ns = shortened_ns(self, entries, worker, iteration, at_ns, base_ns);
    uint64_t late = 0;
    for (uint64_t rest = entries; rest;) {
        const uint32_t i = next_of(&rest);
        const uint64_t extra_ns = drawn_ns(self, i, worker, iteration, at_ns, phase.base_ns);
        if (extra_ns > 0)
            late |= UINT64_C(1) << i;
        phase.delay_ns += extra_ns;
    }
    uint64_t slow;
    const uint64_t more_ns = slowed_ns(self, entries, worker, at_ns, phase.base_ns, &slow);
    phase.delay_ns += more_ns;
    mark(&phase, self, more_ns > 0 ? late | slow : late);
    return phase;
}

uint64_t inject_delay_ns(const struct inject_set *self, uint32_t number, uint32_t worker,
                         uint64_t iteration, uint64_t at_ns, uint64_t base_ns)
{
    uint64_t slow;
    CHECK(number < INJECT_ENTRIES_MAX);
    if (!inject_hits(self, number, worker, iteration))
        return 0;
    return drawn_ns(self, number, worker, iteration, at_ns, base_ns) +
           slowed_ns(self, UINT64_C(1) << number, worker, at_ns, base_ns, &slow);
}
