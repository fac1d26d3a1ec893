/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Data sets on disk: open, check, and describe them so that the loader can read records in place.
 *
 * Formats (table dataset_formats): `idx` (MNIST's), `npy` (a pair X.npy [n, features] and y.npy [n]), both plain or
 * gzipped and of any type of number, and `synthetic` (made once by us). Labels are kept in memory (shards need them),
 * features stay in the file: bytes and '<f4' are read where they lie, all else from a copy that is made once in the cache.
 * Every open reads all features once, for values that are not finite and a digest.
 *
 * Errors name file and offset, what was expected and what was found; nothing is half-open afterwards.
 */
#ifndef CORE_WORKER_DATASET_H
#define CORE_WORKER_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum dataset_element { DATASET_U8, DATASET_F32 };

/** Which file it was, and in which state. */
struct dataset_identity {
    uint64_t device, inode, bytes;
    int64_t written_s, written_ns;
};

struct dataset {
    char path[1024]; /* the file with the features (unpacked, if it was .gz) */
    uint64_t base_bytes;
    uint32_t record_bytes;
    uint32_t features;
    uint32_t classes;
    uint32_t samples;
    enum dataset_element element;
    uint8_t *label;  /* [samples], owned; values < classes */
    uint64_t digest; /* of the records */
    struct dataset_identity identity;
    bool draft;     /* there is no file yet: records are zeros */
    char note[256]; /* a warning about the labels, or "" */
};

/** What is told now and then by whoever reads or makes much; a step that returns other than 0 stops it (-EINTR). */
struct dataset_watch {
    int (*step)(void *context, const char *doing, const char *path, uint64_t done, uint64_t all);
    void *context;
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
    bool draft;        /* write nothing: what would have to be made is described and checked only */
    const struct dataset_watch *watch; /* or NULL */
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

/** Is the file with the features still what it was at open? One that was written again with the same values is. 0, or
 * -ESTALE with `err`. */
int dataset_unchanged(const struct dataset *self, struct err *err);

/** One record's bytes to features: u8 -> x/255, f32 as it is (unaligned source allowed). */
void dataset_to_float(const struct dataset *self, const unsigned char *record, float *out);

#endif
