/* SPDX-License-Identifier: BSD-3-Clause */
/** Loading profiles in tests, from the source folder. */
#ifndef TESTS_UNIT_SUPPORT_PROFILE_H
#define TESTS_UNIT_SUPPORT_PROFILE_H

#include <stdio.h>

#include "harness/experiment/profile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern struct experiment loaded;
extern struct profile_errors errors;

/** For `.init`: paths are relative to the source folder. */
void profile_enter(void);
/** For `.fini`: frees what was loaded. */
void profile_leave(void);
/** Into `loaded`; fails the test on any error. */
void load(const char *path, const char *const *set, uint32_t set_count);
/** What is wrong with the profile, as a user reads it. Free it. */
char *print_errors(void);
/** What a command prints to both streams; it returns `expected_rc`. Free it. */
char *capture(int (*print)(FILE *, FILE *, const char *), const char *what, int expected_rc);

#endif
