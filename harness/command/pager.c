/* SPDX-License-Identifier: BSD-3-Clause */
/* A pager that is missing must not swallow the text: the shell that starts it falls back on cat. */
#include "harness/command/pager.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

FILE *pager_open(struct pager *self)
{
    self->out = stdout;
    if (!isatty(STDOUT_FILENO))
        return stdout;
    setenv("LESS", "FRX", 0); /* a text that fits is printed and left there */
    signal(SIGPIPE, SIG_IGN); /* who has seen enough leaves */
    FILE *const pipe = popen(
        "p=${PAGER-less}; [ \"$p\" ] && command -v ${p%% *} >/dev/null 2>&1 || p=cat; eval \"$p\"",
        "w");
    if (pipe)
        self->out = pipe;
    return self->out;
}

void pager_close(struct pager *self)
{
    if (self->out != stdout)
        pclose(self->out);
}
