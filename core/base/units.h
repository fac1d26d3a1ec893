/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Durations, sizes and probabilities as people write them: `1m30s`, `64KiB`, `10%`.
 *
 * Times need a unit (ns us µs ms s m h, compounds allowed); only 0 may stand bare. Sizes: bare bytes, k m g and
 * KiB MiB GiB = 1024, kB MB GB = 1000. Probabilities: `10%` or `0.1`; a bare value above 1 is refused with a hint.
 * Trailing junk is refused. All return 0, or -EINVAL with `why` set to a constant sentence (never NULL on error),
 * or -ERANGE when the value does not fit.
 */
#ifndef CORE_BASE_UNITS_H
#define CORE_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

int units_parse_ns(const char *text, uint64_t *ns, const char **why);
int units_parse_bytes(const char *text, uint64_t *bytes, const char **why);
int units_parse_share(const char *text, double *share, const char **why);
int units_parse_u64(const char *text, uint64_t *value, const char **why);
int units_parse_real(const char *text, double *value, const char **why);

/** Shortest exact spelling: 90000000000 -> `1m30s`, 1500000 -> `1.5ms`. 40 bytes always suffice. Returns `out`. */
const char *units_format_ns(uint64_t ns, char *out, size_t size);

/** Three digits for people: `1.23 us`, `4.5 MiB`. */
const char *units_short_ns(double ns, char *out, size_t size);
const char *units_short_bytes(double bytes, char *out, size_t size);

#endif
