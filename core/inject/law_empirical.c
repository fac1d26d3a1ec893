/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measured durations as a law: the compute time of an iteration *becomes* a draw of them. What is below the emulated time
 * shortens it, what is above adds a delay, so that both together are the draw, in absolute time.
 *
 * Each value has the same chance in each iteration of each worker: whatever ties the measured ones together in time or
 * between workers is lost (the law `trace` keeps it). With a base time of 0 a draw can only lengthen the real gradient.
 */
#include <stddef.h>

#include "core/inject/draw.h"
#include "core/inject/law_rows.h"

const char *law_empirical_check(const struct law_config *config)
{
    const struct law_sample *const sample = &config->sample;
    if (!sample->bin || sample->count == 0)
        return "there are no measured times";
    if (sample->bin[sample->count - 1].upto == 0)
        return "the histogram is empty";
    return NULL;
}

/** The first bin that holds value number `rank`. */
static uint32_t bin_of(const struct law_sample *sample, double rank)
{
    uint32_t low = 0, high = sample->count - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if ((double)sample->bin[middle].upto > rank)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Inversion: the whole part of the rank chooses the bin, how far it is into the bin chooses the place there. */
uint64_t law_empirical_draw(const struct law_sample *sample, uint64_t bits)
{
    const double total = (double)sample->bin[sample->count - 1].upto;
    const double rank = draw_unit(bits) * total;
    const uint32_t b = bin_of(sample, rank);
    const struct law_bin *const bin = &sample->bin[b];
    const uint64_t before = b ? sample->bin[b - 1].upto : 0;
    const double place = (rank - (double)before) / (double)(bin->upto - before);
    return law_saturate_ns((bin->low_s + (bin->high_s - bin->low_s) * place) * 1e9);
}

uint64_t law_empirical_shorten(const struct law_config *config, const struct law_draw *draw)
{
    const uint64_t ns = law_empirical_draw(&config->sample, draw->bits);
    return ns < draw->compute_ns ? ns : draw->compute_ns;
}

uint64_t law_empirical_ns(const struct law_config *config, const struct law_draw *draw)
{
    const uint64_t ns = law_empirical_draw(&config->sample, draw->bits);
    return ns > draw->compute_ns ? ns - draw->compute_ns : 0;
}
