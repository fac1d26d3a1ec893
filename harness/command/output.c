/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A folder that cannot be written to must be found out before an hour of runs, so the nearest one that exists is
 * asked.
 */
#include "harness/command/output.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void output_folder_of(const char *path, char *folder, size_t size)
{
    snprintf(folder, size, "%s", path);
    char *const slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    else
        snprintf(folder, size, ".");
}

bool output_is_folder(const char *path)
{
    struct stat info;
    const size_t length = strlen(path);
    return (length > 0 && path[length - 1] == '/') ||
           (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

int output_check_folder(const char *folder, struct err *err)
{
    char path[PATH_MAX];
    struct stat info;
    if (!*folder)
        return err_set(err, -EINVAL, "--out names no folder");
    if ((size_t)snprintf(path, sizeof(path), "%s", folder) >= sizeof(path))
        return err_set(err, -ENAMETOOLONG, "the path of --out is too long");
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--)
        path[length - 1] = '\0';
    while (stat(path, &info) != 0) {
        if (errno != ENOENT || strcmp(path, ".") == 0 || strcmp(path, "/") == 0)
            return err_set(err, errno == ENOTDIR ? -ENOTDIR : -errno,
                           "nothing can be written to %s: %s", folder, strerror(errno));
        char above[PATH_MAX];
        output_folder_of(path, above, sizeof(above));
        memcpy(path, above, sizeof(path));
    }
    if (!S_ISDIR(info.st_mode))
        return err_set(err, -ENOTDIR, "nothing can be written to %s: %s is a file, not a folder",
                       folder, path);
    if (access(path, W_OK | X_OK) != 0)
        return err_set(err, -errno, "nothing can be written to %s: %s: %s", folder, path,
                       strerror(errno));
    return 0;
}

int output_exit_code(int rc)
{
    return rc == -ENOTDIR || rc == -EINVAL || rc == -ENAMETOOLONG ? 2 : 3;
}
