/* SPDX-License-Identifier: BSD-3-Clause */
/** Data for the script of the page, as JSON in an element that no engine runs. */
#ifndef HARNESS_PAGE_DATA_H
#define HARNESS_PAGE_DATA_H

#include <jansson.h>
#include <stdio.h>

/** Takes `data` over. id: a constant. */
void page_data(FILE *out, const char *id, json_t *data);

#endif
