/* SPDX-License-Identifier: BSD-3-Clause */
/* One sequential read, and afterwards nothing but constant memory. */
#include "harness/run/samples.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"

static int read_all(const struct dataset *dataset, int fd, unsigned char *to, struct err *err)
{
    const size_t bytes = (size_t)dataset->samples * dataset->record_bytes;
    for (size_t got = 0; got < bytes;) {
        const uint64_t offset = dataset->base_bytes + got;
        const ssize_t n = pread(fd, to + got, bytes - got, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -errno, "%s: read at offset %llu failed: %s", dataset->path,
                           (unsigned long long)offset, strerror(errno));
        if (n == 0)
            return err_set(err, -ENODATA,
                           "%s: file is truncated: wanted bytes up to %llu, file ends at %llu",
                           dataset->path, (unsigned long long)(dataset->base_bytes + bytes),
                           (unsigned long long)offset);
        got += (size_t)n;
    }
    return 0;
}

int samples_open(struct samples *out, const struct dataset *dataset, struct err *err)
{
    const size_t bytes = (size_t)dataset->samples * dataset->record_bytes;
    *out = (struct samples){.dataset = dataset};
    if (dataset->draft || !*dataset->path) /* sizes without a file: every feature is 0 */
        return 0;
    const int fd = open(dataset->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "%s: cannot open: %s", dataset->path, strerror(errno));
    out->record = malloc(bytes);
    const int rc = out->record ? read_all(dataset, fd, out->record, err)
                               : err_set(err, -ENOMEM, "%s: not enough memory for its %zu MiB",
                                         dataset->path, bytes >> 20);
    close(fd);
    if (rc < 0)
        samples_close(out);
    return rc;
}

void samples_close(struct samples *self)
{
    free(self->record);
    *self = (struct samples){0};
}

static void read_batch(const void *context, const uint32_t *ids, uint32_t count, float *x,
                       uint8_t *label)
{
    const struct samples *const self = context;
    const struct dataset *const dataset = self->dataset;
    if (!self->record)
        memset(x, 0, (size_t)count * dataset->features * sizeof(float));
    for (uint32_t i = 0; i < count; i++) {
        DCHECK(ids[i] < dataset->samples);
        float *const to = x + (size_t)i * dataset->features;
        if (self->record)
            dataset_to_float(dataset, self->record + (size_t)ids[i] * dataset->record_bytes, to);
        label[i] = dataset->label[ids[i]];
    }
}

struct values_data samples_data(const struct samples *self)
{
    return (struct values_data){.read = read_batch, .context = self};
}
