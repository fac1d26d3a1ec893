/* SPDX-License-Identifier: BSD-3-Clause */
/* Text measured in columns: the layout half of the drawing, which knows no machine. */
#include "topo/draw_text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

void draw_text_add(struct draw_text *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t room = sizeof(self->at) - self->length;
    const int n = vsnprintf(self->at + self->length, room, format, args);
    va_end(args);
    if (n > 0)
        self->length += (size_t)n < room ? (size_t)n : room - 1;
}

void draw_text_workers(struct draw_text *self, const uint32_t *worker, uint32_t count, size_t limit)
{
    const size_t more = sizeof(" +65535 more") - 1;
    uint32_t i = 0;
    while (i < count) {
        uint32_t end = i;
        while (end + 1 < count && worker[end + 1] == worker[end] + 1)
            end++;
        if (end < i + 2) /* `w3 w4` reads better than `w3..w4` */
            end = i;
        struct draw_text run = {.length = 0};
        draw_text_add(&run, end > i ? " w%u..w%u" : " w%u", worker[i], worker[end]);
        if (i > 0 && self->length + run.length + (end + 1 < count ? more : 0) > limit)
            break;
        draw_text_add(self, "%s", run.at);
        i = end + 1;
    }
    if (i < count)
        draw_text_add(self, " +%u more", count - i);
}

void draw_text_wrapped(FILE *out, const char *line, unsigned columns)
{
    size_t left = strlen(line), room = columns;
    while (left > room) {
        size_t cut = room;
        while (cut > 0 && line[cut] != ' ')
            cut--;
        if (cut == 0)
            break; /* one word longer than the line */
        fprintf(out, "%.*s\n  ", (int)cut, line);
        line += cut + 1;
        left -= cut + 1;
        room = columns - 2;
    }
    fprintf(out, "%s\n", line);
}

void draw_text_grid(FILE *out, const struct draw_text *cell, uint32_t count, size_t width,
                    unsigned room, const char *indent)
{
    const size_t gap = 3;
    for (uint32_t i = 0; i < count; i++)
        width = cell[i].length > width ? cell[i].length : width;
    const uint32_t fit = width + gap > room ? 1 : (uint32_t)((room + gap) / (width + gap));
    const uint32_t rows = (count + fit - 1) / fit;
    const uint32_t per_row = rows ? (count + rows - 1) / rows : 1;
    for (uint32_t begin = 0; begin < count; begin += per_row) {
        const uint32_t last = (begin + per_row < count ? begin + per_row : count) - 1;
        fputs(begin > 0 ? indent : "", out);
        for (uint32_t i = begin; i < last; i++)
            fprintf(out, "%s%*s", cell[i].at, (int)(width + gap - cell[i].length), "");
        fprintf(out, "%s\n", cell[last].at);
    }
}
