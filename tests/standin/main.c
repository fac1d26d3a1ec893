/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the tests that announced themselves, each in a child of its own, as Criterion would. */
#include <sys/wait.h>
#include <unistd.h>

#include "criterion/criterion.h"

#define TESTS_MAX 128

static struct {
    const char *name;
    void (*run)(void);
    struct threads_options options;
} tests[TESTS_MAX];
static int tests_count;

void threads_add(const char *name, void (*run)(void), struct threads_options options)
{
    if (tests_count == TESTS_MAX)
        abort();
    tests[tests_count].name = name;
    tests[tests_count].run = run;
    tests[tests_count++].options = options;
}

static int failed(int index)
{
    int status = 0;

    fflush(NULL); /* or the child prints our buffer again */
    const pid_t child = fork();

    if (child == 0) {
        tests[index].run();
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 1;
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int main(void)
{
    int failures = 0, skipped = 0;

    for (int i = 0; i < tests_count; i++) {
        if (tests[i].options.signal != 0) {
            skipped++;
            continue;
        }
        if (failed(i)) {
            printf("FAIL %s\n", tests[i].name);
            failures++;
        }
    }
    printf("%d tests, %d failed, %d left out because they expect a signal\n", tests_count, failures,
           skipped);
    return failures > 0 || tests_count == 0;
}
