/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the journals of live runs: whatever the file, reading returns, stays inside it and accepts only what it would write
 * again; whatever was recorded is read back, and a changed bit is found at its entry or before.
 *
 * The first byte, a digit in the seeds, says what the rest is: `0` a file (zlib reads what is not compressed as it stands,
 * so that mutations get through), `1` events to record.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/policy/journal.h"
#include "harness/record/journal_file.h"

#define ENTRIES_MAX 64u

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

/** Entries that are sound, up to the first that is not. */
static uint64_t read_entries(const uint8_t *data, size_t size, int *last)
{
    struct journal_reader reader = {.data = data, .size = size};
    struct journal_entry entry;
    size_t at = 0;
    uint64_t now_ns = 0;
    int rc;
    while ((rc = journal_next(&reader, &entry)) == 1) {
        CHECK(reader.at > at);
        CHECK(reader.at <= size);
        CHECK(reader.at - at <= JOURNAL_ENTRY_MAX);
        CHECK(entry.event.now_ns >= now_ns);
        at = reader.at;
        now_ns = entry.event.now_ns;
    }
    CHECK(rc == 0 || rc == -EBADMSG);
    CHECK(reader.at == at); /* an error moves nothing */
    CHECK(rc != 0 || at == size);
    *last = rc;
    return reader.entries;
}

static int read_file(const void *bytes, size_t size, struct journal_file *out)
{
    struct err err = {{0}};
    char path[64];
    const int fd = memfd_create("journal", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const int rc = journal_file_read(path, out, &err);
    close(fd);
    if (rc < 0) {
        CHECK(rc == -EBADMSG || rc == -EPROTONOSUPPORT);
        CHECK(err.text[0] != '\0');
        CHECK(!out->worker);
    }
    return rc;
}

static void check_file(const unsigned char *bytes, size_t count)
{
    struct journal_file file;
    if (read_file(bytes, count, &file) < 0)
        return;
    CHECK(file.workers >= 1);
    CHECK(file.workers <= JOURNAL_FILE_WORKERS_MAX);
    CHECK(memchr(file.policy, '\0', sizeof(file.policy)));
    for (uint32_t w = 0; w < file.workers; w++) {
        int last;
        /* exact size, so that ASan sees the end */
        uint8_t *const copy = malloc(file.worker[w].bytes);
        CHECK(copy || file.worker[w].bytes == 0);
        if (file.worker[w].bytes > 0)
            memcpy(copy, file.worker[w].data, file.worker[w].bytes);
        read_entries(copy, file.worker[w].bytes, &last);
        free(copy);
    }
    journal_file_free(&file);
}

/** `size` bytes of the input, zeros when it ends. */
static void draw(const unsigned char **at, size_t *left, void *out, size_t size)
{
    const size_t n = size < *left ? size : *left;
    memset(out, 0, size);
    if (n > 0)
        memcpy(out, *at, n);
    *at += n;
    *left -= n;
}

static void check_comes_back(const unsigned char *bytes, size_t count)
{
    static uint8_t memory[ENTRIES_MAX * JOURNAL_ENTRY_MAX];
    static struct actions actions;
    static struct event written[ENTRIES_MAX];
    struct journal journal;
    uint32_t flip;
    draw(&bytes, &count, &flip, sizeof(flip));
    journal_init(&journal, memory, sizeof(memory));
    while (count > 0 && journal.entries < ENTRIES_MAX - 1) {
        struct event event = {0};
        struct action action = {0};
        uint16_t step;
        draw(&bytes, &count, &event.kind, sizeof(event.kind));
        draw(&bytes, &count, &event.type, sizeof(event.type));
        draw(&bytes, &count, &event.tag, sizeof(event.tag));
        draw(&bytes, &count, &event.peer, sizeof(event.peer));
        draw(&bytes, &count, &event.version, sizeof(event.version));
        draw(&bytes, &count, &step, sizeof(step));
        draw(&bytes, &count, &action.kind, sizeof(action.kind));
        event.kind &= 0x7f;
        event.now_ns = journal.now_ns + step;
        if (event.kind == EV_TENSOR)
            draw(&bytes, &count, &event.handle, sizeof(event.handle));
        if (event.kind == EV_CONTROL)
            draw(&bytes, &count, event.word, sizeof(event.word));
        actions.count = 0;
        actions_push(&actions, action);
        written[journal.entries] = event;
        journal_add(&journal, &event, &actions, 0.5f);
    }
    CHECK(!journal.full);

    int last;
    struct journal_reader reader = {.data = memory, .size = journal.used};
    struct journal_entry entry;
    for (uint64_t i = 0; i < journal.entries; i++) {
        CHECK(journal_next(&reader, &entry) == 1);
        CHECK(memcmp(&entry.event, &written[i], sizeof(entry.event)) == 0);
    }
    CHECK(journal_next(&reader, &entry) == 0);
    if (journal.used == 0)
        return;
    memory[flip % journal.used] ^= (uint8_t)(1u << (flip >> 29));
    CHECK(read_entries(memory, journal.used, &last) < journal.entries);
    CHECK(last == -EBADMSG);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count)
{
    if (count < 1)
        return 0;
    if (bytes[0] % 2 == 0)
        check_file(bytes + 1, count - 1);
    else
        check_comes_back(bytes + 1, count - 1);
    return 0;
}
