/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * `rank.part`: what one rank of a run whose rank 0 died has kept, with all that tells which run that was. Written for the
 * same build on the same kind of machine; whoever reads it checks both, and a digest over everything.
 */
#ifndef HARNESS_RUN_PART_FILE_H
#define HARNESS_RUN_PART_FILE_H

#include "harness/run/pack.h"
#include "harness/run/ranks.h"

#define PART_FILE_NAME "rank.part"

struct part_file {
    char version[64];   /* of the program */
    struct ranks ranks; /* its own number, and who all were; without a hub */
    struct ranks_turn turn;
    struct ranks_word agreed; /* digests */
    uint64_t run;             /* its name */
    const uint8_t *data;      /* what was measured: [bytes] */
    size_t bytes;
    uint8_t *owned; /* the whole file, of one that was read */
};

/** `<folder>/rank.part`, whole or not at all. 0, or -errno with a sentence. */
int part_file_write(const struct part_file *self, const char *folder, struct err *err);

/** Then part_file_free is due. 0; or -errno with a sentence: it is not there (-ENOENT), or it is none (-EINVAL). */
int part_file_read(struct part_file *out, const char *folder, struct err *err);

/** Accepts a zeroed struct. */
void part_file_free(struct part_file *self);

#endif
