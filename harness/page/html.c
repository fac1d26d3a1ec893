/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/page/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>

static void put_char(FILE *out, char c)
{
    switch (c) {
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '&':
        fputs("&amp;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    case '\'':
        fputs("&#39;", out);
        break;
    default:
        if ((unsigned char)c < 0x20 && c != '\n' && c != '\t')
            fputs("&#xFFFD;", out);
        else
            fputc(c, out);
    }
}

void html_text(FILE *out, const char *text)
{
    for (; text && *text; text++)
        put_char(out, *text);
}

void html_print(FILE *out, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    html_text(out, text);
}

void html_element(FILE *out, const char *tag, const char *text)
{
    fprintf(out, "<%s>", tag);
    html_text(out, text);
    fprintf(out, "</%s>", tag);
}

void html_section(FILE *out, const char *id, const char *title, const char *lead)
{
    fprintf(out, "<section id=\"%s\"><h2>", id);
    html_text(out, title);
    fputs("</h2>\n", out);
    if (lead) {
        fputs("<p class=\"lead\">", out);
        html_text(out, lead);
        fputs("</p>\n", out);
    }
}

void html_section_end(FILE *out)
{
    fputs("</section>\n", out);
}

const char *html_figure(double value, char out[HTML_FIGURE_MAX])
{
    if (isnan(value))
        snprintf(out, HTML_FIGURE_MAX, "\xe2\x80\x93");
    else if (isinf(value))
        snprintf(out, HTML_FIGURE_MAX, "never");
    else if (value != 0 && (fabs(value) < 1e-3 || fabs(value) >= 1e6))
        snprintf(out, HTML_FIGURE_MAX, "%.2e", value);
    else if (fabs(value) >= 100)
        snprintf(out, HTML_FIGURE_MAX, "%.0f", value);
    else
        snprintf(out, HTML_FIGURE_MAX, "%.3g", value);
    return out;
}

const char *html_percent(double share, char out[HTML_FIGURE_MAX])
{
    if (isnan(share))
        return html_figure(share, out);
    const bool small = share > 0 && share < 0.0005;
    snprintf(out, HTML_FIGURE_MAX, small ? "< %.1f" : "%.1f", small ? 0.1 : 100 * share);
    return out;
}

void html_number_cell(FILE *out, double value, const char *shown)
{
    fputs("<td class=\"n\"", out);
    if (!isnan(value))
        fprintf(out, " data-v=\"%.9g\"", value);
    fputc('>', out);
    html_text(out, shown);
    fputs("</td>", out);
}
