/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Tracks and events of a trace, as packets that Perfetto reads.
 *
 * All packets are of one sequence. Its first clears the state and tells every name of an event, category or annotation;
 * the others refer to them by number. Times are ns since the start of a run; what is later than 2^63 - 1 is drawn
 * there.
 *
 * Source: Perfetto, protos/perfetto/trace/track_event/track_event.proto and track_descriptor.proto, and
 *         docs/reference/synthetic-track-event.md.
 */
#ifndef HARNESS_RECORD_TRACE_PACKET_H
#define HARNESS_RECORD_TRACE_PACKET_H

#include "core/drive/time_parts.h"
#include "core/inject/fault.h"
#include "harness/record/trace_file.h"

/** Names of events: parts of an iteration, these, and kinds of faults. */
enum trace_name {
    TRACE_ITERATION = PART_COUNT,
    TRACE_RUN,         /* what the run is; all of it is drawn */
    TRACE_RUN_THINNED, /* the same, and something is left out */
    TRACE_NOTICED,     /* a fault, by the worker's peers */
    TRACE_TAKEN,       /* a core, by others */
    TRACE_FAULT,
    TRACE_NAMES = TRACE_FAULT + FAULT_KINDS
};

enum trace_category {
    TRACE_OF_ITERATION,
    TRACE_OF_WORK,
    TRACE_OF_DELAY,
    TRACE_OF_WAIT,
    TRACE_OF_OVERHEAD,
    TRACE_OF_FAULT,
    TRACE_OF_STOLEN,
    TRACE_OF_RUN,
    TRACE_CATEGORIES
};

enum trace_note {
    TRACE_NOTE_ITERATION,
    TRACE_NOTE_MIXED_WITH,
    TRACE_NOTE_BATCH_LOSS,
    TRACE_NOTE_WORKER,
    TRACE_NOTE_END,
    TRACE_NOTE_POLICY,
    TRACE_NOTE_SEED,
    TRACE_NOTE_CLOCK,
    TRACE_NOTE_WORKERS,
    TRACE_NOTE_LOGGED,
    TRACE_NOTE_DRAWN,
    TRACE_NOTE_STOLEN,
    TRACE_NOTE_ORDER,
    TRACE_NOTES
};

/** The category that a part of an iteration has. */
enum trace_category trace_packet_category(enum part part);

/** The packet that has to be the first: all names. */
void trace_packet_names(struct trace_file *file);

/** A new track, as its number. A process may have events of its own. */
uint32_t trace_packet_process(struct trace_file *file, const char *name);
uint32_t trace_packet_thread(struct trace_file *file, uint32_t process, const char *name);
uint32_t trace_packet_track(struct trace_file *file, uint32_t process, const char *name);
uint32_t trace_packet_counter(struct trace_file *file, uint32_t process, const char *name);

/** A moment, or the begin of a slice, which notes may follow; trace_packet_finish hands it over. */
void trace_packet_instant(struct protobuf *packet, uint32_t track, uint64_t at_ns, uint32_t name,
                          enum trace_category category);
void trace_packet_begin(struct protobuf *packet, uint32_t track, uint64_t at_ns, uint32_t name,
                        enum trace_category category);
void trace_packet_note_uint(struct protobuf *packet, enum trace_note note, uint64_t value);
void trace_packet_note_double(struct protobuf *packet, enum trace_note note, double value);
void trace_packet_note_text(struct protobuf *packet, enum trace_note note, const char *text);
void trace_packet_finish(struct protobuf *packet, struct trace_file *file);

/** The end of the slice that began last on the track. */
void trace_packet_end(struct trace_file *file, uint32_t track, uint64_t at_ns);

/** A value of a counter. */
void trace_packet_value(struct trace_file *file, uint32_t track, uint64_t at_ns, double value);

#endif
