/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cache folder: things made once from something else, under a name that says from what.
 *
 * A file appears under its final name by rename, whole or not at all, so any number of processes may make the same one:
 * the last rename wins with equal bytes. A changed source has another name, so nothing stale is ever read.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/worker/dataset_internal.h"

#define CHUNK_BYTES (256u << 10)

int dataset_cache_make(const char *folder, const char *what, struct err *err)
{
    char part[DATASET_PATH_MAX];

    if (!folder || !*folder)
        return err_set(err, -EINVAL, "%s: a cache folder is needed and none is set", what);
    int rc = dataset_path(part, err, "%s", folder);
    if (rc < 0)
        return rc;
    for (char *at = part + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        const char end = *at;
        *at = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return err_set(err, -errno,
                           "%s: cannot create the cache folder: %s (choose another one with "
                           "data.cache or XDG_CACHE_HOME)",
                           part, strerror(errno));
        if (end == '\0')
            return 0;
        *at = end;
    }
}

/* FNV-1a: names, not security. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t count)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

static int packed_name(const char *path, const char *folder, const struct stat *info,
                       char out[DATASET_PATH_MAX], struct err *err)
{
    char whole[PATH_MAX];
    if (!realpath(path, whole))
        return err_set(err, -errno, "%s: cannot resolve: %s", path, strerror(errno));

    const int64_t identity[] = {info->st_size, info->st_mtim.tv_sec, info->st_mtim.tv_nsec};
    uint64_t hash = hash_bytes(0xcbf29ce484222325u, whole, strlen(whole));
    hash = hash_bytes(hash, identity, sizeof(identity));

    char *base = basename(whole);
    const size_t length = strlen(base);
    if (length > 3 && strcmp(base + length - 3, ".gz") == 0)
        base[length - 3] = '\0';
    return dataset_path(out, err, "%s/%s-%016llx", folder, base, (unsigned long long)hash);
}

static int write_all(int fd, const unsigned char *from, size_t count)
{
    while (count > 0) {
        const ssize_t wrote = write(fd, from, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -errno;
        from += wrote;
        count -= (size_t)wrote;
    }
    return 0;
}

static int bad_gzip(const char *path, gzFile in, struct err *err)
{
    int code = 0;
    const char *why = gzerror(in, &code);
    if (code == Z_ERRNO)
        return err_set(err, -EIO, "%s: reading failed: %s", path, strerror(errno));
    const size_t named = strlen(path); /* zlib puts "path: " in front */
    if (strncmp(why, path, named) == 0 && strncmp(why + named, ": ", 2) == 0)
        why += named + 2;
    return err_set(err, -EINVAL, "%s: broken gzip data at offset %lld: %s", path,
                   (long long)gzoffset(in), why);
}

static int unpack(const char *path, gzFile in, int fd, const char *temp, uint64_t limit_bytes,
                  struct err *err)
{
    unsigned char *chunk = malloc(CHUNK_BYTES);
    uint64_t total = 0;
    int rc = 0, got = 0;

    if (!chunk)
        return err_set(err, -ENOMEM, "%s: out of memory", path);
    while (rc == 0 && (got = gzread(in, chunk, CHUNK_BYTES)) > 0) {
        total += (uint64_t)got;
        if (total > limit_bytes)
            rc = err_set(
                err, -EFBIG,
                "%s: unpacks to more than %llu bytes; unpack it yourself and name that file", path,
                (unsigned long long)limit_bytes);
        else if ((rc = write_all(fd, chunk, (size_t)got)) < 0)
            err_set(err, rc, "%s: cannot write: %s", temp, strerror(-rc));
    }
    free(chunk);
    int code = Z_OK;
    gzerror(in, &code);
    if (rc == 0 &&
        (got < 0 || code != Z_OK)) /* a truncated stream ends like a whole one, but for the code */
        rc = bad_gzip(path, in, err);
    return rc;
}

static int make_unpacked(const char *path, const char *name, uint64_t limit_bytes, struct err *err)
{
    char temp[DATASET_PATH_MAX];
    int rc = dataset_path(temp, err, "%s.XXXXXX", name);
    if (rc < 0)
        return rc;
    gzFile in = gzopen(path, "rbe");
    if (!in)
        return err_set(err, errno ? -errno : -ENOMEM, "%s: cannot open: %s", path,
                       strerror(errno ? errno : ENOMEM));
    const int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0) {
        rc = err_set(err, -errno, "%s: cannot create: %s", temp, strerror(errno));
        goto close_in;
    }
    rc = unpack(path, in, fd, temp, limit_bytes, err);
    if (rc == 0)
        (void)fchmod(fd, 0644); /* mkostemp made it private; other users may share the cache */
    if (close(fd) < 0 && rc == 0)
        rc = err_set(err, -errno, "%s: cannot write: %s", temp, strerror(errno));
    if (rc == 0 && rename(temp, name) < 0)
        rc = err_set(err, -errno, "%s: cannot rename to %s: %s", temp, name, strerror(errno));
    if (rc < 0)
        unlink(temp);
close_in:
    gzclose_r(in);
    return rc;
}

int dataset_cache_plain(const char *path, const char *folder, uint64_t limit_bytes,
                        char out[DATASET_PATH_MAX], struct err *err)
{
    unsigned char magic[2] = {0};
    struct stat info;

    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
    const bool known = fstat(fd, &info) == 0;
    const bool packed =
        known && pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    close(fd);
    if (!packed)
        return dataset_path(out, err, "%s", path);

    int rc = dataset_cache_make(folder, path, err);
    if (rc == 0)
        rc = packed_name(path, folder, &info, out, err);
    if (rc < 0 || access(out, R_OK) == 0)
        return rc;
    return make_unpacked(path, out, limit_bytes, err);
}
