/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A result as one page of HTML that opens from a file: no network, no other files. Everything on it comes from the files of
 * the result directory; what they do not have is left out.
 */
#ifndef HARNESS_PAGE_PAGE_H
#define HARNESS_PAGE_PAGE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"
#include "harness/metric/limits.h"

#define PAGE_NAME "report.html"
/* Policies (and values of a swept key) that are drawn; tables have all. */
#define PAGE_SERIES_MAX 64u

/** One line of the curves and tables: a policy, at one value of the swept key. */
struct page_series {
    const char *policy, *value; /* value NULL: nothing is swept */
    char label[160];
    const json_t *summary; /* of all its seeds; NULL: an unfinished result has none */
    const json_t *run[EXPERIMENT_SEEDS_MAX]; /* [runs] borrowed, by seed */
    uint32_t runs;
};

/** What all sections read. */
struct page {
    FILE *out;
    const char *dir;
    json_t *result, *environment; /* owned; environment NULL: the directory has none */
    struct page_series series[PAGE_SERIES_MAX];
    uint32_t count;
    uint32_t omitted; /* series beyond that */
};

/** Read the directory. 0, or -errno with a sentence: it is no result. Either way page_close is due. */
int page_open(struct page *self, const char *dir, struct err *err);
void page_close(struct page *self);

/** The whole page to `out`. */
void page_write(struct page *self, FILE *out);

#endif
