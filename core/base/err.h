/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One sentence a user can act on, filled by set-up functions that return -errno.
 *
 * The struct belongs to the caller; a NULL `err` is allowed everywhere and drops the text.
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

struct err {
    char text[512];
};

/** Format the sentence and return `code` unchanged, so that callers can `return err_set(...)`. */
__attribute__((format(printf, 3, 4))) int err_set(struct err *err, int code, const char *format,
                                                  ...);

#endif
