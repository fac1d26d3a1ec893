/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Just enough of Criterion to run a test file under ThreadSanitizer.
 *
 * The real Criterion maps its own arena where ThreadSanitizer keeps its shadow memory, and does not start. With this
 * directory first in the include path the same test files become one plain program: each test runs in a forked child,
 * tests that expect a signal are left out. Only for thread-sanitizer builds; everywhere else the real one is used.
 */
#ifndef TESTS_BENCH_THREADS_CRITERION_H
#define TESTS_BENCH_THREADS_CRITERION_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct threads_options {
    int first; /* so that an empty option list is a valid initialiser */
    int signal;
    double timeout; /* not enforced: meson has one for all of them */
};

/** Called before main, once per test. */
void threads_add(const char *name, void (*run)(void), struct threads_options options);

#define Test(suite, name, ...)                                          \
    static void suite##_##name(void);                                   \
    __attribute__((constructor)) static void suite##_##name##_add(void) \
    {                                                                   \
        threads_add(#suite "/" #name, suite##_##name,                   \
                    (struct threads_options){.first = 0, __VA_ARGS__}); \
    }                                                                   \
    static void suite##_##name(void)

#define THREADS_CHECK(condition)                                            \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

/* clang-format off */
#define cr_assert(a, ...)             THREADS_CHECK(a)
#define cr_assert_not(a, ...)         THREADS_CHECK(!(a))
#define cr_assert_eq(a, b, ...)       THREADS_CHECK((a) == (b))
#define cr_assert_neq(a, b, ...)      THREADS_CHECK((a) != (b))
#define cr_assert_leq(a, b, ...)      THREADS_CHECK((a) <= (b))
#define cr_assert_not_null(a, ...)    THREADS_CHECK((a) != NULL)
#define cr_assert_geq(a, b, ...)      THREADS_CHECK((a) >= (b))
#define cr_assert_gt(a, b, ...)       THREADS_CHECK((a) > (b))
#define cr_assert_lt(a, b, ...)       THREADS_CHECK((a) < (b))
#define cr_expect                     cr_assert
#define cr_expect_geq                 cr_assert_geq
#define cr_expect_gt                  cr_assert_gt
#define cr_expect_lt                  cr_assert_lt
#define cr_expect_not                 cr_assert_not
#define cr_expect_eq                  cr_assert_eq
#define cr_expect_not_null            cr_assert_not_null
#define cr_expect_null(a, ...)        THREADS_CHECK((a) == NULL)
#define cr_expect_str_eq(a, b, ...)   THREADS_CHECK(strcmp(a, b) == 0)
#define cr_expect_arr_eq(a, b, n, ...) THREADS_CHECK(memcmp(a, b, n) == 0)
/* clang-format on */

#endif
