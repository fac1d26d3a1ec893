/* SPDX-License-Identifier: BSD-3-Clause */
/* Features and labels of every type of number, and values that cannot be trained on. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support_dataset.h"

TestSuite(dataset_types, .fini = support_clean);

static struct dataset_config npy(const char *path)
{
    return (struct dataset_config){.format = "npy", .path = path, .cache = support_path("cache")};
}

/* Two samples of two features: 1 2, 3 4 as written. */
Test(dataset_types, takes_features_of_every_type)
{
    static const struct {
        const char *descr, *bytes;
        size_t count;
        float first, last;
    } row[] = {
        {"|u1", "\1\2\3\4", 4, 1 / 255.0f, 4 / 255.0f}, /* bytes are grey levels */
        {"|i1", "\1\2\3\xfc", 4, 1, -4},
        {"|b1", "\1\0\0\1", 4, 1, 1},
        {"<u2", "\1\0\2\0\3\0\4\1", 8, 1, 260},
        {">u2", "\0\1\0\2\0\3\1\4", 8, 1, 260},
        {"<i2", "\1\0\2\0\3\0\xfc\xff", 8, 1, -4},
        {">i4", "\0\0\0\1\0\0\0\2\0\0\0\3\xff\xff\xff\xfc", 16, 1, -4},
        {"<u4", "\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0", 16, 1, 4},
        {"<i8", "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\xfc\xff\xff\xff\xff\xff\xff\xff",
         32, 1, -4},
        {"<f2", "\0\x3c\0\x40\0\x42\0\xc4", 8, 1, -4},
        {">f2", "\x3c\0\x40\0\x42\0\xc4\0", 8, 1, -4},
        {"<f4", "\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\xc0", 16, 1, -4},
        {">f4", "\x3f\x80\0\0\x40\0\0\0\x40\x40\0\0\xc0\x80\0\0", 16, 1, -4},
        {"<f8", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\x08\x40\0\0\0\0\0\0\x10\xc0",
         32, 1, -4},
    };
    support_write_array("y.npy", "|u1", "(2,)", "\0\1", 2);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct dataset data;
        float out[2];
        const char *const x =
            support_write_array("X.npy", row[i].descr, "(2, 2)", row[i].bytes, row[i].count);
        const struct dataset_config config = npy(x);
        support_open(&data, &config);
        support_read(&data, 0, out);
        cr_expect_eq(out[0], row[i].first, "%s: %g", row[i].descr, (double)out[0]);
        support_read(&data, 1, out);
        cr_expect_eq(out[1], row[i].last, "%s: %g", row[i].descr, (double)out[1]);
        dataset_close(&data);
    }
}

Test(dataset_types, knows_small_and_negative_halves)
{
    static const unsigned char bytes[] = {1, 0, 0xff, 3, 0, 0x80, 0xff, 0x7b};
    double out[4];
    dataset_type_decode((struct dataset_type){DATASET_REAL, 2, false}, bytes, 4, out);
    cr_expect_eq(out[0], 0x1p-24, "the smallest");
    cr_expect_eq(out[1], 1023 * 0x1p-24, "the largest below normal ones");
    cr_expect(out[2] == 0 && signbit(out[2]));
    cr_expect_eq(out[3], 65504.0, "the largest");
}

Test(dataset_types, takes_fortran_order_and_version_2)
{
    const float by_column[3][2] = {{1.5f, 4.0f}, {-2.0f, 5.0f}, {0.25f, 6.0f}};
    unsigned char bytes[256] = "\x93NUMPY\2\0\x74\0\0\0" SUPPORT_F4_2x3;
    struct dataset data;
    float out[3];
    support_write_array("y.npy", "|u1", "(2,)", "\0\1", 2);
    const char *const x =
        support_write_npy("X.npy", "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
                          by_column, sizeof(by_column));
    const struct dataset_config config = npy(x);
    for (int version = 1; version <= 3; version++) {
        if (version > 1) {
            bytes[6] = (unsigned char)version;
            memset(bytes + 12 + strlen(SUPPORT_F4_2x3), ' ', 116 - strlen(SUPPORT_F4_2x3));
            memcpy(bytes + 128, support_points, sizeof(support_points));
            support_write(x, bytes, 128 + sizeof(support_points));
        }
        support_open(&data, &config);
        for (uint32_t i = 0; i < 2; i++) {
            support_read(&data, i, out);
            cr_expect_arr_eq(out, support_points[i], sizeof(out), "version %d", version);
        }
        dataset_close(&data);
    }
}

Test(dataset_types, refuses_fortran_order_of_more_dimensions)
{
    const char *const x = support_write_npy(
        "X.npy", "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 2), }", "abcdefgh", 8);
    const struct dataset_config config = npy(x);
    support_expect_refusal(&config, -EINVAL, x,
                           ": expected C order, found Fortran order, which is read only of "
                           "unpacked files with 2 dimensions; np.save(\"X.npy\", "
                           "np.ascontiguousarray(X))");
}

Test(dataset_types, takes_labels_of_every_type_and_as_a_column)
{
    static const struct {
        const char *descr, *shape, *bytes;
        size_t count;
    } row[] = {
        {"|b1", "(2,)", "\1\0", 2},
        {"|i1", "(2,)", "\1\0", 2},
        {"|u1", "(2, 1)", "\1\0", 2},
        {"<u2", "(2,)", "\1\0\0\0", 4},
        {"<u4", "(2,)", "\1\0\0\0\0\0\0\0", 8},
        {">i4", "(2,)", "\0\0\0\1\0\0\0\0", 8},
        {"<i8", "(2,)", "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
        {">u8", "(2,)", "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 16},
        {"<f4", "(2,)", "\0\0\x80\x3f\0\0\0\0", 8},
        {"<f8", "(2,)", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\0", 16},
    };
    const char *const x = support_write_array("X.npy", "|u1", "(2, 2, 2)", "abcdefgh", 8);
    const struct dataset_config config = npy(x);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct dataset data;
        support_write_array("y.npy", row[i].descr, row[i].shape, row[i].bytes, row[i].count);
        support_open(&data, &config);
        cr_expect_eq(data.features, 4u, "further dimensions are flattened");
        cr_expect_eq(data.classes, 2u);
        cr_expect_arr_eq(data.label, "\1\0", 2, "%s", row[i].descr);
        dataset_close(&data);
    }
}

Test(dataset_types, names_the_value_that_is_not_finite)
{
    static const struct {
        const char *descr;
        double value;
        const char *what;
    } row[] = {
        {"<f4", NAN, "nan"}, {"<f4", INFINITY, "inf"},   {"<f4", -INFINITY, "-inf"},
        {"<f8", NAN, "nan"}, {"<f8", -INFINITY, "-inf"}, {"<f8", 1e300, "too big"},
    };
    support_write_array("y.npy", "|u1", "(2,)", "\0\1", 2);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        double wide[6] = {1, 2, 3, 4, 5, 6};
        float narrow[6] = {1, 2, 3, 4, 5, 6};
        char want[128];
        const bool is_wide = row[i].descr[2] == '8';
        wide[5] = row[i].value;
        narrow[5] = (float)row[i].value;
        const char *const x =
            support_write_array("X.npy", row[i].descr, "(2, 3)", is_wide ? (void *)wide : narrow,
                                is_wide ? sizeof(wide) : sizeof(narrow));
        struct dataset_config config = npy(x);
        snprintf(want, sizeof(want),
                 isfinite(row[i].value)
                     ? ": sample 1, feature 2 is 1e+300, too large for a float32"
                     : ": sample 1, feature 2 is %s; expected finite numbers (rows without: "
                       "np.isfinite(X).all(1))",
                 row[i].what);
        support_expect_refusal(&config, -EINVAL, x, want);
        config.draft = true;
        support_expect_refusal(&config, -EINVAL, x, want);
    }
}

Test(dataset_types, does_not_mind_values_that_it_does_not_use)
{
    const float values[6] = {1, 2, 3, 4, 5, NAN};
    struct dataset data;
    support_write_array("y.npy", "|u1", "(2,)", "\0\1", 2);
    struct dataset_config config =
        npy(support_write_array("X.npy", "<f4", "(2, 3)", values, sizeof(values)));
    config.samples = 1;
    support_open(&data, &config);
    cr_expect_eq(data.samples, 1u);
    dataset_close(&data);
}

Test(dataset_types, takes_floats_of_idx_and_names_those_that_are_not_finite)
{
    const unsigned char nan_be[] = {0, 0, 0x0d, 2,    0, 0, 0,    2,    0, 0,
                                    0, 1, 0x3f, 0x80, 0, 0, 0x7f, 0xc0, 0, 0};
    const unsigned char one_be[] = {0, 0, 0x0d, 2,    0, 0, 0,    2, 0, 0,
                                    0, 1, 0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0};
    unsigned char labels[16];
    float out[1];
    struct dataset data;
    const char *const x = support_path("images");
    support_write(support_path("labels"), labels,
                  support_put_idx(labels, 1, (const uint32_t[]){2}, "\0\1", 2));
    struct dataset_config config = npy(x);
    config.format = "idx";

    support_write(x, nan_be, sizeof(nan_be));
    support_expect_refusal(&config, -EINVAL, x,
                           ": sample 1, feature 0 is nan; expected finite numbers (rows without: "
                           "np.isfinite(X).all(1))");
    support_write(x, one_be, sizeof(one_be));
    support_open(&data, &config);
    support_read(&data, 1, out);
    cr_expect_eq(out[0], -2.0f);
    dataset_close(&data);
}

/* labels that are none */

#define NUMBER_THEM \
    "number the classes without gaps: np.save(\"y.npy\", np.unique(y, return_inverse=True)[1])"

Test(dataset_types, says_what_is_wrong_with_labels_and_the_line_that_helps)
{
    static const struct {
        const char *descr, *shape, *bytes;
        size_t count;
        const char *text;
    } row[] = {
        {"<i4", "(2,)", "\0\0\0\0\xff\xff\xff\xff", 8,
         ": the label of sample 1 is -1; expected whole numbers from 0; " NUMBER_THEM},
        {"<f4", "(2,)", "\0\0\0\0\0\0\0\x3f", 8,
         ": the label of sample 1 is 0.5; expected whole numbers from 0; " NUMBER_THEM},
        {"<f4", "(2,)", "\0\0\0\0\0\0\xc0\x7f", 8,
         ": the label of sample 1 is nan; expected whole numbers from 0; " NUMBER_THEM},
        {"<i4", "(2,)", "\0\0\0\0\x99\1\0\0", 8,
         ": the label of sample 1 is 409; expected 0 to 255, at most 256 classes are "
         "supported; " NUMBER_THEM},
        {"|u1", "(2, 3)", "\1\0\0\0\1\0", 6,
         ": expected one label per sample, found 2 x 3 values; if each row is one-hot: "
         "np.save(\"y.npy\", y.argmax(1))"},
        {"|u1", "(2,)", "\1\2", 2,
         ": class 0 has no samples: the labels run from 1 to 2; number them from 0: "
         "np.save(\"y.npy\", y - 1), or set data.classes: 3 if that is meant"},
    };
    const struct dataset_config config =
        npy(support_write_npy("X.npy", SUPPORT_F4_2x3, support_points, sizeof(support_points)));
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        const char *const y =
            support_write_array("y.npy", row[i].descr, row[i].shape, row[i].bytes, row[i].count);
        support_expect_refusal(&config, -EINVAL, y, row[i].text);
    }
}

Test(dataset_types, notes_classes_without_samples)
{
    struct dataset data;
    struct dataset_config config =
        npy(support_write_npy("X.npy", SUPPORT_F4_2x3, support_points, sizeof(support_points)));
    char want[1200];
    const char *const y = support_write_array("y.npy", "|u1", "(2,)", "\0\2", 2);

    support_open(&data, &config);
    snprintf(want, sizeof(want), "%.150s: class 1 of 3 has no samples", y);
    cr_expect_str_eq(data.note, want);
    dataset_close(&data);

    config.classes = 5;
    support_open(&data, &config);
    snprintf(want, sizeof(want),
             "%.150s: 3 of 5 classes have no samples; the first of them is class 1", y);
    cr_expect_str_eq(data.note, want);
    dataset_close(&data);
}

/* files that are none */

Test(dataset_types, refuses_what_is_no_file_without_waiting_for_it)
{
    const char *const pipe = support_path("pipe"), *const x = support_path("X.npy");
    support_write_npy("X.npy", SUPPORT_F4_2x3, support_points, sizeof(support_points));
    cr_assert_eq(mkfifo(pipe, 0644), 0);
    struct dataset_config config = npy(pipe);
    support_expect_refusal(&config, -EINVAL, pipe, ": is a named pipe; expected a file");
    config = npy("/dev/zero");
    support_expect_refusal(&config, -EINVAL, "/dev/zero", ": is a device; expected a file");
    config = npy(x);
    config.labels = pipe;
    support_expect_refusal(&config, -EINVAL, pipe, ": is a named pipe; expected a file");
    config.labels = support_folder("labels");
    support_expect_refusal(&config, -EINVAL, config.labels, ": is a folder; expected a file");
}
