/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loader while it runs: plan requests into reads, book results, hand batches out in order.
 *
 * A batch's place in the area is fixed, so nothing is allocated and nothing moves while it is in flight. The first
 * final error stays: polling again returns it again.
 */
#include "core/worker/loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/check.h"
#include "core/inject/fault.h"
#include "core/worker/loader_internal.h"

const char *loader_tier_name(enum loader_tier tier)
{
    static const char *const name[] = {
        [LOADER_AUTO] = "auto",
        [LOADER_DIRECT] = "io_uring direct",
        [LOADER_BUFFERED] = "io_uring buffered",
        [LOADER_PREADV] = "preadv",
    };
    CHECK(tier <= LOADER_PREADV);
    return name[tier];
}

void loader_note(struct loader *self, const char *format, ...)
{
    const size_t used = strlen(self->reason);
    const char *between = used > 0 ? "; " : "";
    char text[sizeof(((struct err *)0)->text)];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (strstr(self->reason, text))
        return; /* a second tier met the same obstacle */
    snprintf(self->reason + used, sizeof(self->reason) - used, "%s%s", between, text);
}

int loader_fail(struct loader *self, int code, const char *format, ...)
{
    va_list args;

    CHECK(code < 0);
    if (self->failed)
        return self->failed;
    va_start(args, format);
    vsnprintf(self->error.text, sizeof(self->error.text), format, args);
    va_end(args);
    self->failed = code;
    return code;
}

/* Requests and results. */

static void queue_put(struct loader *self, uint32_t number)
{
    DCHECK(self->queue_used < self->reads_max);
    uint32_t at = self->queue_head + self->queue_used++;
    if (at >= self->reads_max)
        at -= self->reads_max;
    self->queue[at] = number;
}

bool loader_queue_take(struct loader *self, uint32_t *number)
{
    if (self->queue_used == 0)
        return false;
    self->moves++;
    *number = self->queue[self->queue_head];
    self->queue_head = self->queue_head + 1 < self->reads_max ? self->queue_head + 1 : 0;
    self->queue_used--;
    return true;
}

static struct loader_batch *oldest(const struct loader *self, uint32_t worker)
{
    CHECK(worker < self->config.workers);
    CHECK(self->lane[worker].used > 0);
    return &self->batch[worker * self->config.depth + self->lane[worker].head];
}

bool loader_has_room(const struct loader *self, uint32_t worker)
{
    CHECK(worker < self->config.workers);
    return self->lane[worker].used < self->config.depth;
}

void loader_request(struct loader *self, uint32_t worker, const uint32_t *index)
{
    const struct loader_config *config = &self->config;
    struct loader_lane *lane = &self->lane[worker];

    CHECK(loader_has_room(self, worker));
    uint32_t place = lane->head + lane->used++;
    if (place >= config->depth)
        place -= config->depth;
    struct loader_batch *batch = &self->batch[worker * config->depth + place];
    for (uint32_t k = 0; k < config->batch; k++) {
        CHECK(index[k] < config->records);
        batch->index[k] = index[k];
    }
    loader_plan(config, self->block, batch, self->order);
    for (uint32_t r = 0; r < batch->reads; r++)
        queue_put(self, (uint32_t)(&batch->read[r] - self->read));
}

static uint32_t worker_of(const struct loader *self, uint32_t number)
{
    return number / self->config.batch / self->config.depth;
}

static bool is_truncated(const struct loader *self, const struct loader_read *read)
{
    struct stat now;
    return fstat(self->fd, &now) == 0 && (uint64_t)now.st_size < read->offset + read->wanted;
}

static int fail_short(struct loader *self, const struct loader_read *read, int64_t result)
{
    struct stat now;
    const unsigned long long from = read->offset + read->skip, to = read->offset + read->wanted;

    if (fstat(self->fd, &now) == 0 && (unsigned long long)now.st_size < to)
        return loader_fail(self, -ENODATA,
                           "%s: file is truncated: wanted bytes %llu..%llu, file ends at %lld",
                           self->path, from, to, (long long)now.st_size);
    return loader_fail(self, -EIO, "%s: read at offset %llu returned %lld of %u bytes", self->path,
                       (unsigned long long)read->offset, (long long)result, read->wanted);
}

/** Is it worth trying again? Books the retry; the final error otherwise. */
static bool tries_again(struct loader *self, uint32_t number, bool told_to, bool at_once)
{
    struct loader_read *const read = &self->read[number];
    const uint64_t patience_ns =
        self->config.patience_ns ? self->config.patience_ns : LOADER_PATIENCE_NS;
    if (!self->patient)
        return told_to && ++read->retries < LOADER_TRIALS_MAX;
    const uint64_t now_ns = self->os->now_ns();
    if (read->retries++ == 0)
        read->failing_ns = now_ns;
    self->retries++;
    read->again_ns = 0;
    if (!at_once || read->retries > LOADER_AT_ONCE_MAX) {
        const uint32_t doublings = read->retries < 9 ? read->retries : 9;
        const uint64_t wait_ns = LOADER_BACKOFF_NS << doublings;
        read->again_ns =
            now_ns + (wait_ns < LOADER_BACKOFF_NS_MAX ? wait_ns : LOADER_BACKOFF_NS_MAX);
    }
    return now_ns - read->failing_ns < patience_ns;
}

/** It was tried often enough: for an error of the disk, or for bytes that do not come. */
static int give_up(struct loader *self, const struct loader_read *read, int64_t result)
{
    if (result >= 0)
        return fail_short(self, read, result);
    return loader_fail(self, (int)result, "%s: read at offset %llu failed: %s", self->path,
                       (unsigned long long)read->offset, strerror((int)-result));
}

/** A read that did not bring what was wanted. */
static int repeat(struct loader *self, uint32_t number, int64_t result)
{
    const struct loader_read *const read = &self->read[number];
    const bool told_to = result == -EAGAIN || result == -EINTR;
    const bool transient = told_to || result == -EIO || result >= 0;
    if (self->failed)
        return self->failed;
    self->failed_worker = worker_of(self, number);
    if (result >= 0 && is_truncated(self, read))
        return fail_short(self, read, result);
    if (!transient || !tries_again(self, number, told_to, told_to || result >= 0))
        return give_up(self, read, result);
    self->failed_worker = UINT32_MAX;
    if (read->again_ns == 0)
        queue_put(self, number);
    else
        self->later[self->later_used++] = number;
    return 0;
}

/** What a failing disk makes of a result. */
static int64_t disturbed(int disk, const struct loader_read *read, int64_t result)
{
    switch (disk - 1) {
    case DISK_EIO:
        return -EIO;
    case DISK_SHORT:
        return read->wanted / 2;
    case DISK_EAGAIN:
        return -EAGAIN;
    default:
        return result;
    }
}

int loader_complete(struct loader *self, uint32_t number, int64_t result)
{
    CHECK(number < self->reads_max);
    struct loader_read *read = &self->read[number];
    struct loader_batch *batch = &self->batch[number / self->config.batch];

    CHECK(batch->pending > 0);
    self->moves++;
    result = disturbed(self->lane[worker_of(self, number)].disk, read, result);
    if (result < read->wanted)
        return repeat(self, number, result);
    self->bytes += (uint64_t)result;
    if (--batch->pending == 0)
        self->batches++;
    return self->failed;
}

/** Reads whose time has come are queued again. */
static void wake_later(struct loader *self)
{
    const uint64_t now_ns = self->os->now_ns();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->later_used; i++) {
        const uint32_t number = self->later[i];
        if (self->read[number].again_ns <= now_ns)
            queue_put(self, number);
        else
            self->later[kept++] = number;
    }
    self->later_used = kept;
}

int loader_poll(struct loader *self)
{
    if (self->later_used > 0)
        wake_later(self);
    return self->poll(self);
}

void loader_disturb(struct loader *self, uint32_t worker, int disk)
{
    CHECK(worker < self->config.workers);
    self->lane[worker].disk = disk + 1;
}

const unsigned char *const *loader_ready(struct loader *self, uint32_t worker)
{
    if (self->lane[worker].used == 0)
        return NULL;
    const struct loader_batch *batch = oldest(self, worker);
    return batch->pending == 0 ? batch->record : NULL;
}

const uint32_t *loader_indices(const struct loader *self, uint32_t worker)
{
    return oldest(self, worker)->index;
}

void loader_done(struct loader *self, uint32_t worker)
{
    struct loader_lane *lane = &self->lane[worker];

    CHECK(oldest(self, worker)->pending == 0);
    lane->head = lane->head + 1 < self->config.depth ? lane->head + 1 : 0;
    lane->used--;
}

enum loader_tier loader_tier(const struct loader *self)
{
    return self->tier;
}
const char *loader_reason(const struct loader *self)
{
    return self->reason;
}
uint64_t loader_batches(const struct loader *self)
{
    return self->batches;
}
uint64_t loader_retries(const struct loader *self)
{
    return self->retries;
}
uint32_t loader_failed_worker(const struct loader *self)
{
    return self->failed ? self->failed_worker : UINT32_MAX;
}
uint64_t loader_bytes(const struct loader *self)
{
    return self->bytes;
}
uint64_t loader_moves(const struct loader *self)
{
    return self->moves;
}
const char *loader_error(const struct loader *self)
{
    return self->error.text;
}
