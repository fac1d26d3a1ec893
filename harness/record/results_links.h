/* SPDX-License-Identifier: BSD-3-Clause */
/** What bad links did to the messages of a run: as JSON, and as words under the table. */
#ifndef HARNESS_RECORD_RESULTS_LINKS_H
#define HARNESS_RECORD_RESULTS_LINKS_H

#include <jansson.h>

#include "harness/metric/record.h"

/** Did anything happen to messages? */
bool results_links_any(const struct counts_links *links);

/** The object `links` of a run, new. What was dropped stands by cause, those causes only that occurred. */
json_t *results_links_json(const struct counts *count);

/** `12 tensors dropped (9 lost, 3 cut), 40 sent again`; "" where nothing happened. */
void results_links_text(const struct counts_links *links, char *out, size_t size);

#endif
