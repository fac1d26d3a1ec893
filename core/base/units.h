/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Durations, sizes, rates and shares as people write them: `1m30s`, `64KiB`, `10Gbit`, `10%`.
 *
 * Times need a unit (ns us µs ms s m h, compounds allowed). Sizes: bare bytes, k m g and KiB MiB GiB = 1024, kB MB GB =
 * 1000. Rates: bytes per second, bare or in the units of sizes but for k m g, or bit kbit Mbit Gbit, each with or without
 * `/s`. Shares need their % sign, because `1` and `0.5` have two readings. Only 0 may stand bare everywhere.
 * Trailing junk is refused. All return 0, or -EINVAL with `why` set to a constant sentence (never NULL on error),
 * or -ERANGE when the value does not fit.
 */
#ifndef CORE_BASE_UNITS_H
#define CORE_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

int units_parse_ns(const char *text, uint64_t *ns, const char **why);
int units_parse_bytes(const char *text, uint64_t *bytes, const char **why);
/** A rate in bytes per second. */
int units_parse_rate(const char *text, double *bytes_per_s, const char **why);
/** In [0, 1]; the nearest double: `33.3%` is what 0.333 is. */
int units_parse_share(const char *text, double *share, const char **why);
int units_parse_u64(const char *text, uint64_t *value, const char **why);
int units_parse_real(const char *text, double *value, const char **why);

enum units_kind { UNITS_TIME, UNITS_SIZE, UNITS_RATE, UNITS_SHARE, UNITS_WHOLE, UNITS_REAL };

/**
 * What is wrong with a text that was refused, where a better sentence than the parser's can be found: an unknown unit and
 * the one that was meant, a decimal comma, a separator of thousands, a space, an exponent. 1 if `out` has it, else 0.
 */
int units_explain(enum units_kind kind, const char *text, char *out, size_t size);

/** Shortest exact spelling: 90000000000 -> `1m30s`, 1500000 -> `1.5ms`. 40 bytes always suffice. Returns `out`. */
const char *units_format_ns(uint64_t ns, char *out, size_t size);

/** The shortest of the spellings in percent that reads back to the same share: 0.1 -> `10%`. 40 bytes suffice. */
const char *units_format_share(double share, char *out, size_t size);

/** Three digits for people: `1.23 us`, `4.5 MiB`. */
const char *units_short_ns(double ns, char *out, size_t size);
const char *units_short_bytes(double bytes, char *out, size_t size);

#endif
