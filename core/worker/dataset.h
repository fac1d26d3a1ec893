/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Data sets on disk: open, check, and describe them so that the loader can read records in place.
 *
 * Formats (table dataset_formats): `idx` (MNIST's, plain or .gz; .gz is unpacked once into a cache folder), `npy` (a
 * pair X.npy [n, features] '|u1' or '<f4', C order, and y.npy [n] integers), `synthetic` (made once by us into a .npy
 * pair in the cache folder, then opened like any other). Labels are kept in memory (shards need them); features stay
 * in the file.
 *
 * Errors name file and offset, what was expected and what was found; nothing is half-open afterwards.
 */
#ifndef CORE_WORKER_DATASET_H
#define CORE_WORKER_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum dataset_element { DATASET_U8, DATASET_F32 };

struct dataset {
    char path[1024]; /* the file with the features (unpacked, if it was .gz) */
    uint64_t base_bytes;
    uint32_t record_bytes;
    uint32_t features;
    uint32_t classes;
    uint32_t samples;
    enum dataset_element element;
    uint8_t *label; /* [samples], owned; values < classes */
};

struct dataset_config {
    const char *format; /* idx | npy | synthetic */
    const char *path; /* features file, or a folder holding the usual names; unused for synthetic */
    const char *
        labels; /* labels file; "" = derived from path (t10k-images-idx3-ubyte.gz -> t10k-labels-idx1-ubyte.gz,
                           X.npy -> y.npy) */
    const char *cache; /* folder for unpacked and synthetic files, created if absent */
    uint32_t samples;  /* synthetic; else: use only the first so many, 0 = all */
    uint32_t classes;  /* synthetic; else how many labels are allowed, 0 = max label + 1 */
    uint32_t features; /* synthetic */
    double separation; /* synthetic: distance of class means in units of noise sigma */
    uint64_t seed;     /* synthetic */
};

struct dataset_format {
    const char *name, *help;
    int (*open)(struct dataset *out, const struct dataset_config *config, struct err *err);
};

extern const struct dataset_format dataset_formats[];
extern const uint32_t dataset_format_count;

/** 0, or -errno with `err`. */
int dataset_open(struct dataset *out, const struct dataset_config *config, struct err *err);
void dataset_close(struct dataset *self);

/** Read the records index[0..count) with plain pread, converted to float (see dataset_to_float): for evaluation sets,
 * before the run. out: [count][features]. 0, or -errno with `err`. */
int dataset_read(const struct dataset *self, const uint32_t *index, uint32_t count, float *out,
                 struct err *err);

/** One record's bytes to features: u8 -> x/255, f32 as it is (unaligned source allowed). */
void dataset_to_float(const struct dataset *self, const unsigned char *record, float *out);

#endif
