/* SPDX-License-Identifier: BSD-3-Clause */
/** Small data files for the tests of core/worker/dataset*.c. */
#ifndef TESTS_UNIT_SUPPORT_DATASET_H
#define TESTS_UNIT_SUPPORT_DATASET_H

#include <stdbool.h>

#include "core/worker/dataset_internal.h"
#include "tests/unit/support_worker.h"

/** An IDX file of unsigned bytes in memory; returns its length. */
size_t support_put_idx(unsigned char *out, uint32_t dims, const uint32_t *dim, const void *values,
                       size_t count);
void support_write_gzip(const char *path, const void *bytes, unsigned count);

/** A tiny MNIST: 3 images of 2 x 2, labels 2 0 1. */
extern const unsigned char support_pixels[3][4], support_digits[3];
size_t support_put_images(unsigned char *out);
size_t support_put_labels(unsigned char *out);
/** Both files, plain or packed; returns the images' path. */
const char *support_write_mnist(bool packed);

/** A .npy with this dictionary, padded like numpy's, and these values. */
const char *support_write_npy(const char *name, const char *dictionary, const void *values,
                              size_t count);
/** The same of a type and a shape, e.g. "<f4", "(2, 3)". */
const char *support_write_array(const char *name, const char *descr, const char *shape,
                                const void *values, size_t count);

extern const float support_points[2][3];
#define SUPPORT_F4_2x3 "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
#define SUPPORT_U1_2 "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"

/** Opens, expects the refusal in the words `about` + `text`, and nothing left behind. */
void support_expect_refusal(const struct dataset_config *config, int code, const char *about,
                            const char *text);
/** Opens, expects no error, and reads record `sample` into out: [features]. */
void support_open(struct dataset *out, const struct dataset_config *config);
void support_read(const struct dataset *data, uint32_t sample, float *out);

#endif
