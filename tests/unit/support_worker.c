/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/support_worker.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *own_folder(void)
{
    static char folder[512];
    const char *base = getenv("DAWDLE_TEST_TMP");

    snprintf(folder, sizeof(folder), "%s/worker-%d", base ? base : "/tmp", (int)getpid());
    mkdir(folder, 0755);
    return folder;
}

const char *support_path(const char *name)
{
    static char path[16][1024];
    static unsigned next;
    char *out = path[next++ % 16];

    snprintf(out, sizeof(path[0]), "%s/%s", own_folder(), name);
    return out;
}

const char *support_folder(const char *name)
{
    const char *path = support_path(name);
    cr_assert_eq(mkdir(path, 0755), 0, "mkdir %s", path);
    return path;
}

void support_write(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "create %s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void support_clean(void)
{
    nftw(own_folder(), remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
