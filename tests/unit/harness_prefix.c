/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the program's own files are looked for. tests/install runs an installed copy without the sources. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "harness/profile/prefix.h"

static const char *prefix(const char *program, const char *bindir)
{
    static char out[64];
    return prefix_of(program, bindir, out, sizeof(out)) ? out : "none";
}

Test(prefix, lies_above_the_folder_of_programs)
{
    cr_expect_str_eq(prefix("/usr/local/bin/dawdle", "bin"), "/usr/local");
    cr_expect_str_eq(prefix("/a folder/usr/libexec/x/dawdle", "libexec/x"), "/a folder/usr");
    cr_expect_str_eq(prefix("/bin/dawdle", "bin"), "");
}

Test(prefix, is_none_of_a_program_that_was_not_installed)
{
    cr_expect_str_eq(prefix("/src/dawdle/build/harness/dawdle", "bin"), "none");
    cr_expect_str_eq(prefix("/home/robin/dawdle", "bin"), "none", "ends in the same letters");
    cr_expect_str_eq(prefix("/dawdle", "bin"), "none");
    cr_expect_str_eq(prefix("dawdle", "bin"), "none");
}

Test(prefix, is_the_configured_one_where_programs_go_outside_of_it)
{
    cr_expect_str_neq(prefix("/opt/tools/dawdle", "/opt/tools"), "none");
    cr_expect_str_eq(prefix("/opt/tools/x/dawdle", "/opt/tools"), "none");
}

Test(prefix, longer_than_the_room_for_it_is_none)
{
    char out[5];
    cr_expect(prefix_of("/usr/bin/dawdle", "bin", out, 5));
    cr_expect_not(prefix_of("/usr/bin/dawdle", "bin", out, 4));
}

Test(prefix, comes_after_the_profiles_of_the_user)
{
    struct prefix_profiles in;
    setenv("DAWDLE_PROFILES", "/mine", 1);

    prefix_profiles(&in);

    cr_expect_str_eq(in.folder[0], "/mine");
    cr_expect_eq(in.count, 2u, "this test was not installed, so the source tree is next");
    cr_expect(strstr(in.folder[1], "/harness/profiles"), "%s", in.folder[1]);
    setenv("DAWDLE_PROFILES", "", 1);
    prefix_profiles(&in);
    cr_expect_eq(in.count, 1u);
}
