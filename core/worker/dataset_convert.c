/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Features of any type, order of bytes and order of elements, into what the loader reads in place: C order, '|u1' or
 * '<f4'. Unsigned bytes stay bytes (they become x / 255 when they are used); all other values are taken as they are.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/worker/dataset_internal.h"

#define BLOCK_VALUES 65536u

bool dataset_is_u8(const struct dataset_head *head)
{
    return head->type.kind == DATASET_UNSIGNED && head->type.bytes == 1;
}

bool dataset_reads_in_place(const struct dataset_array *features)
{
    const struct dataset_type type = features->head.type;
    const bool f4 = type.kind == DATASET_REAL && type.bytes == 4 && !type.big_endian;
    return (f4 || dataset_is_u8(&features->head)) && !features->head.by_column &&
           !features->stream.packed;
}

/* Some rows under way. */
struct block {
    unsigned char *raw;
    double *value; /* [rows][columns] */
    float *out;
    uint32_t rows, columns;
};

/* Fortran order: the same rows of each column lie together. */
static int read_columns(struct dataset_array *array, uint64_t first, const struct block *block,
                        uint32_t rows, struct err *err)
{
    const struct dataset_head *const head = &array->head;
    const uint32_t width = head->type.bytes, bytes = rows * width;
    unsigned char *const column = block->raw;
    double value[256];

    for (uint32_t f = 0; f < block->columns; f++) {
        const uint64_t at = head->base_bytes + (f * head->rows + first) * width;
        const int got = dataset_read_at(array->stream.fd, column, bytes, at);
        if (got != (int)bytes)
            return err_set(err, got < 0 ? got : -ENODATA, "%s: cannot read at offset %llu: %s",
                           array->stream.path, (unsigned long long)at,
                           got < 0 ? strerror(-got) : "the file became shorter");
        for (uint32_t r = 0; r < rows; r += 256) {
            const uint32_t n = rows - r < 256 ? rows - r : 256;
            dataset_type_decode(head->type, column + (size_t)r * width, n, value);
            for (uint32_t i = 0; i < n; i++)
                block->value[(size_t)(r + i) * block->columns + f] = value[i];
        }
    }
    return 0;
}

static int read_rows(struct dataset_array *array, const struct block *block, uint32_t rows,
                     struct err *err)
{
    const int rc = dataset_array_values(array, block->raw, rows * block->columns, err);
    if (rc == 0)
        dataset_type_decode(array->head.type, block->raw, (size_t)rows * block->columns,
                            block->value);
    return rc;
}

static int narrow(const struct dataset_array *array, const struct block *block, uint64_t first,
                  uint32_t rows, struct err *err)
{
    const size_t count = (size_t)rows * block->columns;
    for (size_t i = 0; i < count; i++) {
        block->out[i] = (float)block->value[i];
        if (!isfinite(block->out[i]))
            return dataset_not_finite(array->stream.path, first * block->columns + i,
                                      block->columns, block->value[i], err);
    }
    return 0;
}

static int write_block(FILE *to, const char *path, const struct dataset_head *head,
                       const struct block *block, uint32_t rows, struct err *err)
{
    const size_t count = (size_t)rows * block->columns;
    const void *const from = dataset_is_u8(head) ? (const void *)block->raw : block->out;
    if (!to || fwrite(from, dataset_is_u8(head) ? 1 : sizeof(float), count, to) == count)
        return 0;
    return err_set(err, -errno, "%s: cannot write its copy into the cache: %s", path,
                   strerror(errno));
}

/* Bytes in Fortran order go through doubles, too: exact, and the rarest of all. */
static void to_bytes(const struct block *block, uint32_t rows)
{
    const size_t count = (size_t)rows * block->columns;
    for (size_t i = 0; i < count; i++)
        block->raw[i] = (unsigned char)block->value[i];
}

static int convert_rows(struct dataset_array *array, uint64_t rows, const struct block *block,
                        FILE *to, const struct dataset_watch *watch, struct err *err)
{
    const char *const path = array->stream.path;
    int rc = 0;
    for (uint64_t at = 0; at < rows && rc == 0; at += block->rows) {
        const uint32_t n = rows - at < block->rows ? (uint32_t)(rows - at) : block->rows;
        rc = array->head.by_column ? read_columns(array, at, block, n, err)
                                   : read_rows(array, block, n, err);
        if (rc == 0 && dataset_is_u8(&array->head))
            to_bytes(block, n);
        else if (rc == 0)
            rc = narrow(array, block, at, n, err);
        if (rc == 0)
            rc = write_block(to, path, &array->head, block, n, err);
        if (rc == 0)
            rc = dataset_watch_step(watch, "converting", path, at + n, rows, err);
    }
    return rc;
}

int dataset_convert(struct dataset_array *features, uint32_t rows, FILE *to,
                    const struct dataset_watch *watch, struct err *err)
{
    const uint32_t columns = (uint32_t)features->head.columns;
    struct block block = {.columns = columns,
                          .rows = columns < BLOCK_VALUES ? BLOCK_VALUES / columns : 1};
    const size_t values = (size_t)block.rows * columns;
    block.raw = malloc(values * features->head.type.bytes);
    block.value = malloc(values * sizeof(*block.value));
    block.out = malloc(values * sizeof(*block.out));
    int rc = block.raw && block.value && block.out
                 ? convert_rows(features, rows, &block, to, watch, err)
                 : err_set(err, -ENOMEM, "%s: out of memory", features->stream.path);
    if (rc == 0 && !features->head.by_column)
        rc = dataset_array_end(features, err);
    free(block.raw);
    free(block.value);
    free(block.out);
    return rc;
}
