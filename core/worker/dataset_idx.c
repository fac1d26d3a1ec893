/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IDX, the format of MNIST: two zero bytes, an element type, the number of dimensions, the dimensions as big-endian
 * 32-bit numbers, then the elements, big-endian as well, in C order.
 *
 * Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section on file formats.
 */
#include <errno.h>
#include <string.h>

#include "core/worker/dataset_internal.h"

#define IDX_DIMS_MAX 8u

static uint32_t big_endian(const unsigned char *byte)
{
    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* NULL: there is no such type. */
static const struct dataset_type *element_type(unsigned char code)
{
    static const struct dataset_type type[] = {
        [0x08] = {DATASET_UNSIGNED, 1, true}, [0x09] = {DATASET_SIGNED, 1, true},
        [0x0b] = {DATASET_SIGNED, 2, true},   [0x0c] = {DATASET_SIGNED, 4, true},
        [0x0d] = {DATASET_REAL, 4, true},     [0x0e] = {DATASET_REAL, 8, true},
    };
    const bool known = code < sizeof(type) / sizeof(type[0]) && type[code].bytes > 0;
    return known ? &type[code] : NULL;
}

int dataset_idx_parse(const char *path, const unsigned char *bytes, size_t count,
                      struct dataset_head *head, struct err *err)
{
    if (count < 4 || bytes[0] != 0 || bytes[1] != 0)
        return dataset_foreign(path, bytes, count, "an IDX file", err);
    const struct dataset_type *const type = element_type(bytes[2]);
    if (!type)
        return err_set(err, -EINVAL,
                       "%s: offset 2: expected an element type of IDX, 0x08 (unsigned byte) to "
                       "0x0e (double), found 0x%02x",
                       path, bytes[2]);
    const uint32_t dims = bytes[3];
    if (dims < 1 || dims > IDX_DIMS_MAX)
        return err_set(err, -EINVAL, "%s: offset 3: expected 1 to %u dimensions, found %u", path,
                       IDX_DIMS_MAX, dims);
    if (count < 4 + 4 * (size_t)dims)
        return err_set(err, -EINVAL, "%s: offset 4: expected %u dimensions, the file ends at %zu",
                       path, dims, count);

    *head = (struct dataset_head){
        .base_bytes = 4 + 4 * (uint64_t)dims, .columns = 1, .dims = dims, .type = *type};
    head->rows = big_endian(bytes + 4);
    if (head->rows > DATASET_SAMPLES_MAX)
        return err_set(err, -EINVAL, "%s: offset 4: expected at most %u samples, found %llu", path,
                       DATASET_SAMPLES_MAX, (unsigned long long)head->rows);
    for (uint32_t d = 1; d < dims; d++) {
        head->columns *= big_endian(bytes + 4 + 4 * d);
        if (head->columns < 1 || head->columns > DATASET_FEATURES_MAX)
            return err_set(err, -EINVAL,
                           "%s: offset %u: expected 1 to %u values per sample, found %llu", path,
                           4 + 4 * d, DATASET_FEATURES_MAX, (unsigned long long)head->columns);
    }
    return 0;
}

/* t10k-images-idx3-ubyte.gz -> t10k-labels-idx1-ubyte.gz; second choice: with or without .gz, the other way round. */
static bool labels_name(const char *features, uint32_t number, char out[DATASET_PATH_MAX])
{
    const char *slash = strrchr(features, '/');
    const size_t folder = slash ? (size_t)(slash + 1 - features) : 0;
    char *images, *idx3;

    if (number > 1 || dataset_path(out, NULL, "%s", features) < 0)
        return false;
    images = strstr(out + folder, "images");
    if (!images)
        return false;
    memcpy(images, "labels", 6);
    idx3 = strstr(images, "idx3");
    if (idx3)
        idx3[3] = '1';
    if (number == 0)
        return true;
    const size_t length = strlen(out);
    if (length > 3 && strcmp(out + length - 3, ".gz") == 0)
        out[length - 3] = '\0';
    else if (length + 3 < DATASET_PATH_MAX)
        memcpy(out + length, ".gz", 4);
    return true;
}

static const char *const usual[] = {
    "train-images-idx3-ubyte",
    "train-images-idx3-ubyte.gz",
    "train-images.idx3-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-images-idx3-ubyte.gz",
    "t10k-images.idx3-ubyte",
    NULL,
};

int dataset_idx_open(struct dataset *out, const struct dataset_config *config, struct err *err)
{
    static const struct dataset_pair pair = {
        .parse = dataset_idx_parse, .usual = usual, .labels = labels_name};
    return dataset_pair_open(out, config, &pair, err);
}
