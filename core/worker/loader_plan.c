/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From record numbers to reads.
 *
 * Every record's span is widened to whole blocks; sorted by offset, spans that overlap or touch become one read, so
 * each read has a place of its own in the buffer and no byte of the file is read twice in a batch. A merged span is
 * never longer than its parts together, therefore `batch` times the worst span of one record is always room enough.
 */
#include "core/base/check.h"
#include "core/worker/loader_internal.h"

uint64_t loader_plan_slot_bytes(uint32_t record_bytes)
{
    /* Worst case: the first byte is the last one of its block. */
    const uint64_t rest = (uint64_t)record_bytes - 1;
    return (1 + (rest + LOADER_ALIGN - 1) / LOADER_ALIGN) * LOADER_ALIGN;
}

/* Shell sort with Ciura's gaps: no allocation (qsort may), and quick for the 16 to 1024 of a batch. */
static void sort_keys(uint64_t *key, uint32_t count)
{
    static const uint32_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};

    for (uint32_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
        const uint32_t gap = gaps[g];
        for (uint32_t i = gap; i < count; i++) {
            const uint64_t moving = key[i];
            uint32_t k = i;
            for (; k >= gap && key[k - gap] > moving; k -= gap)
                key[k] = key[k - gap];
            key[k] = moving;
        }
    }
}

void loader_plan(const struct loader_config *config, uint32_t block, struct loader_batch *batch,
                 uint64_t *order)
{
    const uint64_t mask = block - 1;
    unsigned char *free_area = batch->area;
    struct loader_read *read = NULL;

    for (uint32_t k = 0; k < config->batch; k++)
        order[k] = (uint64_t)batch->index[k] << 32 | k;
    sort_keys(order, config->batch);

    batch->reads = 0;
    for (uint32_t k = 0; k < config->batch; k++) {
        const uint64_t from = config->base_bytes + (order[k] >> 32) * config->record_bytes;
        const uint64_t begin = from & ~mask;
        const uint64_t end = (from + config->record_bytes + mask) & ~mask;

        if (!read || begin > read->offset + read->bytes ||
            end - read->offset > LOADER_READ_BYTES_MAX) {
            if (read)
                free_area += read->bytes;
            read = &batch->read[batch->reads++];
            *read = (struct loader_read){
                .offset = begin, .to = free_area, .skip = (uint32_t)(from - begin)};
        }
        read->bytes = (uint32_t)(end - read->offset);
        read->wanted = (uint32_t)(from + config->record_bytes - read->offset);
        batch->record[(uint32_t)order[k]] = read->to + (from - read->offset);
    }
    batch->pending = batch->reads;
    DCHECK(free_area + read->bytes <=
           batch->area + config->batch * loader_plan_slot_bytes(config->record_bytes));
}
