/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures are read back block by block: what a link carried is in the file as it was, and what is not is counted. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/capture.h"
#include "net/link_capture.h"
#include "net/udp_frame.h"

enum { SECTION = 0x0A0D0D0A, INTERFACE = 1, STATISTICS = 5 };

struct file {
    char path[64];
    uint8_t *data;
    uint64_t bytes, at; /* the block in hand */
};

static struct file make_file(void)
{
    struct file self = {.path = "/tmp/dawdle-capture-XXXXXX"};
    const int fd = mkstemp(self.path);
    cr_assert_geq(fd, 0);
    close(fd);
    return self;
}

static void read_file(struct file *self)
{
    struct stat info;
    FILE *const in = fopen(self->path, "r");
    cr_assert(in && fstat(fileno(in), &info) == 0);
    self->bytes = (uint64_t)info.st_size;
    self->data = malloc(self->bytes + 1);
    cr_assert_eq(fread(self->data, 1, self->bytes, in), self->bytes);
    fclose(in);
    unlink(self->path);
}

static uint32_t word(const struct file *self, uint64_t at)
{
    uint32_t out;
    cr_assert_leq(self->at + at + 4, self->bytes);
    memcpy(&out, self->data + self->at + at, sizeof(out));
    return out;
}

/** Checks that both ends of the block agree, and goes on to the next one. */
static void pass(struct file *self)
{
    const uint32_t length = word(self, 4);
    cr_assert_eq(length % 4, 0u);
    cr_assert_eq(word(self, length - 4), length);
    self->at += length;
}

static struct capture *open_capture(const struct file *file, uint64_t from, uint32_t interface,
                                    struct capture_counts *counts)
{
    struct err err = {{0}};
    const struct capture_config config = {.path = file->path,
                                          .from = from,
                                          .interface = interface,
                                          .program = "test",
                                          .name = "null",
                                          .description = "process 3",
                                          .counts = counts};
    struct capture *const self = capture_open(&config, &err);
    cr_assert(self, "%s", err.text);
    return self;
}

static struct link_out frame_of(const uint8_t *bytes, uint32_t count)
{
    return (struct link_out){.head = bytes, .head_bytes = count};
}

Test(capture, begins_a_file_as_the_draft_has_it)
{
    static const uint8_t expected[] = {
        0x0A, 0x0D, 0x0D, 0x0A, 44,   0,    0,    0,    0x4D, 0x3C, 0x2B, 0x1A, 1, 0,   0,
        0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 4,    0,    6,    0, 'd', 'a',
        'w',  'd',  'l',  'e',  0,    0,    0,    0,    0,    0,    44,   0,    0, 0};
    uint8_t block[PCAPNG_BLOCK_MAX];

    const uint32_t bytes = pcapng_section(block, "dawdle");

    cr_assert_eq(bytes, sizeof(expected));
    cr_expect_arr_eq(block, expected, sizeof(expected));
}

Test(capture, cuts_texts_that_are_too_long)
{
    char text[2 * PCAPNG_BLOCK_MAX];
    uint8_t block[PCAPNG_BLOCK_MAX];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';

    cr_expect_leq(pcapng_section(block, text), PCAPNG_BLOCK_MAX);
    cr_expect_leq(pcapng_interface(block, text, text), PCAPNG_BLOCK_MAX);
}

Test(capture, has_what_a_link_sent_between_the_two_ends)
{
    static const uint8_t head[] = "a header", body[] = "and a payload";
    static const uint32_t peers[] = {1, 300};
    const struct link_config link_config = {.process = 3, .peer_count = 2, .peers = peers};
    struct capture_counts counts;
    struct err err = {{0}};
    struct file file = make_file();
    struct capture *const capture = open_capture(&file, 0, 0, &counts);
    struct link *const link =
        link_capture_open(link_find("null")->open(&link_config, &err), &link_config, capture, &err);
    cr_assert(link);
    const struct link_out frame = {head, body, sizeof(head), sizeof(body)};
    const uint64_t before = capture_now_ns();

    cr_assert_eq(link_send(link, 1, &frame, 1), 1u);

    link_close(link);
    capture_close(capture);
    read_file(&file);
    cr_expect_eq(link_find("null"), link_at(3), "a link that is captured is no row");
    cr_expect_eq(word(&file, 0), SECTION);
    pass(&file);
    cr_expect_eq(word(&file, 0), INTERFACE);
    pass(&file);
    const uint32_t bytes = LINK_OUTER + sizeof(head) + sizeof(body);
    const uint8_t *const packet = file.data + file.at + PCAPNG_HEAD_BYTES;
    const uint64_t at_ns = (uint64_t)word(&file, 12) << 32 | word(&file, 16);
    const struct udp_end there = {.address = 0x2C0112C6,
                                  .port = 0x5744}; /* 198.18.1.44, in order of the net */
    struct udp_end from;
    cr_assert_eq(word(&file, 0), PCAPNG_PACKET);
    cr_expect_eq(word(&file, 20), bytes);
    cr_expect_eq(word(&file, 24), bytes);
    cr_expect_leq(before, at_ns);
    cr_expect_leq(at_ns, capture_now_ns());
    cr_expect(udp_frame_is_for(packet, bytes, &there, &from), "process 300 is 198.18.1.44");
    cr_expect_eq(from.address, 0x030012C6u, "process 3 is 198.18.0.3");
    cr_expect_eq(udp_frame_payload(packet, bytes), bytes - LINK_OUTER);
    cr_expect_arr_eq(packet + LINK_OUTER, head, sizeof(head));
    cr_expect_arr_eq(packet + LINK_OUTER + sizeof(head), body, sizeof(body));
    cr_expect_eq(word(&file, PCAPNG_HEAD_BYTES + (bytes + 3) / 4 * 4 + 4), 2u, "it went out");
    pass(&file);
    cr_expect_eq(word(&file, 0), STATISTICS);
    pass(&file);
    cr_expect_eq(file.at, file.bytes);
    cr_expect_eq(counts.written, 1u);
    cr_expect_eq(counts.end, file.bytes);
    free(file.data);
}

Test(capture, keeps_every_frame_whole_when_its_buffer_begins_anew)
{
    enum { FRAMES = 40000, BYTES = 1001 };
    static const uint8_t outer[LINK_OUTER];
    struct capture_counts counts;
    struct file file = make_file();
    struct capture *const capture = open_capture(&file, 0, 0, &counts);
    uint64_t refused = 0;
    uint8_t bytes[BYTES];

    for (uint32_t i = 0; i < FRAMES; i++) {
        memset(bytes, (int)(i % 251), sizeof(bytes));
        const struct link_out frame = frame_of(bytes, BYTES);
        for (; !capture_frame(capture, PCAPNG_IN, i, outer, &frame); refused++)
            usleep(1000);
    }
    capture_close(capture);

    read_file(&file);
    cr_assert_gt(file.bytes, CAPTURE_BUFFER_BYTES);
    pass(&file);
    pass(&file);
    for (uint32_t i = 0; i < FRAMES; i++, pass(&file)) {
        memset(bytes, (int)(i % 251), sizeof(bytes));
        cr_assert_eq(word(&file, 0), PCAPNG_PACKET);
        cr_assert_eq(word(&file, 16), i);
        cr_assert_eq(memcmp(file.data + file.at + PCAPNG_HEAD_BYTES + LINK_OUTER, bytes, BYTES), 0);
    }
    cr_expect_eq(counts.written, FRAMES);
    cr_expect_eq(counts.dropped, refused);
    cr_expect_eq(counts.lost, 0u);
    free(file.data);
}

Test(capture, drops_and_counts_what_finds_no_room)
{
    static const uint8_t outer[LINK_OUTER], small[64];
    struct capture_counts counts;
    struct file file = make_file();
    struct capture *const capture = open_capture(&file, 0, 0, &counts);
    uint8_t *const large = calloc(1, CAPTURE_BUFFER_BYTES);
    const struct link_out fits = frame_of(small, sizeof(small));
    const struct link_out too_long = frame_of(large, CAPTURE_BUFFER_BYTES);

    cr_expect_not(capture_frame(capture, PCAPNG_OUT, 1, outer, &too_long));
    cr_expect(capture_frame(capture, PCAPNG_OUT, 2, outer, &fits));
    capture_close(capture);

    read_file(&file);
    cr_expect_eq(counts.written, 1u);
    cr_expect_eq(counts.dropped, 1u);
    for (uint32_t block = 0; block < 3; block++)
        pass(&file);
    cr_expect_eq(word(&file, 0), STATISTICS);
    cr_expect_eq(word(&file, 24), 2u, "frames that passed");
    cr_expect_eq(word(&file, 36), 1u, "and those of them that were dropped");
    free(file.data);
    free(large);
}

Test(capture, puts_one_run_behind_the_other_and_nothing_else)
{
    static const char rest[] = "half a block of a process that died";
    static const struct {
        uint32_t type, interface;
    } expected[] = {{SECTION, 0},   {INTERFACE, 0},     {PCAPNG_PACKET, 0}, {STATISTICS, 0},
                    {INTERFACE, 0}, {PCAPNG_PACKET, 1}, {STATISTICS, 1}};
    static const uint8_t outer[LINK_OUTER], bytes[64];
    const struct link_out frame = frame_of(bytes, sizeof(bytes));
    struct capture_counts counts = {.end = 0};
    struct file file = make_file();

    for (uint32_t run = 0; run < 2; run++) {
        struct capture *const capture = open_capture(&file, counts.end, run, &counts);
        capture_frame(capture, PCAPNG_IN, 1, outer, &frame);
        capture_close(capture);
        const int fd = open(file.path, O_WRONLY | O_APPEND);
        cr_assert_eq(write(fd, rest, sizeof(rest)), (ssize_t)sizeof(rest));
        close(fd);
    }

    read_file(&file);
    for (uint32_t i = 0; i < 7; i++) {
        const uint32_t type = word(&file, 0);
        cr_expect_eq(type, expected[i].type, "block %u", i);
        if (type == PCAPNG_PACKET || type == STATISTICS)
            cr_expect_eq(word(&file, 8), expected[i].interface, "block %u", i);
        pass(&file);
    }
    cr_expect_eq(file.at, counts.end);
    free(file.data);
}

Test(capture, ends_with_a_whole_block_where_the_file_may_not_grow)
{
    static const uint8_t outer[LINK_OUTER], bytes[5000];
    const struct rlimit limit = {.rlim_cur = 8192, .rlim_max = RLIM_INFINITY};
    struct capture_counts counts;
    struct file file = make_file();
    struct capture *const capture = open_capture(&file, 0, 0, &counts);
    const struct link_out frame = frame_of(bytes, sizeof(bytes));
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);

    for (uint32_t i = 0; i < 10; i++)
        cr_expect(capture_frame(capture, PCAPNG_IN, i, outer, &frame));
    capture_close(capture);

    read_file(&file);
    cr_expect_eq(counts.error, EFBIG);
    cr_expect_eq(counts.written + counts.lost, 10u);
    cr_expect_geq(counts.lost, 9u);
    cr_expect_eq(counts.end, file.bytes);
    while (file.at < file.bytes)
        pass(&file);
    free(file.data);
}

Test(capture, says_why_a_file_cannot_be_written)
{
    struct capture_counts counts;
    struct err err = {{0}};
    const struct capture_config config = {.path = "/nowhere/at/all.pcapng",
                                          .program = "",
                                          .name = "",
                                          .description = "",
                                          .counts = &counts};

    cr_expect_null(capture_open(&config, &err));
    cr_expect_str_eq(err.text,
                     "cannot write frames to /nowhere/at/all.pcapng: No such file or directory");
}
