/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/svg.h"

/* What a figure of 100 x 50 pt holds besides its head, which is cut off. */
static char *written(void (*draw)(struct svg *svg))
{
    static char *text;
    size_t bytes = 0;
    struct svg svg;
    FILE *const out = open_memstream(&text, &bytes);
    svg_open(&svg, out, "it", 100, 50, "a title", "about it");
    draw(&svg);
    svg_close(&svg);
    fclose(out);
    char *const body = strstr(text, "</defs>\n") + strlen("</defs>\n");
    body[strlen(body) - strlen("</svg>\n")] = '\0';
    return body;
}

static void draw_hostile(struct svg *svg)
{
    svg_text(svg, 1, 2, SVG_END, SVG_SMALL,
             "a&b <c> \"d\" 'e' \x01\t\x7f\xc3(\xef\xbf\xbf \xc2\x9b\xc3\xa9");
}

Test(svg, writes_no_text_as_markup_and_no_byte_that_xml_refuses)
{
    cr_expect_str_eq(written(draw_hostile),
                     "<text x=\"1\" y=\"2\" text-anchor=\"end\" class=\"s\">a&amp;b &lt;c&gt; "
                     "&quot;d&quot; &#39;e&#39; \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd "
                     "\xef\xbf\xbd\xc3\xa9</text>\n");
}

static void draw_comment(struct svg *svg)
{
    svg_comment(svg, "a -- b --> c\n");
}

Test(svg, lets_no_comment_end_early)
{
    cr_expect_str_eq(written(draw_comment), "<!-- a  - b  -> c  -->\n");
}

static void draw_numbers(struct svg *svg)
{
    static const double x[] = {0, 1.005, 2, 3}, y[] = {-0.001, 1.5, NAN, 10};
    const struct svg_stroke stroke = {"#123456", "1 2", 0.5};
    svg_line(svg, x, y, 4, &stroke);
}

Test(svg, writes_short_numbers_and_gaps)
{
    cr_expect_str_eq(written(draw_numbers),
                     "<path class=\"l\" d=\"M0 0L1 1.5M3 10\" stroke=\"#123456\" "
                     "stroke-width=\"0.5\" stroke-dasharray=\"1 2\"/>\n");
}

static void draw_million(struct svg *svg)
{
    enum { COUNT = 1000000 };
    double *const x = malloc(COUNT * sizeof(*x)), *const y = malloc(COUNT * sizeof(*y));
    for (uint32_t i = 0; i < COUNT; i++) {
        x[i] = 100.0 * i / COUNT;
        y[i] = i == 500001 ? 49 : i % 7;
    }
    const struct svg_stroke stroke = {"currentColor", "", 1};
    svg_line(svg, x, y, COUNT, &stroke);
    svg_band(svg, x, y, y, COUNT, "#123456");
    free(x);
    free(y);
}

Test(svg, thins_what_no_eye_can_tell_apart_and_says_so)
{
    const char *const text = written(draw_million);

    cr_expect_lt(strlen(text), 20000u);
    cr_expect(strstr(text, "<!-- 1000000 points, thinned"), "%.200s", text);
    cr_expect(strstr(text, "L50 49L"), "the highest of a column is kept");
    cr_expect(strstr(text, "<!-- band of 1000000 points, of which 200 are drawn -->"));
}

static void draw_nothing(struct svg *svg)
{
    svg_line(svg, NULL, NULL, 0, NULL);
    svg_band(svg, NULL, NULL, NULL, 0, "#123456");
}

Test(svg, draws_nothing_of_nothing)
{
    cr_expect_str_eq(written(draw_nothing), "");
}

Test(svg, says_its_size_in_millimetres_and_its_title)
{
    char *text = NULL;
    size_t bytes = 0;
    struct svg svg;
    FILE *const out = open_memstream(&text, &bytes);

    svg_open(&svg, out, "it", 84 * SVG_PT_PER_MM, 10 * SVG_PT_PER_MM, "<t>", "d&d");
    fclose(out);

    cr_expect(strstr(text, "id=\"it\" role=\"img\" width=\"84mm\" height=\"10mm\""), "%s", text);
    cr_expect(strstr(text, "<title>&lt;t&gt;</title>\n<desc>d&amp;d</desc>"), "%s", text);
    cr_expect(strstr(text, "#it text{"), "rules hold for this element alone: %s", text);
    free(text);
}

Test(svg, cuts_text_between_characters)
{
    char cut[SVG_CUT_BYTES], endless[1001] = "";

    cr_expect_str_eq(svg_text_cut(cut, "aau", 10, 100), "aau");
    cr_expect_str_eq(svg_text_cut(cut, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 10, 20),
                     "\xc3\xa9\xc3\xa9\xe2\x80\xa6");
    cr_expect_str_eq(svg_text_cut(cut, "\x80\x80\x80", 10, 1), "\xe2\x80\xa6");
    memset(endless, 'x', sizeof(endless) - 1);
    cr_expect_lt(strlen(svg_text_cut(cut, endless, 1e-3, 1)), SVG_CUT_BYTES);
}
