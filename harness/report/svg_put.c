/* SPDX-License-Identifier: BSD-3-Clause */
/* Text comes from profiles, which strangers write: it is the only way by which anything foreign gets into a picture. */
#include "harness/report/svg_put.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/utf8.h"
#include "harness/report/svg.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void svg_put_number(FILE *out, double value)
{
    char text[400];
    CHECK(isfinite(value));
    int length = snprintf(text, sizeof(text), "%.2f", value);
    while (text[length - 1] == '0')
        length--;
    length -= text[length - 1] == '.';
    text[length] = '\0';
    fputs(strcmp(text, "-0") == 0 ? "0" : text, out);
}

void svg_put_attribute(FILE *out, const char *name, double value)
{
    fprintf(out, " %s=\"", name);
    svg_put_number(out, value);
    fputc('"', out);
}

void svg_put_pair(FILE *out, double x, double y)
{
    svg_put_number(out, x);
    fputc(' ', out);
    svg_put_number(out, y);
}

void svg_put_box(FILE *out, double x, double y, double width, double height)
{
    svg_put_attribute(out, "x", x);
    svg_put_attribute(out, "y", y);
    svg_put_attribute(out, "width", width);
    svg_put_attribute(out, "height", height);
}

/** What stands for a character that cannot stand for itself, or NULL. */
static const char *escape(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *instead;
    } known[] = {{'&', "&amp;"},  {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"},
                 {'\'', "&#39;"}, {'\t', " "},   {'\n', " "},   {'\r', " "}};
    for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].code == code)
            return known[i].instead;
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return control || (code & 0xfffe) == 0xfffe ? REPLACEMENT : NULL;
}

void svg_put_text(FILE *out, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        uint32_t code;
        uint32_t bytes = utf8_decode(text, left, &code);
        const char *const instead = bytes ? escape(code) : REPLACEMENT;
        bytes = bytes ? bytes : 1;
        if (instead)
            fputs(instead, out);
        else
            fwrite(text, 1, bytes, out);
        text += bytes;
        left -= bytes;
    }
}

static double column_of(double x)
{
    return floor(x / SVG_THIN_PT);
}

struct svg_thin svg_thin_make(const double *x, uint32_t count, double width)
{
    return (struct svg_thin){.x = x, .count = count, .thinned = count > 4 * width / SVG_THIN_PT};
}

void svg_thin_comment(const struct svg_thin *self, FILE *out)
{
    if (self->thinned)
        fprintf(out,
                "<!-- %u points, thinned to what shows: of each %g pt of width the first, the "
                "lowest, the highest and the last -->\n",
                self->count, SVG_THIN_PT);
}

/** Ascending, each once. */
static void insert(struct svg_thin *self, uint32_t index)
{
    uint32_t k = self->kept;
    for (uint32_t i = 0; i < self->kept; i++)
        if (self->pending[i] == index)
            return;
    for (; k > 0 && self->pending[k - 1] > index; k--)
        self->pending[k] = self->pending[k - 1];
    self->pending[k] = index;
    self->kept++;
}

/** The column that begins at `at`. A gap ends it, and is a column of its own. */
static void fill(struct svg_thin *self, const double *y)
{
    const uint32_t first = self->at;
    uint32_t lowest = first, highest = first, i = first + 1;
    for (; i < self->count && column_of(self->x[i]) <= column_of(self->x[first]); i++) {
        if (isnan(y[i]) || isnan(y[first]))
            break;
        lowest = y[i] < y[lowest] ? i : lowest;
        highest = y[i] > y[highest] ? i : highest;
    }
    self->kept = self->next = 0;
    insert(self, first);
    insert(self, lowest);
    insert(self, highest);
    insert(self, i - 1);
    self->at = i;
}

uint32_t svg_thin_next(struct svg_thin *self, const double *y)
{
    if (!self->thinned)
        return self->at < self->count ? self->at++ : self->count;
    if (self->next == self->kept && self->at < self->count)
        fill(self, y);
    return self->next < self->kept ? self->pending[self->next++] : self->count;
}

uint32_t svg_thin_band(const double *x, const double *low, const double *high, uint32_t count,
                       double *at, double *lower, double *upper)
{
    uint32_t kept = 0;
    const bool thinned = count > SVG_BAND_POINTS;
    for (uint32_t i = 0; i < count; i++) {
        if (isnan(low[i]) || isnan(high[i]))
            continue;
        if (thinned && kept > 0 && column_of(x[i]) <= column_of(at[kept - 1])) {
            lower[kept - 1] = fmax(lower[kept - 1], low[i]);
            upper[kept - 1] = fmin(upper[kept - 1], high[i]);
            continue;
        }
        if (kept == SVG_BAND_POINTS)
            break;
        at[kept] = x[i];
        lower[kept] = low[i];
        upper[kept++] = high[i];
    }
    return kept;
}
