/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Features and labels in two array files: found, opened, checked against their sizes and each other. Labels go into
 * memory; features are read where they lie, or, if they are packed or of another type, from a copy in the cache.
 */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/digest.h"
#include "core/worker/dataset_internal.h"

#define NAMES_SHOWN 3

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* "X.npz, notes.txt and 4 more": what a folder holds instead, in order of names. */
static void list_folder(const char *path, char *out, size_t size)
{
    struct dirent **entry = NULL;
    const int count = scandir(path, &entry, is_shown, alphasort);
    size_t used = (size_t)snprintf(out, size, "%s", count > 0 ? "" : "nothing");
    for (int i = 0; i < count; i++) {
        if (i < NAMES_SHOWN && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.60s", i ? ", " : "",
                                     entry[i]->d_name);
        free(entry[i]);
    }
    if (count > NAMES_SHOWN && used < size)
        snprintf(out + used, size - used, " and %d more", count - NAMES_SHOWN);
    free(entry);
}

static int refuse_folder(const char *path, const struct dataset_pair *pair, struct err *err)
{
    char held[256];
    list_folder(path, held, sizeof(held));
    return err_set(err, -ENOENT,
                   "%.300s: the folder holds no data under a usual name such as %s, but %s; name "
                   "the file itself, with its labels",
                   path, pair->usual[0], held);
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
    return refuse_folder(path, pair, err);
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

static int check_features(const struct dataset_array *features, const struct dataset_config *config,
                          struct err *err)
{
    const struct dataset_head *head = &features->head;
    const char *const path = features->stream.path;

    if (head->dims < 2)
        return err_set(err, -EINVAL,
                       "%s: expected features of 2 or more dimensions, found %u; one "
                       "feature per sample: np.save(\"X.npy\", X.reshape(-1, 1))",
                       path, head->dims);
    if (head->rows < 1)
        return err_set(err, -EINVAL, "%s: expected at least one sample, found none", path);
    if (config->samples > head->rows)
        return err_set(err, -EINVAL, "%s: expected at least the %u samples asked for, found %llu",
                       path, config->samples, (unsigned long long)head->rows);
    if (head->by_column && (head->dims > 2 || features->stream.packed))
        return err_set(err, -EINVAL,
                       "%s: expected C order, found Fortran order, which is read only of unpacked "
                       "files with 2 dimensions; np.save(\"X.npy\", np.ascontiguousarray(X))",
                       path);
    return 0;
}

static void describe(struct dataset *out, const struct dataset_array *features,
                     const struct dataset_config *config)
{
    const struct dataset_head *head = &features->head;

    memcpy(out->path, features->stream.path, strlen(features->stream.path) + 1);
    out->base_bytes = head->base_bytes;
    out->features = (uint32_t)head->columns;
    out->element = dataset_is_u8(head) ? DATASET_U8 : DATASET_F32;
    out->record_bytes = out->features * (out->element == DATASET_U8 ? 1 : (uint32_t)sizeof(float));
    out->samples = config->samples ? config->samples : (uint32_t)head->rows;
}

/* The copy in the cache, under construction. */
struct copy {
    const struct dataset_config *config;
    struct dataset_array *features;
    const struct dataset *dataset;
};

static int make_copy(void *context, const char *folder, struct err *err)
{
    const struct copy *const self = context;
    char path[DATASET_PATH_MAX], head[DATASET_NPY_HEAD_BYTES];
    int rc = dataset_path(path, err, "%s/X.npy", folder);
    FILE *const file = rc < 0 ? NULL : fopen(path, "wxe");
    if (!file)
        return rc < 0 ? rc : err_set(err, -errno, "%s: cannot create: %s", path, strerror(errno));
    dataset_npy_head(head, self->dataset->element == DATASET_U8 ? "|u1" : "<f4",
                     self->dataset->samples, self->dataset->features);
    if (fwrite(head, 1, sizeof(head), file) != sizeof(head))
        rc = err_set(err, -errno, "%s: cannot write: %s", path, strerror(errno));
    if (rc == 0)
        rc =
            dataset_convert(self->features, self->dataset->samples, file, self->config->watch, err);
    if (fclose(file) != 0 && rc == 0)
        rc = err_set(err, -errno, "%s: cannot write: %s", path, strerror(errno));
    return rc;
}

/* "X.npy-0123456789abcdef": a changed source has another name, so nothing stale is ever read. */
static int copy_name(const struct copy *self, char out[DATASET_PATH_MAX], struct err *err)
{
    const struct dataset_identity *const source = &self->features->stream.identity;
    char whole[PATH_MAX];
    if (!realpath(self->features->stream.path, whole))
        return err_set(err, -errno, "%s: cannot resolve: %s", self->features->stream.path,
                       strerror(errno));
    const uint64_t field[] = {source->inode, source->bytes, (uint64_t)source->written_s,
                              (uint64_t)source->written_ns, self->dataset->samples};
    uint64_t digest = digest_bytes(DIGEST_START, whole, strlen(whole));
    for (uint32_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
        digest = digest_word(digest, field[i]);
    return dataset_path(out, err, "%.100s-%016llx", basename(whole), (unsigned long long)digest);
}

static int open_copy(struct dataset *out, struct dataset_array *features,
                     const struct dataset_config *config, struct err *err)
{
    char name[DATASET_PATH_MAX], folder[DATASET_PATH_MAX];
    struct copy copy = {.config = config, .features = features, .dataset = out};
    const struct dataset_product product = {.cache = config->cache,
                                            .name = name,
                                            .what = features->stream.path,
                                            .rows = out->samples,
                                            .columns = out->features,
                                            .element = out->element,
                                            .watch = config->watch,
                                            .make = make_copy,
                                            .context = &copy};
    int rc = copy_name(&copy, name, err);
    if (rc == 0)
        rc = dataset_product_open(&product, config->draft, folder, &out->digest, err);
    out->draft = rc == 1;
    if (rc == 1) /* what cannot be read is said, and nothing written */
        return dataset_convert(features, out->samples, NULL, config->watch, err);
    if (rc == 0)
        rc = dataset_path(out->path, err, "%s/X.npy", folder);
    out->base_bytes = DATASET_NPY_HEAD_BYTES;
    return rc;
}

static int scan_in_place(struct dataset *out, const struct dataset_array *features,
                         const struct dataset_config *config, struct err *err)
{
    out->identity = features->stream.identity; /* of before the scan */
    const struct dataset_scan scan = {.path = out->path,
                                      .fd = features->stream.fd,
                                      .base_bytes = out->base_bytes,
                                      .bytes = (uint64_t)out->samples * out->record_bytes,
                                      .features = out->features,
                                      .element = out->element,
                                      .watch = config->watch};
    return dataset_scan(&scan, &out->digest, err);
}

static int open_labels(struct dataset *out, const struct dataset_array *features,
                       const struct dataset_config *config, const struct dataset_pair *pair,
                       struct err *err)
{
    char path[DATASET_PATH_MAX];
    struct dataset_array labels;
    int rc = find_labels(features->stream.path, config, pair, path, err);
    if (rc == 0)
        rc = dataset_array_open(&labels, path, pair->parse, err);
    if (rc < 0)
        return rc;
    rc = dataset_labels_read(out, &labels, features->head.rows, config->classes, err);
    dataset_array_close(&labels);
    return rc;
}

int dataset_pair_open(struct dataset *out, const struct dataset_config *config,
                      const struct dataset_pair *pair, struct err *err)
{
    char path[DATASET_PATH_MAX];
    struct dataset_array features;

    int rc = find_features(config->path, pair, path, err);
    if (rc == 0)
        rc = dataset_array_open(&features, path, pair->parse, err);
    if (rc < 0)
        return rc;
    rc = check_features(&features, config, err);
    if (rc == 0) {
        describe(out, &features, config);
        rc = open_labels(out, &features, config, pair, err);
    }
    if (rc == 0)
        rc = dataset_reads_in_place(&features) ? scan_in_place(out, &features, config, err)
                                               : open_copy(out, &features, config, err);
    dataset_array_close(&features);
    return rc;
}
