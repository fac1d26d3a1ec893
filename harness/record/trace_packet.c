/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of fields are Perfetto's; tests/reference/perfetto.proto has the same with their types, for protoc. */
#include "harness/record/trace_packet.h"

#define SEQUENCE 1u

enum { TRACE_PACKET = 1 }; /* Trace */
enum {
    PACKET_TIMESTAMP = 8,
    PACKET_SEQUENCE_ID = 10,
    PACKET_TRACK_EVENT = 11,
    PACKET_INTERNED_DATA = 12,
    PACKET_SEQUENCE_FLAGS = 13,
    PACKET_PREVIOUS_DROPPED = 42,
    PACKET_TRACK_DESCRIPTOR = 60,
    PACKET_FIRST_ON_SEQUENCE = 87,
};
enum { FLAG_STATE_CLEARED = 1, FLAG_NEEDS_STATE = 2 };
enum { INTERNED_CATEGORIES = 1, INTERNED_EVENT_NAMES = 2, INTERNED_ANNOTATION_NAMES = 3 };
enum { INTERNED_IID = 1, INTERNED_NAME = 2 }; /* of each of them */
enum {
    EVENT_CATEGORY_IIDS = 3,
    EVENT_ANNOTATIONS = 4,
    EVENT_TYPE = 9,
    EVENT_NAME_IID = 10,
    EVENT_TRACK = 11,
    EVENT_DOUBLE_VALUE = 44,
};
enum { TYPE_BEGIN = 1, TYPE_END = 2, TYPE_INSTANT = 3, TYPE_COUNTER = 4 };
enum { ANNOTATION_NAME_IID = 1, ANNOTATION_UINT = 3, ANNOTATION_DOUBLE = 5, ANNOTATION_TEXT = 6 };
enum {
    TRACK_UUID = 1,
    TRACK_NAME = 2,
    TRACK_PROCESS = 3,
    TRACK_THREAD = 4,
    TRACK_PARENT = 5,
    TRACK_COUNTER = 8
};
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };

static const char *const event_name[TRACE_FAULT] = {
    [TRACE_ITERATION] = "iteration",
    [TRACE_RUN] = "about this run",
    [TRACE_RUN_THINNED] = "about this run: NOT ALL OF IT IS DRAWN",
    [TRACE_NOTICED] = "noticed by peers",
    [TRACE_TAKEN] = "taken by others",
};

static const char *const category_name[TRACE_CATEGORIES] = {
    [TRACE_OF_ITERATION] = "iteration", [TRACE_OF_WORK] = "work",
    [TRACE_OF_DELAY] = "injected",      [TRACE_OF_WAIT] = "wait",
    [TRACE_OF_OVERHEAD] = "overhead",   [TRACE_OF_FAULT] = "fault",
    [TRACE_OF_STOLEN] = "stolen",       [TRACE_OF_RUN] = "run",
};

static const char *const note_name[TRACE_NOTES] = {
    [TRACE_NOTE_ITERATION] = "iteration",
    [TRACE_NOTE_MIXED_WITH] = "mixed_with",
    [TRACE_NOTE_BATCH_LOSS] = "batch_loss",
    [TRACE_NOTE_WORKER] = "worker",
    [TRACE_NOTE_END] = "end",
    [TRACE_NOTE_POLICY] = "policy",
    [TRACE_NOTE_SEED] = "seed",
    [TRACE_NOTE_CLOCK] = "clock",
    [TRACE_NOTE_WORKERS] = "workers",
    [TRACE_NOTE_LOGGED] = "iterations_logged",
    [TRACE_NOTE_DRAWN] = "drawn",
    [TRACE_NOTE_STOLEN] = "stolen_holes_drawn",
    [TRACE_NOTE_ORDER] = "order_of_parts",
};

enum trace_category trace_packet_category(enum part part)
{
    switch (part) {
    case PART_LOAD:
    case PART_COMPUTE:
    case PART_PUBLISH:
    case PART_MIX:
        return TRACE_OF_WORK;
    case PART_INJECTED:
        return TRACE_OF_DELAY;
    case PART_WAIT:
        return TRACE_OF_WAIT;
    case PART_JUDGE:
    case PART_HELD:
    case PART_REST:
    case PART_COUNT:
        break;
    }
    return TRACE_OF_OVERHEAD;
}

static void begin_packet(struct protobuf *packet)
{
    protobuf_init(packet);
    protobuf_begin(packet, TRACE_PACKET);
    protobuf_uint(packet, PACKET_SEQUENCE_ID, SEQUENCE);
}

static void finish_packet(struct protobuf *packet, struct trace_file *file)
{
    protobuf_end(packet);
    trace_file_put(file, packet);
}

/* ---------------------------------------------------------------------------------------------------------- names */

static void put_name(struct protobuf *packet, uint32_t field, uint32_t index, const char *name)
{
    protobuf_begin(packet, field);
    protobuf_uint(packet, INTERNED_IID, index + 1); /* 0 is no number */
    protobuf_text(packet, INTERNED_NAME, name);
    protobuf_end(packet);
}

static const char *name_of(uint32_t name)
{
    if (name < PART_COUNT)
        return part_name[name];
    return name < TRACE_FAULT ? event_name[name] : fault_kind_name[name - TRACE_FAULT];
}

void trace_packet_names(struct trace_file *file)
{
    struct protobuf packet;
    begin_packet(&packet);
    protobuf_uint(&packet, PACKET_SEQUENCE_FLAGS, FLAG_STATE_CLEARED);
    protobuf_uint(&packet, PACKET_FIRST_ON_SEQUENCE, 1);
    protobuf_uint(&packet, PACKET_PREVIOUS_DROPPED, 1);
    protobuf_begin(&packet, PACKET_INTERNED_DATA);
    for (uint32_t i = 0; i < TRACE_CATEGORIES; i++)
        put_name(&packet, INTERNED_CATEGORIES, i, category_name[i]);
    for (uint32_t i = 0; i < TRACE_NAMES; i++)
        put_name(&packet, INTERNED_EVENT_NAMES, i, name_of(i));
    for (uint32_t i = 0; i < TRACE_NOTES; i++)
        put_name(&packet, INTERNED_ANNOTATION_NAMES, i, note_name[i]);
    protobuf_end(&packet);
    finish_packet(&packet, file);
}

/* --------------------------------------------------------------------------------------------------------- tracks */

static uint32_t begin_track(struct trace_file *file, struct protobuf *packet, uint32_t parent)
{
    const uint32_t id = ++file->id;
    begin_packet(packet);
    protobuf_begin(packet, PACKET_TRACK_DESCRIPTOR);
    protobuf_uint(packet, TRACK_UUID, id);
    if (parent > 0)
        protobuf_uint(packet, TRACK_PARENT, parent);
    return id;
}

static uint32_t finish_track(struct trace_file *file, struct protobuf *packet, uint32_t id)
{
    protobuf_end(packet);
    finish_packet(packet, file);
    return id;
}

/* Processes and threads have their track's number, so no two of them have the same. */
uint32_t trace_packet_process(struct trace_file *file, const char *name)
{
    struct protobuf packet;
    const uint32_t id = begin_track(file, &packet, 0);
    protobuf_begin(&packet, TRACK_PROCESS);
    protobuf_uint(&packet, PROCESS_PID, id);
    protobuf_text(&packet, PROCESS_NAME, name);
    protobuf_end(&packet);
    return finish_track(file, &packet, id);
}

uint32_t trace_packet_thread(struct trace_file *file, uint32_t process, const char *name)
{
    struct protobuf packet;
    const uint32_t id = begin_track(file, &packet, process);
    protobuf_begin(&packet, TRACK_THREAD);
    protobuf_uint(&packet, THREAD_PID, process);
    protobuf_uint(&packet, THREAD_TID, id);
    protobuf_text(&packet, THREAD_NAME, name);
    protobuf_end(&packet);
    return finish_track(file, &packet, id);
}

uint32_t trace_packet_track(struct trace_file *file, uint32_t process, const char *name)
{
    struct protobuf packet;
    const uint32_t id = begin_track(file, &packet, process);
    protobuf_text(&packet, TRACK_NAME, name);
    return finish_track(file, &packet, id);
}

uint32_t trace_packet_counter(struct trace_file *file, uint32_t process, const char *name)
{
    struct protobuf packet;
    const uint32_t id = begin_track(file, &packet, process);
    protobuf_text(&packet, TRACK_NAME, name);
    protobuf_begin(&packet, TRACK_COUNTER);
    protobuf_end(&packet);
    return finish_track(file, &packet, id);
}

/* --------------------------------------------------------------------------------------------------------- events */

static void begin_event(struct protobuf *packet, uint32_t track, uint64_t at_ns, uint32_t type)
{
    begin_packet(packet);
    protobuf_uint(packet, PACKET_TIMESTAMP, at_ns < INT64_MAX ? at_ns : INT64_MAX);
    protobuf_uint(packet, PACKET_SEQUENCE_FLAGS, FLAG_NEEDS_STATE);
    protobuf_begin(packet, PACKET_TRACK_EVENT);
    protobuf_uint(packet, EVENT_TYPE, type);
    protobuf_uint(packet, EVENT_TRACK, track);
}

static void begin_named(struct protobuf *packet, uint32_t name, enum trace_category category)
{
    protobuf_uint(packet, EVENT_NAME_IID, name + 1);
    protobuf_uint(packet, EVENT_CATEGORY_IIDS, category + 1u);
}

void trace_packet_instant(struct protobuf *packet, uint32_t track, uint64_t at_ns, uint32_t name,
                          enum trace_category category)
{
    begin_event(packet, track, at_ns, TYPE_INSTANT);
    begin_named(packet, name, category);
}

void trace_packet_begin(struct protobuf *packet, uint32_t track, uint64_t at_ns, uint32_t name,
                        enum trace_category category)
{
    begin_event(packet, track, at_ns, TYPE_BEGIN);
    begin_named(packet, name, category);
}

static void begin_note(struct protobuf *packet, enum trace_note note)
{
    protobuf_begin(packet, EVENT_ANNOTATIONS);
    protobuf_uint(packet, ANNOTATION_NAME_IID, note + 1u);
}

void trace_packet_note_uint(struct protobuf *packet, enum trace_note note, uint64_t value)
{
    begin_note(packet, note);
    protobuf_uint(packet, ANNOTATION_UINT, value);
    protobuf_end(packet);
}

void trace_packet_note_double(struct protobuf *packet, enum trace_note note, double value)
{
    begin_note(packet, note);
    protobuf_double(packet, ANNOTATION_DOUBLE, value);
    protobuf_end(packet);
}

void trace_packet_note_text(struct protobuf *packet, enum trace_note note, const char *text)
{
    begin_note(packet, note);
    protobuf_text(packet, ANNOTATION_TEXT, text);
    protobuf_end(packet);
}

void trace_packet_finish(struct protobuf *packet, struct trace_file *file)
{
    protobuf_end(packet);
    finish_packet(packet, file);
}

void trace_packet_end(struct trace_file *file, uint32_t track, uint64_t at_ns)
{
    struct protobuf packet;
    begin_event(&packet, track, at_ns, TYPE_END);
    trace_packet_finish(&packet, file);
}

void trace_packet_value(struct trace_file *file, uint32_t track, uint64_t at_ns, double value)
{
    struct protobuf packet;
    begin_event(&packet, track, at_ns, TYPE_COUNTER);
    protobuf_double(&packet, EVENT_DOUBLE_VALUE, value);
    trace_packet_finish(&packet, file);
}
