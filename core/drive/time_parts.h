/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The parts into which the time of every iteration is split. Each is measured on its own; `rest` is what is left, so it
 * is a finding, not a filler.
 */
#ifndef CORE_DRIVE_TIME_PARTS_H
#define CORE_DRIVE_TIME_PARTS_H

enum part {
    PART_LOAD,     /* waiting for, and converting, the batch */
    PART_COMPUTE,  /* the emulated compute time, or the real gradient where that took longer */
    PART_INJECTED, /* the artificial delay on top */
    PART_PUBLISH,  /* optimizer step and sends */
    PART_WAIT,     /* nothing to do until a peer's message was sent */
    PART_MIX,      /* averaging */
    PART_JUDGE,    /* copying a snapshot for the judge */
    PART_HELD,     /* something to do, but the core was busy with another worker */
    PART_REST, /* whole iteration minus all of the above: loop overhead, preemption, the unexplained */
    PART_COUNT,
};

/** Lower-case names, as in result.json. */
extern const char *const part_name[PART_COUNT];

#endif
