/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Redirect stdout and stderr into a memory file, read the interesting line back.
 *
 * A memory file and not a pipe: nobody reads while the library writes, so a pipe could fill up and block it.
 */
#include "net/capture_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_BYTES 16384u /* a usage dump is about 6 KB */

void capture_output_begin(struct capture_output *self)
{
    *self = (struct capture_output){
        .file = memfd_create("dawdle-output", MFD_CLOEXEC), .out = -1, .err = -1};
    if (self->file < 0)
        return;
    fflush(NULL);
    self->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    self->err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(self->file, STDOUT_FILENO);
    dup2(self->file, STDERR_FILENO);
}

static void restore(int saved, int stream)
{
    if (saved < 0) {
        close(stream);
        return;
    }
    dup2(saved, stream);
    close(saved);
}

static void pick_line(char *text, const char *prefix, char *line, size_t size)
{
    const char *last = "", *best = NULL;
    char *rest = NULL;

    for (char *at = strtok_r(text, "\r\n", &rest); at != NULL; at = strtok_r(NULL, "\r\n", &rest)) {
        last = at;
        if (strncmp(at, prefix, strlen(prefix)) == 0)
            best = at + strlen(prefix);
    }
    snprintf(line, size, "%s", best != NULL ? best : last);
}

void capture_output_end(struct capture_output *self, const char *prefix, char *line, size_t size)
{
    static char text[TEXT_BYTES];
    ssize_t got = 0;

    line[0] = '\0';
    if (self->file < 0)
        return;
    fflush(NULL);
    restore(self->out, STDOUT_FILENO);
    restore(self->err, STDERR_FILENO);

    const off_t end = lseek(self->file, 0, SEEK_END);
    const off_t from = end > (off_t)sizeof(text) - 1 ? end - ((off_t)sizeof(text) - 1) : 0;
    got = pread(self->file, text, sizeof(text) - 1, from);
    close(self->file);
    if (got <= 0)
        return;
    text[got] = '\0';
    pick_line(text, prefix, line, size);
}
