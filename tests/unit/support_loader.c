/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/support_loader.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rig_file(struct rig *rig, size_t bytes)
{
    rig->content_bytes = bytes;
    rig->content = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        rig->content[i] = (unsigned char)rng_at(7, i);
    snprintf(rig->path, sizeof(rig->path), "%s", support_path("data"));
    support_write(rig->path, rig->content, bytes);
}

int rig_open(struct rig *rig)
{
    rig->config.path = rig->path;
    rig->config.buffer = aligned_alloc(4096, loader_buffer_bytes(&rig->config));
    return loader_open(&rig->loader, &rig->config, &rig->err);
}

void rig_make(struct rig *rig, struct loader_config config, size_t tail_bytes)
{
    *rig = (struct rig){.config = config};
    rig_file(rig, config.base_bytes + config.records * config.record_bytes + tail_bytes);
    const int rc = rig_open(rig);
    if (rc < 0 && config.tier != LOADER_PREADV && strncmp(rig->err.text, "io_uring", 8) == 0)
        cr_skip_test("%s", rig->err.text);
    cr_assert_eq(rc, 0, "%s", rig->err.text);
}

void rig_free(struct rig *rig)
{
    loader_close(rig->loader);
    free(rig->config.buffer);
    free(rig->content);
}

int rig_wait(struct rig *rig, uint32_t worker)
{
    while (!loader_ready(rig->loader, worker)) {
        const int rc = loader_poll(rig->loader);
        if (rc < 0)
            return rc;
    }
    return 0;
}

void rig_expect_bytes(struct rig *rig, uint32_t worker)
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

void rig_expect_error(struct rig *rig, int code, const char *text)
{
    const char *start = loader_error(rig->loader);
    char want[1280];

    snprintf(want, sizeof(want), "%s: %s", rig->path, text);
    cr_expect_str_eq(start, want);
    cr_expect_eq(loader_poll(rig->loader), code, "the first final error stays");
}

void rig_read(struct rig *rig, const uint32_t *index)
{
    loader_request(rig->loader, 0, index);
    cr_assert_eq(rig_wait(rig, 0), 0, "%s", loader_error(rig->loader));
    rig_expect_bytes(rig, 0);
}

void rig_draw(struct rng *rng, const struct loader_config *config, uint32_t *index)
{
    const uint32_t records = (uint32_t)config->records;
    for (uint32_t k = 0; k < config->batch; k++)
        index[k] = rng_below(rng, records);
    index[1] = records - 1;
    index[2] = 0;
    index[3] = index[5];
    index[4] = index[6] + 1 < records ? index[6] + 1 : index[6];
}

/* ---------------------------------------------------------------------------------------------- a faulty kernel */

struct kernel_fault fault;

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

void use_faults(void)
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

struct loader_config small_in(enum loader_tier tier)
{
    struct loader_config config = small;
    config.tier = tier;
    return config;
}

struct loader_config impatient_in(enum loader_tier tier)
{
    struct loader_config config = small_in(tier);
    config.patience_ns = 1000000;
    return config;
}
