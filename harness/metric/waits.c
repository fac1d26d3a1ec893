/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs come in any order from many workers; they are sorted once, when the run is over. */
#include "harness/metric/waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void waits_add(void *context, uint32_t receiver, uint32_t sender, uint64_t ns)
{
    struct waits *const self = context;
    if (ns == 0 || self->refused)
        return;
    if (self->count == self->room) {
        const uint64_t room = self->room ? 2 * self->room : 256;
        struct record_edge *const edge = realloc(self->edge, room * sizeof(*edge));
        self->refused = !edge;
        if (!edge)
            return;
        self->edge = edge;
        self->room = room;
    }
    self->edge[self->count++] =
        (struct record_edge){.receiver = receiver, .sender = sender, .ns = ns};
}

/* Equal waits by number, so that equal runs give equal files. */
static int longest_first(const void *a, const void *b)
{
    const struct record_edge *const x = a, *const y = b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? 1 : -1;
    if (x->sender != y->sender)
        return x->sender < y->sender ? -1 : 1;
    return (x->receiver > y->receiver) - (x->receiver < y->receiver);
}

/** Sums by sender; the longest of them into the record. sum: [workers] zeroed. */
static void rank_senders(const struct waits *self, struct record_edge *sum, struct record_run *out)
{
    for (uint32_t w = 0; w < out->workers; w++)
        sum[w] = (struct record_edge){.receiver = RECORD_EVERYBODY, .sender = w};
    for (uint64_t i = 0; i < self->count; i++)
        sum[self->edge[i].sender].ns += self->edge[i].ns;
    qsort(sum, out->workers, sizeof(*sum), longest_first);
    for (uint32_t k = 0; k < RECORD_SENDERS_MAX && k < out->workers && sum[k].ns > 0; k++)
        out->waits.sender[out->waits.senders++] = sum[k];
}

int waits_close(struct waits *self, struct record_run *out, struct err *err)
{
    struct record_edge *const sum = malloc(out->workers * sizeof(*sum) + 1);
    const bool refused = self->refused || !sum;
    if (!refused) {
        rank_senders(self, sum, out);
        if (self->count > 0)
            qsort(self->edge, self->count, sizeof(*self->edge), longest_first);
        for (uint64_t i = RECORD_EDGES_MAX; i < self->count; i++)
            out->waits.rest_ns += self->edge[i].ns;
        out->waits.edges =
            (uint32_t)(self->count < RECORD_EDGES_MAX ? self->count : RECORD_EDGES_MAX);
        struct record_edge *const kept =
            realloc(self->edge, out->waits.edges * sizeof(*kept) + 1); /* it only shrinks */
        out->waits.edge = kept ? kept : self->edge;
        self->edge = NULL;
    }
    free(sum);
    free(self->edge);
    *self = (struct waits){0};
    return refused ? err_set(err, -ENOMEM, "not enough memory for who waited for whom") : 0;
}
