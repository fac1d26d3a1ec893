/* SPDX-License-Identifier: BSD-3-Clause */
/* Large blocks are mapped: the kernel hands out zeros lazily, and growing one moves pages instead of bytes. */
#include "harness/run/heap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAPPED_BYTES (1u << 20) /* from here on */
#define PAGE_BYTES_MAX (size_t)65536

static void *take(size_t bytes)
{
    if (bytes < MAPPED_BYTES) {
        void *const small = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
        return small ? memset(small, 0, bytes) : NULL;
    }
    void *const large = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (large == MAP_FAILED)
        return NULL;
    /* Events hop over all workers: with small pages every other access would miss the TLB. A refusal costs speed only. */
    madvise(large, bytes, MADV_HUGEPAGE);
    return large;
}

static void give(void *block, size_t bytes)
{
    if (bytes < MAPPED_BYTES)
        free(block);
    else
        munmap(block, bytes);
}

/** Within its last page a mapping keeps what it held when it shrank: new bytes are zero. */
static void *remap(void *old, size_t old_bytes, size_t bytes)
{
    void *const moved = mremap(old, old_bytes, bytes, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        return NULL;
    const size_t page_end = (old_bytes + PAGE_BYTES_MAX - 1) / PAGE_BYTES_MAX * PAGE_BYTES_MAX;
    if (bytes > old_bytes)
        memset((char *)moved + old_bytes, 0, (bytes < page_end ? bytes : page_end) - old_bytes);
    return moved;
}

static void *resize(void *context, void *old, size_t old_bytes, size_t bytes)
{
    (void)context;
    if (!old)
        return bytes ? take(bytes) : NULL;
    if (bytes == 0) {
        give(old, old_bytes);
        return NULL;
    }
    if (old_bytes >= MAPPED_BYTES && bytes >= MAPPED_BYTES)
        return remap(old, old_bytes, bytes);
    void *const made = take(bytes);
    if (!made)
        return NULL;
    memcpy(made, old, old_bytes < bytes ? old_bytes : bytes);
    give(old, old_bytes);
    return made;
}

const struct sim_memory heap_memory = {.resize = resize};
