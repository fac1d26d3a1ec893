/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Assertions for programmer errors: CHECK is always on, DCHECK only in debug builds.
 *
 * A broken CHECK prints file, line and the condition, and aborts. Environment failures and expected
 * outcomes never come here: they are return codes.
 */
#ifndef CORE_BASE_CHECK_H
#define CORE_BASE_CHECK_H

__attribute__((cold, noreturn)) void check_failed(const char *file, int line, const char *what);

#define CHECK(x)                                  \
    do {                                          \
        if (__builtin_expect(!(x), 0))            \
            check_failed(__FILE__, __LINE__, #x); \
    } while (0)

#ifdef NDEBUG
#define DCHECK(x)        \
    do {                 \
        (void)sizeof(x); \
    } while (0)
#else
#define DCHECK(x) CHECK(x)
#endif

#endif
