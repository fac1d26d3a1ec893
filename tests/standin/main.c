/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs the tests that announced themselves, each in a child of its own, as Criterion would:
 *   PROGRAM [--filter PATTERN] [--json=FILE]      PATTERN as in a shell, of suite/name; other options are Criterion's
 * FILE gets what tests/count.py reads of Criterion's report.
 */
#include <fnmatch.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criterion/criterion.h"

/* sanitizer/allocator_interface.h is not always there. Of AddressSanitizer and of ThreadSanitizer. */
size_t __sanitizer_get_current_allocated_bytes(void);

#define TESTS_MAX 1024
#define SUITES_MAX 64
#define FAILED 1
#define SKIPPED 77

static struct standin_test tests[TESTS_MAX];
static struct {
    const char *name;
    struct standin_options options;
} suites[SUITES_MAX];
static unsigned test_count, suite_count;
static unsigned passed, failed, skipped;
static struct said {  /* by a child, to its parent */
    bool missed;      /* an expectation was not met */
    char reason[256]; /* why it was skipped; empty: it was not */
} * said;
static FILE *report; /* NULL: nobody wants one */

void standin_add(struct standin_test test)
{
    if (test_count == TESTS_MAX)
        abort();
    tests[test_count++] = test;
}

void standin_add_suite(const char *suite, struct standin_options options)
{
    if (suite_count == SUITES_MAX)
        abort();
    suites[suite_count].name = suite;
    suites[suite_count++].options = options;
}

void standin_failed(bool fatal, const char *file, int line, const char *condition,
                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: %s:", file, line, condition);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    said->missed = true;
    if (fatal)
        _exit(FAILED);
}

void standin_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(said->reason, sizeof(said->reason), format, args);
    va_end(args);
    _exit(SKIPPED);
}

static const struct standin_options *suite_of(const struct standin_test *test)
{
    static const struct standin_options none;
    for (unsigned i = 0; i < suite_count; i++)
        if (strcmp(suites[i].name, test->suite) == 0)
            return &suites[i].options;
    return &none;
}

static void call(void (*function)(void))
{
    if (function)
        function();
}

/**
 * What a child does. The sanitizer looks for leaks at exit(), which takes 50 ms; where no more bytes are allocated than before,
 * nothing was leaked, and it need not look.
 */
__attribute__((noreturn)) static void run(const struct standin_test *test, void *param)
{
    const struct standin_options *const suite = suite_of(test), *const own = &test->options;
    const double seconds = own->timeout > 0 ? own->timeout : suite->timeout;
    const size_t allocated = __sanitizer_get_current_allocated_bytes();
    alarm((unsigned)ceil(seconds)); /* 0 is none */
    call(suite->init);
    call(own->init);
    test->run(param);
    call(own->fini);
    call(suite->fini);
    fflush(NULL);
    if (__sanitizer_get_current_allocated_bytes() == allocated)
        _exit(0);
    exit(0);
}

/** "PASSED", "FAILED" or "SKIPPED". */
static const char *outcome(const struct standin_test *test, int status)
{
    const int signal = test->options.signal ? test->options.signal : suite_of(test)->signal;
    if (WIFSIGNALED(status) && WTERMSIG(status) != signal)
        fprintf(stderr, "signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (said->missed)
        return "FAILED";
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        return "SKIPPED";
    if (signal ? WIFSIGNALED(status) && WTERMSIG(status) == signal
               : WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return "PASSED";
    return "FAILED";
}

static void note(const struct standin_test *test, const char *result)
{
    passed += result[0] == 'P';
    failed += result[0] == 'F';
    skipped += result[0] == 'S';
    if (result[0] != 'P')
        fprintf(stderr, "%s %s/%s %s\n", result, test->suite, test->name, said->reason);
    for (char *c = said->reason; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ')
            *c = '\'';
    if (report)
        fprintf(report,
                "%s{\"name\": \"%s\", \"tests\": [{\"name\": \"%s\", \"status\": \"%s\", "
                "\"messages\": [\"%s\"]}]}",
                passed + failed + skipped > 1 ? ",\n" : "", test->suite, test->name, result,
                said->reason);
}

static void try(const struct standin_test *test, void *param)
{
    int status = 0;
    memset(said, 0, sizeof(*said));
    fflush(NULL); /* or the child prints our buffers again */
    const pid_t child = fork();
    if (child == 0) {
        report = NULL;
        run(test, param);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    note(test, outcome(test, status));
}

static void try_all(const char *filter)
{
    for (unsigned i = 0; i < test_count; i++) {
        char name[512];
        snprintf(name, sizeof(name), "%s/%s", tests[i].suite, tests[i].name);
        if (filter && fnmatch(filter, name, 0) != 0)
            continue;
        const struct criterion_test_params params =
            tests[i].params ? tests[i].params() : (struct criterion_test_params){.length = 1};
        for (size_t k = 0; k < params.length; k++)
            try(&tests[i], params.params ? (char *)params.params + k * params.size : NULL);
    }
}

int main(int argc, char **argv)
{
    const char *filter = NULL, *file = NULL;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--json=", 7) == 0)
            file = argv[i] + 7;
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            filter = argv[++i];
    }
    said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    report = file ? fopen(file, "w") : NULL;
    if (said == MAP_FAILED || (file && !report))
        abort();
    if (report)
        fputs("{\"test_suites\": [\n", report);
    try_all(filter);
    if (report) {
        fprintf(report, "],\n\"passed\": %u, \"failed\": %u, \"errored\": 0}\n", passed, failed);
        fclose(report);
    }
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed > 0 || passed + skipped == 0;
}
