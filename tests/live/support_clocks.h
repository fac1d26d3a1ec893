/* SPDX-License-Identifier: BSD-3-Clause */
/** Profiles of tests/live, run on either clock as a user would, and their results. */
#ifndef TESTS_LIVE_SUPPORT_CLOCKS_H
#define TESTS_LIVE_SUPPORT_CLOCKS_H

#include <criterion/criterion.h>
#include <jansson.h>

/** Before and after each test: a folder of its own. */
void clocks_enter(void);
void clocks_leave(void);
const char *clocks_folder(void);

/**
 * Run tests/live/NAME.yaml on this clock, with one key set anew ("key=value") or NULL; with a slash `name` is a path or a
 * shipped profile. Returns the exit code.
 */
int clocks_run(const char *clock, const char *name, const char *set);

/** Imitate the latest live run of the profile at this path, with its seeds and what its host did meanwhile: `dawdle twin`. */
int clocks_twin(const char *path, const char *name);

/** What the latest such run wrote; the caller's. */
json_t *clocks_result(const char *clock, const char *name);

/** The number at such a path of object keys, "parts_ns.rest"; fails the test if there is none. */
double clocks_number(const json_t *object, const char *path);

#endif
