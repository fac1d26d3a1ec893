/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets of two files: what is opened, what is refused and in which words. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support_dataset.h"

TestSuite(dataset, .fini = support_clean);

/* idx */

static void expect_mnist(const struct dataset *data)
{
    float out[3][4];
    struct err err;

    cr_expect_eq(data->base_bytes, 16u);
    cr_expect_eq(data->record_bytes, 4u);
    cr_expect_eq(data->features, 4u);
    cr_expect_eq(data->samples, 3u);
    cr_expect_eq(data->classes, 3u);
    cr_expect_eq(data->element, DATASET_U8);
    cr_expect_arr_eq(data->label, support_digits, 3);
    cr_assert_eq(dataset_read(data, (const uint32_t[]){1, 0, 1}, 3, out[0], &err), 0);
    cr_expect_arr_eq(out[0], ((const float[4]){204 / 255.0f, 1.0f, 0.0f, 1 / 255.0f}),
                     4 * sizeof(float));
    cr_expect_arr_eq(out[1], ((const float[4]){0.0f, 51 / 255.0f, 102 / 255.0f, 153 / 255.0f}),
                     4 * sizeof(float));
    cr_expect_arr_eq(out[2], out[0], 4 * sizeof(float));
}

Test(dataset, opens_idx_and_derives_the_labels_name)
{
    struct dataset data;
    struct err err = {0};
    const char *path = support_write_mnist(false);

    const int rc =
        dataset_open(&data, &(struct dataset_config){.format = "idx", .path = path}, &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    expect_mnist(&data);
    dataset_close(&data);
    cr_expect_null(data.label);
}

Test(dataset, opens_idx_from_a_folder)
{
    struct dataset data;
    struct err err = {0};
    support_write_mnist(false);

    const int rc = dataset_open(
        &data, &(struct dataset_config){.format = "idx", .path = support_path(".")}, &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    expect_mnist(&data);
    dataset_close(&data);
}

Test(dataset, uses_only_the_first_samples_asked_for)
{
    struct dataset data;
    const char *path = support_write_mnist(false);

    cr_assert_eq(dataset_open(&data,
                              &(struct dataset_config){.format = "idx", .path = path, .samples = 2},
                              NULL),
                 0);

    cr_expect_eq(data.samples, 2u);
    cr_expect_eq(data.classes, 3u, "labels 2 and 0: the highest counts");
    dataset_close(&data);
}

Test(dataset, refuses_idx_files_whose_size_belies_the_header)
{
    const char *path = support_write_mnist(false);
    const struct dataset_config config = {.format = "idx", .path = path};

    cr_assert_eq(truncate(path, 27), 0);
    support_expect_refusal(
        &config, -EINVAL, path,
        ": offset 16: expected 3 x 4 values of 1 bytes up to 28, the file ends at 27");
    cr_assert_eq(truncate(path, 29), 0);
    support_expect_refusal(
        &config, -EINVAL, path,
        ": offset 16: expected 3 x 4 values of 1 bytes up to 28, the file ends at 29");
}

Test(dataset, refuses_labels_that_do_not_match)
{
    unsigned char bytes[64];
    const char *path = support_write_mnist(false), *other = support_path("labels");
    const struct dataset_config config = {.format = "idx", .path = path, .labels = other};

    support_expect_refusal(&config, -ENOENT, other, ": cannot open: No such file or directory");
    support_write(other, bytes,
                  support_put_idx(bytes, 1, (const uint32_t[]){2}, support_digits, 2));
    support_expect_refusal(&config, -EINVAL, other,
                           ": expected 3 labels, as many as samples, found 2");
    support_write(other, bytes,
                  support_put_idx(bytes, 2, (const uint32_t[]){3, 2}, "\0\1\0\1\0\1", 6));
    support_expect_refusal(&config, -EINVAL, other,
                           ": expected one label per sample, found 3 x 2 values; if each row is "
                           "one-hot: np.save(\"y.npy\", y.argmax(1))");
    support_write(other, bytes, support_put_labels(bytes));
    support_expect_refusal(
        &(struct dataset_config){.format = "idx", .path = path, .labels = other, .classes = 2},
        -EINVAL, other, ": the label of sample 0 is 2; expected 0 to 1 (data.classes: 2)");
}

Test(dataset, refuses_files_it_cannot_use)
{
    unsigned char bytes[64];
    const char *odd = support_path("digits"), *folder = support_folder("empty");

    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = ""}, -EINVAL, "",
                           "no data file is named");
    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -ENOENT, odd,
                           ": cannot open: No such file or directory");
    support_expect_refusal(
        &(struct dataset_config){.format = "idx", .path = folder}, -ENOENT, folder,
        ": the folder holds no data under a usual name such as train-images-idx3-ubyte, but "
        "nothing; name the file itself, with its labels");
    support_write(support_path("empty/X.npz"), bytes, 0);
    support_write(support_path("empty/b"), bytes, 0);
    support_write(support_path("empty/c"), bytes, 0);
    support_write(support_path("empty/d"), bytes, 0);
    support_expect_refusal(
        &(struct dataset_config){.format = "npy", .path = folder}, -ENOENT, folder,
        ": the folder holds no data under a usual name such as X.npy, but X.npz, b, c and 1 more; "
        "name the file itself, with its labels");
    support_write(odd, bytes, support_put_images(bytes));
    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -EINVAL, odd,
                           ": no labels file can be derived from this name; name one");
    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = odd, .samples = 4},
                           -EINVAL, odd, ": expected at least the 4 samples asked for, found 3");
    support_write(odd, bytes, support_put_labels(bytes));
    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -EINVAL, odd,
                           ": expected features of 2 or more dimensions, found 1; one feature per "
                           "sample: np.save(\"X.npy\", X.reshape(-1, 1))");
    support_write(odd, bytes, support_put_idx(bytes, 2, (const uint32_t[]){0, 4}, "", 0));
    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -EINVAL, odd,
                           ": expected at least one sample, found none");
}

Test(dataset, says_which_labels_file_is_missing)
{
    unsigned char bytes[64];
    const char *path = support_path("train-images-idx3-ubyte");
    char want[1280];
    support_write(path, bytes, support_put_images(bytes));

    snprintf(want, sizeof(want), ": labels file not found beside %s", path);
    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = path}, -ENOENT,
                           support_path("train-labels-idx1-ubyte"), want);
}

Test(dataset, names_the_formats_when_one_is_unknown)
{
    support_expect_refusal(&(struct dataset_config){.format = "csv", .path = "x"}, -EINVAL, "",
                           "data: expected one of the formats idx, npy, synthetic, found csv");
    support_expect_refusal(&(struct dataset_config){.format = "npy", .path = "x", .classes = 257},
                           -EINVAL, "", "data: expected at most 256 classes, found 257");
}

Test(dataset, says_where_a_file_was_truncated_after_open)
{
    struct dataset data;
    struct err err;
    float out[4];
    char want[1280];
    const char *path = support_write_mnist(false);
    cr_assert_eq(dataset_open(&data, &(struct dataset_config){.format = "idx", .path = path}, NULL),
                 0);
    cr_assert_eq(truncate(path, 22), 0);

    cr_expect_eq(dataset_read(&data, (const uint32_t[]){1}, 1, out, &err), -ENODATA);

    snprintf(want, sizeof(want), "%s: file is truncated: wanted bytes 20..24, file ends at 22",
             path);
    cr_expect_str_eq(err.text, want);
    dataset_close(&data);
}

Test(dataset, knows_whether_its_file_was_changed)
{
    struct dataset data;
    struct err err = {0};
    char want[1280];
    unsigned char bytes[64];
    const char *path = support_write_mnist(false);
    const size_t length = support_put_images(bytes);
    support_open(&data, &(struct dataset_config){.format = "idx", .path = path});
    cr_expect_eq(dataset_unchanged(&data, &err), 0);

    support_write(support_path("again"), bytes, length);
    cr_assert_eq(rename(support_path("again"), path), 0);
    cr_expect_eq(dataset_unchanged(&data, &err), 0, "another file of the same values");

    bytes[20] ^= 1;
    support_write(path, bytes, length);
    snprintf(want, sizeof(want),
             "%s: was changed while it was in use; keep the data as they are and run again", path);
    cr_expect_eq(dataset_unchanged(&data, &err), -ESTALE);
    cr_expect_str_eq(err.text, want);
    cr_assert_eq(truncate(path, 20), 0);
    cr_expect_eq(dataset_unchanged(&data, &err), -ESTALE);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(dataset_unchanged(&data, &err), -ESTALE);
    snprintf(want, sizeof(want), "%s: was removed while it was in use", path);
    cr_expect_str_eq(err.text, want);
    dataset_close(&data);
}

/* npy */

Test(dataset, opens_a_pair_of_npy_files)
{
    struct dataset data;
    struct err err = {0};
    float out[3];
    support_write_npy("y.npy", SUPPORT_U1_2, "\0\4", 2);
    const char *path =
        support_write_npy("X.npy", SUPPORT_F4_2x3, support_points, sizeof(support_points));

    const int rc =
        dataset_open(&data, &(struct dataset_config){.format = "npy", .path = path}, &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    cr_expect_eq(data.base_bytes, 128u);
    cr_expect_eq(data.record_bytes, 12u);
    cr_expect_eq(data.features, 3u);
    cr_expect_eq(data.samples, 2u);
    cr_expect_eq(data.classes, 5u);
    cr_expect_eq(data.element, DATASET_F32);
    cr_expect_arr_eq(data.label, "\0\4", 2);
    cr_assert_eq(dataset_read(&data, (const uint32_t[]){1}, 1, out, &err), 0);
    cr_expect_arr_eq(out, support_points[1], sizeof(out));
    dataset_close(&data);
}

Test(dataset, refuses_npy_pairs_that_do_not_match)
{
    const char *x = support_write_npy("X.npy", SUPPORT_F4_2x3, support_points,
                                      sizeof(support_points)),
               *y = support_path("y.npy");
    const struct dataset_config config = {.format = "npy", .path = x};

    char missing[1100];
    snprintf(missing, sizeof(missing), ": labels file not found beside %s", x);
    support_expect_refusal(&config, -ENOENT, y, missing);
}

/* real data */

Test(dataset, opens_the_mnist_test_set)
{
    const char *folder = getenv("DAWDLE_DATA");
    char path[1024];
    struct dataset data;
    struct err err = {0};
    uint32_t count[10] = {0};
    float out[784], sum = 0;
    if (!folder)
        cr_skip_test("DAWDLE_DATA names no folder with mnist-10k/");
    snprintf(path, sizeof(path), "%s/mnist-10k", folder);

    const int rc = dataset_open(
        &data,
        &(struct dataset_config){.format = "idx", .path = path, .cache = support_path("cache")},
        &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    cr_expect_eq(data.samples, 10000u);
    cr_expect_eq(data.features, 784u);
    cr_expect_eq(data.classes, 10u);
    for (uint32_t i = 0; i < data.samples; i++)
        count[data.label[i]]++;
    cr_expect_eq(count[0], 980u);
    cr_expect_eq(count[1], 1135u);
    cr_expect_eq(data.label[0], 7u, "the first test digit is a seven");
    cr_assert_eq(dataset_read(&data, (const uint32_t[]){0}, 1, out, &err), 0);
    for (uint32_t i = 0; i < 784; i++)
        sum += out[i];
    cr_expect(sum > 50 && sum < 150, "ink of the first digit: %g", (double)sum);
    dataset_close(&data);
}
