/* SPDX-License-Identifier: BSD-3-Clause */
/* An array file, packed or not: its header, then its rows in order. */
#include <errno.h>
#include <string.h>

#include "core/worker/dataset_internal.h"

static int check_size(const struct dataset_array *array, uint64_t found, struct err *err)
{
    const struct dataset_head *head = &array->head;
    const uint64_t want = head->base_bytes + head->rows * head->columns * head->type.bytes;

    if (found == want)
        return 0;
    return err_set(err, -EINVAL,
                   "%s: offset %llu: expected %llu x %llu values of %u bytes up to %llu, the file "
                   "ends at %llu%s",
                   array->stream.path, (unsigned long long)head->base_bytes,
                   (unsigned long long)head->rows, (unsigned long long)head->columns,
                   head->type.bytes, (unsigned long long)want, (unsigned long long)found,
                   array->stream.packed ? ", unpacked" : "");
}

int dataset_array_open(struct dataset_array *out, const char *path, dataset_parse *parse,
                       struct err *err)
{
    unsigned char bytes[DATASET_HEAD_BYTES];

    *out = (struct dataset_array){0};
    int rc = dataset_stream_open(&out->stream, path, err);
    if (rc < 0)
        return rc;
    const int got = dataset_stream_read(&out->stream, bytes, sizeof(bytes), err);
    rc = got < 0 ? got : parse(path, bytes, (size_t)got, &out->head, err);
    if (rc == 0 && !out->stream.packed)
        rc = check_size(out, out->stream.identity.bytes, err);
    if (rc == 0)
        rc = dataset_stream_seek(&out->stream, out->head.base_bytes, err);
    if (rc < 0)
        dataset_array_close(out);
    return rc;
}

void dataset_array_close(struct dataset_array *self)
{
    dataset_stream_close(&self->stream);
}

int dataset_array_values(struct dataset_array *self, void *to, uint32_t count, struct err *err)
{
    const uint32_t width = self->head.type.bytes;
    const int got = dataset_stream_read(&self->stream, to, count * width, err);
    if (got < 0)
        return got;
    const uint64_t before = self->values;
    self->values += (uint32_t)got / width;
    return (uint32_t)got == count * width
               ? 0
               : check_size(self, self->head.base_bytes + before * width + (uint32_t)got, err);
}

int dataset_array_end(struct dataset_array *self, struct err *err)
{
    unsigned char extra;
    const uint64_t all = self->head.rows * self->head.columns;
    if (self->values < all)
        return 0;
    const int got = dataset_stream_read(&self->stream, &extra, 1, err);
    if (got <= 0)
        return got;
    return check_size(self, self->head.base_bytes + all * self->head.type.bytes + 1, err);
}
