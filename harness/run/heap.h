/* SPDX-License-Identifier: BSD-3-Clause */
/** The process's own memory behind struct sim_memory. */
#ifndef HARNESS_RUN_HEAP_H
#define HARNESS_RUN_HEAP_H

#include "core/sim/base/memory.h"

extern const struct sim_memory heap_memory;

#endif
