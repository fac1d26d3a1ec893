/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data file from its beginning, unpacked on the way if it is gzip data. zlib hands plain files through, so that nothing
 * above this file knows the difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/worker/dataset_internal.h"

#define BUFFER_BYTES (256u << 10)

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a named pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

int dataset_open_file(const char *path, struct dataset_identity *identity, struct err *err)
{
    struct stat info;
    /* O_NONBLOCK: opening a pipe would wait for somebody to write. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENXIO)
        return err_set(err, -EINVAL, "%s: is a socket or a device; expected a file", path);
    if (fd < 0)
        return err_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
    int rc = 0;
    if (fstat(fd, &info) < 0)
        rc = err_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        rc = err_set(err, -EINVAL, "%s: is %s; expected a file", path, kind_of(info.st_mode));
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *identity = (struct dataset_identity){.device = info.st_dev,
                                          .inode = info.st_ino,
                                          .bytes = (uint64_t)info.st_size,
                                          .written_s = info.st_mtim.tv_sec,
                                          .written_ns = info.st_mtim.tv_nsec};
    return fd;
}

int dataset_read_at(int fd, void *to, size_t count, uint64_t offset)
{
    size_t got = 0;
    while (got < count) {
        const ssize_t n = pread(fd, (unsigned char *)to + got, count - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return (int)got; /* never more than INT_MAX: DATASET_CHUNK_BYTES at a time */
        got += (size_t)n;
    }
    return (int)got;
}

int dataset_stream_open(struct dataset_stream *out, const char *path, struct err *err)
{
    unsigned char magic[2] = {0};

    *out = (struct dataset_stream){.path = path};
    const int fd = dataset_open_file(path, &out->identity, err);
    if (fd < 0)
        return fd;
    out->packed = dataset_read_at(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    out->fd = fd;
    out->gz = gzdopen(fd, "rb");
    if (!out->gz) {
        close(fd);
        return err_set(err, -ENOMEM, "%s: out of memory", path);
    }
    (void)gzbuffer(out->gz, BUFFER_BYTES);
    return 0;
}

void dataset_stream_close(struct dataset_stream *self)
{
    if (self->gz)
        gzclose_r(self->gz); /* and the descriptor */
    self->gz = NULL;
}

static int broken(const struct dataset_stream *self, struct err *err)
{
    int code = 0;
    const char *why = gzerror(self->gz, &code);
    if (code == Z_ERRNO)
        return err_set(err, errno ? -errno : -EIO, "%s: reading failed: %s", self->path,
                       strerror(errno ? errno : EIO));
    if (strncmp(why, "<fd:", 4) == 0 && strstr(why, ": ")) /* zlib's name for the file */
        why = strstr(why, ": ") + 2;
    return err_set(err, -EINVAL, "%s: broken gzip data at offset %lld: %s", self->path,
                   (long long)gzoffset(self->gz), why);
}

int dataset_stream_read(struct dataset_stream *self, void *to, uint32_t count, struct err *err)
{
    const int got = gzread(self->gz, to, count);
    int code = Z_OK;
    if (got >= 0 &&
        (uint32_t)got <
            count) /* a stream that is cut off ends like a whole one, but for the code */
        gzerror(self->gz, &code);
    return got < 0 || code != Z_OK ? broken(self, err) : got;
}

int dataset_stream_seek(struct dataset_stream *self, uint64_t offset, struct err *err)
{
    return gzseek(self->gz, (z_off_t)offset, SEEK_SET) < 0 ? broken(self, err) : 0;
}
