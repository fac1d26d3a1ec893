/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every error text of a profile. The texts are golden files: tests/profiles/NAME.yaml (and NAME.set, one --set a line) must
 * give exactly NAME.expected.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/profile/suggest.h"
#include "tests/unit/support_profile.h"

TestSuite(profile_errors, .init = profile_enter);

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = calloc(1, 1u << 16);
    cr_assert(text && fread(text, 1, (1u << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

/** Errors that list all policies have @policies@ in their place, so that a new row is no reason to touch them. */
static char *with_policies(char *text)
{
    char *whole = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&whole, &bytes);
    const char *at = text;
    for (const char *mark; (mark = strstr(at, "@policies@")); at = mark + strlen("@policies@")) {
        fprintf(out, "%.*s", (int)(mark - at), at);
        for (uint32_t i = 0; i < policy_count; i++)
            fprintf(out, "%s%s", i ? ", " : "", policy_table[i]->name);
    }
    fputs(at, out);
    fclose(out);
    free(text);
    return whole;
}

/** One golden file. Returns whether it is one. */
static bool expect_golden(const char *stem)
{
    char path[300];
    snprintf(path, sizeof(path), "tests/profiles/%s.expected", stem);
    char *expected = read_whole(path);
    if (!expected)
        return false;
    expected = with_policies(expected);
    snprintf(path, sizeof(path), "tests/profiles/%s.set", stem);
    char *sets = access(path, R_OK) == 0 ? read_whole(path) : NULL;
    const char *set[32];
    uint32_t set_count = 0;
    for (char *line = sets ? strtok(sets, "\n") : NULL; line; line = strtok(NULL, "\n"))
        set[set_count++] = line;

    snprintf(path, sizeof(path), "tests/profiles/%s.yaml", stem);
    errors = (struct profile_errors){0};
    memset(&loaded, 0xAA, sizeof(loaded));
    const int rc = profile_load(&loaded, path, set, set_count, &errors);
    char *found = print_errors();

    cr_expect_eq(rc, -EINVAL, "%s loads", path);
    cr_expect_str_eq(found, expected, "%s\n--- found\n%s--- expected\n%s", path, found, expected);
    cr_expect_null(loaded.origins, "nothing is owned after an error");
    profile_errors_free(&errors);
    free(found);
    free(sets);
    free(expected);
    return true;
}

Test(profile_errors, every_bad_profile_gives_exactly_its_expected_errors)
{
    DIR *dir = opendir("tests/profiles");
    cr_assert(dir);
    uint32_t count = 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char stem[256];
        snprintf(stem, sizeof(stem), "%s", entry->d_name);
        char *suffix = strstr(stem, ".yaml");
        if (!suffix)
            continue;
        *suffix = '\0';
        count += expect_golden(stem);
    }
    closedir(dir);
    cr_expect_geq(count, 40u, "only %u golden files found", count);
}

static void expect_refused(const char *path, const char *expected)
{
    errors = (struct profile_errors){0};
    cr_expect_eq(profile_load(&loaded, path, NULL, 0, &errors), -EINVAL);
    char *text = print_errors();
    cr_expect_str_eq(text, expected);
    free(text);
    profile_errors_free(&errors);
}

Test(profile_errors, an_absent_profile_names_the_shipped_ones)
{
    setenv("DAWDLE_PROFILES", "no/such/folder", 1);

    expect_refused("quikstart", "quikstart: error: no such profile; did you mean 'quickstart'? "
                                "shipped profiles: gallery/..., mnist, null, paper/..., "
                                "plugin-python, quickstart, starter, twin, twin-calibrate\n");
    expect_refused("x/y.yaml",
                   "x/y.yaml: error: no such file or profile; shipped profiles: "
                   "gallery/..., mnist, null, paper/..., plugin-python, quickstart, starter, "
                   "twin, twin-calibrate\n");
    expect_refused("tests/profiles",
                   "tests/profiles: error: is a folder; expected a profile (a YAML file)\n");
}

Test(profile_errors, a_megabyte_is_not_a_profile)
{
    char path[] = "/tmp/dawdle-profile-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(ftruncate(fd, (1 << 20) + 1), 0);
    close(fd);
    char expected[128];
    snprintf(expected, sizeof(expected), "%s: error: larger than 1 MiB: this is not a profile\n",
             path);

    expect_refused(path, expected);
    unlink(path);
}

Test(profile_errors, after_a_hundred_errors_the_rest_is_counted)
{
    char text[8192] = "policies: [dsgd]\n";
    for (int i = 0; i < 130; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "zz%d: 1\n", i);
    char path[] = "/tmp/dawdle-profile-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) > 0);
    close(fd);

    cr_expect_eq(profile_load(&loaded, path, NULL, 0, &errors), -EINVAL);
    unlink(path);

    cr_expect_eq(errors.count, 100u);
    char *printed = print_errors();
    cr_expect(strstr(printed, "... and 30 more errors\n"), "%s", printed + strlen(printed) - 80);
    free(printed);
    profile_errors_free(&errors);
}

Test(suggest, counts_swaps_as_one_slip)
{
    cr_expect_eq(suggest_distance("degree", "degree"), 0u);
    cr_expect_eq(suggest_distance("dergee", "degree"), 1u);
    cr_expect_eq(suggest_distance("degre", "Degree"), 1u);
    cr_expect_eq(suggest_distance("", "abc"), 3u);
}

Test(suggest, offers_nothing_for_what_is_not_near)
{
    struct suggest nearest = {.typed = "zebra"};
    suggest_offer(&nearest, "degree");
    suggest_offer(&nearest, "io");

    cr_expect_null(nearest.best);
}
