/* SPDX-License-Identifier: BSD-3-Clause */
/* A replay must train on the very bytes that were recorded; a path and a date do not say that. */
#include "harness/run/plan_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/digest.h"

#define BLOCK 4096u
#define BLOCKS_MAX 4096u

static int digest_file(int fd, uint64_t base, uint64_t bytes, uint64_t *digest)
{
    uint8_t block[BLOCK];
    const uint64_t blocks = (bytes + BLOCK - 1) / BLOCK;
    const uint64_t read = blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX;
    for (uint64_t i = 0; i < read; i++) {
        /* the last one read is the last one there is */
        const uint64_t number = read > 1 ? i * (blocks - 1) / (read - 1) : 0;
        const uint64_t at = number * BLOCK, left = bytes - at;
        const size_t n = left < BLOCK ? (size_t)left : BLOCK;
        const ssize_t got = pread(fd, block, n, (off_t)(base + at));
        if (got != (ssize_t)n)
            return got < 0 ? -errno : -ENODATA;
        *digest = digest_bytes(*digest, block, n);
    }
    return 0;
}

int plan_digest_data(const struct dataset *data, uint64_t *out, struct err *err)
{
    uint64_t digest = digest_word(DIGEST_START, data->samples);
    digest = digest_word(digest, (uint64_t)data->features << 32 | data->classes);
    digest = digest_word(digest, data->element);
    digest = digest_bytes(digest, data->label, data->samples);
    const int fd = open(data->path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : 0;
    if (rc == 0)
        rc = digest_file(fd, data->base_bytes, (uint64_t)data->samples * data->record_bytes,
                         &digest);
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        return err_set(err, rc, "cannot read %s: %s", data->path,
                       rc == -ENODATA ? "it became shorter" : strerror(-rc));
    *out = digest;
    return 0;
}

static uint64_t real(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

uint64_t plan_digest_training(const struct cell_common *common)
{
    const struct experiment *const e = common->experiment;
    const struct model_config *const model = &common->model;
    uint64_t digest = digest_bytes(DIGEST_START, model->ops->name, strlen(model->ops->name));
    const uint64_t field[] = {
        model->dim,         model->features,    model->classes,         model->batch,
        e->data.shards,     e->data.per_worker, real(e->data.split[0]), real(e->data.split[1]),
        model->hidden_count};
    for (uint32_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
        digest = digest_word(digest, field[i]);
    for (uint32_t i = 0; i < model->hidden_count; i++)
        digest = digest_word(digest, model->hidden[i]);
    return digest;
}
