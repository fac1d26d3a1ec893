/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Frames on their way into a pcapng file (pcapng.h): a bounded buffer that one thread fills and a thread of its own empties.
 *
 * Who hands a frame in never waits and makes no system call but for the time, which needs none on x86-64 Linux: a frame that
 * finds no room is dropped and counted.
 */
#ifndef NET_CAPTURE_H
#define NET_CAPTURE_H

#include "core/base/err.h"
#include "net/link.h"
#include "net/pcapng.h"

#define CAPTURE_BUFFER_BYTES (32u << 20)

/** May lie in memory that processes share: what is said here was true when the process died, if it did. */
struct capture_counts {
    uint64_t written; /* frames that are in the file */
    uint64_t dropped; /* that found no room in the buffer … */
    uint64_t lost;    /* … and that could not be written, after `error` */
    uint64_t end;     /* of the last whole block of the file, in bytes from its beginning */
    int error;        /* errno of the write that failed; 0: none did */
};

struct capture_config {
    const char *path; /* of a regular file, which is there */
    uint64_t from;    /* whole blocks up to here, 0 of a new file; what it has behind is cut off */
    uint32_t interface;             /* how many captures, each an interface, the file has in it */
    const char *program;            /* that writes the file */
    const char *name, *description; /* of the interface */
    struct capture_counts *counts;  /* borrowed until capture_close */
};

struct capture;

/** Opens the file and starts the thread, on the cores of the process' first thread. NULL with a sentence. */
struct capture *capture_open(const struct capture_config *config, struct err *err);

/** Wall clock, ns since 1970. */
uint64_t capture_now_ns(void);

/** A frame whose first bytes, those of the link, are `outer`. Returns whether it found room. Copies. One thread at a time. */
bool capture_frame(struct capture *self, enum pcapng_direction direction, uint64_t at_ns,
                   const uint8_t outer[LINK_OUTER], const struct link_out *frame);

/** Waits until everything is written, adds what was counted, and ends. Accepts NULL. */
void capture_close(struct capture *self);

#endif
