/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers have two decimals: 1/7200 in is finer than any printer, and the same bytes come out on every machine. */
#include "harness/report/svg.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/utf8.h"
#include "harness/report/svg_put.h"

/* Sizes are lengths, so that a paper has them as they are; a page that is narrower shrinks them. */
static const char style[] =
    "#%s{max-width:100%%;height:auto}\n"
    "#%s text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;font-size:%gpx;"
    "fill:currentColor}\n"
    "#%s .s{font-size:%gpx}\n"
    "#%s .b{font-weight:bold}\n"
    "#%s .w{font-size:%gpx;fill:#fff}\n"
    "#%s .k{font-size:%gpx;fill:#000}\n"
    "#%s .l{fill:none;stroke-linejoin:round}\n";

static void put_hatches(struct svg *self)
{
    static const char *const shape[SVG_HATCHES] = {
        [SVG_RISING] = "<path d=\"M0 4L4 0M-1 1L1 -1M3 5L5 3\"",
        [SVG_FALLING] = "<path d=\"M0 0L4 4M-1 3L1 5M3 -1L5 1\"",
        [SVG_DOTS] = "<path d=\"M1 1h.8M3 3h.8\"",
    };
    fputs("<defs>\n", self->out);
    for (uint32_t h = SVG_SOLID + 1; h < SVG_HATCHES; h++)
        fprintf(self->out,
                "<pattern id=\"%s-hatch-%u\" width=\"4\" height=\"4\" "
                "patternUnits=\"userSpaceOnUse\">%s stroke=\"#fff\" stroke-width=\"0.7\" "
                "stroke-opacity=\"0.75\"/></pattern>\n",
                self->id, h, shape[h]);
    fputs("</defs>\n", self->out);
}

void svg_open(struct svg *self, FILE *out, const char *id, double width, double height,
              const char *title, const char *about)
{
    *self = (struct svg){.out = out, .id = id, .width = width, .height = height};
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"%s\" role=\"img\" width=\"", id);
    svg_put_number(out, width / SVG_PT_PER_MM);
    fputs("mm\" height=\"", out);
    svg_put_number(out, height / SVG_PT_PER_MM);
    fputs("mm\" viewBox=\"0 0 ", out);
    svg_put_number(out, width);
    fputc(' ', out);
    svg_put_number(out, height);
    fputs("\">\n<title>", out);
    svg_put_text(out, title);
    fputs("</title>\n<desc>", out);
    svg_put_text(out, about);
    fputs("</desc>\n<style>\n", out);
    fprintf(out, style, id, id, SVG_FONT, id, SVG_FONT_SMALL, id, id, SVG_FONT_SMALL, id,
            SVG_FONT_SMALL, id);
    fputs("</style>\n", out);
    put_hatches(self);
}

void svg_close(struct svg *self)
{
    fputs("</svg>\n", self->out);
}

void svg_comment(struct svg *self, const char *text)
{
    fputs("<!-- ", self->out);
    for (const char *c = text; *c; c++)
        fputc((unsigned char)*c < ' ' || (*c == '-' && c[1] == '-') ? ' ' : *c, self->out);
    fputs(" -->\n", self->out);
}

void svg_clip(struct svg *self, double x, double y, double width, double height)
{
    const uint32_t number = ++self->clips;
    fprintf(self->out, "<clipPath id=\"%s-clip-%u\"><rect", self->id, number);
    svg_put_box(self->out, x, y, width, height);
    fprintf(self->out, "/></clipPath>\n<g clip-path=\"url(#%s-clip-%u)\">\n", self->id, number);
}

void svg_clip_end(struct svg *self)
{
    fputs("</g>\n", self->out);
}

static void put_text(struct svg *self, enum svg_anchor anchor, enum svg_face face, const char *text)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    static const char *const faces[] = {"", " class=\"s\"", " class=\"b\"", " class=\"w\"",
                                        " class=\"k\""};
    fprintf(self->out, "%s%s>", anchors[anchor], faces[face]);
    svg_put_text(self->out, text);
    fputs("</text>\n", self->out);
}

void svg_text(struct svg *self, double x, double y, enum svg_anchor anchor, enum svg_face face,
              const char *text)
{
    fputs("<text", self->out);
    svg_put_attribute(self->out, "x", x);
    svg_put_attribute(self->out, "y", y);
    put_text(self, anchor, face, text);
}

void svg_text_up(struct svg *self, double x, double y, enum svg_anchor anchor, enum svg_face face,
                 const char *text)
{
    fputs("<text transform=\"translate(", self->out);
    svg_put_pair(self->out, x, y);
    fputs(") rotate(-90)\"", self->out);
    put_text(self, anchor, face, text);
}

/** In thousandths of the size: Helvetica's, and a little more, because its stand-ins are wider. */
static uint32_t character_width(uint32_t code)
{
    if (code >= 0x80)
        return 640;
    if (strchr("fijlrtI .,:;'|!()[]", (int)code))
        return 340;
    if (strchr("mwMW%@", (int)code))
        return 920;
    return code >= 'A' && code <= 'Z' ? 730 : 610;
}

double svg_text_width(const char *text, double size)
{
    uint32_t sum = 0, code;
    for (size_t left = strlen(text); left > 0;) {
        const uint32_t bytes = utf8_decode(text, left, &code);
        sum += character_width(bytes ? code : 0xfffd);
        text += bytes ? bytes : 1;
        left -= bytes ? bytes : 1;
    }
    return sum * size / 1000;
}

const char *svg_text_cut(char out[SVG_CUT_BYTES], const char *text, double size, double width)
{
    static const char more[] = "\xe2\x80\xa6";
    size_t length = strlen(text);
    length = length < SVG_CUT_BYTES - sizeof(more) ? length : SVG_CUT_BYTES - sizeof(more);
    snprintf(out, SVG_CUT_BYTES, "%.*s", (int)length, text);
    if (!text[length] && svg_text_width(out, size) <= width)
        return out;
    do {
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) /* within a character */
            length--;
        snprintf(out, SVG_CUT_BYTES, "%.*s%s", (int)length, text, more);
    } while (svg_text_width(out, size) > width && length-- > 1);
    return out;
}

static void put_stroke(FILE *out, const struct svg_stroke *stroke)
{
    fprintf(out, " stroke=\"%s\"", stroke->colour);
    svg_put_attribute(out, "stroke-width", stroke->width);
    if (*stroke->dash)
        fprintf(out, " stroke-dasharray=\"%s\"", stroke->dash);
}

void svg_segment(struct svg *self, double x0, double y0, double x1, double y1,
                 const struct svg_stroke *stroke)
{
    fputs("<path class=\"l\" d=\"M", self->out);
    svg_put_pair(self->out, x0, y0);
    fputc('L', self->out);
    svg_put_pair(self->out, x1, y1);
    fputc('"', self->out);
    put_stroke(self->out, stroke);
    fputs("/>\n", self->out);
}

void svg_line(struct svg *self, const double *x, const double *y, uint32_t count,
              const struct svg_stroke *stroke)
{
    if (count == 0)
        return;
    struct svg_thin thin = svg_thin_make(x, count, self->width);
    svg_thin_comment(&thin, self->out);
    fputs("<path class=\"l\" d=\"", self->out);
    bool gap = true;
    for (uint32_t i; (i = svg_thin_next(&thin, y)) < count;) {
        if (!isnan(y[i])) {
            fputc(gap ? 'M' : 'L', self->out);
            svg_put_pair(self->out, x[i], y[i]);
        }
        gap = isnan(y[i]);
    }
    fputc('"', self->out);
    put_stroke(self->out, stroke);
    fputs("/>\n", self->out);
}

/** There along one line and back along the other. */
static void put_outline(struct svg *self, const double *x, const double *y, uint32_t count,
                        bool back)
{
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t i = back ? count - 1 - k : k;
        fputc(k || back ? 'L' : 'M', self->out);
        svg_put_pair(self->out, x[i], y[i]);
    }
}

void svg_band(struct svg *self, const double *x, const double *low, const double *high,
              uint32_t count, const char *colour)
{
    double at[SVG_BAND_POINTS], lower[SVG_BAND_POINTS], upper[SVG_BAND_POINTS];
    const uint32_t kept = svg_thin_band(x, low, high, count, at, lower, upper);
    if (kept < 2)
        return;
    if (kept < count)
        fprintf(self->out, "<!-- band of %u points, of which %u are drawn -->\n", count, kept);
    fputs("<path d=\"", self->out);
    put_outline(self, at, upper, kept, false);
    put_outline(self, at, lower, kept, true);
    fprintf(self->out, "Z\" fill=\"%s\" fill-opacity=\"0.18\"/>\n", colour);
}

void svg_area(struct svg *self, double x, double y, double width, double height, const char *colour,
              double opacity, enum svg_hatch hatch)
{
    fputs("<rect", self->out);
    svg_put_box(self->out, x, y, width, height);
    fprintf(self->out, " fill=\"%s\"", colour);
    if (opacity < 1)
        svg_put_attribute(self->out, "fill-opacity", opacity);
    fputs("/>\n", self->out);
    if (hatch == SVG_SOLID)
        return;
    fputs("<rect", self->out);
    svg_put_box(self->out, x, y, width, height);
    fprintf(self->out, " fill=\"url(#%s-hatch-%u)\"/>\n", self->id, (uint32_t)hatch);
}

void svg_mark(struct svg *self, enum svg_mark mark, double x, double y, const char *colour,
              int hollow)
{
    static const char *const shape[SVG_MARKS] = {
        [SVG_DISC] = "m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0z",
        [SVG_SQUARE] = "m-1.8-1.8h3.6v3.6h-3.6z",
        [SVG_TRIANGLE] = "m0-2.4l2.2 4h-4.4z",
        [SVG_DIAMOND] = "m0-2.6l2.2 2.6l-2.2 2.6l-2.2-2.6z",
        [SVG_NABLA] = "m0 2.4l2.2-4h-4.4z",
        [SVG_CROSS] = "m-2-2l4 4m0-4l-4 4",
    };
    const bool filled = !hollow && mark != SVG_CROSS;
    fputs("<path d=\"M", self->out);
    svg_put_pair(self->out, x, y);
    fprintf(self->out, "%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"0.9\"/>\n", shape[mark],
            filled ? colour : "none", colour);
}
