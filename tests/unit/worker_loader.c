/* SPDX-License-Identifier: BSD-3-Clause */
/* The loader against the file it reads, in every tier, and with a kernel that misbehaves. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "core/inject/fault.h"
#include "core/worker/loader_internal.h"
#include "tests/unit/support_worker.h"

/* A file of pseudo-random bytes and a loader on it. */
struct rig {
    struct loader_config config;
    struct loader *loader;
    unsigned char *content;
    size_t content_bytes;
    char path[1024];
    char text[1280];
    struct err err;
};

static void rig_file(struct rig *rig, size_t bytes)
{
    rig->content_bytes = bytes;
    rig->content = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        rig->content[i] = (unsigned char)rng_at(7, i);
    snprintf(rig->path, sizeof(rig->path), "%s", support_path("data"));
    support_write(rig->path, rig->content, bytes);
}

static int rig_open(struct rig *rig)
{
    rig->config.path = rig->path;
    rig->config.buffer = aligned_alloc(4096, loader_buffer_bytes(&rig->config));
    return loader_open(&rig->loader, &rig->config, &rig->err);
}

/* A loader in this very tier; the test is skipped, with the reason, where the host has none. */
static void rig_make(struct rig *rig, struct loader_config config, size_t tail_bytes)
{
    *rig = (struct rig){.config = config};
    rig_file(rig, config.base_bytes + config.records * config.record_bytes + tail_bytes);
    const int rc = rig_open(rig);
    if (rc < 0 && config.tier != LOADER_PREADV && strncmp(rig->err.text, "io_uring", 8) == 0)
        cr_skip_test("%s", rig->err.text);
    cr_assert_eq(rc, 0, "%s", rig->err.text);
}

static void rig_free(struct rig *rig)
{
    loader_close(rig->loader);
    free(rig->config.buffer);
    free(rig->content);
}

static int wait_ready(struct rig *rig, uint32_t worker)
{
    while (!loader_ready(rig->loader, worker)) {
        const int rc = loader_poll(rig->loader);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void expect_bytes(struct rig *rig, uint32_t worker)
{
    const unsigned char *const *record = loader_ready(rig->loader, worker);
    const uint32_t *index = loader_indices(rig->loader, worker);
    const struct loader_config *config = &rig->config;

    for (uint32_t k = 0; k < config->batch; k++) {
        const unsigned char *want =
            rig->content + config->base_bytes + (uint64_t)index[k] * config->record_bytes;
        cr_assert(memcmp(record[k], want, config->record_bytes) == 0,
                  "worker %u, place %u, record %u", worker, k, index[k]);
    }
}

static void expect_error(struct rig *rig, int code, const char *text)
{
    const char *start = loader_error(rig->loader);
    char want[1280];

    snprintf(want, sizeof(want), "%s: %s", rig->path, text);
    cr_expect_str_eq(start, want);
    cr_expect_eq(loader_poll(rig->loader), code, "the first final error stays");
}

static void no_wishes(void)
{
    unsetenv("DAWDLE_LOADER");
}

TestSuite(loader, .init = no_wishes, .fini = support_clean);

/* The kernel, with faults. */

static struct {
    int setup_code;       /* returned by every setup */
    unsigned flags_known; /* others are EINVAL, as on an older kernel */
    int register_code;
    int result; /* stands in for the next `results` results */
    unsigned results;
} fault;

static int faulty_setup(unsigned entries, struct io_uring *ring, unsigned flags)
{
    if (fault.setup_code)
        return fault.setup_code;
    if (flags & ~fault.flags_known)
        return -EINVAL;
    return loader_os_linux.setup(entries, ring, flags);
}

static int faulty_register(struct io_uring *ring, const struct iovec *area, unsigned count)
{
    return fault.register_code ? fault.register_code
                               : loader_os_linux.register_buffers(ring, area, count);
}

static unsigned faulty_reap(struct io_uring *ring, struct loader_completion *out, unsigned max)
{
    const unsigned count = loader_os_linux.reap(ring, out, max);
    for (unsigned i = 0; i < count && fault.results > 0; i++, fault.results--)
        out[i].result = fault.result;
    return count;
}

static ssize_t faulty_pread(int fd, void *to, size_t bytes, off_t offset)
{
    if (fault.results == 0)
        return loader_os_linux.pread(fd, to, bytes, offset);
    fault.results--;
    if (fault.result >= 0)
        return fault.result;
    errno = -fault.result;
    return -1;
}

static void use_faults(void)
{
    static struct loader_os os;
    os = loader_os_linux;
    os.setup = faulty_setup;
    os.register_buffers = faulty_register;
    os.reap = faulty_reap;
    os.pread = faulty_pread;
    fault.flags_known = ~0u;
    loader_os = &os;
}

static const struct loader_config small = {
    .base_bytes = 128, .records = 1000, .record_bytes = 256, .batch = 32, .depth = 2, .workers = 1};

static struct loader_config small_in(enum loader_tier tier)
{
    struct loader_config config = small;
    config.tier = tier;
    return config;
}

/* Reads may fail for a millisecond. */
static struct loader_config impatient_in(enum loader_tier tier)
{
    struct loader_config config = small_in(tier);
    config.patience_ns = 1000000;
    return config;
}

/* Bytes. */

struct shape {
    enum loader_tier tier;
    uint32_t record_bytes, base_bytes, batch, depth, workers, tail_bytes;
};

ParameterizedTestParameters(loader, batches_equal_the_file_byte_for_byte)
{
    static struct shape shapes[3 * 8];
    static const struct shape each[8] = {
        {0, 1, 0, 64, 2, 1, 0},      {0, 13, 17, 32, 2, 3, 1},     {0, 256, 128, 32, 2, 1, 0},
        {0, 256, 128, 32, 8, 4, 77}, {0, 784, 16, 32, 2, 2, 0},    {0, 4096, 0, 16, 2, 1, 0},
        {0, 4096, 128, 8, 8, 2, 5},  {0, 5000, 3000, 20, 3, 2, 0},
    };
    for (uint32_t t = 0; t < 3; t++)
        for (uint32_t i = 0; i < 8; i++) {
            shapes[t * 8 + i] = each[i];
            shapes[t * 8 + i].tier = LOADER_DIRECT + t;
        }
    return cr_make_param_array(struct shape, shapes, 24);
}

/* Record numbers of a batch: the first, the last, a pair of neighbours, a duplicate, the rest at random. */
static void draw_batch(struct rng *rng, const struct loader_config *config, uint32_t *index)
{
    const uint32_t records = (uint32_t)config->records;
    for (uint32_t k = 0; k < config->batch; k++)
        index[k] = rng_below(rng, records);
    index[1] = records - 1;
    index[2] = 0;
    index[3] = index[5];
    index[4] = index[6] + 1 < records ? index[6] + 1 : index[6];
}

ParameterizedTest(struct shape *shape, loader, batches_equal_the_file_byte_for_byte)
{
    enum { ROUNDS = 12 };
    struct rig rig;
    struct rng rng = rng_start(1, RNG_TEST, shape->record_bytes);
    uint32_t index[64];
    rig_make(&rig,
             (struct loader_config){.base_bytes = shape->base_bytes,
                                    .records = 301,
                                    .record_bytes = shape->record_bytes,
                                    .batch = shape->batch,
                                    .depth = shape->depth,
                                    .workers = shape->workers,
                                    .tier = shape->tier},
             shape->tail_bytes);

    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t w = 0; w < shape->workers; w++)
            while (loader_has_room(rig.loader, w)) {
                draw_batch(&rng, &rig.config, index);
                loader_request(rig.loader, w, index);
            }
        for (uint32_t w = shape->workers; w-- > 0;) {
            cr_assert_eq(wait_ready(&rig, w), 0, "%s", loader_error(rig.loader));
            expect_bytes(&rig, w);
            loader_done(rig.loader, w);
        }
    }
    for (uint32_t w = 0; w < shape->workers; w++)
        for (uint32_t left = shape->depth - 1; left > 0; left--) {
            cr_assert_eq(wait_ready(&rig, w), 0);
            expect_bytes(&rig, w);
            loader_done(rig.loader, w);
        }

    cr_expect_eq(loader_tier(rig.loader), shape->tier);
    cr_expect_eq(loader_batches(rig.loader), (uint64_t)shape->workers * (ROUNDS + shape->depth - 1),
                 "completions equal requests");
    cr_expect_geq(loader_bytes(rig.loader), loader_batches(rig.loader));
    rig_free(&rig);
}

ParameterizedTestParameters(loader, shows_a_corrupted_byte)
{
    static enum loader_tier tiers[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    return cr_make_param_array(enum loader_tier, tiers, 3);
}

ParameterizedTest(enum loader_tier *tier, loader, shows_a_corrupted_byte)
{
    struct rig rig;
    uint32_t index[32] = {[9] = 500};
    rig_make(&rig, small_in(*tier), 0);
    const size_t at = small.base_bytes + 500 * small.record_bytes + 77;
    const unsigned char flipped = rig.content[at] ^ 0xff;
    FILE *file = fopen(rig.path, "r+");
    fseek(file, (long)at, SEEK_SET);
    fputc(flipped, file);
    fclose(file);

    loader_request(rig.loader, 0, index);
    cr_assert_eq(wait_ready(&rig, 0), 0);

    const unsigned char *const *record = loader_ready(rig.loader, 0);
    cr_expect_eq(record[9][77], flipped);
    cr_expect_eq(record[9][76], rig.content[at - 1]);
    rig_free(&rig);
}

Test(loader, completes_a_batch_with_more_reads_than_the_ring_holds)
{
    enum { BATCH = 1024 };
    static uint32_t index[BATCH];
    struct rig rig;
    rig_make(&rig,
             (struct loader_config){.records = 4 * BATCH,
                                    .record_bytes = 1024,
                                    .batch = BATCH,
                                    .depth = 2,
                                    .workers = 1,
                                    .tier = LOADER_DIRECT},
             0);
    for (uint32_t k = 0; k < BATCH; k++)
        index[k] = 4 * (BATCH - 1 - k); /* 4 KiB apart: nothing merges */

    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 0, index);

    for (uint32_t b = 0; b < 2; b++) {
        cr_assert_eq(wait_ready(&rig, 0), 0);
        expect_bytes(&rig, 0);
        loader_done(rig.loader, 0);
    }
    rig_free(&rig);
}

/* Planning. */

static void plan(struct loader_batch *batch, const uint32_t *index, uint32_t count,
                 uint32_t record_bytes)
{
    static uint64_t order[64];
    static uint32_t copy[64];
    static const unsigned char *record[64];
    static struct loader_read read[64];
    static unsigned char area[64 * 8192];
    const struct loader_config config = {
        .base_bytes = 0, .record_bytes = record_bytes, .batch = count};

    memcpy(copy, index, count * sizeof(*index));
    *batch = (struct loader_batch){.area = area, .index = copy, .record = record, .read = read};
    loader_plan(&config, 512, batch, order);
}

Test(loader, merges_records_whose_blocks_touch_into_one_read)
{
    struct loader_batch batch;

    plan(&batch, (const uint32_t[]){9, 1, 0, 1, 2, 40}, 6, 256);

    /* blocks: 0 and 1 share the first, 2 is in the second; 9 is in the fifth; 40 in the twenty-first */
    cr_assert_eq(batch.reads, 3u);
    cr_expect_eq(batch.read[0].offset, 0u);
    cr_expect_eq(batch.read[0].bytes, 1024u);
    cr_expect_eq(batch.read[0].wanted, 768u,
                 "the tail of the last block may be beyond the end of the file");
    cr_expect_eq(batch.read[1].offset, 2048u);
    cr_expect_eq(batch.read[1].skip, 256u);
    cr_expect_eq(batch.read[2].offset, 10240u);
    cr_expect_eq(batch.record[0], batch.read[1].to + 256, "records keep the order of the request");
    cr_expect_eq(batch.record[1], batch.read[0].to + 256);
    cr_expect_eq(batch.record[2], batch.read[0].to);
    cr_expect_eq(batch.record[1], batch.record[3], "a duplicate shares the bytes");
}

Test(loader, plans_every_batch_inside_its_place)
{
    struct rng rng = rng_start(3, RNG_TEST, 0);
    uint32_t index[64];

    for (uint32_t round = 0; round < 500; round++) {
        struct loader_batch batch;
        const uint32_t record_bytes = 1 + rng_below(&rng, 4500), count = 1 + rng_below(&rng, 64);
        for (uint32_t k = 0; k < count; k++)
            index[k] = rng_below(&rng, 100);

        plan(&batch, index, count, record_bytes);

        const unsigned char *place = batch.area;
        for (uint32_t r = 0; r < batch.reads; r++) {
            cr_assert_geq((uintptr_t)batch.read[r].to, (uintptr_t)place,
                          "reads overlap in the buffer");
            place = batch.read[r].to + batch.read[r].bytes;
        }
        cr_assert_leq((size_t)(place - batch.area), count * loader_plan_slot_bytes(record_bytes));
    }
}

/* Faults while reading. */

ParameterizedTestParameters(loader, names_file_and_offset_of_an_io_error_that_lasts)
{
    static enum loader_tier tiers[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    return cr_make_param_array(enum loader_tier, tiers, 3);
}

ParameterizedTest(enum loader_tier *tier, loader, names_file_and_offset_of_an_io_error_that_lasts)
{
    struct rig rig;
    uint32_t index[32];
    use_faults();
    rig_make(&rig, impatient_in(*tier), 0);
    for (uint32_t k = 0; k < 32; k++)
        index[k] = 64;
    fault.result = -EIO;
    fault.results = ~0u;

    loader_request(rig.loader, 0, index);
    const int rc = wait_ready(&rig, 0);

    cr_expect_eq(rc, -EIO);
    char want[64];
    snprintf(want, sizeof(want), "read at offset %u failed: Input/output error",
             (128u + 64u * 256u) & -rig.loader->block);
    expect_error(&rig, -EIO, want);
    rig_free(&rig);
}

ParameterizedTestParameters(loader, reports_reads_that_stay_short_as_an_error)
{
    static enum loader_tier tiers[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    return cr_make_param_array(enum loader_tier, tiers, 3);
}

ParameterizedTest(enum loader_tier *tier, loader, reports_reads_that_stay_short_as_an_error)
{
    struct rig rig;
    uint32_t index[32] = {0};
    use_faults();
    rig_make(&rig, impatient_in(*tier), 0);
    fault.result = 383;
    fault.results = ~0u;

    loader_request(rig.loader, 0, index);
    const int rc = wait_ready(&rig, 0);

    cr_expect_eq(rc, -EIO);
    expect_error(&rig, -EIO, "read at offset 0 returned 383 of 384 bytes");
    rig_free(&rig);
}

ParameterizedTestParameters(loader, takes_a_short_read_that_covers_the_records)
{
    static enum loader_tier tiers[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    return cr_make_param_array(enum loader_tier, tiers, 3);
}

ParameterizedTest(enum loader_tier *tier, loader, takes_a_short_read_that_covers_the_records)
{
    struct rig rig;
    uint32_t index[32];
    rig_make(&rig, small_in(*tier),
             0); /* 256128 bytes: the last block is cut by the end of the file */
    for (uint32_t k = 0; k < 32; k++)
        index[k] = 999;

    loader_request(rig.loader, 0, index);

    cr_assert_eq(wait_ready(&rig, 0), 0, "%s", loader_error(rig.loader));
    expect_bytes(&rig, 0);
    cr_expect_eq(loader_bytes(rig.loader), 256128u - (255872u & -rig.loader->block),
                 "all there is of the last blocks");
    rig_free(&rig);
}

ParameterizedTestParameters(loader, repeats_reads_that_were_told_to_come_again)
{
    static enum loader_tier tiers[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    return cr_make_param_array(enum loader_tier, tiers, 3);
}

ParameterizedTest(enum loader_tier *tier, loader, repeats_reads_that_were_told_to_come_again)
{
    struct rig rig;
    struct rng rng = rng_start(5, RNG_TEST, 0);
    uint32_t index[32];
    use_faults();
    rig_make(&rig, small_in(*tier), 0);
    draw_batch(&rng, &rig.config, index);

    for (uint32_t round = 0; round < 2; round++) {
        fault.result = round == 0 ? -EAGAIN : -EINTR;
        fault.results = 50;
        loader_request(rig.loader, 0, index);
        cr_assert_eq(wait_ready(&rig, 0), 0, "%s", loader_error(rig.loader));
        expect_bytes(&rig, 0);
        loader_done(rig.loader, 0);
        cr_expect_eq(fault.results, 0u, "all faults were met");
    }
    cr_expect_eq(loader_batches(rig.loader), 2u);
    rig_free(&rig);
}

ParameterizedTestParameters(loader, repeats_reads_that_fail_for_a_while)
{
    static int32_t results[] = {-EIO, 100, -EAGAIN};
    return cr_make_param_array(int32_t, results, 3);
}

ParameterizedTest(int32_t *result, loader, repeats_reads_that_fail_for_a_while)
{
    struct rig rig;
    uint32_t index[32] = {0};
    use_faults();
    rig_make(&rig, small_in(LOADER_PREADV), 0);
    fault.result = *result;
    fault.results = 12;

    loader_request(rig.loader, 0, index);

    cr_assert_eq(wait_ready(&rig, 0), 0, "%s", loader_error(rig.loader));
    expect_bytes(&rig, 0);
    cr_expect_eq(loader_retries(rig.loader), 12u);
    rig_free(&rig);
}

ParameterizedTestParameters(loader, repeats_the_reads_of_a_disturbed_worker_until_it_is_left_alone)
{
    static enum fault_disk kinds[] = {DISK_EIO, DISK_SHORT, DISK_EAGAIN};
    return cr_make_param_array(enum fault_disk, kinds, DISK_KINDS);
}

ParameterizedTest(enum fault_disk *disk, loader,
                  repeats_the_reads_of_a_disturbed_worker_until_it_is_left_alone)
{
    struct rig rig;
    uint32_t index[32] = {0};
    struct loader_config config = small_in(LOADER_BUFFERED);
    config.workers = 2;
    rig_make(&rig, config, 0);
    loader_disturb(rig.loader, 1, (int)*disk);
    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 1, index);

    cr_assert_eq(wait_ready(&rig, 0), 0, "the other worker's disk works");
    for (uint32_t i = 0; i < 50 || loader_retries(rig.loader) == 0; i++)
        cr_assert_eq(loader_poll(rig.loader), 0);
    cr_expect_null(loader_ready(rig.loader, 1));
    loader_disturb(rig.loader, 1, LOADER_UNDISTURBED);

    cr_assert_eq(wait_ready(&rig, 1), 0);
    expect_bytes(&rig, 1);
    rig_free(&rig);
}

Test(loader, names_the_worker_whose_disk_failed_for_too_long)
{
    struct rig rig;
    uint32_t index[32] = {0};
    struct loader_config config = impatient_in(LOADER_PREADV);
    config.workers = 2;
    rig_make(&rig, config, 0);
    loader_disturb(rig.loader, 1, DISK_EIO);
    cr_expect_eq(loader_failed_worker(rig.loader), UINT32_MAX);

    loader_request(rig.loader, 1, index);

    cr_expect_eq(wait_ready(&rig, 1), -EIO);
    cr_expect_eq(loader_failed_worker(rig.loader), 1u);
    rig_free(&rig);
}

Test(loader, gives_up_on_a_read_that_never_gets_through)
{
    struct rig rig;
    uint32_t index[32] = {0};
    use_faults();
    rig_make(&rig, impatient_in(LOADER_BUFFERED), 0);
    fault.result = -EAGAIN;
    fault.results = ~0u;

    loader_request(rig.loader, 0, index);
    const int rc = wait_ready(&rig, 0);

    cr_expect_eq(rc, -EAGAIN);
    expect_error(&rig, -EAGAIN, "read at offset 0 failed: Resource temporarily unavailable");
    rig_free(&rig);
}

ParameterizedTestParameters(loader, says_where_a_file_was_truncated_after_open)
{
    static enum loader_tier tiers[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    return cr_make_param_array(enum loader_tier, tiers, 3);
}

ParameterizedTest(enum loader_tier *tier, loader, says_where_a_file_was_truncated_after_open)
{
    struct rig rig;
    uint32_t index[32];
    struct loader_config config = small_in(*tier);
    config.base_bytes = 0;
    rig_make(&rig, config, 0);
    for (uint32_t k = 0; k < 32; k++)
        index[k] = 32;
    cr_assert_eq(truncate(rig.path, 8300), 0);

    loader_request(rig.loader, 0, index);
    const int rc = wait_ready(&rig, 0);

    cr_expect_eq(rc, -ENODATA);
    expect_error(&rig, -ENODATA, "file is truncated: wanted bytes 8192..8448, file ends at 8300");
    rig_free(&rig);
}

Test(loader, closes_with_reads_in_flight)
{
    struct rig rig;
    struct rng rng = rng_start(6, RNG_TEST, 0);
    uint32_t index[32];
    rig_make(&rig, small_in(LOADER_DIRECT), 0);
    draw_batch(&rng, &rig.config, index);
    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 0, index);
    cr_assert_eq(loader_poll(rig.loader), 0);

    loader_close(rig.loader);
    memset(rig.config.buffer, 0x5a, loader_buffer_bytes(&rig.config));
    usleep(20000); /* nobody writes into the buffer any more, late readers included */

    const unsigned char *byte = rig.config.buffer;
    for (size_t i = 0; i < loader_buffer_bytes(&rig.config); i++)
        cr_assert_eq(byte[i], 0x5a, "byte %zu was written after close", i);
    rig.loader = NULL;
    rig_free(&rig);
}

/* Tiers. */

static void expect_fallback(int code, const char *reason)
{
    struct rig rig;
    struct rng rng = rng_start(8, RNG_TEST, 0);
    uint32_t index[32];
    use_faults();
    fault.setup_code = code;
    rig_make(&rig, small_in(LOADER_AUTO), 0);

    draw_batch(&rng, &rig.config, index);
    loader_request(rig.loader, 0, index);
    cr_assert_eq(wait_ready(&rig, 0), 0);

    expect_bytes(&rig, 0);
    cr_expect_eq(loader_tier(rig.loader), LOADER_PREADV);
    if (reason)
        cr_expect_str_eq(loader_reason(rig.loader), reason);
    rig_free(&rig);
}

Test(loader, falls_back_when_the_kernel_lacks_io_uring)
{
    expect_fallback(-ENOSYS, "io_uring: the kernel lacks it, or a seccomp filter hides it");
}

Test(loader, falls_back_when_a_sandbox_does_not_support_io_uring)
{
    expect_fallback(-EOPNOTSUPP, "io_uring: not supported by this sandbox's kernel");
}

Test(loader, falls_back_when_there_is_no_memory_for_the_ring)
{
    expect_fallback(-ENOMEM, NULL);
}

Test(loader, falls_back_on_errors_nobody_thought_of)
{
    expect_fallback(-EMFILE, "io_uring: setup failed: Too many open files");
}

/* What a container does: io_uring_setup answers EPERM. */
static int forbid_io_uring(void)
{
    struct sock_filter rule[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = 4, .filter = rule};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

Test(loader, falls_back_under_a_seccomp_filter)
{
    struct rig rig;
    uint32_t index[32] = {0, 999};
    const int rc = forbid_io_uring();
    if (rc < 0)
        cr_skip_test("no seccomp filter can be installed: %s", strerror(-rc));
    rig_make(&rig, small_in(LOADER_AUTO), 0);

    loader_request(rig.loader, 0, index);
    cr_assert_eq(wait_ready(&rig, 0), 0);

    expect_bytes(&rig, 0);
    cr_expect_eq(loader_tier(rig.loader), LOADER_PREADV);
    cr_expect(strncmp(loader_reason(rig.loader), "io_uring: ", 10) == 0, "%s",
              loader_reason(rig.loader));
    rig_free(&rig);
}

Test(loader, retries_with_fewer_flags_on_older_kernels)
{
    struct rig rig;
    uint32_t index[32] = {0, 999};
    use_faults();
    fault.flags_known = 0;
    rig_make(&rig, small_in(LOADER_BUFFERED), 0);

    loader_request(rig.loader, 0, index);
    cr_assert_eq(wait_ready(&rig, 0), 0);

    expect_bytes(&rig, 0);
    rig_free(&rig);
}

Test(loader, reads_without_registered_buffers_and_says_so)
{
    struct rig rig;
    uint32_t index[32] = {0, 999};
    use_faults();
    fault.register_code = -ENOMEM;
    rig_make(&rig, small_in(LOADER_DIRECT), 0);

    loader_request(rig.loader, 0, index);
    cr_assert_eq(wait_ready(&rig, 0), 0);

    expect_bytes(&rig, 0);
    cr_expect(strncmp(loader_reason(rig.loader),
                      "plain reads: registering 512 KiB exceeds RLIMIT_MEMLOCK", 55) == 0,
              "%s", loader_reason(rig.loader));
    rig_free(&rig);
}

Test(loader, never_leaves_a_forced_tier)
{
    struct rig rig = {.config = small_in(LOADER_DIRECT)};
    use_faults();
    fault.setup_code = -ENOSYS;
    rig_file(&rig, 1000 * 256 + 128);

    const int rc = rig_open(&rig);

    cr_expect_eq(rc, -ENOSYS);
    cr_expect_null(rig.loader);
    cr_expect_str_eq(rig.err.text, "io_uring: the kernel lacks it, or a seccomp filter hides it");
    rig_free(&rig);
}

Test(loader, keeps_direct_reads_that_are_quick_enough)
{
    struct rig rig, forced;
    rig_make(&forced, small_in(LOADER_DIRECT), 0); /* skips where there is no direct tier */
    rig_free(&forced);
    struct loader_config config = small_in(LOADER_AUTO);
    config.batch_ns = 3600000000000u;

    rig_make(&rig, config, 0);

    cr_expect_eq(loader_tier(rig.loader), LOADER_DIRECT);
    cr_expect_str_empty(loader_reason(rig.loader));
    cr_expect_eq(loader_batches(rig.loader), 0u, "the probe does not count");
    rig_free(&rig);
}

Test(loader, uses_the_page_cache_when_direct_reads_are_too_slow)
{
    struct rig rig, forced;
    uint32_t index[32] = {0, 999};
    rig_make(&forced, small_in(LOADER_DIRECT), 0);
    rig_free(&forced);
    struct loader_config config = small_in(LOADER_AUTO);
    config.batch_ns = 1;

    rig_make(&rig, config, 0);
    loader_request(rig.loader, 0, index);
    cr_assert_eq(wait_ready(&rig, 0), 0);

    expect_bytes(&rig, 0);
    cr_expect_eq(loader_tier(rig.loader), LOADER_BUFFERED);
    const char *reason = loader_reason(rig.loader);
    cr_expect(strncmp(reason, "io_uring direct: reads take ", 28) == 0, "%s", reason);
    cr_expect(strstr(reason, " us per batch of 32, 1 worker needs one every 0 us and may use a "
                             "tenth of that; the page "
                             "cache is used"),
              "%s", reason);
    rig_free(&rig);
}

Test(loader, asks_no_more_whether_the_tier_that_was_chosen_before_keeps_up)
{
    static const enum loader_tier chosen[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV};
    struct rig rig, forced;
    rig_make(&forced, small_in(LOADER_DIRECT), 0);
    rig_free(&forced);
    for (uint32_t i = 0; i < 3; i++) {
        struct loader_config config = small_in(LOADER_AUTO);
        config.batch_ns = 1; /* nothing would */
        config.from = chosen[i];

        rig_make(&rig, config, 0);

        cr_expect_eq(loader_tier(rig.loader), chosen[i]);
        cr_expect_str_empty(loader_reason(rig.loader));
        rig_free(&rig);
    }
}

Test(loader, takes_the_tier_from_the_environment)
{
    struct rig rig;
    setenv("DAWDLE_LOADER", "preadv", 1);

    rig_make(&rig, small_in(LOADER_AUTO), 0);

    cr_expect_eq(loader_tier(rig.loader), LOADER_PREADV);
    cr_expect_str_empty(loader_reason(rig.loader));
    rig_free(&rig);
}

Test(loader, refuses_an_unknown_tier_in_the_environment)
{
    struct rig rig = {.config = small_in(LOADER_AUTO)};
    rig_file(&rig, 1000 * 256 + 128);
    setenv("DAWDLE_LOADER", "fast", 1);

    cr_expect_eq(rig_open(&rig), -EINVAL);

    cr_expect_str_eq(rig.err.text, "DAWDLE_LOADER=fast: expected auto, direct, buffered or preadv");
    rig_free(&rig);
}

/* Opening and use. */

Test(loader, refuses_a_file_shorter_than_its_records)
{
    struct rig rig = {.config = small_in(LOADER_AUTO)};
    char want[1280];
    rig_file(&rig, 256127);

    cr_expect_eq(rig_open(&rig), -ENODATA);

    snprintf(want, sizeof(want),
             "%s: file is truncated: 1000 records of 256 bytes end at 256128, file ends at 256127",
             rig.path);
    cr_expect_str_eq(rig.err.text, want);
    rig_free(&rig);
}

Test(loader, refuses_a_missing_file_and_a_folder)
{
    struct rig rig = {.config = small_in(LOADER_AUTO)};
    char want[1280];

    snprintf(rig.path, sizeof(rig.path), "%s", support_path("absent"));
    cr_expect_eq(rig_open(&rig), -ENOENT);
    snprintf(want, sizeof(want), "%s: cannot open: No such file or directory", rig.path);
    cr_expect_str_eq(rig.err.text, want);
    free(rig.config.buffer);

    snprintf(rig.path, sizeof(rig.path), "%s", support_folder("folder"));
    cr_expect_eq(rig_open(&rig), -EINVAL);
    snprintf(want, sizeof(want), "%s: not a regular file", rig.path);
    cr_expect_str_eq(rig.err.text, want);
    rig_free(&rig);
}

Test(loader, has_room_for_depth_batches)
{
    struct rig rig;
    uint32_t index[32] = {0};
    rig_make(&rig, small_in(LOADER_PREADV), 0);

    cr_expect(loader_has_room(rig.loader, 0));
    loader_request(rig.loader, 0, index);
    loader_request(rig.loader, 0, index);
    cr_expect_not(loader_has_room(rig.loader, 0));
    cr_expect_null(loader_ready(rig.loader, 0));
    cr_assert_eq(loader_poll(rig.loader), 0);
    cr_expect_eq(loader_batches(rig.loader), 1u, "preadv reads one batch per poll");
    loader_done(rig.loader, 0);
    cr_expect(loader_has_room(rig.loader, 0));
    rig_free(&rig);
}

Test(loader, checks_that_no_more_than_depth_are_requested, .signal = SIGABRT)
{
    struct rig rig;
    uint32_t index[32] = {0};
    rig_make(&rig, small_in(LOADER_PREADV), 0);
    support_clean(); /* an abort leaves no time for it */
    for (uint32_t b = 0; b < 3; b++)
        loader_request(rig.loader, 0, index);
}

Test(loader, checks_record_numbers, .signal = SIGABRT)
{
    struct rig rig;
    uint32_t index[32] = {[31] = 1000};
    rig_make(&rig, small_in(LOADER_PREADV), 0);
    support_clean();
    loader_request(rig.loader, 0, index);
}
