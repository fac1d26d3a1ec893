/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * As much of Criterion as our tests use, for the sanitizer builds.
 *
 * Criterion executes its program anew for each test, which costs a fifth of a second under AddressSanitizer: more than nearly
 * all of our tests do. Under ThreadSanitizer it does not start at all, for it maps its arena where the shadow memory is. With this
 * directory first in the include path the same test files become one plain program (main.c), in which each test runs in a
 * forked child: whatever it does to memory, signals or files that are open, the next one starts afresh, and each one's leaks
 * are looked for when it ends. Everywhere else the real Criterion is used.
 */
#ifndef TESTS_STANDIN_CRITERION_H
#define TESTS_STANDIN_CRITERION_H

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct criterion_test_params {
    size_t size;
    void *params;
    size_t length;
};

struct standin_options {
    int first;          /* so that an empty list of options is a valid initialiser */
    int signal;         /* that is to end it */
    double timeout;     /* seconds; 0: meson has one for all of them */
    void (*init)(void); /* before it, in its child; a suite's comes first */
    void (*fini)(void); /* after it, unless it was ended; a suite's comes last */
};

struct standin_test {
    const char *suite, *name;
    void (*run)(void *param);
    struct criterion_test_params (*params)(void); /* NULL: it runs once */
    struct standin_options options;
};

/** Called before main, once per test and per suite that has options. */
void standin_add(struct standin_test test);
void standin_add_suite(const char *suite, struct standin_options options);

/** A failed expectation: says so, and ends the test if it is `fatal`. */
__attribute__((format(printf, 5, 6))) void standin_failed(bool fatal, const char *file, int line,
                                                          const char *condition, const char *format,
                                                          ...);
__attribute__((noreturn, format(printf, 1, 2))) void standin_skip(const char *format, ...);

static inline bool standin_near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance;
}

/* clang-format off */
#define STANDIN_BEFORE_MAIN(symbol, ...)                                 \
    __attribute__((constructor)) static void symbol(void) { __VA_ARGS__; }

#define STANDIN_ADD(suite_, name_, run_, params_, ...)                   \
    STANDIN_BEFORE_MAIN(suite_##_##name_##_add,                          \
        standin_add((struct standin_test){.suite = #suite_, .name = #name_, .run = run_, .params = params_, \
                                          .options = {.first = 0, __VA_ARGS__}}))

#define Test(suite, name, ...)                                           \
    static void suite##_##name(void);                                    \
    static void suite##_##name##_run(void *none) { (void)none; suite##_##name(); } \
    STANDIN_ADD(suite, name, suite##_##name##_run, NULL, __VA_ARGS__)    \
    static void suite##_##name(void)

#define ParameterizedTestParameters(suite, name)                         \
    static struct criterion_test_params suite##_##name##_params(void)

#define ParameterizedTest(parameter, suite, name, ...)                   \
    static void suite##_##name(parameter);                               \
    static void suite##_##name##_run(void *param) { suite##_##name(param); } \
    STANDIN_ADD(suite, name, suite##_##name##_run, suite##_##name##_params, __VA_ARGS__) \
    static void suite##_##name(parameter)

#define TestSuite(suite, ...)                                            \
    STANDIN_BEFORE_MAIN(suite##_suite,                                   \
        standin_add_suite(#suite, (struct standin_options){.first = 0, __VA_ARGS__})) \
    struct standin_options

#define cr_make_param_array(type, array, count) \
    ((struct criterion_test_params){.size = sizeof(type), .params = (void *)(array), .length = (count)})

/* The space keeps a message that is left out from being an empty format, which gcc warns about. */
#define STANDIN_CHECK(fatal, condition, ...) \
    ((condition) ? (void)0 : standin_failed(fatal, __FILE__, __LINE__, #condition, " " __VA_ARGS__))

#define cr_assert(a, ...)                   STANDIN_CHECK(true, a, __VA_ARGS__)
#define cr_assert_not(a, ...)               STANDIN_CHECK(true, !(a), __VA_ARGS__)
#define cr_assert_eq(a, b, ...)             STANDIN_CHECK(true, (a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)            STANDIN_CHECK(true, (a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)             STANDIN_CHECK(true, (a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)            STANDIN_CHECK(true, (a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)             STANDIN_CHECK(true, (a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)            STANDIN_CHECK(true, (a) >= (b), __VA_ARGS__)
#define cr_assert_null(a, ...)              STANDIN_CHECK(true, (a) == NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...)          STANDIN_CHECK(true, (a) != NULL, __VA_ARGS__)
#define cr_assert_float_eq(a, b, near, ...) STANDIN_CHECK(true, standin_near(a, b, near), __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)         STANDIN_CHECK(true, strcmp(a, b) == 0, __VA_ARGS__)
#define cr_assert_str_empty(a, ...)         STANDIN_CHECK(true, (a)[0] == 0, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...)      STANDIN_CHECK(true, memcmp(a, b, n) == 0, __VA_ARGS__)
#define cr_assert_fail(...)                 STANDIN_CHECK(true, false, __VA_ARGS__)

#define cr_expect(a, ...)                   STANDIN_CHECK(false, a, __VA_ARGS__)
#define cr_expect_not(a, ...)               STANDIN_CHECK(false, !(a), __VA_ARGS__)
#define cr_expect_eq(a, b, ...)             STANDIN_CHECK(false, (a) == (b), __VA_ARGS__)
#define cr_expect_neq(a, b, ...)            STANDIN_CHECK(false, (a) != (b), __VA_ARGS__)
#define cr_expect_lt(a, b, ...)             STANDIN_CHECK(false, (a) < (b), __VA_ARGS__)
#define cr_expect_leq(a, b, ...)            STANDIN_CHECK(false, (a) <= (b), __VA_ARGS__)
#define cr_expect_gt(a, b, ...)             STANDIN_CHECK(false, (a) > (b), __VA_ARGS__)
#define cr_expect_geq(a, b, ...)            STANDIN_CHECK(false, (a) >= (b), __VA_ARGS__)
#define cr_expect_null(a, ...)              STANDIN_CHECK(false, (a) == NULL, __VA_ARGS__)
#define cr_expect_not_null(a, ...)          STANDIN_CHECK(false, (a) != NULL, __VA_ARGS__)
#define cr_expect_float_eq(a, b, near, ...) STANDIN_CHECK(false, standin_near(a, b, near), __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)         STANDIN_CHECK(false, strcmp(a, b) == 0, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)        STANDIN_CHECK(false, strcmp(a, b) != 0, __VA_ARGS__)
#define cr_expect_str_empty(a, ...)         STANDIN_CHECK(false, (a)[0] == 0, __VA_ARGS__)
#define cr_expect_str_not_empty(a, ...)     STANDIN_CHECK(false, (a)[0] != 0, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...)      STANDIN_CHECK(false, memcmp(a, b, n) == 0, __VA_ARGS__)
#define cr_expect_arr_neq(a, b, n, ...)     STANDIN_CHECK(false, memcmp(a, b, n) != 0, __VA_ARGS__)

#define cr_skip_test(...)                   standin_skip(__VA_ARGS__)
#define cr_log_info(...)                    ((void)sizeof(printf(__VA_ARGS__)))
/* clang-format on */

#endif
