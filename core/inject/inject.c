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

static bool percent_hits(const struct inject_set *self, const struct inject *entry, uint32_t number,
                         uint32_t worker, uint64_t iteration)
{
    const bool grouped = entry->by_group && self->group;
    const uint32_t item = grouped ? self->group[worker] : worker;
    const uint32_t items = grouped ? self->groups : self->workers;
    if (entry->select == SELECT_PERCENT_EACH)
        return rng_unit_at(stream_of(self->seed, WHETHER, number, item), iteration) < entry->share;
    return permuted(stream_of(self->seed, WHO, number, 0), items, item) <
           chosen_count(entry->share, items);
}

bool inject_hits(const struct inject_set *self, uint32_t number, uint32_t worker,
                 uint64_t iteration)
{
    const struct inject *const entry = &self->entry[number];
    CHECK(worker < self->workers);
    switch (entry->select) {
    case SELECT_ALL:
        return true;
    case SELECT_PERCENT_EACH:
    case SELECT_PERCENT_ONCE:
        return percent_hits(self, entry, number, worker, iteration);
    case SELECT_WORKERS:
        for (uint32_t i = 0; i < entry->worker_count; i++)
            if (entry->workers[i] == worker)
                return true;
        return false;
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

/** Does the entry concern this phase of this worker's iteration? */
static bool concerns(const struct inject_set *self, uint32_t number, enum inject_what what,
                     uint32_t worker, uint64_t iteration)
{
    const enum inject_what of = self->entry[number].what;
    return (of == what || (of == INJECT_NODE && what == INJECT_COMPUTE)) &&
           inject_hits(self, number, worker, iteration);
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
    const double scale = inject_when_at(&entry->when, at_ns).scale;
    if (!entry->law->delay_ns || scale <= 0.0)
        return 0;
    const struct law_draw draw = draw_of(self, number, worker, iteration, base_ns);
    return scaled_ns(entry->law->delay_ns(&entry->config, &draw), scale);
}

/** What is left of the base time where measured times are below it. */
static uint64_t shortened_ns(const struct inject_set *self, enum inject_what what, uint32_t worker,
                             uint64_t iteration, uint64_t at_ns, uint64_t base_ns)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const struct inject *const entry = &self->entry[i];
        if (!entry->law->shorten || !concerns(self, i, what, worker, iteration) ||
            inject_when_at(&entry->when, at_ns).scale <= 0.0)
            continue;
        const struct law_draw draw = draw_of(self, i, worker, iteration, base_ns);
        base_ns = entry->law->shorten(&entry->config, &draw);
    }
    return base_ns;
}

/* ------------------------------------------------------------------------------------------------ laws per time */

/** How fast the entries [first, end) let work go, and until when that holds. */
static struct law_piece piece_at(const struct inject_set *self, uint32_t first, uint32_t end,
                                 enum inject_what what, uint32_t worker, uint64_t iteration,
                                 uint64_t at_ns)
{
    struct law_piece all = {.rate = 1.0, .until_ns = UINT64_MAX};
    for (uint32_t i = first; i < end; i++) {
        const struct inject *const entry = &self->entry[i];
        if (!entry->law->piece || !concerns(self, i, what, worker, iteration))
            continue;
        const struct inject_span span = inject_when_at(&entry->when, at_ns);
        all.until_ns = span.until_ns < all.until_ns ? span.until_ns : all.until_ns;
        if (span.scale <= 0.0)
            continue;
        const struct law_piece one =
            entry->law->piece(&entry->config, key_of(self, i, worker), at_ns);
        CHECK(one.until_ns > at_ns);
        all.until_ns = one.until_ns < all.until_ns ? one.until_ns : all.until_ns;
        all.rate *= 1.0 - span.scale * (1.0 - one.rate);
    }
    return all;
}

/** When work of work_ns that begins at_ns is done: the integral of the rate reaches it. */
static uint64_t stretched_ns(const struct inject_set *self, uint32_t first, uint32_t end,
                             enum inject_what what, uint32_t worker, uint64_t iteration,
                             uint64_t at_ns, uint64_t work_ns)
{
    const uint64_t begin_ns = at_ns;
    double left = (double)work_ns;
    while (at_ns - begin_ns < LAW_DELAY_NS_MAX) {
        const struct law_piece piece = piece_at(self, first, end, what, worker, iteration, at_ns);
        const double rate = piece.rate > 0.0 ? piece.rate : 0.0;
        const double room = rate * (double)(piece.until_ns - at_ns);
        if (room >= left && rate > 0.0) {
            const uint64_t rest = law_saturate_ns(left / rate);
            const uint64_t total = at_ns - begin_ns + rest;
            return total < LAW_DELAY_NS_MAX ? total : LAW_DELAY_NS_MAX;
        }
        left -= room;
        at_ns = piece.until_ns;
    }
    return LAW_DELAY_NS_MAX;
}

static bool has_rates(const struct inject_set *self, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        if (self->entry[i].law->piece)
            return true;
    return false;
}

static uint64_t slowed_ns(const struct inject_set *self, uint32_t first, uint32_t end,
                          enum inject_what what, uint32_t worker, uint64_t iteration,
                          uint64_t at_ns, uint64_t work_ns)
{
    if (work_ns == 0 || !has_rates(self, first, end))
        return 0;
    const uint64_t took_ns =
        stretched_ns(self, first, end, what, worker, iteration, at_ns, work_ns);
    return took_ns > work_ns ? took_ns - work_ns : 0;
}

/* ---------------------------------------------------------------------------------------------------- together */

/** How the delay that this entry causes is spent. */
static void mark(struct inject_phase *phase, const struct inject *entry)
{
    phase->spin |= entry->mode == INJECT_SPIN;
    phase->process |= entry->scope == SCOPE_PROCESS || entry->what == INJECT_NODE;
}

struct inject_phase inject_phase(const struct inject_set *self, enum inject_what what,
                                 uint32_t worker, uint64_t iteration, uint64_t at_ns,
                                 uint64_t base_ns)
{
    struct inject_phase phase = {.base_ns = base_ns};
    if (self->count == 0)
        return phase;
    phase.base_ns = shortened_ns(self, what, worker, iteration, at_ns, base_ns);
    for (uint32_t i = 0; i < self->count; i++) {
        if (!concerns(self, i, what, worker, iteration))
            continue;
        const uint64_t extra_ns = drawn_ns(self, i, worker, iteration, at_ns, phase.base_ns);
        if (extra_ns > 0)
            mark(&phase, &self->entry[i]);
        phase.delay_ns += extra_ns;
    }
    const uint64_t slowed =
        slowed_ns(self, 0, self->count, what, worker, iteration, at_ns, phase.base_ns);
    for (uint32_t i = 0; slowed > 0 && i < self->count; i++)
        if (self->entry[i].law->piece && concerns(self, i, what, worker, iteration))
            mark(&phase, &self->entry[i]);
    phase.delay_ns += slowed;
    return phase;
}

uint64_t inject_delay_ns(const struct inject_set *self, uint32_t number, uint32_t worker,
                         uint64_t iteration, uint64_t at_ns, uint64_t base_ns)
{
    const enum inject_what what = self->entry[number].what;
    if (!inject_hits(self, number, worker, iteration))
        return 0;
    return drawn_ns(self, number, worker, iteration, at_ns, base_ns) +
           slowed_ns(self, number, number + 1, what, worker, iteration, at_ns, base_ns);
}
