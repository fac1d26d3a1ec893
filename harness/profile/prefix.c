/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See prefix.h. The names in places.h are made by meson; DAWDLE_BINDIR, _DATADIR and _LIBDIR are relative to the prefix,
 * or absolute where meson was told to put them outside of it.
 */
#include "harness/profile/prefix.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/places.h"

/** Path of the running program; an installed one may be reached through links. */
static bool own_path(char out[PATH_MAX])
{
    const ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    return true;
}

static bool join(char *out, size_t bytes, const char *folder, const char *name)
{
    const int n = snprintf(out, bytes, "%s/%s", folder, name);
    return n > 0 && (size_t)n < bytes;
}

bool prefix_of(const char *program, const char *bindir, char *prefix, size_t prefix_bytes)
{
    const char *const file = strrchr(program, '/');
    const size_t folder = file ? (size_t)(file - program) : 0, tail = strlen(bindir);
    if (bindir[0] == '/')
        return folder == tail && memcmp(program, bindir, tail) == 0 &&
               snprintf(prefix, prefix_bytes, "%s", DAWDLE_PREFIX) < (int)prefix_bytes;
    if (folder < tail + 1 || folder - tail > prefix_bytes)
        return false;
    if (memcmp(program + folder - tail, bindir, tail) || program[folder - tail - 1] != '/')
        return false;
    memcpy(prefix, program, folder - tail - 1);
    prefix[folder - tail - 1] = '\0';
    return true;
}

/** `folder` of the installation that the program belongs to. */
static bool installed(const char *folder, char *out, size_t bytes)
{
    char program[PATH_MAX], prefix[PATH_MAX];
    if (!own_path(program) || !prefix_of(program, DAWDLE_BINDIR, prefix, sizeof(prefix)))
        return false;
    if (folder[0] == '/')
        return snprintf(out, bytes, "%s", folder) < (int)bytes;
    return join(out, bytes, prefix, folder);
}

void prefix_profiles(struct prefix_profiles *out)
{
    const char *const own = getenv("DAWDLE_PROFILES");
    out->count = 0;
    if (own && *own)
        out->folder[out->count++] = own;
    if (installed(DAWDLE_DATADIR "/profiles", out->installed, sizeof(out->installed)))
        out->folder[out->count++] = out->installed;
    out->folder[out->count++] = DAWDLE_SOURCE_PROFILES;
}

bool prefix_plugin(const char *name, char *path, size_t path_bytes)
{
    char folder[PATH_MAX];
    if (installed(DAWDLE_LIBDIR, folder, sizeof(folder)) && join(path, path_bytes, folder, name) &&
        access(path, R_OK) == 0)
        return true;
    if (!own_path(folder))
        return false;
    *strrchr(folder, '/') = '\0';
    const size_t used = strlen(folder);
    for (unsigned i = 0; i < 2; i++) { /* beside the program; where meson builds those of ours */
        snprintf(folder + used, sizeof(folder) - used, "%s", i ? "/plugin" : "");
        if (join(path, path_bytes, folder, name) && access(path, R_OK) == 0)
            return true;
    }
    return false;
}
