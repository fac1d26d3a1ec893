/*
 * Whom an entry hits, and the base compute time that it adds to.
 *
 * Each decision has a stream of its own, told apart by the top bits of the stream's index: whether a worker is hit must
 * say nothing about how hard, nor may two entries of one profile move together.
 */
#include <stddef.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/inject/draw.h"
#include "core/inject/law.h"
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

bool inject_hits(const struct inject *self, uint32_t number, uint64_t seed, uint32_t workers,
                 uint32_t worker, uint64_t iteration)
{
    CHECK(worker < workers);
    switch (self->select) {
    case SELECT_ALL:
        return true;
    case SELECT_PERCENT_EACH:
        return rng_unit_at(stream_of(seed, WHETHER, number, worker), iteration) < self->share;
    case SELECT_PERCENT_ONCE:
        return permuted(stream_of(seed, WHO, number, 0), workers, worker) <
               chosen_count(self->share, workers);
    case SELECT_WORKERS:
        for (uint32_t i = 0; i < self->worker_count; i++)
            if (self->workers[i] == worker)
                return true;
        return false;
    }
    check_failed(__FILE__, __LINE__, "a known way to select workers");
}

uint64_t inject_delay_ns(const struct inject *self, uint32_t number, uint64_t seed,
                         uint32_t workers, uint32_t worker, uint64_t iteration, uint64_t compute_ns)
{
    if (!inject_hits(self, number, seed, workers, worker, iteration))
        return 0;
    const uint64_t key = stream_of(seed, HOW_LONG, number, worker);
    return self->law->delay_ns(&self->config, key, worker, iteration, compute_ns);
}

uint64_t inject_shortened_ns(const struct inject *self, uint32_t number, uint64_t seed,
                             uint32_t workers, uint32_t worker, uint64_t iteration,
                             uint64_t compute_ns)
{
    if (!self->law->shorten || !inject_hits(self, number, seed, workers, worker, iteration))
        return compute_ns;
    const uint64_t key =
        stream_of(seed, HOW_LONG, number, worker); /* the delay's: one draw says both */
    return self->law->shorten(&self->config, key, worker, iteration, compute_ns);
}

/* ln T = ln base + sigma Z - sigma^2/2 has mean `base` and coefficient of variation sqrt(e^(sigma^2) - 1) = cv. */
void inject_base_init(struct inject_base *self, uint64_t base_ns, double cv)
{
    const double variance = cv > 0.0 ? draw_ln(1.0 + cv * cv) : 0.0;
    *self = (struct inject_base){
        .base_ns = base_ns, .sigma = __builtin_sqrt(variance), .shift = variance / 2.0};
}

static uint64_t undisturbed_ns(uint64_t base_ns)
{
    return base_ns < LAW_DELAY_NS_MAX ? base_ns : LAW_DELAY_NS_MAX;
}

uint64_t inject_base_ns(uint64_t base_ns, double cv, uint64_t seed, uint32_t worker,
                        uint64_t iteration)
{
    struct inject_base law;
    inject_base_init(&law, base_ns, cv);
    if (law.sigma <= 0.0)
        return undisturbed_ns(base_ns);
    const uint64_t bits = rng_at(rng_key(seed, RNG_JITTER, worker), iteration);
    return law_saturate_ns((double)base_ns * draw_exp(law.sigma * draw_normal(bits) - law.shift));
}

void inject_base_lanes(const struct inject_base *self, uint64_t seed, uint32_t worker,
                       uint64_t first, uint64_t out_ns[INJECT_BASE_LANES])
{
    if (self->sigma <= 0.0) {
        for (uint32_t i = 0; i < INJECT_BASE_LANES; i++)
            out_ns[i] = undisturbed_ns(self->base_ns);
        return;
    }
    _Static_assert(INJECT_BASE_LANES == DRAW_LANES, "lane by lane");
    const uint64_t key = rng_key(seed, RNG_JITTER, worker);
    double factor[DRAW_LANES];
    for (uint32_t i = 0; i < DRAW_LANES; i++)
        factor[i] = self->sigma * draw_normal(rng_at(key, first + i)) - self->shift;
    draw_exp_lanes(factor);
    for (uint32_t i = 0; i < DRAW_LANES; i++)
        out_ns[i] = law_saturate_ns((double)self->base_ns * factor[i]);
}
