/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Standard input, output and error: open from the first line of main() on, and checked when the program ends.
 *
 * With `2>&-` the first file that a program opens becomes its standard error, and messages land in the results. A
 * descriptor that is missing is therefore opened on /dev/null, the wrong way round: using it fails as if it were closed.
 */
#ifndef HARNESS_COMMAND_STREAMS_H
#define HARNESS_COMMAND_STREAMS_H

#include <stdbool.h>

/** Before anything else. Also leaves it to write() to report files that grow too large (SIGXFSZ kills otherwise). */
void streams_open(void);

/**
 * Flush standard output; says on standard error what could not be written. optional: the results lie elsewhere, too, so
 * it is a warning. Returns the exit code: `code`, or 3 where it is 0 and what was asked for did not come out. A reader
 * that went away (`| head`) is no failure.
 */
int streams_close(int code, bool optional);

#endif
