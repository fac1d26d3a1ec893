/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Where the simulator's memory comes from: core/ allocates nothing, whoever runs it hands in this one function.
 */
#ifndef CORE_SIM_BASE_MEMORY_H
#define CORE_SIM_BASE_MEMORY_H

#include <stddef.h>

struct sim_memory {
    /** As realloc: NULL + bytes = new, bytes 0 = free (returns NULL); 64-byte aligned; new bytes are zero. NULL: none left. */
    void *(*resize)(void *context, void *old, size_t old_bytes, size_t bytes);
    void *context;
};

#endif
