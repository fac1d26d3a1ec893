/* SPDX-License-Identifier: BSD-3-Clause */
/* What one process writes another one reads, and bytes that nobody wrote do no harm. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "harness/run/pack.h"

struct things {
    uint64_t word[3], cycles[2], moment[3], many;
    uint32_t number[2];
    double real;
    char text[16];
    uint64_t list[8];
};

static void list(struct pack *pack, struct things *it, struct hist *hist)
{
    pack_words(pack, it->word, 3);
    pack_cycles(pack, it->cycles, 2);
    pack_moments(pack, it->moment, 3);
    pack_numbers(pack, it->number, 2);
    pack_doubles(pack, &it->real, 1);
    pack_text(pack, it->text, sizeof(it->text));
    it->many = pack_count(pack, it->many, 8);
    pack_words(pack, it->list, it->many);
    pack_hist(pack, hist);
}

static struct hist *new_hist(void)
{
    struct hist *const hist = malloc(sizeof(*hist));
    hist_reset(hist);
    return hist;
}

static struct things sample(struct hist *hist)
{
    hist_record(hist, 7);
    hist_record(hist, 7);
    hist_record(hist, 123456789);
    hist_record(hist, HIST_VALUE_MAX + 5);
    return (struct things){.word = {1, 2, UINT64_MAX},
                           .cycles = {1000, UINT64_MAX},
                           .moment = {5000, 0, 900},
                           .many = 3,
                           .number = {77, 78},
                           .real = 0.25,
                           .text = "fifteen letters",
                           .list = {9, 8, 7}};
}

Test(pack, reads_what_was_written)
{
    struct hist *const from = new_hist(), *const to = new_hist();
    struct things first = sample(from), second = {.many = 0};
    struct pack writer = pack_writer();
    list(&writer, &first, from);
    cr_assert_not(writer.bad);
    struct pack reader = pack_reader(writer.data, writer.used);
    list(&reader, &second, to);
    cr_expect_not(reader.bad);
    cr_expect_eq(reader.used, reader.size, "all of it");
    cr_expect_eq(memcmp(&first, &second, sizeof(first)), 0);
    cr_expect_eq(memcmp(from, to, sizeof(*from)), 0);
    pack_close(&writer);
    free(from);
    free(to);
}

Test(pack, another_host_has_times_of_its_own)
{
    struct hist *const hist = new_hist();
    struct things first = sample(hist), second = {.many = 0};
    struct pack writer = pack_writer();
    list(&writer, &first, hist);
    struct pack reader = pack_reader(writer.data, writer.used);
    reader.clock = (struct clock_shift){.there = 1000, .here = 70000, .scale = 2};
    list(&reader, &second, hist);
    cr_expect_eq(second.word[0], 1);
    cr_expect_eq(second.cycles[0], 2000);
    cr_expect_eq(second.cycles[1], UINT64_MAX, "never stays never");
    cr_expect_eq(second.moment[0], 78000);
    cr_expect_eq(second.moment[1], 0, "no moment stays none");
    cr_expect_eq(second.moment[2], 69800, "one before the common one");
    pack_close(&writer);
    free(hist);
}

Test(pack, every_shorter_piece_is_bad)
{
    struct hist *const hist = new_hist();
    struct things first = sample(hist);
    struct pack writer = pack_writer();
    list(&writer, &first, hist);
    for (size_t bytes = 0; bytes < writer.used; bytes++) {
        struct things second = {.many = 0};
        struct pack reader = pack_reader(writer.data, bytes);
        hist_reset(hist);
        list(&reader, &second, hist);
        cr_assert(reader.bad, "%zu of %zu bytes", bytes, writer.used);
    }
    pack_close(&writer);
    free(hist);
}

/** Lengths beyond the room are refused, whatever else the bytes are. */
Test(pack, nonsense_stays_within_its_room)
{
    struct hist *const hist = new_hist();
    struct rng rng = rng_start(4711, RNG_INIT, 0);
    for (uint32_t i = 0; i < 2000; i++) {
        uint64_t bytes[64];
        struct things it = {.many = 0};
        for (uint32_t w = 0; w < 64; w++)
            bytes[w] = rng_next(&rng) >> (rng_next(&rng) % 64);
        struct pack reader = pack_reader(bytes, sizeof(bytes));
        list(&reader, &it, hist);
        cr_assert_leq(it.many, 8);
        cr_assert_lt(strnlen(it.text, sizeof(it.text)), sizeof(it.text));
    }
    free(hist);
}
