/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/support_dataset.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

size_t support_put_idx(unsigned char *out, uint32_t dims, const uint32_t *dim, const void *values,
                       size_t count)
{
    memcpy(out, (unsigned char[]){0, 0, 8, (unsigned char)dims}, 4);
    for (uint32_t d = 0; d < dims; d++) {
        out[4 + 4 * d] = (unsigned char)(dim[d] >> 24);
        out[5 + 4 * d] = (unsigned char)(dim[d] >> 16);
        out[6 + 4 * d] = (unsigned char)(dim[d] >> 8);
        out[7 + 4 * d] = (unsigned char)dim[d];
    }
    memcpy(out + 4 + 4 * dims, values, count);
    return 4 + 4 * dims + count;
}

void support_write_gzip(const char *path, const void *bytes, unsigned count)
{
    gzFile file = gzopen(path, "wb");
    cr_assert_eq(gzwrite(file, bytes, count), (int)count);
    cr_assert_eq(gzclose(file), Z_OK);
}

const unsigned char support_pixels[3][4] = {{0, 51, 102, 153}, {204, 255, 0, 1}, {7, 8, 9, 10}};
const unsigned char support_digits[3] = {2, 0, 1};

size_t support_put_images(unsigned char *out)
{
    return support_put_idx(out, 3, (const uint32_t[]){3, 2, 2}, support_pixels, 12);
}
size_t support_put_labels(unsigned char *out)
{
    return support_put_idx(out, 1, (const uint32_t[]){3}, support_digits, 3);
}

/* Writes both files of a tiny MNIST, plain or packed; returns the images' path. */
const char *support_write_mnist(bool packed)
{
    unsigned char bytes[64];
    const char *suffix = packed ? ".gz" : "";
    char name[64];
    const size_t label_bytes = support_put_labels(bytes);

    snprintf(name, sizeof(name), "t10k-labels-idx1-ubyte%s", suffix);
    if (packed)
        support_write_gzip(support_path(name), bytes, (unsigned)label_bytes);
    else
        support_write(support_path(name), bytes, label_bytes);

    snprintf(name, sizeof(name), "t10k-images-idx3-ubyte%s", suffix);
    const char *path = support_path(name);
    const size_t image_bytes = support_put_images(bytes);
    if (packed)
        support_write_gzip(path, bytes, (unsigned)image_bytes);
    else
        support_write(path, bytes, image_bytes);
    return path;
}

/* A .npy with this dictionary, padded like numpy's, and these values. */
const char *support_write_npy(const char *name, const char *dictionary, const void *values,
                              size_t count)
{
    unsigned char bytes[1024];
    memcpy(bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(bytes + 10, ' ', 118);
    memcpy(bytes + 10, dictionary, strlen(dictionary));
    bytes[127] = '\n';
    memcpy(bytes + 128, values, count);
    const char *path = support_path(name);
    support_write(path, bytes, 128 + count);
    return path;
}

const float support_points[2][3] = {{1.5f, -2.0f, 0.25f}, {4.0f, 5.0f, 6.0f}};

/* Opens, expects the refusal in the words `about` + `text`, and nothing left behind. */
void support_expect_refusal(const struct dataset_config *config, int code, const char *about,
                            const char *text)
{
    struct dataset data;
    struct err err = {0};
    char want[1280];

    snprintf(want, sizeof(want), "%s%s", about, text);
    cr_expect_eq(dataset_open(&data, config, &err), code, "%s", err.text);
    cr_expect_str_eq(err.text, want);
    cr_expect_null(data.label);
}

const char *support_write_array(const char *name, const char *descr, const char *shape,
                                const void *values, size_t count)
{
    char dictionary[128];
    snprintf(dictionary, sizeof(dictionary),
             "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    return support_write_npy(name, dictionary, values, count);
}

void support_open(struct dataset *out, const struct dataset_config *config)
{
    struct err err = {0};
    cr_assert_eq(dataset_open(out, config, &err), 0, "%s", err.text);
}

void support_read(const struct dataset *data, uint32_t sample, float *out)
{
    struct err err = {0};
    cr_assert_eq(dataset_read(data, &sample, 1, out, &err), 0, "%s", err.text);
}
