/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes one behind the other, without names or padding. */
#include "harness/run/pack.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096u

struct pack pack_writer(void)
{
    return (struct pack){.reads = false};
}

struct pack pack_reader(const void *data, size_t bytes)
{
    /* never written to while it reads */
    return (struct pack){.reads = true, .data = (uint8_t *)(uintptr_t)data, .size = bytes};
}

void pack_close(struct pack *self)
{
    if (!self->reads)
        free(self->data);
    *self = (struct pack){.bad = true};
}

static bool make_room(struct pack *self, size_t bytes)
{
    if (bytes <= self->size - self->used)
        return true;
    size_t size = self->size > 0 ? self->size : ROOM_MIN;
    while (size - self->used < bytes)
        size *= 2;
    uint8_t *const data = realloc(self->data, size);
    if (!data)
        return false;
    self->data = data;
    self->size = size;
    return true;
}

void pack_bytes(struct pack *self, void *at, size_t bytes)
{
    if (self->bad || bytes == 0)
        return;
    self->bad = self->reads ? bytes > self->size - self->used : !make_room(self, bytes);
    if (self->bad)
        return;
    if (self->reads)
        memcpy(at, self->data + self->used, bytes);
    else
        memcpy(self->data + self->used, at, bytes);
    self->used += bytes;
}

void pack_words(struct pack *self, uint64_t *at, size_t count)
{
    pack_bytes(self, at, count * sizeof(*at));
}

void pack_numbers(struct pack *self, uint32_t *at, size_t count)
{
    pack_bytes(self, at, count * sizeof(*at));
}

void pack_doubles(struct pack *self, double *at, size_t count)
{
    pack_bytes(self, at, count * sizeof(*at));
}

void pack_cycles(struct pack *self, uint64_t *at, size_t count)
{
    pack_words(self, at, count);
    for (size_t i = 0; self->reads && !self->bad && i < count; i++)
        at[i] = clock_shift_length(&self->clock, at[i]);
}

void pack_moments(struct pack *self, uint64_t *at, size_t count)
{
    pack_words(self, at, count);
    for (size_t i = 0; self->reads && !self->bad && i < count; i++)
        at[i] = clock_shift_moment(&self->clock, at[i]);
}

void pack_clock(struct pack *self, uint64_t *start_cyc, double *ns_per_cyc)
{
    pack_words(self, start_cyc, 1);
    pack_doubles(self, ns_per_cyc, 1);
    self->bad |= self->reads && !(*ns_per_cyc > 1e-3 && *ns_per_cyc < 1e3);
}

uint64_t pack_count(struct pack *self, uint64_t count, uint64_t most)
{
    pack_words(self, &count, 1);
    self->bad |= count > most;
    return self->bad ? 0 : count;
}

void pack_text(struct pack *self, char *at, size_t size)
{
    const uint64_t bytes = pack_count(self, self->reads ? 0 : strnlen(at, size - 1), size - 1);
    pack_bytes(self, at, bytes);
    if (self->reads)
        at[self->bad ? 0 : bytes] = 0;
}

static uint32_t next_bucket(const struct hist *hist, uint32_t from)
{
    while (from < HIST_COUNTS && hist->count[from] == 0)
        from++;
    return from;
}

static uint32_t buckets(const struct hist *hist)
{
    uint32_t count = 0;
    for (uint32_t b = next_bucket(hist, 0); b < HIST_COUNTS; b = next_bucket(hist, b + 1))
        count++;
    return count;
}

void pack_hist(struct pack *self, struct hist *hist)
{
    uint64_t head[] = {hist->total, hist->clipped, hist->min, hist->max, hist->sum};
    pack_words(self, head, sizeof(head) / sizeof(head[0]));
    const uint64_t full = pack_count(self, self->reads ? 0 : buckets(hist), HIST_COUNTS);
    uint32_t bucket = 0;
    for (uint64_t i = 0; i < full && !self->bad; i++) {
        uint64_t count = 0;
        bucket = self->reads ? 0 : next_bucket(hist, bucket);
        count = self->reads ? 0 : hist->count[bucket];
        pack_numbers(self, &bucket, 1);
        pack_words(self, &count, 1);
        self->bad |= bucket >= HIST_COUNTS;
        if (self->reads && !self->bad)
            hist->count[bucket] = count;
        bucket++;
    }
    if (!self->reads || self->bad)
        return;
    hist->total = head[0];
    hist->clipped = head[1];
    hist->min = head[2];
    hist->max = head[3];
    hist->sum = head[4];
}
