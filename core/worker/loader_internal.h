/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the files of the loader share: its struct, the planning of reads, the tiers, and the seam to the kernel.
 *
 * Included by core/worker/loader*.c and by their tests only.
 */
#ifndef CORE_WORKER_LOADER_INTERNAL_H
#define CORE_WORKER_LOADER_INTERNAL_H

#include <sys/types.h>
#include <sys/uio.h>

#include "core/worker/loader.h"

#define LOADER_ALIGN 4096u         /* of the area; the largest direct I/O alignment served */
#define LOADER_BLOCK_BUFFERED 512u /* copying this much costs less than another read */
#define LOADER_RECORD_BYTES_MAX (16u << 20)
#define LOADER_READ_BYTES_MAX \
    (1u << 20)                  /* merging stops here: a huge read would delay its neighbours */
#define LOADER_SUBMIT_MAX 16u   /* reads per poll: about 2.5 us each in direct mode, so one slice */
#define LOADER_REAP_MAX 64u     /* completions per poll */
#define LOADER_ENTRIES_MAX 128u /* submission queue; the completion queue is twice that */
#define LOADER_TRIALS_MAX 1000u /* while a tier is tried */
#define LOADER_AT_ONCE_MAX 8u   /* retries before one waits; EIO always does */
#define LOADER_BACKOFF_NS UINT64_C(50000)
#define LOADER_BACKOFF_NS_MAX UINT64_C(20000000)

struct io_uring;

struct loader_completion {
    uint64_t id; /* number of the read */
    int32_t result;
};

/** The calls that can fail at run time. Tests put themselves in between; everyone else uses loader_os_linux. */
struct loader_os {
    int (*setup)(unsigned entries, struct io_uring *ring, unsigned flags);
    int (*register_buffers)(struct io_uring *ring, const struct iovec *area, unsigned count);
    int (*submit)(struct io_uring *ring);
    unsigned (*reap)(struct io_uring *ring, struct loader_completion *out, unsigned max);
    uint64_t (*now_ns)(void);
    ssize_t (*pread)(int fd, void *to, size_t bytes, off_t offset);
};

extern const struct loader_os loader_os_linux;
extern const struct loader_os *loader_os; /* taken over by loader_open */

/** One contiguous read with its own place in the buffer. */
struct loader_read {
    uint64_t offset;   /* in the file, a multiple of the block */
    unsigned char *to; /* in the area */
    uint32_t bytes;  /* asked for, a multiple of the block; may reach beyond the end of the file */
    uint32_t wanted; /* a result of at least this covers every record in it */
    uint32_t skip;   /* bytes before the first record */
    uint32_t retries;
    uint64_t failing_ns; /* since when, if retries > 0 */
    uint64_t again_ns;   /* not before */
};

/** One batch in flight: fixed place in the area, filled by up to `batch` reads. */
struct loader_batch {
    unsigned char *area;
    uint32_t *index;              /* [batch], as requested */
    const unsigned char **record; /* [batch], in the order of index */
    struct loader_read *read;     /* [batch] */
    uint32_t reads, pending;      /* pending = reads not complete yet; 0 = ready */
};

/** A worker's ring of `depth` batches. */
struct loader_lane {
    uint32_t head; /* oldest outstanding */
    uint32_t used;
    int disk; /* enum fault_disk + 1; 0: undisturbed */
};

struct loader {
    struct loader_config config;
    const struct loader_os *os;
    char *path;
    uint64_t file_bytes;
    uint64_t slot_bytes; /* room for any one record in the area */

    enum loader_tier tier;
    int (*poll)(struct loader *self);
    int fd;
    uint32_t block;            /* reads start and end on multiples of this */
    struct loader_uring *ring; /* NULL in the preadv tier */

    struct loader_lane *lane;   /* [workers] */
    struct loader_batch *batch; /* [workers * depth] */
    uint32_t *index;            /* storage of the batches */
    const unsigned char **record;
    struct loader_read *read; /* [workers * depth * batch]; a read's number is its place here */
    uint64_t *order;          /* [batch], scratch of the sort */

    uint32_t *queue; /* [reads] numbers of reads to submit, first in first out */
    uint32_t queue_head, queue_used, reads_max;

    uint32_t *later; /* [reads] numbers of reads that are repeated when their time has come */
    uint32_t later_used;

    uint64_t batches, bytes, retries;
    uint64_t moves; /* reads given to the kernel, and results taken from it */
    uint32_t failed_worker;
    bool patient; /* open: while a tier is tried, only being told to come again is no error */
    int failed;   /* -errno of the first final error */
    struct err error;
    char reason[768];
};

/** Add one sentence to the reason. */
__attribute__((format(printf, 2, 3))) void loader_note(struct loader *self, const char *format,
                                                       ...);

/* loader_plan.c: pure. */

/** Bytes that one record can need at worst, whatever its place in the file: whole blocks of LOADER_ALIGN. */
uint64_t loader_plan_slot_bytes(uint32_t record_bytes);

/** Turn batch->index into reads and record addresses: sorted by offset, spans that touch are merged. order: scratch
 * [config->batch]. */
void loader_plan(const struct loader_config *config, uint32_t block, struct loader_batch *batch,
                 uint64_t *order);

/* loader.c */

/** Take the oldest queued read; false if none. */
bool loader_queue_take(struct loader *self, uint32_t *number);

/** Book the result of a read: done, to be repeated, or the loader's final error. Returns self->failed. */
int loader_complete(struct loader *self, uint32_t number, int64_t result);

/** Set the final error (the first one stays). Returns self->failed. */
__attribute__((format(printf, 3, 4))) int loader_fail(struct loader *self, int code,
                                                      const char *format, ...);

/* loader_uring.c */

/** Create the ring and register the area (a refusal of the latter is a note). 0, or -errno with the reason in err. */
int loader_uring_open(struct loader *self, struct err *err);

/** Tell the ring which file it reads (self->fd). */
void loader_uring_file(struct loader *self);

/** Wait for what is in flight (the kernel writes into the area), then give everything back. */
void loader_uring_close(struct loader *self);
int loader_uring_poll(struct loader *self);

/* loader_preadv.c */
int loader_preadv_poll(struct loader *self);

/* loader_probe.c */

/** One read through the tier as it is now, waited for: shows what open() cannot. 0, or -errno with loader_error(). */
int loader_probe_trial(struct loader *self);

/** Nanoseconds per batch with every lane full, at most about 20 ms long. 0 on error (self->failed is set). */
uint64_t loader_probe_batch_ns(struct loader *self);

#endif
