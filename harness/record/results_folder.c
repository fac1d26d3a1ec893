/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory is made under a name that nobody looks for, and gets its own once it is whole. */
#include "harness/record/results_folder.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_TRIES 16u

int results_make_folder(const char *path, struct err *err)
{
    char part[RESULTS_PATH_MAX];
    snprintf(part, sizeof(part), "%s/", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return err_set(err, -errno, "cannot make the results directory %s: %s", part,
                           strerror(errno));
        *slash = '/';
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return err_set(err, -ENOTDIR, "results cannot go to %s: it is not a directory", path);
    return 0;
}

/* The profile's name becomes one path component, whatever is in it. */
static void safe_name(char *out, size_t size, const char *name)
{
    size_t n = 0;
    for (; name[n] && n + 1 < size; n++)
        out[n] = isalnum((unsigned char)name[n]) || strchr("._-", name[n]) ? name[n] : '-';
    out[n] = '\0';
    if (n == 0)
        snprintf(out, size, "unnamed");
    if (*out == '.')
        *out = '_';
}

/* mkdir decides races between executions of one second. */
static int make_directory(struct results *self, struct err *err)
{
    char when[32];
    struct tm utc;
    const time_t seconds = (time_t)self->start_epoch_s;
    gmtime_r(&seconds, &utc);
    strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc);
    for (uint32_t i = 0; i < NAME_TRIES; i++) {
        uint32_t id = 0;
        if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
            id = (uint32_t)getpid() + i;
        snprintf(self->id, sizeof(self->id), "%s-%06x", when, id & 0xffffffu);
        snprintf(self->dir, sizeof(self->dir), "%s/.tmp-%s", self->parent, self->id);
        if (mkdir(self->dir, 0777) == 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    return err_set(err, -errno, "cannot make the results directory %s: %s", self->dir,
                   strerror(errno));
}

static int make_parent(struct results *self, const char *out, const char *profile, struct err *err)
{
    char name[EXPERIMENT_NAME_MAX];
    safe_name(name, sizeof(name), profile);
    if ((size_t)snprintf(self->parent, sizeof(self->parent), "%s/%s", out, name) >=
        sizeof(self->parent))
        return err_set(err, -ENAMETOOLONG, "the results directory's path is too long");
    return results_make_folder(self->parent, err);
}

int results_folder_begin(struct results *self, const char *out, const char *profile,
                         struct err *err)
{
    const int rc = make_parent(self, out, profile, err);
    return rc == 0 ? make_directory(self, err) : rc;
}

int results_folder_of_part(struct results *self, const char *out, const char *profile, uint64_t run,
                           uint32_t rank, struct err *err)
{
    const int rc = make_parent(self, out, profile, err);
    snprintf(self->dir, sizeof(self->dir), "%s/part-%016llx-%u", self->parent,
             (unsigned long long)run, rank);
    return rc == 0 ? results_make_folder(self->dir, err) : rc;
}

/* A convenience: some file systems have no symbolic links (FAT, some network shares), and a folder or file of that name is
 * somebody's own. */
static void point_latest(struct results *self)
{
    char link[RESULTS_PATH_MAX];
    char temporary[RESULTS_PATH_MAX];
    struct stat old;
    snprintf(link, sizeof(link), "%s/latest", self->parent);
    snprintf(temporary, sizeof(temporary), "%s/.latest-%s", self->parent, self->id);
    if (lstat(link, &old) == 0 && !S_ISLNK(old.st_mode)) {
        err_set(&self->warning, 0, "%s is no symbolic link and was left as it is", link);
        return;
    }
    if (symlink(self->id, temporary) == 0 && rename(temporary, link) == 0)
        return;
    err_set(&self->warning, 0, "%s does not point to these results: %s", link, strerror(errno));
    unlink(temporary);
}

/* What was renamed must survive a power cut; errors here are reported by the writes themselves. */
static void sync_path(const char *dir, const char *name)
{
    char path[RESULTS_PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

void results_folder_finish(struct results *self)
{
    char final[RESULTS_PATH_MAX];
    sync_path(self->dir, "result.json");
    sync_path(self->dir, ".");
    snprintf(final, sizeof(final), "%s/%s", self->parent, self->id);
    if (rename(self->dir, final) != 0) {
        err_set(&self->warning, 0, "the results are whole but stay in %s: cannot rename it: %s",
                self->dir, strerror(errno));
        return;
    }
    memcpy(self->dir, final, sizeof(final));
    point_latest(self);
}
