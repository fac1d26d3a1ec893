/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The journals of one live run as a file: `journal/<policy>-<seed>.gz` in the result directory.
 *
 * Little-endian, gzip: a head, then per worker its figures and the bytes of core/policy/journal.h. Reading checks every
 * length before it is used; the entries check themselves when they are read.
 */
#ifndef HARNESS_RECORD_JOURNAL_FILE_H
#define HARNESS_RECORD_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* 3: parameter servers hold no shard, so an older recording of one trains on other samples than its replay. */
#define JOURNAL_FILE_VERSION 3u
#define JOURNAL_FILE_LABEL_MAX 64u
#define JOURNAL_FILE_WORKERS_MAX 1024u
#define JOURNAL_FILE_BYTES_MAX (1ull << 32) /* of one worker */

struct journal_file_worker {
    uint8_t *data; /* [bytes] */
    uint64_t bytes, entries;
    uint64_t final; /* digest of the final parameters */
    uint64_t full;  /* 1: the recorder ran out of room, what follows is missing */
};

struct journal_file {
    char policy[JOURNAL_FILE_LABEL_MAX]; /* label in the profile */
    uint64_t seed;
    uint64_t configuration; /* digest of all agents' configurations */
    uint64_t initial;       /* digest of the initial parameters */
    uint64_t data;          /* digest of the samples; 0: the model needs none */
    uint64_t training;      /* digest of what is made of them: split, shards, batch, model */
    uint32_t workers;
    struct journal_file_worker *worker; /* [workers] */
};

/** Where the journals of one run lie in a result directory. */
void journal_file_path(char *out, size_t size, const char *dir, const char *policy, uint64_t seed);

/** Under a name of its own until it is whole: a killed process leaves no half of it. 0, or -errno with `err`. */
int journal_file_write(const char *path, const struct journal_file *self, struct err *err);

/** 0, or -errno with `err` (-EBADMSG: not such a file, or cut off; -EPROTONOSUPPORT: of another
 * version of the recorder). Free with journal_file_free. */
int journal_file_read(const char *path, struct journal_file *out, struct err *err);
void journal_file_free(struct journal_file *self);

#endif
