/* SPDX-License-Identifier: BSD-3-Clause */
/* The undisturbed compute time of an iteration: lognormal jitter about the profile's base, or any law on top of it. */
#include "core/base/rng.h"
#include "core/inject/draw.h"
#include "core/inject/inject.h"
#include "core/inject/law_rows.h"

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

uint64_t inject_jitter_ns(const struct inject_jitter *self, uint64_t base_ns, uint64_t seed,
                          uint32_t worker, uint64_t iteration)
{
    const uint64_t key = rng_key(seed, RNG_JITTER, worker);
    const struct law_draw draw = {.bits = rng_at(key, iteration),
                                  .key = key,
                                  .iteration = iteration,
                                  .compute_ns = undisturbed_ns(base_ns),
                                  .worker = worker};
    const uint64_t left =
        self->law->shorten ? self->law->shorten(self->config, &draw) : draw.compute_ns;
    return undisturbed_ns(left + self->law->delay_ns(self->config, &draw));
}

uint64_t inject_measured_ns(const struct law_sample *sample, uint64_t seed, uint32_t worker,
                            uint64_t iteration)
{
    return law_empirical_draw(sample, rng_at(rng_key(seed, RNG_JITTER, worker), iteration));
}

void inject_base_lanes(const struct inject_base *self, uint64_t seed, uint32_t worker,
                       uint64_t first, uint64_t out_ns[INJECT_BASE_LANES])
{
    if (self->jitter.law) {
        for (uint32_t i = 0; i < INJECT_BASE_LANES; i++)
            out_ns[i] = inject_jitter_ns(&self->jitter, self->base_ns, seed, worker, first + i);
        return;
    }
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
