/* SPDX-License-Identifier: BSD-3-Clause */
/* The data set in memory gives what the file gives. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/samples.h"

#define HEAD_BYTES 13u
#define SAMPLES 20u
#define FEATURES 9u

static uint8_t label[SAMPLES];

/* A file with a head of odd length and `values` behind it. */
static struct dataset write_file(enum dataset_element element, const void *values)
{
    const char *const folder = getenv("DAWDLE_TEST_TMP");
    struct dataset out = {.base_bytes = HEAD_BYTES,
                          .record_bytes = FEATURES * (element == DATASET_U8 ? 1 : 4),
                          .features = FEATURES,
                          .classes = 4,
                          .samples = SAMPLES,
                          .element = element,
                          .label = label};
    snprintf(out.path, sizeof(out.path), "%s/samples-XXXXXX", folder ? folder : "/tmp");
    const int fd = mkstemp(out.path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, "head of file.", HEAD_BYTES), (ssize_t)HEAD_BYTES);
    cr_assert_eq(write(fd, values, SAMPLES * out.record_bytes),
                 (ssize_t)(SAMPLES * out.record_bytes));
    close(fd);
    for (uint32_t i = 0; i < SAMPLES; i++)
        label[i] = (uint8_t)(i % 4);
    return out;
}

static void expect_equal_to_the_file(const struct dataset *dataset)
{
    static const uint32_t ids[] = {3, 19, 0, 3};
    float file[4 * FEATURES], memory[4 * FEATURES];
    uint8_t labels[4];
    struct samples samples;
    struct err err = {""};
    cr_assert_eq(dataset_read(dataset, ids, 4, file, &err), 0);
    cr_assert_eq(samples_open(&samples, dataset, &err), 0);
    unlink(dataset->path); /* not needed any more */

    const struct values_data data = samples_data(&samples);
    data.read(data.context, ids, 4, memory, labels);

    cr_expect_arr_eq(memory, file, sizeof(file));
    cr_expect_arr_eq(labels, ((uint8_t[]){3, 3, 0, 3}), 4);
    samples_close(&samples);
}

Test(values_samples, gives_bytes_as_the_file_does)
{
    unsigned char values[SAMPLES * FEATURES];
    for (uint32_t i = 0; i < sizeof(values); i++)
        values[i] = (unsigned char)(i * 37);
    const struct dataset dataset = write_file(DATASET_U8, values);

    expect_equal_to_the_file(&dataset);
}

Test(values_samples, gives_floats_as_the_file_does)
{
    float values[SAMPLES * FEATURES];
    for (uint32_t i = 0; i < SAMPLES * FEATURES; i++)
        values[i] = (float)i / 7.0f - 3.0f;
    const struct dataset dataset = write_file(DATASET_F32, values);

    expect_equal_to_the_file(&dataset);
}

Test(values_samples, says_where_a_file_ends_too_early)
{
    unsigned char values[SAMPLES * FEATURES] = {0};
    struct samples samples;
    struct err err = {""};
    struct dataset dataset = write_file(DATASET_U8, values);
    dataset.samples = SAMPLES + 1;

    cr_expect_eq(samples_open(&samples, &dataset, &err), -ENODATA);

    cr_expect(strstr(err.text, "wanted bytes up to 202, file ends at 193") != NULL, "%s", err.text);
    cr_expect_null(samples.record);
    unlink(dataset.path);
    cr_expect_eq(samples_open(&samples, &dataset, &err), -ENOENT);
}
