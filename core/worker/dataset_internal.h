/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the data formats share: parsed array headers, opening a pair of files, and the cache folder.
 *
 * Included by core/worker/dataset*.c, their tests and the fuzzer only.
 */
#ifndef CORE_WORKER_DATASET_INTERNAL_H
#define CORE_WORKER_DATASET_INTERNAL_H

#include <stdbool.h>

#include "core/worker/dataset.h"

#define DATASET_SAMPLES_MAX 0x7fffffffu
#define DATASET_CLASSES_MAX 256u
#define DATASET_FEATURES_MAX (1u << 20)
#define DATASET_PATH_MAX sizeof(((struct dataset *)0)->path)
#define DATASET_HEAD_BYTES 4096u /* as much of a file as a header parser ever sees */
#define DATASET_UNPACKED_BYTES_MAX (4ull << 30)

enum dataset_type {
    DATASET_TYPE_U8,
    DATASET_TYPE_I8,
    DATASET_TYPE_I32,
    DATASET_TYPE_I64,
    DATASET_TYPE_F32
};

/** An array file as its header describes it: rows x columns elements from base_bytes on. */
struct dataset_head {
    uint64_t base_bytes;
    uint64_t rows;    /* first dimension */
    uint64_t columns; /* product of the others; 1 for a vector */
    uint32_t dims;
    enum dataset_type type;
};

uint32_t dataset_type_bytes(enum dataset_type type);

/** Parse the first `count` bytes of `path` (which serves the errors only). Pure. 0, or -EINVAL with `err`. Guarantees
 * rows <= DATASET_SAMPLES_MAX and columns <= DATASET_FEATURES_MAX. */
typedef int dataset_parse(const char *path, const unsigned char *bytes, size_t count,
                          struct dataset_head *head, struct err *err);
dataset_parse dataset_idx_parse;
dataset_parse dataset_npy_parse;

/** A format that keeps features and labels in two array files. */
struct dataset_pair {
    dataset_parse *parse;
    const char *const *usual; /* feature files looked for in a folder, NULL-terminated */
    /** Candidate `number` (0, 1 …) for the labels file of `features`; false when there are no more. */
    bool (*labels)(const char *features, uint32_t number, char out[DATASET_PATH_MAX]);
};

/** Open features and labels, check both against the file sizes and each other. 0, or -errno with `err`. */
int dataset_pair_open(struct dataset *out, const struct dataset_config *config,
                      const struct dataset_pair *pair, struct err *err);

extern const struct dataset_pair dataset_npy_pair;

int dataset_idx_open(struct dataset *out, const struct dataset_config *config, struct err *err);
int dataset_npy_open(struct dataset *out, const struct dataset_config *config, struct err *err);
int dataset_synthetic_open(struct dataset *out, const struct dataset_config *config,
                           struct err *err);

/** Write a npy v1.0 header for a C-order array into `out`. columns 0: one dimension. Returns its length, a multiple of
 * 64. */
size_t dataset_npy_head(char out[128], const char *descr, uint32_t rows, uint32_t columns);

/** Join with a check of the length. 0 or -ENAMETOOLONG with `err`. */
__attribute__((format(printf, 3, 4))) int dataset_path(char out[DATASET_PATH_MAX], struct err *err,
                                                       const char *format, ...);

/* dataset_cache.c */

/** Create the cache folder and its parents. `what` is who needs it ("" and NULL folders are refused in its name). */
int dataset_cache_make(const char *folder, const char *what, struct err *err);

/** If `path` is gzip data, unpack it into `folder` (once: the name carries a hash of path, size and time of change) and
 * put that file's path into `out`; else copy `path`. More than `limit_bytes` unpacked is refused. Safe against others
 * doing the same at the same time. */
int dataset_cache_plain(const char *path, const char *folder, uint64_t limit_bytes,
                        char out[DATASET_PATH_MAX], struct err *err);

#endif
