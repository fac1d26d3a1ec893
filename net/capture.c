/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The buffer is a ring of bytes with whole blocks of the file in it, one behind the other, so the thread that writes copies
 * nothing. It looks for blocks a thousand times a second rather than be woken: waking costs a system call, and who hands
 * frames in has none to spend.
 */
#include "net/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"

#define RING CAPTURE_BUFFER_BYTES
#define WRITE_BYTES (1u << 20) /* of one go: room for new frames comes in steps of these */
#define LOOK_NS 1000000

_Static_assert((RING & (RING - 1)) == 0, "places in the ring are taken modulo its size");

struct capture {
    struct capture_counts *counts;
    uint8_t *ring;
    uint64_t filled;          /* what is in the ring up to here, a block in the making included */
    uint64_t passed, dropped; /* frames handed in, and those among them without room */
    _Alignas(64) _Atomic uint64_t head; /* whole blocks up to here; by who hands in */
    _Alignas(64) _Atomic uint64_t tail; /* written up to here; by the thread */
    atomic_bool ends;
    pthread_t thread;
    int file;
    uint32_t interface;
};

uint64_t capture_now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    return (uint64_t)at.tv_sec * UINT64_C(1000000000) + (uint64_t)at.tv_nsec;
}

/* ------------------------------------------------------- handing in */

static bool has_room(const struct capture *self, uint32_t bytes)
{
    /* acquire: the thread has read what lies before its tail */
    return self->filled + bytes - atomic_load_explicit(&self->tail, memory_order_acquire) <= RING;
}

static void put(struct capture *self, const void *from, uint32_t bytes)
{
    const uint32_t at = (uint32_t)(self->filled % RING);
    const uint32_t first = bytes < RING - at ? bytes : RING - at;
    if (bytes == 0)
        return;
    memcpy(self->ring + at, from, first);
    memcpy(self->ring, (const uint8_t *)from + first, bytes - first);
    self->filled += bytes;
}

/** What was put is whole. */
static void publish(struct capture *self)
{
    /* release: the bytes of a block come before the head that shows it */
    atomic_store_explicit(&self->head, self->filled, memory_order_release);
}

bool capture_frame(struct capture *self, enum pcapng_direction direction, uint64_t at_ns,
                   const uint8_t outer[LINK_OUTER], const struct link_out *frame)
{
    uint8_t head[PCAPNG_HEAD_BYTES], tail[PCAPNG_TAIL_MAX];
    const uint32_t bytes = LINK_OUTER + frame->head_bytes + frame->body_bytes;
    self->passed++;
    if (!has_room(self, pcapng_packet_bytes(bytes))) {
        self->counts->dropped = ++self->dropped;
        return false;
    }
    pcapng_packet_head(head, self->interface, bytes, at_ns);
    put(self, head, sizeof(head));
    put(self, outer, LINK_OUTER);
    put(self, frame->head, frame->head_bytes);
    put(self, frame->body, frame->body_bytes);
    put(self, tail, pcapng_packet_tail(tail, bytes, direction));
    publish(self);
    return true;
}

/* ---------------------------------------------------------- writing */

/** Blocks are multiples of a word, and so is the ring: no word lies across its end. */
static uint32_t word_at(const struct capture *self, uint64_t at)
{
    uint32_t word;
    memcpy(&word, self->ring + at % RING, sizeof(word));
    return word;
}

/** As many whole blocks as go at once: to where, and how many packets are among them. */
static uint64_t choose(const struct capture *self, uint64_t from, uint64_t head, uint64_t *packets)
{
    uint64_t at = from;
    *packets = 0;
    while (at < head && at - from < WRITE_BYTES) {
        *packets += word_at(self, at) == PCAPNG_PACKET;
        at += word_at(self, at + 4);
    }
    return at;
}

/** 0 or -errno. */
static int write_piece(int file, const uint8_t *from, uint64_t bytes, uint64_t to)
{
    for (uint64_t done = 0; done < bytes;) {
        const ssize_t wrote = pwrite(file, from + done, bytes - done, (off_t)(to + done));
        if (wrote > 0)
            done += (uint64_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            return wrote == 0 ? -ENOSPC : -errno;
    }
    return 0;
}

static int write_blocks(const struct capture *self, uint64_t from, uint64_t to)
{
    const uint64_t at = from % RING, bytes = to - from;
    const uint64_t first = bytes < RING - at ? bytes : RING - at;
    const uint64_t end = self->counts->end;
    const int rc = write_piece(self->file, self->ring + at, first, end);
    return rc < 0 ? rc : write_piece(self->file, self->ring, bytes - first, end + first);
}

/** After a write that failed nothing more is tried: the file ends with a block that is whole. */
static void write_on(struct capture *self, uint64_t from, uint64_t to, uint64_t packets)
{
    struct capture_counts *const counts = self->counts;
    const int rc = counts->error ? -counts->error : write_blocks(self, from, to);
    if (rc == 0) {
        counts->end += to - from;
        counts->written += packets;
        return;
    }
    if (counts->error == 0 && ftruncate(self->file, (off_t)counts->end) < 0)
        counts->end = 0; /* whatever is there, nothing is put behind it */
    counts->error = -rc;
    counts->lost += packets;
}

static void *thread_main(void *argument)
{
    static const struct timespec look = {.tv_nsec = LOOK_NS};
    struct capture *const self = argument;
    for (;;) {
        const bool ends = atomic_load_explicit(&self->ends, memory_order_acquire);
        const uint64_t tail = atomic_load_explicit(&self->tail, memory_order_relaxed);
        const uint64_t head = atomic_load_explicit(&self->head, memory_order_acquire);
        if (head != tail) {
            uint64_t packets;
            const uint64_t to = choose(self, tail, head, &packets);
            write_on(self, tail, to, packets);
            atomic_store_explicit(&self->tail, to, memory_order_release);
        } else if (ends)
            return NULL;
        else
            nanosleep(&look, NULL);
    }
}

/* --------------------------------------------------- beginning and end */

static void put_front(struct capture *self, const struct capture_config *config)
{
    uint8_t block[PCAPNG_BLOCK_MAX];
    if (config->from == 0)
        put(self, block, pcapng_section(block, config->program));
    put(self, block, pcapng_interface(block, config->name, config->description));
    publish(self);
}

static int open_file(struct capture *self, const struct capture_config *config, struct err *err)
{
    self->file = open(config->path, O_WRONLY | O_CLOEXEC);
    if (self->file < 0 || ftruncate(self->file, (off_t)config->from) < 0)
        return err_set(err, -errno, "cannot write frames to %s: %s", config->path, strerror(errno));
    return 0;
}

/** The loop that opens a capture is bound to its core; the first thread of a process is where the process may be. */
static int start_thread(struct capture *self, struct err *err)
{
    pthread_attr_t attributes;
    cpu_set_t cores;
    pthread_attr_init(&attributes);
    if (sched_getaffinity(getpid(), sizeof(cores), &cores) == 0)
        pthread_attr_setaffinity_np(&attributes, sizeof(cores), &cores);
    const int code = pthread_create(&self->thread, &attributes, thread_main, self);
    pthread_attr_destroy(&attributes);
    return code
               ? err_set(err, -code, "cannot start a thread that writes frames: %s", strerror(code))
               : 0;
}

static void discard(struct capture *self)
{
    if (self->file >= 0)
        close(self->file);
    if (self->ring != MAP_FAILED)
        munmap(self->ring, RING);
    free(self);
}

struct capture *capture_open(const struct capture_config *config, struct err *err)
{
    struct capture *const self = aligned_alloc(64, (sizeof(*self) + 63) / 64 * 64);
    if (!self) {
        err_set(err, -ENOMEM, "not enough memory to capture frames");
        return NULL;
    }
    memset(self, 0, sizeof(*self));
    self->counts = config->counts;
    self->interface = config->interface;
    *self->counts = (struct capture_counts){.end = config->from};
    self->file = -1;
    /* all of it now: a page that is touched first by a loop would hold that up */
    self->ring =
        mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    int rc = self->ring == MAP_FAILED
                 ? err_set(err, -errno, "not enough memory to capture frames: %u MiB", RING >> 20)
                 : open_file(self, config, err);
    if (rc == 0) {
        put_front(self, config);
        rc = start_thread(self, err);
    }
    if (rc == 0)
        return self;
    discard(self);
    return NULL;
}

void capture_close(struct capture *self)
{
    uint8_t block[PCAPNG_BLOCK_MAX];
    if (!self)
        return;
    const uint32_t bytes =
        pcapng_statistics(block, self->interface, capture_now_ns(), self->passed, self->dropped);
    while (!has_room(self, bytes))
        usleep(1000);
    put(self, block, bytes);
    publish(self);
    atomic_store_explicit(&self->ends, true, memory_order_release);
    pthread_join(self->thread, NULL);
    const int rc = close(self->file);
    if (rc < 0 && self->counts->error == 0) /* what the system took and could not write after all */
        self->counts->error = errno;
    self->file = -1;
    discard(self);
}
