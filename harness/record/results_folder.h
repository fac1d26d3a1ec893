/* SPDX-License-Identifier: BSD-3-Clause */
/** The directory of a result from its temporary name to its final one. */
#ifndef HARNESS_RECORD_RESULTS_FOLDER_H
#define HARNESS_RECORD_RESULTS_FOLDER_H

#include "harness/record/results.h"

/** Make `<out>/<profile>/.tmp-<id>`: fills parent, id and dir. 0, or -errno with `err`. */
int results_folder_begin(struct results *self, const char *out, const char *profile,
                         struct err *err);

/**
 * Make `<out>/<profile>/part-<run>-<rank>`, where one rank of a run leaves what it has measured: fills parent and dir. 0, or
 * -errno with `err`.
 */
int results_folder_of_part(struct results *self, const char *out, const char *profile, uint64_t run,
                           uint32_t rank, struct err *err);

/** Everything is written: give it its final name, and point `latest` there. What is refused goes to self->warning. */
void results_folder_finish(struct results *self);

#endif
