/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One unit of a product: pack the panel of b, then sweep it with a tile of accumulators that stay in registers.
 *
 * This file is compiled once per vector width (GEMM_WIDTH floats, with the matching -m flag), because the compiler
 * only widens what it may not reorder when told so. The arithmetic per element of c is the same in all of them: start
 * value, then one multiplication and one addition per k, ascending. A depth block boundary stores the float and
 * loads it again, which is exact.
 */
#include "core/learn/gemm_tile.h"

#include <stdalign.h>
#include <string.h>

#define TILE_LANES \
    8u /* accumulators: enough to hide the latency of an addition, few enough for 16 registers */
#define LANES_BYTES (4 * GEMM_WIDTH)

typedef float lanes __attribute__((vector_size(LANES_BYTES)));
typedef float lanes_any __attribute__((vector_size(LANES_BYTES), aligned(4)));

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

/* Where one unit lies in the product. */
struct unit {
    uint32_t row, rows, column, columns, depth, depths;
    uint32_t panel; /* columns rounded up to 16 or 32: the row stride of the packed panel */
};

static inline uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static struct unit locate(const struct gemm *g, uint32_t index)
{
    const uint32_t block = gemm_unit_rows(g);
    const uint32_t depth_blocks = (g->k - 1) / GEMM_DEPTH + 1, row_blocks = (g->m - 1) / block + 1;
    struct unit u;
    u.depth = index % depth_blocks * GEMM_DEPTH; /* fastest: c stays in L1 and terms ascend */
    index /= depth_blocks;
    u.row = index % row_blocks * block;
    u.column = index / row_blocks * GEMM_PANEL;
    u.rows = least(block, g->m - u.row);
    u.columns = least(GEMM_PANEL, g->n - u.column);
    u.depths = least(GEMM_DEPTH, g->k - u.depth);
    u.panel = u.columns <= 16 ? 16 : 32;
    return u;
}

/* At most a panel wide: a loop of 16-byte moves, since a call of memcpy costs more than the row. */
static inline void copy_row(float *restrict to, const float *restrict from, uint32_t columns)
{
    typedef float four __attribute__((vector_size(16), aligned(4)));
    uint32_t j = 0;
    for (; j + 4 <= columns; j += 4)
        *(four *)(to + j) = *(const four *)(from + j);
    for (uint32_t left = columns - j; left > 0; left--, j++)
        to[j] = from[j];
}

/* packed[k][panel]: columns beyond n are zero, so the tiles need no ragged case. */
static void pack(const struct gemm *g, const struct unit *u, float *restrict packed)
{
    const float *const b = g->b + u->depth * g->b_row + u->column * g->b_col;
    if (u->columns < u->panel)
        memset(packed, 0, sizeof(float) * u->depths * u->panel);
    if (g->b_col != 1) {
        for (uint32_t k0 = 0; k0 < u->depths; k0 += 16) { /* one line of b at a time */
            const uint32_t k1 = least(k0 + 16, u->depths);
            for (uint32_t j = 0; j < u->columns; j++)
                for (uint32_t k = k0; k < k1; k++)
                    packed[k * u->panel + j] = b[k * g->b_row + j * g->b_col];
        }
    } else if (u->columns == GEMM_PANEL) {
        for (uint32_t k = 0; k < u->depths; k++)
            memcpy(packed + k * GEMM_PANEL, b + k * g->b_row, sizeof(float) * GEMM_PANEL);
    } else {
        for (uint32_t k = 0; k < u->depths; k++)
            copy_row(packed + k * u->panel, b + k * g->b_row, u->columns);
    }
}

/* c[rows][vectors] += a * packed. `rows` and `vectors` are literals at every call: acc lives in registers. */
static inline __attribute__((always_inline)) void
tile(uint32_t rows, uint32_t vectors, float *restrict c, size_t c_row, const float *restrict a,
     size_t a_row, size_t a_col, const float *restrict packed, uint32_t panel, uint32_t depths)
{
    lanes acc[TILE_LANES][2];
#pragma GCC unroll 8
    for (uint32_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (uint32_t v = 0; v < vectors; v++)
            acc[i][v] = *(const lanes_any *)(c + i * c_row + v * GEMM_WIDTH);
    for (uint32_t k = 0; k < depths; k++) {
        lanes b[2];
#pragma GCC unroll 2
        for (uint32_t v = 0; v < vectors; v++)
            b[v] = *(const lanes *)(packed + v * GEMM_WIDTH);
#pragma GCC unroll 8
        for (uint32_t i = 0; i < rows; i++) {
            const float s = a[i * a_row];
#pragma GCC unroll 2
            for (uint32_t v = 0; v < vectors; v++)
                acc[i][v] += s * b[v];
        }
        a += a_col;
        packed += panel;
    }
#pragma GCC unroll 8
    for (uint32_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (uint32_t v = 0; v < vectors; v++)
            *(lanes_any *)(c + i * c_row + v * GEMM_WIDTH) = acc[i][v];
}

/* All rows of the unit against one strip of the packed panel. */
static inline __attribute__((always_inline)) void strip(const struct gemm *g, const struct unit *u,
                                                        uint32_t vectors, float *c, size_t c_row,
                                                        const float *packed)
{
    const float *const a = g->a + u->row * g->a_row + u->depth * g->a_col;
    const uint32_t rows = TILE_LANES / vectors;
    uint32_t i = 0;
    for (; i + rows <= u->rows; i += rows)
        tile(rows, vectors, c + i * c_row, c_row, a + i * g->a_row, g->a_row, g->a_col, packed,
             u->panel, u->depths);
    for (; i < u->rows; i++)
        tile(1, vectors, c + i * c_row, c_row, a + i * g->a_row, g->a_row, g->a_col, packed,
             u->panel, u->depths);
}

static void sweep(const struct gemm *g, const struct unit *u, float *c, size_t c_row,
                  const float *packed)
{
    uint32_t j = 0;
    for (; j + 2 * GEMM_WIDTH <= u->panel; j += 2 * GEMM_WIDTH)
        strip(g, u, 2, c + j, c_row, packed + j);
    for (; j < u->panel; j += GEMM_WIDTH)
        strip(g, u, 1, c + j, c_row, packed + j);
}

/* Start values of the first depth block. */
static void start(const struct gemm *g, const struct unit *u, float *c, size_t c_row)
{
    alignas(64) float first[GEMM_PANEL] = {0};
    if (g->bias != NULL)
        memcpy(first, g->bias + u->column, sizeof(float) * u->columns);
    for (uint32_t i = 0; i < u->rows; i++)
        memcpy(c + i * c_row, first, sizeof(float) * 16);
    for (uint32_t i = 0; i < u->rows && u->panel > 16; i++)
        memcpy(c + i * c_row + 16, first + 16, sizeof(float) * 16);
}

static void copy_columns(float *to, size_t to_row, const float *from, size_t from_row,
                         const struct unit *u)
{
    for (uint32_t i = 0; i < u->rows; i++)
        copy_row(to + i * to_row, from + i * from_row, u->columns);
}

/* After the last depth block. Written as selections so that the loops vectorise; NaN passes `relu`. */
static void finish(const struct gemm *g, const struct unit *u, float *c)
{
    for (uint32_t i = 0; i < u->rows; i++) {
        float *const row = c + i * g->c_row;
        if (g->relu)
            for (uint32_t j = 0; j < u->columns; j++)
                row[j] = row[j] < 0.0f ? 0.0f : row[j];
        if (g->gate != NULL) {
            const float *const gate = g->gate + (u->row + i) * g->c_row + u->column;
            for (uint32_t j = 0; j < u->columns; j++)
                row[j] = gate[j] > 0.0f ? row[j] : 0.0f;
        }
    }
}

void JOIN(gemm_tile_unit_, GEMM_WIDTH)(const struct gemm *self, uint32_t index)
{
    alignas(64) float packed[GEMM_DEPTH * GEMM_PANEL];
    alignas(64) float padded[GEMM_ROWS * GEMM_PANEL]; /* stands in for c in a ragged panel */
    const struct unit u = locate(self, index);
    const bool ragged = u.columns < u.panel;
    float *const c = self->c + u.row * self->c_row + u.column;
    float *const work = ragged ? padded : c;
    const size_t row = ragged ? u.panel : self->c_row;

    pack(self, &u, packed);
    if (ragged || u.depth == 0)
        start(self, &u, work, row);
    if (ragged && u.depth > 0)
        copy_columns(work, row, c, self->c_row, &u);
    sweep(self, &u, work, row, packed);
    if (ragged)
        copy_columns(c, self->c_row, work, row, &u);
    if (u.depth + u.depths == self->k)
        finish(self, &u, c);
}
