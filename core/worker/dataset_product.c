/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Things made once and kept in the cache: a folder with X.npy, perhaps y.npy, and the digests of what is in them, under
 * a name that says from what it was made.
 *
 * A folder appears under its name by rename, whole or not at all, so any number of processes may make the same one:
 * whoever comes second finds it taken and drops its own. Whatever lies there is read before it is used: a flipped bit,
 * a file cut short or a pipe in its place means that it is made again. A folder in the making is locked; one without
 * an owner was left by a run that was killed, and is swept by the next that makes something.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/units.h"
#include "core/worker/dataset_internal.h"

#define MAKING "making-" /* and six letters of mkdtemp: a folder in the making */
#define STALE_S 60       /* one younger may not be locked yet */

static uint64_t features_bytes(const struct dataset_product *self)
{
    return (uint64_t)self->rows * self->columns * (self->element == DATASET_U8 ? 1 : 4);
}

/* Of one array of a product. 0, or -errno: it is not as it was written. */
static int digest_array(const struct dataset_product *self, const char *folder, bool labels,
                        uint64_t *digest, struct err *err)
{
    char path[DATASET_PATH_MAX];
    struct dataset_identity identity;
    int rc = dataset_path(path, err, "%s/%s", folder, labels ? "y.npy" : "X.npy");
    const int fd = rc < 0 ? rc : dataset_open_file(path, &identity, err);
    if (fd < 0)
        return fd;
    const struct dataset_scan scan = {.path = path,
                                      .fd = fd,
                                      .base_bytes = DATASET_NPY_HEAD_BYTES,
                                      .bytes = labels ? self->rows : features_bytes(self),
                                      .features = self->columns,
                                      .element = labels ? DATASET_U8 : self->element,
                                      .watch = self->watch};
    rc = dataset_scan(&scan, digest, err);
    if (rc == 0 && identity.bytes != scan.base_bytes + scan.bytes)
        rc = err_set(err, -EINVAL, "%s: has another size than it was written with", path);
    close(fd);
    return rc;
}

/* digest: [2] of X and y. */
static int digest_folder(const struct dataset_product *self, const char *folder, uint64_t *digest,
                         struct err *err)
{
    digest[1] = 0;
    const int rc = digest_array(self, folder, false, &digest[0], err);
    return rc == 0 && self->labels ? digest_array(self, folder, true, &digest[1], err) : rc;
}

static int write_digests(const struct dataset_product *self, const char *folder, struct err *err)
{
    char path[DATASET_PATH_MAX];
    uint64_t digest[2];
    int rc = digest_folder(self, folder, digest, err);
    if (rc == 0)
        rc = dataset_path(path, err, "%s/digest", folder);
    if (rc < 0)
        return rc;
    FILE *const file = fopen(path, "wxe");
    bool bad = !file || fprintf(file, "%016" PRIx64 " %016" PRIx64 "\n", digest[0], digest[1]) < 0;
    bad |= file && fclose(file) != 0;
    return bad ? err_set(err, -errno, "%s: cannot write: %s", path, strerror(errno)) : 0;
}

static bool read_digests(const char *folder, uint64_t *digest)
{
    char path[DATASET_PATH_MAX], text[64] = "";
    struct dataset_identity identity;
    const int fd = dataset_path(path, NULL, "%s/digest", folder) < 0
                       ? -1
                       : dataset_open_file(path, &identity, NULL);
    if (fd < 0)
        return false;
    const int got = dataset_read_at(fd, text, sizeof(text) - 1, 0);
    close(fd);
    return got > 0 && sscanf(text, "%" SCNx64 " %" SCNx64, &digest[0], &digest[1]) == 2;
}

/* 1: sound; 0: absent, or not what was written; -EINTR. */
static int is_sound(const struct dataset_product *self, const char *folder, uint64_t *digest,
                    struct err *err)
{
    uint64_t written[2], found[2];
    if (!read_digests(folder, written))
        return 0;
    const int rc = digest_folder(self, folder, found, err);
    if (rc == -EINTR)
        return rc;
    *digest = found[0];
    return rc == 0 && found[0] == written[0] && found[1] == written[1];
}

static void remove_folder(const char *folder)
{
    static const char *const name[] = {"X.npy", "y.npy", "digest"};
    char path[DATASET_PATH_MAX];
    for (uint32_t i = 0; i < 3; i++)
        if (dataset_path(path, NULL, "%s/%s", folder, name[i]) == 0 && unlink(path) < 0)
            (void)rmdir(path); /* somebody put a folder there */
    if (rmdir(folder) < 0)
        (void)unlink(folder);
}

/* Is the folder of a run that is gone? */
static bool is_stale(const char *folder)
{
    struct stat info;
    struct timespec now;
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool stale = fd >= 0 && fstat(fd, &info) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
                 now.tv_sec - info.st_mtim.tv_sec > STALE_S;
    stale = stale && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd >= 0)
        close(fd);
    return stale;
}

static void sweep(const char *cache)
{
    char path[DATASET_PATH_MAX];
    DIR *const entries = opendir(cache);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (strncmp(entry->d_name, MAKING, strlen(MAKING)) == 0 &&
            dataset_path(path, NULL, "%s/%s", cache, entry->d_name) == 0 && is_stale(path))
            remove_folder(path);
    if (entries)
        closedir(entries);
}

int dataset_product_room(const struct dataset_product *self, struct err *err)
{
    char folder[DATASET_PATH_MAX], needed[32], available[32];
    struct statvfs disk;
    const double bytes = (double)features_bytes(self) + (self->labels ? self->rows : 0) + 65536;
    int rc = dataset_path(folder, err, "%s", self->cache);
    if (rc < 0)
        return rc;
    while (statvfs(folder, &disk) < 0) { /* the cache may not be there yet */
        char *const slash = strrchr(folder, '/');
        if (errno != ENOENT || !slash)
            return 0; /* making it will say what is wrong */
        slash[slash == folder] = '\0';
    }
    const double room = (double)disk.f_bavail * (double)disk.f_frsize;
    if (bytes <= room)
        return 0;
    return err_set(err, -ENOSPC,
                   "%.200s: needs %s in the cache folder %.150s, where %s are free; use fewer "
                   "data.samples, or another folder (data.cache, XDG_CACHE_HOME)",
                   self->what, units_short_bytes(bytes, needed, sizeof(needed)), self->cache,
                   units_short_bytes(room, available, sizeof(available)));
}

/* temp -> folder; what lies there is unsound, or was just made by another run. */
static int put_in_place(const struct dataset_product *self, const char *temp, const char *folder,
                        uint64_t *digest, struct err *err)
{
    int why = 0;
    for (int tries = 0; tries < 3; tries++) {
        if (rename(temp, folder) == 0)
            return 0;
        why = errno;
        if (why != EEXIST && why != ENOTEMPTY && why != ENOTDIR)
            break;
        const int sound = is_sound(self, folder, digest, NULL);
        if (sound != 0) {
            remove_folder(temp);
            return sound < 0 ? sound : 0;
        }
        remove_folder(folder);
    }
    return err_set(err, -why, "%.200s: cannot put %.200s in its place: %s; remove it", self->what,
                   folder, strerror(why));
}

static int make_in(const struct dataset_product *self, const char *temp, const char *folder,
                   uint64_t *digest, struct err *err)
{
    uint64_t written[2] = {0};
    int rc = self->make(self->context, temp, err);
    if (rc == 0)
        rc = write_digests(self, temp, err);
    if (rc < 0)
        return rc;
    read_digests(temp, written);
    *digest = written[0];
    (void)chmod(temp, 0755); /* mkdtemp made it private; other users may share the cache */
    return put_in_place(self, temp, folder, digest, err);
}

static int make(const struct dataset_product *self, const char *folder, uint64_t *digest,
                struct err *err)
{
    char temp[DATASET_PATH_MAX];
    sweep(self->cache);
    int rc = dataset_product_room(self, err);
    if (rc == 0)
        rc = dataset_path(temp, err, "%s/" MAKING "XXXXXX", self->cache);
    if (rc < 0)
        return rc;
    if (!mkdtemp(temp))
        return err_set(err, -errno, "%s: cannot create: %s", temp, strerror(errno));
    const int lock = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0)
        (void)flock(lock,
                    LOCK_EX |
                        LOCK_NB); /* a file system without locks: after a minute it may be swept */
    rc = make_in(self, temp, folder, digest, err);
    if (rc < 0)
        remove_folder(temp);
    if (lock >= 0)
        close(lock);
    return rc;
}

int dataset_product_open(const struct dataset_product *self, bool draft, char *folder,
                         uint64_t *digest, struct err *err)
{
    int rc = dataset_path(folder, err, "%s/%s", self->cache ? self->cache : "", self->name);
    if (rc < 0)
        return rc;
    if (!self->cache || !*self->cache)
        return err_set(err, -EINVAL, "%s: a cache folder is needed and none is set", self->what);
    rc = is_sound(self, folder, digest, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (draft) {
        rc = dataset_product_room(self, err);
        return rc < 0 ? rc : 1;
    }
    rc = dataset_cache_make(self->cache, self->what, err);
    if (rc == 0)
        rc = make(self, folder, digest, err);
    return rc;
}
