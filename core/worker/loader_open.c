/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening and closing: memory for every read there can be, then the best tier that works here.
 *
 * Which tier serves is settled at open; afterwards self->poll is the only difference. Every tier must show one read of
 * the file before it is taken: some file systems accept O_DIRECT and refuse the reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/worker/loader_internal.h"

size_t loader_buffer_bytes(const struct loader_config *config)
{
    return (size_t)config->workers * config->depth * config->batch *
           loader_plan_slot_bytes(config->record_bytes);
}

#define WARM_BYTES (1u << 20)

/* The alignment that direct reads of this file need, or 0 with the reason. */
static uint32_t direct_block(const struct loader *self, struct err *err)
{
    struct statx info = {0};
    uint32_t need =
        LOADER_ALIGN; /* before 6.1 the kernel does not say: a page satisfies everyone */

    if (statx(self->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &info) == 0 &&
        info.stx_mask & STATX_DIOALIGN) {
        need = info.stx_dio_offset_align > info.stx_dio_mem_align ? info.stx_dio_offset_align
                                                                  : info.stx_dio_mem_align;
        if (info.stx_dio_offset_align == 0)
            return (uint32_t)err_set(
                err, 0, "io_uring direct: the file system has no direct I/O for this file");
    }
    if (need > LOADER_ALIGN || (need & (need - 1)) != 0)
        return (uint32_t)err_set(
            err, 0, "io_uring direct: the file needs an alignment of %u bytes, served are 4096",
            need);
    return need;
}

static int open_file(struct loader *self, bool direct, struct err *err)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = open(self->path, O_RDONLY | O_CLOEXEC | (direct ? O_DIRECT : 0));
    if (self->fd < 0 && direct)
        return err_set(err, -errno, "io_uring direct: the file system refuses O_DIRECT: %s",
                       strerror(errno));
    if (self->fd < 0)
        return err_set(err, -errno, "%s: cannot open: %s", self->path, strerror(errno));
    self->block = direct ? direct_block(self, err) : LOADER_BLOCK_BUFFERED;
    return self->block ? 0 : -EOPNOTSUPP;
}

/*
 * Read the whole file once, in order, so that training finds it in the page cache. Random buffered reads of a cold file
 * are no background matter: a submission that has to start readahead waits for the disk's queue, and the loop with it
 * (seen: loops stuck for a second, 95 % of the time of a run). Errors are left to the reads that matter.
 */
static void warm(const struct loader *self)
{
    unsigned char *const chunk = malloc(WARM_BYTES);
    uint64_t at = 0;
    while (chunk && at < self->file_bytes) {
        const ssize_t got = pread(self->fd, chunk, WARM_BYTES, (off_t)at);
        if (got <= 0)
            break;
        at += (uint64_t)got;
    }
    free(chunk);
}

/* Records are drawn at random: readahead around them is waste, unless the whole file may simply stay in memory. */
static void prepare_cache(const struct loader *self)
{
    struct sysinfo memory;
    const bool fits =
        sysinfo(&memory) == 0 && self->file_bytes <= (uint64_t)memory.freeram * memory.mem_unit / 2;
    if (fits)
        warm(self);
    else
        (void)posix_fadvise(self->fd, 0, 0, POSIX_FADV_RANDOM);
}

/* Forget what a failed tier left behind; its reads are all home (drained or never submitted). */
static void reset(struct loader *self)
{
    memset(self->lane, 0, self->config.workers * sizeof(*self->lane));
    self->queue_head = self->queue_used = 0;
    self->batches = self->bytes = 0;
    self->failed = 0;
    self->error.text[0] = '\0';
}

static int try_tier(struct loader *self, enum loader_tier tier, struct err *err)
{
    self->tier = tier;
    self->poll = tier == LOADER_PREADV ? loader_preadv_poll : loader_uring_poll;
    int rc = open_file(self, tier == LOADER_DIRECT, err);
    if (rc < 0)
        return rc;
    if (tier != LOADER_DIRECT)
        prepare_cache(self);
    if (tier != LOADER_PREADV) {
        if (!self->ring && (rc = loader_uring_open(self, err)) < 0)
            return rc;
        loader_uring_file(self);
    }
    rc = loader_probe_trial(self);
    if (rc < 0) {
        err_set(err, rc, "%s: %s", loader_tier_name(tier), self->error.text);
        loader_uring_close(self);
    }
    reset(self);
    return rc;
}

/*
 * Direct reads are kept if the core's workers, `workers` batches every batch_ns, ask for at most a tenth of what was
 * measured. Near half of it, the kernel's threads for block devices took 2 to 20 % of the workers' own cores on a virtual
 * disk, in pieces of up to 28 ms: more than most delays that are injected.
 */
#define DIRECT_SHARE 10u

static int direct_keeps_up(struct loader *self, struct err *err)
{
    const struct loader_config *config = &self->config;

    if (config->batch_ns == 0)
        return 0;
    const uint64_t took_ns = loader_probe_batch_ns(self);
    if (self->failed)
        return err_set(err, self->failed, "io_uring direct: %s", self->error.text);
    reset(self);
    if (took_ns * config->workers * DIRECT_SHARE <= config->batch_ns)
        return 0;
    return err_set(err, -ETIME,
                   "io_uring direct: reads take %.0f us per batch of %u, %u worker%s need%s one "
                   "%severy %.0f us and "
                   "may use a tenth of that; the page cache is used",
                   (double)took_ns / 1e3, config->batch, config->workers,
                   config->workers == 1 ? "" : "s", config->workers == 1 ? "s" : "",
                   config->workers == 1 ? "" : "each ", (double)config->batch_ns / 1e3);
}

static int open_direct(struct loader *self, struct err *why)
{
    const int rc = try_tier(self, LOADER_DIRECT, why);
    return rc == 0 && self->config.from == LOADER_AUTO ? direct_keeps_up(self, why) : rc;
}

static int open_auto(struct loader *self, struct err *err)
{
    const enum loader_tier from = self->config.from;
    struct err why = {0};
    int rc = from == LOADER_PREADV ? -EOPNOTSUPP : loader_uring_open(self, &why);

    if (rc == 0 && from <= LOADER_DIRECT) {
        if (open_direct(self, &why) == 0)
            return 0;
        loader_note(self, "%s", why.text);
        loader_uring_close(self);
        reset(self);
    }
    if (rc == 0) {
        rc = try_tier(self, LOADER_BUFFERED, &why);
        if (rc == 0)
            return 0;
    }
    if (why.text[0])
        loader_note(self, "%s", why.text);
    return try_tier(self, LOADER_PREADV, err);
}

/* DAWDLE_LOADER stands in for `auto`; a tier that the configuration names stays. */
static int choose_tier(const struct loader_config *config, enum loader_tier *tier, struct err *err)
{
    static const char *const word[] = {"auto", "direct", "buffered", "preadv"};
    const char *wish = getenv("DAWDLE_LOADER");

    *tier = config->tier;
    if (config->tier != LOADER_AUTO || !wish || !*wish)
        return 0;
    for (uint32_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
        if (strcmp(wish, word[i]) == 0) {
            *tier = (enum loader_tier)i;
            return 0;
        }
    return err_set(err, -EINVAL, "DAWDLE_LOADER=%s: expected auto, direct, buffered or preadv",
                   wish);
}

static int check_file(struct loader *self, struct err *err)
{
    const struct loader_config *config = &self->config;
    struct stat info;

    if (stat(self->path, &info) < 0)
        return err_set(err, -errno, "%s: cannot open: %s", self->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return err_set(err, -EINVAL, "%s: not a regular file", self->path);
    self->file_bytes = (uint64_t)info.st_size;
    const uint64_t end = config->base_bytes + config->records * config->record_bytes;
    if (end > self->file_bytes)
        return err_set(
            err, -ENODATA,
            "%s: file is truncated: %llu records of %u bytes end at %llu, file ends at %llu",
            self->path, (unsigned long long)config->records, config->record_bytes,
            (unsigned long long)end, (unsigned long long)self->file_bytes);
    return 0;
}

static int allocate(struct loader *self)
{
    const struct loader_config *config = &self->config;
    const size_t batches = (size_t)config->workers * config->depth;

    self->reads_max = (uint32_t)(batches * config->batch);
    self->lane = calloc(config->workers, sizeof(*self->lane));
    self->batch = calloc(batches, sizeof(*self->batch));
    self->index = calloc(self->reads_max, sizeof(*self->index));
    self->record = calloc(self->reads_max, sizeof(*self->record));
    self->read = calloc(self->reads_max, sizeof(*self->read));
    self->queue = calloc(self->reads_max, sizeof(*self->queue));
    self->later = calloc(self->reads_max, sizeof(*self->later));
    self->order = calloc(config->batch, sizeof(*self->order));
    if (!self->lane || !self->batch || !self->index || !self->record || !self->read ||
        !self->queue || !self->later || !self->order)
        return -ENOMEM;
    for (size_t b = 0; b < batches; b++)
        self->batch[b] = (struct loader_batch){
            .area = (unsigned char *)config->buffer + b * config->batch * self->slot_bytes,
            .index = self->index + b * config->batch,
            .record = self->record + b * config->batch,
            .read = self->read + b * config->batch,
        };
    return 0;
}

static void check_config(const struct loader_config *config)
{
    CHECK(config->path);
    CHECK(config->workers >= 1);
    CHECK(config->depth >= 2);
    CHECK(config->batch >= 1);
    CHECK(config->record_bytes >= 1);
    CHECK(config->record_bytes <= LOADER_RECORD_BYTES_MAX);
    CHECK(config->records >= 1);
    CHECK(config->records <= UINT32_MAX);
    CHECK((uint64_t)config->workers * config->depth * config->batch < UINT32_MAX / 2);
    CHECK(config->buffer);
    CHECK((uintptr_t)config->buffer % LOADER_ALIGN == 0);
}

int loader_open(struct loader **out, const struct loader_config *config, struct err *err)
{
    enum loader_tier tier;

    *out = NULL;
    check_config(config);
    int rc = choose_tier(config, &tier, err);
    if (rc < 0)
        return rc;
    struct loader *self = calloc(1, sizeof(*self));
    if (!self)
        return err_set(err, -ENOMEM, "%s: out of memory", config->path);
    self->config = *config;
    self->os = loader_os;
    self->fd = -1;
    self->slot_bytes = loader_plan_slot_bytes(config->record_bytes);
    self->path = strdup(config->path);
    if (!self->path || allocate(self) < 0) {
        rc = err_set(err, -ENOMEM, "%s: out of memory", config->path);
        goto fail;
    }
    self->config.path = self->path;
    rc = check_file(self, err);
    if (rc == 0)
        rc = tier == LOADER_AUTO ? open_auto(self, err) : try_tier(self, tier, err);
    if (rc < 0)
        goto fail;
    self->patient = true;
    self->retries = 0;
    *out = self;
    return 0;
fail:
    loader_close(self);
    return rc;
}

void loader_close(struct loader *self)
{
    if (!self)
        return;
    loader_uring_close(self);
    if (self->fd >= 0)
        close(self->fd);
    free(self->order);
    free(self->queue);
    free(self->later);
    free(self->read);
    free(self->record);
    free(self->index);
    free(self->batch);
    free(self->lane);
    free(self->path);
    free(self);
}
