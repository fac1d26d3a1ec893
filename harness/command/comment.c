/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffered whole: only the end of a text shows where its last line stops, and a `#` belongs before each. */
#include "harness/command/comment.h"

#include <stdlib.h>
#include <string.h>

void comment_open(struct comment *self)
{
    *self = (struct comment){0};
    self->text = open_memstream(&self->bytes, &self->size);
}

void comment_close(struct comment *self, FILE *out)
{
    if (!self->text || fclose(self->text) != 0)
        return;
    for (const char *line = self->bytes; *line;) {
        size_t length = strcspn(line, "\n");
        const char *const next = line + length + (line[length] == '\n');
        while (length > 0 && line[length - 1] == ' ')
            length--;
        fprintf(out, length ? "# %.*s\n" : "#\n", (int)length, line);
        line = next;
    }
    free(self->bytes);
    *self = (struct comment){0};
}
