/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/support_profile.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

struct experiment loaded;
struct profile_errors errors;

void profile_enter(void)
{
    const char *source = getenv("DAWDLE_SOURCE");
    cr_assert(source && chdir(source) == 0, "DAWDLE_SOURCE names the source folder");
}

void profile_leave(void)
{
    profile_free(&loaded);
}

char *print_errors(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    profile_errors_print(&errors, out);
    fclose(out);
    return text;
}

void load(const char *path, const char *const *set, uint32_t set_count)
{
    const int rc = profile_load(&loaded, path, set, set_count, &errors);
    char *text = print_errors();
    cr_assert_eq(rc, 0, "%s", text);
    free(text);
}

char *capture(int (*print)(FILE *, FILE *, const char *), const char *what, int expected_rc)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    cr_expect_eq(print(out, out, what), expected_rc);
    fclose(out);
    return text;
}
