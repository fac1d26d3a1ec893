/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The io_uring tiers: one ring per loader, made on the thread that polls it.
 *
 * The kernel is entered only to submit, or when the ring says that completions wait for us (TASKRUN_FLAG): an idle poll
 * is two loads. Submission comes in small chunks, so that one poll never costs more than a slice of compute; reads in
 * flight never exceed the completion queue, so it cannot overflow. liburing returns -errno and leaves errno alone.
 */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/worker/loader_internal.h"

struct loader_uring {
    struct io_uring ring;
    uint32_t in_flight; /* prepared or submitted, not reaped */
    uint32_t in_flight_max;
    bool file_registered, area_registered;
};

static int setup_ring(unsigned entries, struct io_uring *ring, unsigned flags)
{
    return io_uring_queue_init(entries, ring, flags);
}

static unsigned reap_ring(struct io_uring *ring, struct loader_completion *out, unsigned max)
{
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;

    io_uring_for_each_cqe(ring, head, cqe)
    {
        if (count == max)
            break;
        out[count++] = (struct loader_completion){.id = cqe->user_data, .result = cqe->res};
    }
    io_uring_cq_advance(ring, count);
    return count;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const struct loader_os loader_os_linux = {
    .setup = setup_ring,
    .register_buffers = io_uring_register_buffers,
    .submit = io_uring_submit,
    .reap = reap_ring,
    .now_ns = now_ns,
    .pread = pread,
};
const struct loader_os *loader_os = &loader_os_linux;

/* kernel.io_uring_disabled, or -1 when this kernel has no such switch. */
static int disabled_by_sysctl(void)
{
    int value = -1;
    FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
    if (!file)
        return -1;
    if (fscanf(file, "%d", &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

static uint64_t memlock_kib(void)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    return limit.rlim_cur / 1024;
}

static int explain(int code, struct err *err)
{
    const int disabled = code == -EPERM ? disabled_by_sysctl() : 0;

    switch (-code) {
    case EPERM:
        if (disabled > 0)
            return err_set(err, code, "io_uring: switched off by kernel.io_uring_disabled=%d%s",
                           disabled, disabled == 1 ? " (allowed with CAP_SYS_ADMIN)" : "");
        return err_set(err, code,
                       "io_uring: not permitted, most likely by a container's seccomp filter");
    case ENOSYS:
        return err_set(err, code, "io_uring: the kernel lacks it, or a seccomp filter hides it");
    case EOPNOTSUPP:
        return err_set(err, code, "io_uring: not supported by this sandbox's kernel");
    case ENOMEM:
        return err_set(err, code, "io_uring: no memory for the ring (RLIMIT_MEMLOCK is %llu KiB)",
                       (unsigned long long)memlock_kib());
    default:
        return err_set(err, code, "io_uring: setup failed: %s", strerror(-code));
    }
}

static int make_ring(struct loader *self, unsigned entries)
{
    /* Newest first; an unknown flag is EINVAL. SINGLE_ISSUER is 6.0, COOP_TASKRUN and TASKRUN_FLAG are 5.19. */
    static const unsigned flags[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        0,
    };
    int rc = -EINVAL;
    for (uint32_t i = 0; rc == -EINVAL && i < sizeof(flags) / sizeof(flags[0]); i++)
        rc = self->os->setup(entries, &self->ring->ring, flags[i]);
    return rc;
}

static void register_area(struct loader *self)
{
    const size_t bytes = loader_buffer_bytes(&self->config);
    const struct iovec area = {.iov_base = self->config.buffer, .iov_len = bytes};

    const int rc = self->os->register_buffers(&self->ring->ring, &area, 1);
    self->ring->area_registered = rc == 0;
    if (rc == 0)
        return;
    if (rc == -ENOMEM)
        loader_note(self, "plain reads: registering %zu KiB exceeds RLIMIT_MEMLOCK (%llu KiB)",
                    bytes / 1024, (unsigned long long)memlock_kib());
    else
        loader_note(self, "plain reads: registering the buffers failed: %s", strerror(-rc));
}

int loader_uring_open(struct loader *self, struct err *err)
{
    unsigned entries = 1;
    while (entries < self->reads_max && entries < LOADER_ENTRIES_MAX)
        entries *= 2;

    self->ring = calloc(1, sizeof(*self->ring));
    if (!self->ring)
        return err_set(err, -ENOMEM, "io_uring: out of memory");
    const int rc = make_ring(self, entries);
    if (rc < 0) {
        free(self->ring);
        self->ring = NULL;
        return explain(rc, err);
    }
    self->ring->in_flight_max = self->ring->ring.cq.ring_entries;
    /* Only spares a table look-up per enter: without it everything works the same. */
    (void)io_uring_register_ring_fd(&self->ring->ring);
    register_area(self);
    return 0;
}

void loader_uring_file(struct loader *self)
{
    struct loader_uring *uring = self->ring;

    CHECK(uring->in_flight == 0);
    if (uring->file_registered)
        io_uring_unregister_files(&uring->ring);
    /* A refusal costs a reference count per read and nothing else. */
    uring->file_registered = io_uring_register_files(&uring->ring, &self->fd, 1) == 0;
}

void loader_uring_close(struct loader *self)
{
    struct loader_uring *uring = self->ring;
    struct io_uring_cqe *cqe;

    if (!uring)
        return;
    uint32_t submitted = uring->in_flight - io_uring_sq_ready(&uring->ring);
    while (submitted > 0) {
        const int rc = io_uring_wait_cqe(&uring->ring, &cqe);
        if (rc == -EINTR || rc == -EAGAIN)
            continue;
        if (rc < 0)
            break; /* the ring is beyond use; its exit cancels what is left */
        io_uring_cqe_seen(&uring->ring, cqe);
        submitted--;
    }
    io_uring_queue_exit(&uring->ring);
    free(uring);
    self->ring = NULL;
}

static void prepare(struct loader_uring *uring, struct io_uring_sqe *sqe, int fd,
                    const struct loader_read *read, uint32_t number)
{
    const int file = uring->file_registered ? 0 : fd;

    if (uring->area_registered)
        io_uring_prep_read_fixed(sqe, file, read->to, read->bytes, read->offset, 0);
    else
        io_uring_prep_read(sqe, file, read->to, read->bytes, read->offset);
    if (uring->file_registered)
        sqe->flags |= IOSQE_FIXED_FILE;
    sqe->user_data = number;
}

static void fill(struct loader *self)
{
    struct loader_uring *uring = self->ring;
    uint32_t number;

    for (uint32_t n = 0; n < LOADER_SUBMIT_MAX && uring->in_flight < uring->in_flight_max; n++) {
        if (self->queue_used == 0)
            return;
        struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
        if (!sqe)
            return; /* full: the rest stays queued */
        loader_queue_take(self, &number);
        prepare(uring, sqe, self->fd, &self->read[number], number);
        uring->in_flight++;
    }
}

static int enter(struct loader *self)
{
    struct io_uring *ring = &self->ring->ring;
    const unsigned waiting = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
    int rc = 0;

    if (io_uring_sq_ready(ring) > 0)
        rc = self->os->submit(ring);
    else if (__atomic_load_n(ring->sq.kflags, __ATOMIC_RELAXED) & waiting)
        rc = io_uring_get_events(ring);
    /* EBUSY, EAGAIN: short of memory or completion slots; what was not taken stays in the queue. */
    if (rc >= 0 || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY)
        return 0;
    return loader_fail(self, rc, "%s: io_uring_enter failed: %s", self->path, strerror(-rc));
}

int loader_uring_poll(struct loader *self)
{
    struct loader_uring *uring = self->ring;
    struct loader_completion done[LOADER_REAP_MAX];

    if (self->failed)
        return self->failed;
    fill(self);
    if (enter(self) < 0)
        return self->failed;
    const unsigned count = self->os->reap(&uring->ring, done, LOADER_REAP_MAX);
    CHECK(count <= uring->in_flight);
    uring->in_flight -= count;
    for (unsigned i = 0; i < count; i++)
        loader_complete(self, (uint32_t)done[i].id, done[i].result);
    return self->failed;
}
