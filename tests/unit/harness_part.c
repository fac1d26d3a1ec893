/* SPDX-License-Identifier: BSD-3-Clause */
/* What a rank keeps of a run comes back as it was; a file that ends early, or has one bit turned, is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/run/part_file.h"

static uint8_t file[16384];
static char folder[4096], path[4200];

static struct part_file sample(void)
{
    static const uint8_t measured[300] = {1, 2, 3};
    struct part_file out = {.version = "1.2-test",
                            .ranks = {.rank = 2, .count = 3},
                            .turn = {.seed = 4, .policy = 1},
                            .agreed = {.profile = 11, .data = 12, .plan = 13},
                            .run = 0xfedcba9876543210u,
                            .data = measured,
                            .bytes = sizeof(measured)};
    for (uint32_t r = 0; r < 3; r++)
        snprintf(out.ranks.member[r].name, sizeof(out.ranks.member[r].name), "host%u", r);
    out.ranks.member[1].cores = 7;
    out.ranks.member[1].shares = true;
    return out;
}

static size_t read_bytes(void)
{
    FILE *const in = fopen(path, "rb");
    cr_assert(in);
    const size_t bytes = fread(file, 1, sizeof(file), in);
    fclose(in);
    return bytes;
}

static int read_with(size_t bytes, struct err *err)
{
    struct part_file part;
    FILE *const out = fopen(path, "wb");
    cr_assert(out);
    fwrite(file, 1, bytes, out);
    fclose(out);
    const int rc = part_file_read(&part, folder, err);
    part_file_free(&part);
    return rc;
}

static void write_sample(void)
{
    const struct part_file wrote = sample();
    struct err err = {{0}};
    const char *const base = getenv("DAWDLE_TEST_TMP");
    cr_assert(base, "DAWDLE_TEST_TMP names the build folder of the tests");
    snprintf(folder, sizeof(folder), "%s/part-XXXXXX", base);
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/" PART_FILE_NAME, folder);
    cr_assert_eq(part_file_write(&wrote, folder, &err), 0, "%s", err.text);
}

Test(part, comes_back_as_it_was)
{
    const struct part_file wrote = sample();
    struct part_file is;
    struct err err = {{0}};
    write_sample();
    cr_assert_eq(part_file_read(&is, folder, &err), 0, "%s", err.text);
    cr_expect_str_eq(is.version, wrote.version);
    cr_expect_eq(is.run, wrote.run);
    cr_expect_eq(is.ranks.rank, 2);
    cr_expect_eq(is.ranks.count, 3);
    cr_expect_str_eq(is.ranks.member[2].name, "host2");
    cr_expect_eq(is.ranks.member[1].cores, 7);
    cr_expect(is.ranks.member[1].shares && !is.ranks.member[0].shares);
    cr_expect_eq(is.turn.seed, 4);
    cr_expect_eq(is.turn.policy, 1);
    cr_expect_eq(is.agreed.plan, 13);
    cr_assert_eq(is.bytes, wrote.bytes);
    cr_expect_arr_eq(is.data, wrote.data, wrote.bytes);
    part_file_free(&is);
}

Test(part, is_whole_or_refused)
{
    struct err err = {{0}};
    write_sample();
    const size_t bytes = read_bytes();
    cr_assert_gt(bytes, 300);
    for (size_t cut = 0; cut < bytes; cut++)
        cr_expect_eq(read_with(cut, &err), -EINVAL, "%zu of its bytes are taken for all", cut);
    for (size_t i = 0; i < bytes; i++) {
        file[i] ^= (uint8_t)(1u << i % 8);
        cr_expect_eq(read_with(bytes, &err), -EINVAL, "byte %zu can be another one", i);
        file[i] ^= (uint8_t)(1u << i % 8);
    }
    cr_expect_eq(read_with(bytes, &err), 0, "%s", err.text);
}

Test(part, that_is_not_there_is_said_to_be_so)
{
    struct err err = {{0}};
    struct part_file is;
    cr_expect_eq(part_file_read(&is, "/none/such", &err), -ENOENT);
    cr_expect_str_eq(err.text, "cannot read /none/such/rank.part: No such file or directory");
    part_file_free(&is);
}
