/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One reading of all features before anything starts: a value that is not finite is named (training on it looks like a
 * rate that is too high), and the digest tells later whether the file is still the same.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/digest.h"
#include "core/worker/dataset_internal.h"

int dataset_watch_step(const struct dataset_watch *watch, const char *doing, const char *path,
                       uint64_t done, uint64_t all, struct err *err)
{
    if (!watch || !watch->step || watch->step(watch->context, doing, path, done, all) == 0)
        return 0;
    return err_set(err, -EINTR, "%s: interrupted while %s it", path, doing);
}

int dataset_not_finite(const char *path, uint64_t value_index, uint32_t features, double value,
                       struct err *err)
{
    const unsigned long long sample = value_index / features, feature = value_index % features;
    if (isfinite(value))
        return err_set(err, -EINVAL, "%s: sample %llu, feature %llu is %g, too large for a float32",
                       path, sample, feature, value);
    return err_set(err, -EINVAL,
                   "%s: sample %llu, feature %llu is %s; expected finite numbers (rows without: "
                   "np.isfinite(X).all(1))",
                   path, sample, feature,
                   isnan(value) ? "nan"
                   : value > 0  ? "inf"
                                : "-inf");
}

/* Index of the first value that is not finite, or count. Exponent all ones: branch-free over most of the data. */
static uint32_t first_bad(const unsigned char *bytes, uint32_t count)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, bytes + 4 * (size_t)i, 4);
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    if (!bad)
        return count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, bytes + 4 * (size_t)i, 4);
        if ((bits & 0x7f800000u) == 0x7f800000u)
            return i;
    }
    return count;
}

static int check_finite(const struct dataset_scan *self, const unsigned char *bytes, uint64_t at,
                        uint32_t length, struct err *err)
{
    const uint32_t count = length / 4, bad = first_bad(bytes, count);
    float value;
    if (bad == count)
        return 0;
    memcpy(&value, bytes + 4 * (size_t)bad, 4);
    return dataset_not_finite(self->path, at / 4 + bad, self->features, (double)value, err);
}

int dataset_scan(const struct dataset_scan *self, uint64_t *digest, struct err *err)
{
    unsigned char *const chunk = malloc(DATASET_CHUNK_BYTES);
    int rc = chunk ? 0 : err_set(err, -ENOMEM, "%s: out of memory", self->path);
    *digest = DIGEST_START;
    for (uint64_t at = 0; at < self->bytes && rc == 0;) {
        const uint64_t left = self->bytes - at;
        const uint32_t want = left < DATASET_CHUNK_BYTES ? (uint32_t)left : DATASET_CHUNK_BYTES;
        const int got = dataset_read_at(self->fd, chunk, want, self->base_bytes + at);
        if (got < 0)
            rc = err_set(err, got, "%s: read at offset %llu failed: %s", self->path,
                         (unsigned long long)(self->base_bytes + at), strerror(-got));
        else if ((uint32_t)got < want)
            rc = err_set(err, -ENODATA,
                         "%s: file is truncated: wanted bytes up to %llu, file ends at %llu",
                         self->path, (unsigned long long)(self->base_bytes + self->bytes),
                         (unsigned long long)(self->base_bytes + at + (uint32_t)got));
        else if (self->element == DATASET_F32)
            rc = check_finite(self, chunk, at, want, err);
        if (rc < 0)
            break;
        *digest = digest_bytes(*digest, chunk, want);
        at += want;
        rc = dataset_watch_step(self->watch, "checking", self->path, at, self->bytes, err);
    }
    free(chunk);
    return rc;
}
