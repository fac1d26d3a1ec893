/* SPDX-License-Identifier: BSD-3-Clause */
/* Labels of any type of number, into bytes: whole numbers from 0, each a class. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/worker/dataset_internal.h"

#define CHUNK 4096u /* values at a time */
#define NUMBER_THEM \
    "number the classes without gaps: np.save(\"y.npy\", np.unique(y, return_inverse=True)[1])"

static int check_shape(const struct dataset_array *labels, uint64_t samples, struct err *err)
{
    const struct dataset_head *const head = &labels->head;
    const char *const path = labels->stream.path;
    if (head->rows != samples)
        return err_set(err, -EINVAL, "%s: expected %llu labels, as many as samples, found %llu",
                       path, (unsigned long long)samples, (unsigned long long)head->rows);
    if (head->columns != 1)
        return err_set(err, -EINVAL,
                       "%s: expected one label per sample, found %llu x %llu values; if each row "
                       "is one-hot: np.save(\"y.npy\", y.argmax(1))",
                       path, (unsigned long long)head->rows, (unsigned long long)head->columns);
    return 0;
}

static int refuse(const char *path, uint64_t sample, double value, uint32_t classes,
                  struct err *err)
{
    if (classes)
        return err_set(err, -EINVAL,
                       "%.200s: the label of sample %llu is %.17g; expected 0 to %u (data.classes: "
                       "%u)",
                       path, (unsigned long long)sample, value, classes - 1, classes);
    if (value >= DATASET_CLASSES_MAX)
        return err_set(err, -EINVAL,
                       "%.200s: the label of sample %llu is %.17g; expected 0 to %u, at most %u "
                       "classes are supported; " NUMBER_THEM,
                       path, (unsigned long long)sample, value, DATASET_CLASSES_MAX - 1,
                       DATASET_CLASSES_MAX);
    return err_set(err, -EINVAL,
                   "%.200s: the label of sample %llu is %.17g; expected whole numbers from "
                   "0; " NUMBER_THEM,
                   path, (unsigned long long)sample, value);
}

/* A class that no sample has is trained for nothing; without class 0, labels were surely numbered from 1. */
static int check_classes(struct dataset *out, const struct dataset_array *labels, bool named,
                         struct err *err)
{
    bool seen[DATASET_CLASSES_MAX] = {false};
    uint32_t empty = 0, first = 0, lowest = DATASET_CLASSES_MAX;
    for (uint32_t i = 0; i < out->samples; i++) {
        seen[out->label[i]] = true;
        lowest = out->label[i] < lowest ? out->label[i] : lowest;
    }
    for (uint32_t c = out->classes; c-- > 0;) {
        empty += !seen[c];
        first = seen[c] ? first : c;
    }
    if (empty == 0)
        return 0;
    const bool all = out->samples == labels->head.rows;
    if (lowest > 0 && lowest < DATASET_CLASSES_MAX && all && !named)
        return err_set(
            err, -EINVAL,
            "%.200s: class 0 has no samples: the labels run from %u to %u; number them "
            "from 0: np.save(\"y.npy\", y - %u), or set data.classes: %u if that is meant",
            labels->stream.path, lowest, out->classes - 1, lowest, out->classes);
    if (empty == 1)
        snprintf(out->note, sizeof(out->note), "%.150s: class %u of %u has no samples",
                 labels->stream.path, first, out->classes);
    else
        snprintf(out->note, sizeof(out->note),
                 "%.150s: %u of %u classes have no samples; the first of them is class %u",
                 labels->stream.path, empty, out->classes, first);
    return 0;
}

static int read_all(struct dataset *out, struct dataset_array *labels, uint32_t classes,
                    struct err *err)
{
    unsigned char bytes[CHUNK * sizeof(uint64_t)];
    double value[CHUNK];
    const double most = classes ? classes : DATASET_CLASSES_MAX;
    uint32_t highest = 0;

    for (uint32_t at = 0; at < out->samples; at += CHUNK) {
        const uint32_t left = out->samples - at, count = left < CHUNK ? left : CHUNK;
        const int rc = dataset_array_values(labels, bytes, count, err);
        if (rc < 0)
            return rc;
        dataset_type_decode(labels->head.type, bytes, count, value);
        for (uint32_t i = 0; i < count; i++) {
            if (!(value[i] >= 0 && value[i] < most) || value[i] != (double)(uint32_t)value[i])
                return refuse(labels->stream.path, at + i, value[i], classes, err);
            const uint32_t class = (uint32_t)value[i];
            out->label[at + i] = (uint8_t) class;
            highest = class > highest ? class : highest;
        }
    }
    out->classes = classes ? classes : highest + 1;
    return dataset_array_end(labels, err);
}

int dataset_labels_read(struct dataset *out, struct dataset_array *labels, uint64_t rows,
                        uint32_t classes, struct err *err)
{
    int rc = check_shape(labels, rows, err);
    if (rc < 0)
        return rc;
    out->label = malloc(out->samples);
    if (!out->label)
        return err_set(err, -ENOMEM, "%s: out of memory", labels->stream.path);
    rc = read_all(out, labels, classes, err);
    return rc < 0 ? rc : check_classes(out, labels, classes > 0, err);
}
