/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the data formats share: parsed array headers, opening a pair of files, and the cache folder.
 *
 * Included by core/worker/dataset*.c, their tests and the fuzzer only.
 */
#ifndef CORE_WORKER_DATASET_INTERNAL_H
#define CORE_WORKER_DATASET_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>

#include "core/worker/dataset.h"

#define DATASET_SAMPLES_MAX 0x7fffffffu
#define DATASET_CLASSES_MAX 256u
#define DATASET_FEATURES_MAX (1u << 20)
#define DATASET_PATH_MAX sizeof(((struct dataset *)0)->path)
#define DATASET_HEAD_BYTES 4096u    /* as much of a file as a header parser ever sees */
#define DATASET_NPY_HEAD_BYTES 128u /* of the .npy files that we write */
#define DATASET_CHUNK_BYTES (1u << 20)

/** What one element of an array file is. */
enum dataset_kind { DATASET_BOOL, DATASET_UNSIGNED, DATASET_SIGNED, DATASET_REAL };
struct dataset_type {
    uint8_t kind;  /* enum dataset_kind */
    uint8_t bytes; /* 1, 2, 4 or 8; a real has 2 or more */
    bool big_endian;
};

/** An array file as its header describes it: rows x columns elements from base_bytes on. */
struct dataset_head {
    uint64_t base_bytes;
    uint64_t rows;    /* first dimension */
    uint64_t columns; /* product of the others; 1 for a vector */
    uint32_t dims;
    bool by_column; /* Fortran order: the first dimension varies fastest */
    struct dataset_type type;
};

/** `count` elements at `from` (any alignment) as doubles; 64-bit integers are rounded. Pure. */
void dataset_type_decode(struct dataset_type type, const unsigned char *from, size_t count,
                         double *out);

/** Parse the first `count` bytes of `path` (which serves the errors only). Pure. 0, or -EINVAL with `err`. Guarantees
 * rows <= DATASET_SAMPLES_MAX and columns <= DATASET_FEATURES_MAX. */
typedef int dataset_parse(const char *path, const unsigned char *bytes, size_t count,
                          struct dataset_head *head, struct err *err);

/** Refuse a file that is none of ours in words that say what it is: "PATH: expected EXPECTED; the file is …: what helps". -EINVAL. */
int dataset_foreign(const char *path, const unsigned char *bytes, size_t count,
                    const char *expected, struct err *err);
dataset_parse dataset_idx_parse;
dataset_parse dataset_npy_parse;

/* dataset_stream.c */

/** Opens for reading what must be a file: pipes, folders and devices are refused without waiting for them. A descriptor,
 * or -errno with `err`. */
int dataset_open_file(const char *path, struct dataset_identity *identity, struct err *err);
/** pread until `count` bytes (at most INT_MAX) or the end of the file. How many, or -errno. */
int dataset_read_at(int fd, void *to, size_t count, uint64_t offset);

/** A file from its beginning, unpacked on the way if it is gzip data. */
struct dataset_stream {
    const char *path; /* borrowed */
    struct dataset_identity identity;
    struct gzFile_s *gz;
    int fd; /* owned by gz */
    bool packed;
};
int dataset_stream_open(struct dataset_stream *out, const char *path, struct err *err);
void dataset_stream_close(struct dataset_stream *self);
/** The next `count` bytes, fewer only at the end. How many, or -errno with `err`. */
int dataset_stream_read(struct dataset_stream *self, void *to, uint32_t count, struct err *err);
/** To `offset` of what is read. 0, or -errno with `err`. */
int dataset_stream_seek(struct dataset_stream *self, uint64_t offset, struct err *err);

/* dataset_array.c */

struct dataset_array {
    struct dataset_stream stream;
    struct dataset_head head;
    uint64_t values; /* read so far */
};
/** Reads the header; the size of a file that is not packed is checked. `path` is borrowed. 0, or -errno with `err`. */
int dataset_array_open(struct dataset_array *out, const char *path, dataset_parse *parse,
                       struct err *err);
void dataset_array_close(struct dataset_array *self);
/** The next `count` values as they lie in the file. 0, or -errno with `err`. */
int dataset_array_values(struct dataset_array *self, void *to, uint32_t count, struct err *err);
/** If all values were read: does the file end here? 0, or -errno with `err`. */
int dataset_array_end(struct dataset_array *self, struct err *err);

/* dataset_labels.c */

/** The first out->samples of `rows` labels into out->label, and out->classes (0: the largest + 1). 0, or -errno with `err`. */
int dataset_labels_read(struct dataset *out, struct dataset_array *labels, uint64_t rows,
                        uint32_t classes, struct err *err);

/* dataset_scan.c */

/** Reads all values once: a digest of them, and none that is not finite. */
struct dataset_scan {
    const char *path;
    int fd;
    uint64_t base_bytes, bytes;
    uint32_t features;
    enum dataset_element element;
    const struct dataset_watch *watch;
};
int dataset_scan(const struct dataset_scan *self, uint64_t *digest, struct err *err);
/** "PATH: sample 5, feature 2 is nan". -EINVAL. */
int dataset_not_finite(const char *path, uint64_t value_index, uint32_t features, double value,
                       struct err *err);
/** 0, or -EINTR with `err`: the watch wants to stop. */
int dataset_watch_step(const struct dataset_watch *watch, const char *doing, const char *path,
                       uint64_t done, uint64_t all, struct err *err);

/* dataset_convert.c */

bool dataset_is_u8(const struct dataset_head *head);
/** Can the loader read the records where they lie? */
bool dataset_reads_in_place(const struct dataset_array *features);
/** The first `rows` rows as '|u1' or '<f4' in C order behind what `to` holds; NULL: only checked. 0, or -errno with `err`. */
int dataset_convert(struct dataset_array *features, uint32_t rows, FILE *to,
                    const struct dataset_watch *watch, struct err *err);

/* dataset_product.c */

/** A folder of the cache with X.npy [rows, columns] and perhaps y.npy [rows] of bytes. */
struct dataset_product {
    const char *cache, *name; /* NAME in CACHE */
    const char *what;         /* for whom, in errors */
    uint32_t rows, columns;
    enum dataset_element element;
    bool labels;
    const struct dataset_watch *watch;
    int (*make)(void *context, const char *folder, struct err *err);
    void *context;
};
/** Make it, unless it is there and sound. folder: [DATASET_PATH_MAX]; digest: of the features. 0; 1: a draft, and it is
 * not there (nothing is written); or -errno with `err`. */
int dataset_product_open(const struct dataset_product *self, bool draft, char *folder,
                         uint64_t *digest, struct err *err);
/** Has the disk room for it? 0, or -ENOSPC with `err`. */
int dataset_product_room(const struct dataset_product *self, struct err *err);

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

#endif
