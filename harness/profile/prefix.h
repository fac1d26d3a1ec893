/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Where the files lie that come with the program: beside it, wherever its prefix was moved to, or in the folder that it
 * was built in. What was configured is how bin/ lies to share/dawdle/ and lib/dawdle/, not where they are.
 */
#ifndef HARNESS_PROFILE_PREFIX_H
#define HARNESS_PROFILE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#define PREFIX_PROFILE_FOLDERS_MAX 3u

/** Folders that may hold shipped profiles, first wins. */
struct prefix_profiles {
    const char *folder[PREFIX_PROFILE_FOLDERS_MAX];
    unsigned count;
    char installed[4096];
};

/** $DAWDLE_PROFILES if set, the prefix that the program was installed into if it was, and the source tree. */
void prefix_profiles(struct prefix_profiles *out);

/** Path of the file `name` among the plug-ins installed with the program, or beside the program in a build folder. */
bool prefix_plugin(const char *name, char *path, size_t path_bytes);

/**
 * Prefix of a program at the path `program`, given the folder `bindir` that it would be installed into. False if it does
 * not lie in such a folder: it was not installed.
 */
bool prefix_of(const char *program, const char *bindir, char *prefix, size_t prefix_bytes);

#endif
