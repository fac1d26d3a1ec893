/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The formats, and what every format does alike: two array files are opened, checked against their sizes and each
 * other, labels are taken into memory, features stay where they are.
 */
#include "core/worker/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/worker/dataset_internal.h"

const struct dataset_format dataset_formats[] = {
    {"idx", "MNIST's format, plain or .gz: images and labels as unsigned bytes", dataset_idx_open},
    {"npy", "NumPy arrays: X.npy [n, features] of u1 or f4, y.npy [n] of integers",
     dataset_npy_open},
    {"synthetic", "Gaussian clusters, several per class, made once from the seed",
     dataset_synthetic_open},
};
const uint32_t dataset_format_count = sizeof(dataset_formats) / sizeof(dataset_formats[0]);

uint32_t dataset_type_bytes(enum dataset_type type)
{
    static const uint32_t bytes[] = {
        [DATASET_TYPE_U8] = 1,  [DATASET_TYPE_I8] = 1,  [DATASET_TYPE_I32] = 4,
        [DATASET_TYPE_I64] = 8, [DATASET_TYPE_F32] = 4,
    };
    return bytes[type];
}

int dataset_path(char out[DATASET_PATH_MAX], struct err *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const int length = vsnprintf(out, DATASET_PATH_MAX, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= DATASET_PATH_MAX)
        return err_set(err, -ENAMETOOLONG, "%.100s…: path is longer than %zu bytes", out,
                       DATASET_PATH_MAX - 1);
    return 0;
}

/* pread until `count` bytes or the end of the file. Returns how many, or -errno. */
static ssize_t read_at(int fd, void *to, size_t count, uint64_t offset)
{
    size_t got = 0;
    while (got < count) {
        const ssize_t n = pread(fd, (unsigned char *)to + got, count - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* One array file, open. */
struct array {
    char path[DATASET_PATH_MAX]; /* unpacked */
    struct dataset_head head;
    int fd;
};

static int check_size(const struct array *array, uint64_t found, struct err *err)
{
    const struct dataset_head *head = &array->head;
    const uint64_t want =
        head->base_bytes + head->rows * head->columns * dataset_type_bytes(head->type);

    if (found == want)
        return 0;
    return err_set(err, -EINVAL,
                   "%s: offset %llu: expected %llu x %llu values of %u bytes up to %llu, the file "
                   "ends at %llu",
                   array->path, (unsigned long long)head->base_bytes,
                   (unsigned long long)head->rows, (unsigned long long)head->columns,
                   dataset_type_bytes(head->type), (unsigned long long)want,
                   (unsigned long long)found);
}

/* Fills `array`; on success the caller closes array->fd. */
static int array_open(struct array *array, const char *path, const char *cache,
                      dataset_parse *parse, struct err *err)
{
    unsigned char bytes[DATASET_HEAD_BYTES];
    struct stat info;

    int rc = dataset_cache_plain(path, cache, DATASET_UNPACKED_BYTES_MAX, array->path, err);
    if (rc < 0)
        return rc;
    array->fd = open(array->path, O_RDONLY | O_CLOEXEC);
    if (array->fd < 0)
        return err_set(err, -errno, "%s: cannot open: %s", array->path, strerror(errno));
    const ssize_t got = read_at(array->fd, bytes, sizeof(bytes), 0);
    if (got < 0 || fstat(array->fd, &info) < 0)
        rc = err_set(err, got < 0 ? (int)got : -errno, "%s: cannot read: %s", array->path,
                     strerror(got < 0 ? (int)-got : errno));
    else if ((rc = parse(array->path, bytes, (size_t)got, &array->head, err)) == 0)
        rc = check_size(array, (uint64_t)info.st_size, err);
    if (rc < 0)
        close(array->fd);
    return rc;
}

/* Where the features are: the path itself, or the first usual name in that folder. */
static int find_features(const char *path, const struct dataset_pair *pair,
                         char out[DATASET_PATH_MAX], struct err *err)
{
    struct stat info;

    if (!path || !*path)
        return err_set(err, -EINVAL, "no data file is named");
    if (stat(path, &info) < 0)
        return err_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return dataset_path(out, err, "%s", path);
    for (uint32_t i = 0; pair->usual[i]; i++) {
        const int rc = dataset_path(out, err, "%s/%s", path, pair->usual[i]);
        if (rc < 0)
            return rc;
        if (access(out, F_OK) == 0)
            return 0;
    }
    return err_set(err, -ENOENT, "%s: the folder holds no data under a usual name such as %s", path,
                   pair->usual[0]);
}

static int find_labels(const char *features, const struct dataset_config *config,
                       const struct dataset_pair *pair, char out[DATASET_PATH_MAX], struct err *err)
{
    char first[DATASET_PATH_MAX] = "";

    if (config->labels && *config->labels)
        return dataset_path(out, err, "%s", config->labels);
    for (uint32_t number = 0; pair->labels(features, number, out); number++) {
        if (access(out, F_OK) == 0)
            return 0;
        if (number == 0)
            memcpy(first, out, sizeof(first));
    }
    if (!*first)
        return err_set(err, -EINVAL, "%s: no labels file can be derived from this name; name one",
                       features);
    return err_set(err, -ENOENT, "%.*s: labels file not found beside %.*s", 200, first, 200,
                   features);
}

static int check_features(const struct array *array, const struct dataset_config *config,
                          struct err *err)
{
    const struct dataset_head *head = &array->head;

    if (head->type != DATASET_TYPE_U8 && head->type != DATASET_TYPE_F32)
        return err_set(err, -EINVAL,
                       "%s: expected features of type '|u1' or '<f4', found another integer type",
                       array->path);
    if (head->dims < 2)
        return err_set(err, -EINVAL, "%s: expected features of 2 or more dimensions, found %u",
                       array->path, head->dims);
    if (head->rows < 1)
        return err_set(err, -EINVAL, "%s: expected at least one sample, found none", array->path);
    if (config->samples > head->rows)
        return err_set(err, -EINVAL, "%s: expected at least the %u samples asked for, found %llu",
                       array->path, config->samples, (unsigned long long)head->rows);
    return 0;
}

static int check_labels(const struct array *labels, const struct array *features, struct err *err)
{
    if (labels->head.type == DATASET_TYPE_F32)
        return err_set(err, -EINVAL, "%s: expected integer labels, found '<f4'", labels->path);
    if (labels->head.dims != 1)
        return err_set(err, -EINVAL, "%s: expected labels of 1 dimension, found %u", labels->path,
                       labels->head.dims);
    if (labels->head.rows != features->head.rows)
        return err_set(err, -EINVAL, "%s: expected %llu labels, as many as samples, found %llu",
                       labels->path, (unsigned long long)features->head.rows,
                       (unsigned long long)labels->head.rows);
    return 0;
}

/* Files are little-endian, and so are we. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "labels are read as they lie in the file");

static int64_t label_value(const unsigned char *at, enum dataset_type type)
{
    int32_t i32;
    int64_t i64;

    switch (type) {
    case DATASET_TYPE_I8:
        return (int8_t)*at;
    case DATASET_TYPE_I32:
        memcpy(&i32, at, sizeof(i32));
        return i32;
    case DATASET_TYPE_I64:
        memcpy(&i64, at, sizeof(i64));
        return i64;
    default:
        return *at;
    }
}

static int read_labels(struct dataset *out, const struct array *array, uint32_t classes,
                       struct err *err)
{
    const uint32_t width = dataset_type_bytes(array->head.type);
    const int64_t most = classes ? classes : DATASET_CLASSES_MAX;
    const size_t total = (size_t)out->samples * width;
    int64_t highest = 0;
    int rc = 0;

    out->label = malloc(out->samples);
    unsigned char *bytes = malloc(total);
    const ssize_t got =
        out->label && bytes ? read_at(array->fd, bytes, total, array->head.base_bytes) : -ENOMEM;
    if (got != (ssize_t)total)
        rc = err_set(err, got < 0 ? (int)got : -ENODATA, "%s: cannot read the labels: %s",
                     array->path, got < 0 ? strerror((int)-got) : "file is truncated");
    for (uint32_t i = 0; rc == 0 && i < out->samples; i++) {
        const int64_t value = label_value(bytes + (size_t)i * width, array->head.type);
        if (value < 0 || value >= most)
            rc = err_set(
                err, -EINVAL, "%s: offset %llu: expected a label from 0 to %lld, found %lld",
                array->path, (unsigned long long)(array->head.base_bytes + (uint64_t)i * width),
                (long long)most - 1, (long long)value);
        out->label[i] = (uint8_t)value;
        highest = value > highest ? value : highest;
    }
    free(bytes);
    out->classes = classes ? classes : (uint32_t)highest + 1;
    return rc;
}

static void describe(struct dataset *out, const struct array *features,
                     const struct dataset_config *config)
{
    const struct dataset_head *head = &features->head;

    memcpy(out->path, features->path, sizeof(out->path));
    out->base_bytes = head->base_bytes;
    out->features = (uint32_t)head->columns;
    out->element = head->type == DATASET_TYPE_U8 ? DATASET_U8 : DATASET_F32;
    out->record_bytes = out->features * dataset_type_bytes(head->type);
    out->samples = config->samples ? config->samples : (uint32_t)head->rows;
}

int dataset_pair_open(struct dataset *out, const struct dataset_config *config,
                      const struct dataset_pair *pair, struct err *err)
{
    char features_path[DATASET_PATH_MAX], labels_path[DATASET_PATH_MAX];
    struct array features, labels;

    int rc = find_features(config->path, pair, features_path, err);
    if (rc < 0)
        return rc;
    rc = array_open(&features, features_path, config->cache, pair->parse, err);
    if (rc < 0)
        return rc;
    rc = check_features(&features, config, err);
    if (rc == 0)
        rc = find_labels(features_path, config, pair, labels_path, err);
    if (rc == 0)
        rc = array_open(&labels, labels_path, config->cache, pair->parse, err);
    if (rc < 0)
        goto close_features;
    rc = check_labels(&labels, &features, err);
    if (rc == 0) {
        describe(out, &features, config);
        rc = read_labels(out, &labels, config->classes, err);
    }
    close(labels.fd);
close_features:
    close(features.fd);
    return rc;
}

int dataset_open(struct dataset *out, const struct dataset_config *config, struct err *err)
{
    char names[128] = "";

    *out = (struct dataset){0};
    if (config->classes > DATASET_CLASSES_MAX)
        return err_set(err, -EINVAL, "data: expected at most %u classes, found %u",
                       DATASET_CLASSES_MAX, config->classes);
    for (uint32_t f = 0; f < dataset_format_count; f++) {
        if (strcmp(config->format, dataset_formats[f].name) == 0) {
            const int rc = dataset_formats[f].open(out, config, err);
            if (rc < 0)
                dataset_close(out);
            return rc;
        }
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", f ? ", " : "",
                 dataset_formats[f].name);
    }
    return err_set(err, -EINVAL, "data: expected one of the formats %s, found %s", names,
                   config->format);
}

void dataset_close(struct dataset *self)
{
    free(self->label);
    *self = (struct dataset){0};
}

int dataset_read(const struct dataset *self, const uint32_t *index, uint32_t count, float *out,
                 struct err *err)
{
    int rc = 0;
    const int fd = open(self->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "%s: cannot open: %s", self->path, strerror(errno));
    unsigned char *record = malloc(self->record_bytes);
    if (!record)
        rc = err_set(err, -ENOMEM, "%s: out of memory", self->path);

    for (uint32_t k = 0; rc == 0 && k < count; k++) {
        CHECK(index[k] < self->samples);
        const uint64_t offset = self->base_bytes + (uint64_t)index[k] * self->record_bytes;
        const ssize_t got = read_at(fd, record, self->record_bytes, offset);
        if (got < 0)
            rc = err_set(err, (int)got, "%s: read at offset %llu failed: %s", self->path,
                         (unsigned long long)offset, strerror((int)-got));
        else if ((size_t)got < self->record_bytes)
            rc = err_set(err, -ENODATA,
                         "%s: file is truncated: wanted bytes %llu..%llu, file ends at %llu",
                         self->path, (unsigned long long)offset,
                         (unsigned long long)(offset + self->record_bytes),
                         (unsigned long long)(offset + (size_t)got));
        else
            dataset_to_float(self, record, out + (size_t)k * self->features);
    }
    free(record);
    close(fd);
    return rc;
}

void dataset_to_float(const struct dataset *self, const unsigned char *record, float *out)
{
    if (self->element == DATASET_F32) {
        memcpy(out, record, (size_t)self->features * sizeof(float));
        return;
    }
    for (uint32_t i = 0; i < self->features; i++)
        out[i] = (float)record[i] / 255.0f;
}
