/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Faults that happen at a time to one worker: a schedule, fixed before the start, the same for both clocks.
 *
 * What makes a worker slow is not here (inject.h), nor what happens to messages (link.h).
 */
#ifndef CORE_INJECT_FAULT_H
#define CORE_INJECT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind {
    FAULT_CRASH, /* gone without a word; its peers notice after notice_ns; for_ns > 0: comes back empty after so long */
    FAULT_LEAVE, /* finishes its exchange, then goes; its peers know at once; for_ns as above */
    FAULT_JOIN,  /* is not there from the start, comes at at_ns with a neighbour's parameters */
    FAULT_PAUSE, /* alive but stuck: handles nothing for for_ns */
    FAULT_DISK,  /* its reads fail for for_ns (disk) */
    FAULT_SLOTS, /* all but `keep` of its free snapshots are withheld for for_ns */
    FAULT_KINDS
};
extern const char *const fault_kind_name[FAULT_KINDS];
extern const char *const fault_kind_help[FAULT_KINDS];

/** Does it take a worker away from its peers? */
static inline bool fault_loses(enum fault_kind kind)
{
    return kind == FAULT_CRASH || kind == FAULT_LEAVE;
}

/** Is its worker absent because of it? */
static inline bool fault_is_absence(enum fault_kind kind)
{
    return fault_loses(kind) || kind == FAULT_JOIN;
}

enum fault_disk { DISK_EIO, DISK_SHORT, DISK_EAGAIN, DISK_KINDS };

struct fault {
    enum fault_kind kind;
    uint32_t worker;
    uint64_t at_ns;     /* since the start */
    uint64_t for_ns;    /* 0: for good */
    uint64_t notice_ns; /* FAULT_CRASH: until its peers are told */
    enum fault_disk disk;
    uint32_t keep;
};

/** Does its worker come (back)? */
static inline bool fault_returns(const struct fault *fault)
{
    return fault->kind == FAULT_JOIN || (fault_loses(fault->kind) && fault->for_ns > 0);
}

/** When it ends; UINT64_MAX: never, as an absence of no length. Of a join: its beginning is all there is of it. */
static inline uint64_t fault_end_ns(const struct fault *fault)
{
    const bool ends = fault->for_ns > 0 || !fault_is_absence(fault->kind);
    return ends && fault->for_ns < UINT64_MAX - fault->at_ns ? fault->at_ns + fault->for_ns
                                                             : UINT64_MAX;
}

/** When the peers of a crashed worker are told, if they were not before: at its return at the latest. */
static inline uint64_t fault_noticed_ns(const struct fault *fault)
{
    const uint64_t end_ns = fault_end_ns(fault);
    return fault->notice_ns < end_ns - fault->at_ns ? fault->at_ns + fault->notice_ns : end_ns;
}

#define FAULT_SCHEDULE_MAX 4096u

/**
 * A sentence why this schedule cannot be (one worker in two states at once, everybody gone at some time, unordered), or
 * NULL. `fault` ascends by at_ns.
 */
const char *fault_check(const struct fault *fault, uint32_t count, uint32_t workers);

#endif
