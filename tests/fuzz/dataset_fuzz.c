/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the parsers of IDX and .npy headers: whatever the bytes, they return, stay inside them, and what they accept
 * is within the limits that the rest relies on.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/worker/dataset_internal.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

static void check_parse(dataset_parse *parse, const unsigned char *bytes, size_t count)
{
    struct dataset_head head = {0};
    struct err err = {0};

    if (parse("f", bytes, count, &head, &err) < 0) {
        CHECK(err.text[0] != '\0');
        return;
    }
    CHECK(head.dims >= 1);
    CHECK(head.rows <= DATASET_SAMPLES_MAX);
    CHECK(head.columns >= 1);
    CHECK(head.columns <= DATASET_FEATURES_MAX);
    CHECK(head.base_bytes <= count);
    CHECK(head.type.bytes >= 1);
    CHECK(head.type.bytes <= 8);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count)
{
    /* Also behind a valid start, so that the dictionary is reached at once; exact size, so that ASan sees the end. */
    unsigned char *npy = malloc(count + 10);
    CHECK(npy);
    memcpy(npy, "\x93NUMPY\1\0", 8);
    npy[8] = (unsigned char)count;
    npy[9] = (unsigned char)(count >> 8);
    if (count > 0)
        memcpy(npy + 10, bytes, count);

    check_parse(dataset_idx_parse, bytes, count);
    check_parse(dataset_npy_parse, bytes, count);
    check_parse(dataset_npy_parse, npy, count + 10);
    free(npy);
    return 0;
}
