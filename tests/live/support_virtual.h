/* SPDX-License-Identifier: BSD-3-Clause */
/** Profiles executed in virtual time by the program's own commands, in a folder of their own; no EAL, no machine. */
#ifndef TESTS_LIVE_SUPPORT_VIRTUAL_H
#define TESTS_LIVE_SUPPORT_VIRTUAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** Make a folder, keep caches and what the program prints in it. For .init. */
void virtual_enter(void);
/** Remove it. For .fini. */
void virtual_leave(void);

/** `dawdle COMMAND profile.yaml --threads THREADS`; 0 threads: without the option. Returns the exit code. */
int virtual_command(const char *command, const char *yaml, uint32_t threads);

/** What `dawdle run --dry-run --threads 2` prints, to be freed. */
char *virtual_dry_run(const char *yaml);
/** Is there a folder of results? */
bool virtual_has_results(void);
/** What --out says from now on; NULL: a folder of the test. */
void virtual_out(const char *path);
/** Were data made? */
bool virtual_has_cache(void);

/** What it said on stderr, to be freed. */
char *virtual_errors(void);
/** A file of the latest result of a profile with `name: t`, to be freed. */
char *virtual_file(const char *name);
/** The latest result.json without what may differ: its id, and each run's wall. */
json_t *virtual_result(void);
/** Run `yaml`, which must succeed, on so many threads; its virtual_result(). */
json_t *virtual_run(const char *yaml, uint32_t threads);

/** runs[index] or its number `key`. */
const json_t *virtual_of(const json_t *result, uint32_t index);
double virtual_number(const json_t *result, uint32_t index, const char *key);

#endif
