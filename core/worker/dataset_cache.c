/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache folder itself; what lies in it is made by dataset_product.c. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/worker/dataset_internal.h"

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
