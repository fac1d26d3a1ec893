/* SPDX-License-Identifier: BSD-3-Clause */
/* The formats, and what is done with a data set once it is open. */
#include "core/worker/dataset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/worker/dataset_internal.h"

const struct dataset_format dataset_formats[] = {
    {"idx", "MNIST's format, plain or .gz: images [n, …] and labels [n]", dataset_idx_open},
    {"npy",
     "NumPy arrays: X.npy [n, features], y.npy [n] with classes from 0 to at most 255, of any type "
     "of number",
     dataset_npy_open},
    {"synthetic", "Gaussian clusters, several per class, made once from the seed",
     dataset_synthetic_open},
};
const uint32_t dataset_format_count = sizeof(dataset_formats) / sizeof(dataset_formats[0]);

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

static int identify(struct dataset *self, struct err *err)
{
    const int fd = dataset_open_file(self->path, &self->identity, err);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? fd : 0;
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
            int rc = dataset_formats[f].open(out, config, err);
            if (rc == 0 && !out->draft && out->identity.inode == 0)
                rc = identify(out, err);
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
    struct dataset_identity now;
    int rc = 0;
    if (self->draft) {
        memset(out, 0, (size_t)count * self->features * sizeof(float));
        return 0;
    }
    const int fd = dataset_open_file(self->path, &now, err);
    if (fd < 0)
        return fd;
    unsigned char *record = malloc(self->record_bytes);
    if (!record)
        rc = err_set(err, -ENOMEM, "%s: out of memory", self->path);

    for (uint32_t k = 0; rc == 0 && k < count; k++) {
        CHECK(index[k] < self->samples);
        const uint64_t offset = self->base_bytes + (uint64_t)index[k] * self->record_bytes;
        const int got = dataset_read_at(fd, record, self->record_bytes, offset);
        if (got < 0)
            rc = err_set(err, got, "%s: read at offset %llu failed: %s", self->path,
                         (unsigned long long)offset, strerror(-got));
        else if ((uint32_t)got < self->record_bytes)
            rc = err_set(err, -ENODATA,
                         "%s: file is truncated: wanted bytes %llu..%llu, file ends at %llu",
                         self->path, (unsigned long long)offset,
                         (unsigned long long)(offset + self->record_bytes),
                         (unsigned long long)(offset + (uint32_t)got));
        else
            dataset_to_float(self, record, out + (size_t)k * self->features);
    }
    free(record);
    close(fd);
    return rc;
}

static bool same_identity(const struct dataset_identity *a, const struct dataset_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->written_s == b->written_s && a->written_ns == b->written_ns;
}

int dataset_unchanged(const struct dataset *self, struct err *err)
{
    struct dataset_identity now;
    uint64_t digest = 0;
    if (self->draft)
        return 0;
    const int fd = dataset_open_file(self->path, &now, err);
    if (fd < 0)
        return err_set(err, -ESTALE, "%s: was removed while it was in use", self->path);
    bool same = same_identity(&now, &self->identity);
    if (!same) {
        const struct dataset_scan scan = {.path = self->path,
                                          .fd = fd,
                                          .base_bytes = self->base_bytes,
                                          .bytes = (uint64_t)self->samples * self->record_bytes,
                                          .features = self->features,
                                          .element = self->element};
        same = dataset_scan(&scan, &digest, NULL) == 0 && digest == self->digest;
    }
    close(fd);
    if (same)
        return 0;
    return err_set(err, -ESTALE,
                   "%s: was changed while it was in use; keep the data as they are and run again",
                   self->path);
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
