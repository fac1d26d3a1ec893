/* SPDX-License-Identifier: BSD-3-Clause */
/* Characters that nobody sees, or takes for others. */
#include <criterion/criterion.h>

#include "core/base/utf8.h"

Test(utf8, decodes_the_shortest_form_and_nothing_else)
{
    uint32_t code = 0;

    cr_expect_eq(utf8_decode("a", 1, &code), 1u);
    cr_expect_eq(code, 0x61u);
    cr_expect_eq(utf8_decode("\xc2\xa0", 2, &code), 2u);
    cr_expect_eq(code, 0xA0u);
    cr_expect_eq(utf8_decode("\xef\xbb\xbf", 3, &code), 3u);
    cr_expect_eq(code, 0xFEFFu);
    cr_expect_eq(utf8_decode("\xf0\x9f\x90\x8c", 4, &code), 4u);
    cr_expect_eq(utf8_decode("\xc0\x80", 2, &code), 0u, "overlong");
    cr_expect_eq(utf8_decode("\xed\xa0\x80", 3, &code), 0u, "half of a pair");
    cr_expect_eq(utf8_decode("\xc2", 1, &code), 0u, "cut off");
    cr_expect_eq(utf8_decode("", 0, &code), 0u);
}

Test(utf8, names_what_deceives_the_eye_and_what_belongs_there)
{
    static const struct {
        const char *text, *name, *instead;
        size_t offset;
    } cases[] = {
        {"32\xc2\xa0", "U+00A0 (no-break space)", " ", 2},
        {"aau\xe2\x80\x8b", "U+200B (zero width space)", "", 3},
        {"\xef\xbb\xbf"
         "8",
         "U+FEFF (byte order mark)", "", 0},
        {"\xe2\x80\x9c"
         "aau",
         "U+201C (typographic quotation mark)", "\"", 0},
        {"\xe2\x88\x92"
         "1",
         "U+2212 (minus sign)", "-", 0},
        {"1\xef\xbc\x90", "U+FF10 (the digit 0)", "0", 1},
        {"1\tms", "U+0009 (tab)", " ", 1},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char name[UTF8_NAME_BYTES] = "";
        const char *instead = NULL;
        size_t offset = 99;
        cr_assert_gt(utf8_deceiving(cases[i].text, &offset, name, &instead), 0u, "%s",
                     cases[i].name);
        cr_expect_str_eq(name, cases[i].name);
        cr_expect_str_eq(instead, cases[i].instead);
        cr_expect_eq(offset, cases[i].offset);
    }
}

Test(utf8, leaves_letters_of_all_languages_alone)
{
    char name[UTF8_NAME_BYTES];
    const char *instead;
    size_t offset;

    cr_expect_eq(utf8_deceiving("plain 10%", &offset, name, &instead), 0u);
    cr_expect_eq(utf8_deceiving("\xc3\xbc"
                                "ber 5\xc2\xb5s \xe6\xbc\xa2",
                                &offset, name, &instead),
                 0u);
}
