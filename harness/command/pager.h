/* SPDX-License-Identifier: BSD-3-Clause */
/** Long texts on a terminal go through $PAGER, else less; everywhere else they are simply printed. */
#ifndef HARNESS_COMMAND_PAGER_H
#define HARNESS_COMMAND_PAGER_H

#include <stdio.h>

struct pager {
    FILE *out;
};

/** Where to print. */
FILE *pager_open(struct pager *self);

/** Waits until the reader has seen enough. */
void pager_close(struct pager *self);

#endif
