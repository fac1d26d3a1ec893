/* SPDX-License-Identifier: BSD-3-Clause */
/* A head and one block per worker, through zlib: the journals of a run shrink to about a quarter. */
#include "harness/record/journal_file.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static const char magic[16] = "DAWDLE JOURNAL\n";

struct head {
    char magic[sizeof(magic)];
    char policy[JOURNAL_FILE_LABEL_MAX];
    uint64_t version, seed, configuration, initial, data, training, workers;
};

struct block {
    uint64_t worker, bytes, entries, final, full;
};

#define JOURNAL_FILE_PATH_MAX 8192u
#define CHUNK (1u << 20) /* zlib counts in unsigned int */

static bool put(gzFile file, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    for (size_t left = bytes; left > 0;) {
        const unsigned n = left < CHUNK ? (unsigned)left : CHUNK;
        if (gzwrite(file, at, n) != (int)n)
            return false;
        at += n;
        left -= n;
    }
    return true;
}

static bool get(gzFile file, void *data, size_t bytes)
{
    uint8_t *at = data;
    for (size_t left = bytes; left > 0;) {
        const unsigned n = left < CHUNK ? (unsigned)left : CHUNK;
        if (gzread(file, at, n) != (int)n)
            return false;
        at += n;
        left -= n;
    }
    return true;
}

static bool put_all(gzFile file, const struct journal_file *self)
{
    struct head head = {.version = JOURNAL_FILE_VERSION,
                        .seed = self->seed,
                        .configuration = self->configuration,
                        .initial = self->initial,
                        .data = self->data,
                        .training = self->training,
                        .workers = self->workers};
    memcpy(head.magic, magic, sizeof(magic));
    memcpy(head.policy, self->policy, sizeof(head.policy));
    bool ok = put(file, &head, sizeof(head));
    for (uint32_t w = 0; w < self->workers && ok; w++) {
        const struct journal_file_worker *const from = &self->worker[w];
        const struct block block = {w, from->bytes, from->entries, from->final, from->full};
        ok = put(file, &block, sizeof(block)) && put(file, from->data, from->bytes);
    }
    return ok;
}

void journal_file_path(char *out, size_t size, const char *dir, const char *policy, uint64_t seed)
{
    snprintf(out, size, "%s/journal/%s-%llu.gz", dir, policy, (unsigned long long)seed);
}

static int write_error(struct err *err, const char *path, int code)
{
    return err_set(err, -(code ? code : EIO), "cannot write %s: %s", path,
                   strerror(code ? code : EIO));
}

int journal_file_write(const char *path, const struct journal_file *self, struct err *err)
{
    char part[JOURNAL_FILE_PATH_MAX];
    if ((size_t)snprintf(part, sizeof(part), "%s.part", path) >= sizeof(part))
        return write_error(err, path, ENAMETOOLONG);
    errno = 0;
    gzFile file = gzopen(part, "wb1");
    if (!file)
        return write_error(err, path, errno ? errno : ENOMEM);
    bool ok = put_all(file, self);
    ok = gzclose(file) == Z_OK && ok;
    ok = ok && rename(part, path) == 0;
    if (ok)
        return 0;
    const int code = errno;
    unlink(part);
    return write_error(err, path, code);
}

static int damaged(struct err *err, const char *path, const char *what)
{
    return err_set(err, -EBADMSG, "%s: %s", path, what);
}

/** A block, or the bytes of worker w, that could not be read: the file ends, or what zlib finds is not what was written. */
static int ends_early(gzFile file, const char *path, uint32_t w, struct err *err)
{
    int code = Z_OK;
    gzerror(file, &code);
    const bool ends = code == Z_OK || code == Z_BUF_ERROR;
    return err_set(err, -EBADMSG, "%s: %s within the events of worker %u", path,
                   ends ? "is cut off" : "is damaged", w);
}

static int get_head(gzFile file, const char *path, struct journal_file *out, struct err *err)
{
    struct head head;
    const size_t fixed = offsetof(struct head, version) + sizeof(head.version);
    if (!get(file, &head, fixed) || memcmp(head.magic, magic, sizeof(magic)) != 0)
        return damaged(err, path, "is no journal of a run, or its head is cut off");
    if (head.version != JOURNAL_FILE_VERSION)
        return err_set(
            err, -EPROTONOSUPPORT,
            "%s: is of version %llu, this program reads and writes version %u: replay it "
            "with the dawdle that recorded it (environment.json names it)",
            path, (unsigned long long)head.version, JOURNAL_FILE_VERSION);
    if (!get(file, (uint8_t *)&head + fixed, sizeof(head) - fixed))
        return damaged(err, path, "is cut off in its head");
    if (head.workers == 0 || head.workers > JOURNAL_FILE_WORKERS_MAX ||
        !memchr(head.policy, '\0', sizeof(head.policy)))
        return damaged(err, path, "has a damaged head");
    *out = (struct journal_file){.seed = head.seed,
                                 .configuration = head.configuration,
                                 .initial = head.initial,
                                 .data = head.data,
                                 .training = head.training,
                                 .workers = (uint32_t)head.workers};
    memcpy(out->policy, head.policy, sizeof(out->policy));
    return 0;
}

/* The length is believed only as far as there are bytes: memory grows with what was really read. */
static int get_data(gzFile file, const char *path, uint32_t w, struct journal_file_worker *out,
                    struct err *err)
{
    const uint64_t bytes = out->bytes;
    uint64_t have = 0;
    while (have < bytes) {
        const uint64_t step = bytes - have < CHUNK ? bytes - have : CHUNK;
        uint8_t *const grown = realloc(out->data, have + step);
        if (!grown)
            return err_set(err, -ENOMEM, "not enough memory to read %s", path);
        out->data = grown;
        if (!get(file, out->data + have, step))
            return ends_early(file, path, w, err);
        have += step;
    }
    return 0;
}

static int get_workers(gzFile file, const char *path, struct journal_file *out, struct err *err)
{
    out->worker = calloc(out->workers, sizeof(*out->worker));
    if (!out->worker)
        return err_set(err, -ENOMEM, "not enough memory to read %s", path);
    for (uint32_t w = 0; w < out->workers; w++) {
        struct block block;
        if (!get(file, &block, sizeof(block)))
            return ends_early(file, path, w, err);
        if (block.worker != w || block.bytes > JOURNAL_FILE_BYTES_MAX || block.full > 1)
            return damaged(err, path, "has a damaged block");
        out->worker[w] = (struct journal_file_worker){.bytes = block.bytes,
                                                      .entries = block.entries,
                                                      .final = block.final,
                                                      .full = block.full};
        const int rc = get_data(file, path, w, &out->worker[w], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int journal_file_read(const char *path, struct journal_file *out, struct err *err)
{
    *out = (struct journal_file){0};
    gzFile file = gzopen(path, "rb");
    if (!file)
        return err_set(err, -(errno ? errno : ENOMEM), "cannot read %s: %s", path,
                       strerror(errno ? errno : ENOMEM));
    int rc = get_head(file, path, out, err);
    if (rc == 0)
        rc = get_workers(file, path, out, err);
    gzclose(file);
    if (rc < 0)
        journal_file_free(out);
    return rc;
}

void journal_file_free(struct journal_file *self)
{
    for (uint32_t w = 0; self->worker && w < self->workers; w++)
        free(self->worker[w].data);
    free(self->worker);
    *self = (struct journal_file){0};
}
