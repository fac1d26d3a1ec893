/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Matrix products in a fixed order:  c[i][j] = bias[j] + sum_k a(i,k) * b(k,j),  k ascending, one rounding per
 * multiplication and one per addition.
 *
 * A product is cut into units (a block of rows x a panel of columns x a block of depth) so that a gradient can stop
 * between any two of them. Neither the units nor the vector width change a single bit of the result: lanes hold
 * different j, so nothing is ever reassociated, and contraction to fused multiply-add is off.
 *
 * Source: the blocking (packed panel in L1, register tile) is that of K. Goto, R. van de Geijn, "Anatomy of
 *         high-performance matrix multiplication", ACM TOMS 34(3), 2008.
 */
#ifndef CORE_LEARN_GEMM_H
#define CORE_LEARN_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEMM_PANEL 32u  /* columns of a unit */
#define GEMM_DEPTH 128u /* terms of a unit: packed panel 16 KiB, half of a common L1 */
#define GEMM_ROWS 128u  /* most rows of a unit */

/** One product. Strides in floats; everything is borrowed until the last unit has run; c overlaps no operand. */
struct gemm {
    float *c; /* [m][n], row stride c_row */
    const float *a, *b;
    const float *bias; /* [n], or NULL for zero */
    const float *gate; /* [m][n], row stride c_row, or NULL: c is 0 wherever gate is not positive */
    size_t c_row;
    size_t a_row, a_col; /* a(i,k) = a[i * a_row + k * a_col] */
    size_t b_row, b_col; /* b(k,j) = b[k * b_row + j * b_col]; one of the two is 1 */
    uint32_t m, n, k;    /* all >= 1 */
    bool relu;           /* c = max(c, 0) at the end */
};

/** One compiled width of the same arithmetic. */
struct gemm_width {
    const char *name;
    bool (*supported)(void); /* by this processor */
    void (*unit)(const struct gemm *self, uint32_t index);
};

/** Widest first; the last row runs everywhere. */
extern const struct gemm_width gemm_widths[];
extern const uint32_t gemm_width_count;

/** How many units the product has. */
uint32_t gemm_units(const struct gemm *self);

/** Rows of one unit: fewer the deeper the product, so that units cost about the same. */
uint32_t gemm_unit_rows(const struct gemm *self);

/** Upper bound of one unit's work, in multiply-adds. */
uint32_t gemm_unit_cost(const struct gemm *self);

/** Run unit `index` with the widest supported vectors. Units must run in ascending order. */
void gemm_unit(const struct gemm *self, uint32_t index);

/** All units. */
void gemm_run(const struct gemm *self);

#endif
