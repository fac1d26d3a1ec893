/* SPDX-License-Identifier: BSD-3-Clause */
/* A digest of all that follows it, then one list for both directions, then the bytes as they are. */
#include "harness/run/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/digest.h"

#define MAGIC UINT64_C(0x3154524150574144) /* "DAWPART1" */

static void pack_member(struct pack *pack, struct ranks_member *it)
{
    uint32_t shares = it->shares;
    pack_text(pack, it->name, sizeof(it->name));
    pack_text(pack, it->boot, sizeof(it->boot));
    pack_text(pack, it->net, sizeof(it->net));
    pack_numbers(pack, &it->cores, 1);
    pack_numbers(pack, &shares, 1);
    it->shares = shares != 0;
}

static void pack_head(struct pack *pack, struct part_file *it)
{
    pack_text(pack, it->version, sizeof(it->version));
    pack_numbers(pack, &it->ranks.rank, 1);
    it->ranks.count = (uint32_t)pack_count(pack, it->ranks.count, HUB_RANKS_MAX);
    pack->bad |= it->ranks.rank >= it->ranks.count;
    for (uint32_t r = 0; r < it->ranks.count && !pack->bad; r++)
        pack_member(pack, &it->ranks.member[r]);
    pack_numbers(pack, &it->turn.profile, 1);
    pack_numbers(pack, &it->turn.value, 1);
    pack_numbers(pack, &it->turn.seed, 1);
    pack_numbers(pack, &it->turn.policy, 1);
    pack_words(pack, &it->agreed.profile, 1);
    pack_words(pack, &it->agreed.data, 1);
    pack_words(pack, &it->agreed.plan, 1);
    pack_words(pack, &it->run, 1);
}

static int write_all(int fd, const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno != EINTR)
            return -errno;
        data += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int write_file(const char *path, const uint8_t *data, size_t bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    int rc = write_all(fd, data, bytes);
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    return rc;
}

int part_file_write(const struct part_file *self, const char *folder, struct err *err)
{
    char path[PATH_MAX], temporary[PATH_MAX];
    struct part_file copy = *self;
    uint64_t head[2] = {MAGIC, 0};
    struct pack pack = pack_writer();
    snprintf(path, sizeof(path), "%s/" PART_FILE_NAME, folder);
    snprintf(temporary, sizeof(temporary), "%s/." PART_FILE_NAME, folder);
    pack_words(&pack, head, 2);
    pack_head(&pack, &copy);
    pack_bytes(&pack, (void *)(uintptr_t)self->data, self->bytes);
    int rc = pack.bad ? -ENOMEM : 0;
    if (rc == 0) {
        head[1] = digest_bytes(DIGEST_START, pack.data + sizeof(head), pack.used - sizeof(head));
        memcpy(pack.data, head, sizeof(head));
        rc = write_file(temporary, pack.data, pack.used);
    }
    if (rc == 0 && rename(temporary, path) < 0)
        rc = -errno;
    pack_close(&pack);
    return rc < 0 ? err_set(err, rc, "cannot write %s: %s", path, strerror(-rc)) : 0;
}

static int read_all(int fd, uint8_t **out, size_t *bytes)
{
    struct stat status;
    *bytes = 0;
    if (fstat(fd, &status) < 0)
        return -errno;
    *out = malloc((size_t)status.st_size + 1);
    if (!*out)
        return -ENOMEM;
    while (*bytes < (size_t)status.st_size) {
        const ssize_t n = read(fd, *out + *bytes, (size_t)status.st_size - *bytes);
        if (n <= 0)
            return n < 0 ? -errno : 0;
        *bytes += (size_t)n;
    }
    return 0;
}

static int read_file(const char *path, uint8_t **out, size_t *bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    *out = NULL;
    if (fd < 0)
        return -errno;
    const int rc = read_all(fd, out, bytes);
    close(fd);
    return rc;
}

int part_file_read(struct part_file *out, const char *folder, struct err *err)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t bytes = 0;
    uint64_t head[2] = {0};
    *out = (struct part_file){.version = ""};
    snprintf(path, sizeof(path), "%s/" PART_FILE_NAME, folder);
    const int rc = read_file(path, &data, &bytes);
    out->owned = data;
    if (rc < 0)
        return err_set(err, rc, "cannot read %s: %s", path, strerror(-rc));
    struct pack pack = pack_reader(data, bytes);
    pack_words(&pack, head, 2);
    if (pack.bad || head[0] != MAGIC)
        return err_set(err, -EINVAL, "%s is no part of a run", path);
    if (head[1] != digest_bytes(DIGEST_START, data + sizeof(head), bytes - sizeof(head)))
        return err_set(err, -EINVAL, "%s is damaged, or was not written to its end", path);
    pack_head(&pack, out);
    if (pack.bad)
        return err_set(err, -EINVAL, "%s is not as this version of dawdle writes it", path);
    out->data = data + pack.used;
    out->bytes = bytes - pack.used;
    return 0;
}

void part_file_free(struct part_file *self)
{
    free(self->owned);
    *self = (struct part_file){.version = ""};
}
