/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan of a product: how many units, how large, and which width runs them. */
#include "core/learn/gemm.h"

#include "core/base/check.h"
#include "core/learn/gemm_tile.h"

static bool everywhere(void)
{
    return true;
}

#ifdef GEMM_X86
/* The compiler's table, filled before main, not our own cache: nothing here has state to race on. */
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

const struct gemm_width gemm_widths[] = {
#ifdef GEMM_X86
    {"16 floats (AVX-512)", has_avx512, gemm_tile_unit_16},
    {"8 floats (AVX2)", has_avx2, gemm_tile_unit_8},
#endif
    {"4 floats (any)", everywhere, gemm_tile_unit_4},
};
const uint32_t gemm_width_count = sizeof(gemm_widths) / sizeof(gemm_widths[0]);

static uint32_t ceil_div(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

uint32_t gemm_unit_rows(const struct gemm *self)
{
    const uint32_t depth = self->k < GEMM_DEPTH ? self->k : GEMM_DEPTH;
    const uint32_t rows = 32 * GEMM_DEPTH / depth / 4 * 4;
    return rows < GEMM_ROWS ? rows : GEMM_ROWS;
}

uint32_t gemm_units(const struct gemm *self)
{
    const uint64_t units = (uint64_t)ceil_div(self->n, GEMM_PANEL) * ceil_div(self->k, GEMM_DEPTH) *
                           ceil_div(self->m, gemm_unit_rows(self));
    CHECK(units <= UINT32_MAX);
    return (uint32_t)units;
}

uint32_t gemm_unit_cost(const struct gemm *self)
{
    const uint32_t depth = self->k < GEMM_DEPTH ? self->k : GEMM_DEPTH;
    const uint32_t panel = self->n < GEMM_PANEL ? self->n : GEMM_PANEL;
    const uint32_t block = gemm_unit_rows(self);
    return (self->m < block ? self->m : block) * panel * depth;
}

static const struct gemm_width *widest(void)
{
    const struct gemm_width *width = gemm_widths;
    while (!width->supported())
        width++;
    return width;
}

void gemm_unit(const struct gemm *self, uint32_t index)
{
    DCHECK(index < gemm_units(self));
    widest()->unit(self, index);
}

void gemm_run(const struct gemm *self)
{
    const struct gemm_width *const width = widest();
    const uint32_t units = gemm_units(self);
    for (uint32_t u = 0; u < units; u++)
        width->unit(self, u);
}
