/* SPDX-License-Identifier: BSD-3-Clause */
/** The widths in which gemm_tile.c is compiled. Private to the room. */
#ifndef CORE_LEARN_GEMM_TILE_H
#define CORE_LEARN_GEMM_TILE_H

#include "core/learn/gemm.h"

#if defined(__x86_64__)
#define GEMM_X86 1
#endif

/** Run one unit of the product; see gemm_unit(). */
void gemm_tile_unit_4(const struct gemm *self, uint32_t index);
void gemm_tile_unit_8(const struct gemm *self, uint32_t index);
void gemm_tile_unit_16(const struct gemm *self, uint32_t index);

#endif
