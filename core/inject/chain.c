/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both chains are mixtures of "stay" and "draw anew". With p and q the chances to leave the first and the second state,
 * the transition matrix is (1 - r) * stay + r * (draw the second state with chance p / r), r = p + q. Where p + q > 1 the
 * states alternate faster than independent draws would, and "stay" gives way to "swap": r = 2 - p - q, fresh = (1 - q) / r.
 *
 * Refreshes are independent from index to index. So blocks of indices may be looked at one by one, from the latest one
 * back to one with a refresh, each walked through by geometric gaps. Blocks hold about four refreshes on average: nearly
 * always the first one or two suffice. In continuous time the same holds of cells and a Poisson process.
 */
#include "core/inject/chain.h"

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/inject/draw.h"

#define REFRESHES 4.0 /* of a block or cell, on average */
#define BLOCK_BITS_MAX 44u
#define CELL_NS_MAX (UINT64_C(1) << 60)

/* The streams beside the one of gaps, which is keyed by the block's number. */
#define BEFORE UINT64_MAX   /* the state at index -1, or before time 0 */
#define STATES ~UINT64_C(1) /* key of the states drawn at refreshes */

/** -ln(1 - p), 0 <= p < 1, without losing a small p. */
static double surprise(double p)
{
    return p > 1e-4 ? -draw_ln(1.0 - p) : p * (1.0 + p * (0.5 + p * (1.0 / 3.0 + p * 0.25)));
}

struct chain chain_of(double first, double second)
{
    CHECK(first >= 1.0 && second >= 1.0);
    const double p = 1.0 / first, q = 1.0 / second;
    struct chain self = {.share = p / (p + q), .alternates = p + q > 1.0};
    self.refresh = self.alternates ? 2.0 - p - q : p + q;
    self.fresh = self.share;
    if (self.alternates && self.refresh > 0.0)
        self.fresh = (1.0 - q) / self.refresh;
    if (self.refresh > 0.0 && self.refresh < 1.0)
        self.gap = 1.0 / surprise(self.refresh);
    while (self.block_bits < BLOCK_BITS_MAX &&
           (double)(UINT64_C(1) << self.block_bits) * self.refresh < REFRESHES)
        self.block_bits++;
    return self;
}

/** The latest refresh in [begin, index], all in one block whose gaps have the stream `key`; false: there is none. */
static bool latest_refresh(double gap, uint64_t key, uint64_t begin, uint64_t index,
                           uint64_t *latest)
{
    bool found = false;
    uint64_t at = begin;
    for (uint64_t i = 0;; i++) {
        const double skip = gap * draw_exponential(rng_at(key, i));
        if (!(skip < (double)(index - at) + 1.0))
            return found;
        const uint64_t whole = (uint64_t)skip;
        if (whole > index - at)
            return found;
        *latest = at + whole;
        found = true;
        if (*latest == index)
            return true;
        at = *latest + 1;
    }
}

bool chain_at(const struct chain *self, uint64_t key, uint64_t index)
{
    uint64_t latest = UINT64_MAX; /* index -1, where no refresh is found */
    bool found = self->refresh >= 1.0;
    if (found)
        latest = index;
    uint64_t block = index >> self->block_bits, end = index;
    while (!found && self->refresh > 0.0) {
        const uint64_t begin = block << self->block_bits;
        found = latest_refresh(self->gap, rng_at(key, block), begin, end, &latest);
        if (block-- == 0)
            break;
        end = begin - 1;
    }
    const bool drawn = found ? rng_unit_at(rng_at(key, STATES), latest) < self->fresh
                             : rng_unit_at(key, BEFORE) < self->share;
    return drawn != (self->alternates && ((index - latest) & 1) != 0);
}

/* ---------------------------------------------------------------------------------------------- in continuous time */

/** Latest refresh at or before at_ns, and the first one after it, within one cell. */
struct around {
    uint64_t latest_ns, next_ns;
    bool found;
};

static struct around look(double mean_ns, uint64_t key, uint64_t begin_ns, uint64_t end_ns,
                          uint64_t at_ns)
{
    struct around out = {.next_ns = end_ns};
    double since = 0.0;
    for (uint64_t i = 0;; i++) {
        since += mean_ns * draw_exponential(rng_at(key, i));
        if (!(since < (double)(end_ns - begin_ns)))
            return out;
        const uint64_t refresh_ns = begin_ns + (uint64_t)since;
        if (refresh_ns > at_ns) {
            out.next_ns = refresh_ns;
            return out;
        }
        out.latest_ns = refresh_ns;
        out.found = true;
    }
}

struct chain_span chain_time(uint64_t first_ns, uint64_t second_ns, uint64_t key, uint64_t at_ns)
{
    CHECK(first_ns >= 1 && second_ns >= 1);
    const double first = (double)first_ns, second = (double)second_ns;
    const double share = second / (first + second), mean_ns = first * share;
    const double wanted = REFRESHES * mean_ns;
    const uint64_t cell_ns = wanted < 2.0                   ? 2
                             : wanted < (double)CELL_NS_MAX ? (uint64_t)wanted
                                                            : CELL_NS_MAX;
    uint64_t cell = at_ns / cell_ns;
    const uint64_t begin_ns = cell * cell_ns;
    const uint64_t end_ns = begin_ns > UINT64_MAX - cell_ns ? UINT64_MAX : begin_ns + cell_ns;
    struct around here = look(mean_ns, rng_at(key, cell), begin_ns, end_ns, at_ns);
    const uint64_t until_ns = here.next_ns;
    while (!here.found && cell > 0) {
        cell--;
        here = look(mean_ns, rng_at(key, cell), cell * cell_ns, (cell + 1) * cell_ns, at_ns);
    }
    const double unit =
        here.found ? rng_unit_at(rng_at(key, STATES), here.latest_ns) : rng_unit_at(key, BEFORE);
    return (struct chain_span){.second = unit < share, .until_ns = until_ns};
}
