/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets: what is read, what is refused and in which words. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "core/worker/dataset_internal.h"
#include "tests/unit/support_worker.h"

TestSuite(dataset, .fini = support_clean);

/* Writers. */

static size_t put_idx(unsigned char *out, uint32_t dims, const uint32_t *dim, const void *values,
                      size_t count)
{
    memcpy(out, (unsigned char[]){0, 0, 8, (unsigned char)dims}, 4);
    for (uint32_t d = 0; d < dims; d++) {
        out[4 + 4 * d] = (unsigned char)(dim[d] >> 24);
        out[5 + 4 * d] = (unsigned char)(dim[d] >> 16);
        out[6 + 4 * d] = (unsigned char)(dim[d] >> 8);
        out[7 + 4 * d] = (unsigned char)dim[d];
    }
    memcpy(out + 4 + 4 * dims, values, count);
    return 4 + 4 * dims + count;
}

static void write_gzip(const char *path, const void *bytes, unsigned count)
{
    gzFile file = gzopen(path, "wb");
    cr_assert_eq(gzwrite(file, bytes, count), (int)count);
    cr_assert_eq(gzclose(file), Z_OK);
}

static const unsigned char pixels[3][4] = {{0, 51, 102, 153}, {204, 255, 0, 1}, {7, 8, 9, 10}};
static const unsigned char digits[3] = {2, 0, 1};

static size_t images(unsigned char *out)
{
    return put_idx(out, 3, (const uint32_t[]){3, 2, 2}, pixels, 12);
}
static size_t labels(unsigned char *out)
{
    return put_idx(out, 1, (const uint32_t[]){3}, digits, 3);
}

/* Writes both files of a tiny MNIST, plain or packed; returns the images' path. */
static const char *write_mnist(bool packed)
{
    unsigned char bytes[64];
    const char *suffix = packed ? ".gz" : "";
    char name[64];
    const size_t label_bytes = labels(bytes);

    snprintf(name, sizeof(name), "t10k-labels-idx1-ubyte%s", suffix);
    if (packed)
        write_gzip(support_path(name), bytes, (unsigned)label_bytes);
    else
        support_write(support_path(name), bytes, label_bytes);

    snprintf(name, sizeof(name), "t10k-images-idx3-ubyte%s", suffix);
    const char *path = support_path(name);
    const size_t image_bytes = images(bytes);
    if (packed)
        write_gzip(path, bytes, (unsigned)image_bytes);
    else
        support_write(path, bytes, image_bytes);
    return path;
}

/* A .npy with this dictionary, padded like numpy's, and these values. */
static const char *write_npy(const char *name, const char *dictionary, const void *values,
                             size_t count)
{
    unsigned char bytes[1024];
    memcpy(bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(bytes + 10, ' ', 118);
    memcpy(bytes + 10, dictionary, strlen(dictionary));
    bytes[127] = '\n';
    memcpy(bytes + 128, values, count);
    const char *path = support_path(name);
    support_write(path, bytes, 128 + count);
    return path;
}

static const float points[2][3] = {{1.5f, -2.0f, 0.25f}, {4.0f, 5.0f, 6.0f}};
#define F4_2x3 "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
#define U1_2 "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"

/* Opens, expects the refusal in the words `about` + `text`, and nothing left behind. */
static void expect_refusal(const struct dataset_config *config, int code, const char *about,
                           const char *text)
{
    struct dataset data;
    struct err err = {0};
    char want[1280];

    snprintf(want, sizeof(want), "%s%s", about, text);
    cr_expect_eq(dataset_open(&data, config, &err), code, "%s", err.text);
    cr_expect_str_eq(err.text, want);
    cr_expect_null(data.label);
}

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
    cr_expect_arr_eq(data->label, digits, 3);
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
    const char *path = write_mnist(false);

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
    write_mnist(false);

    const int rc = dataset_open(
        &data, &(struct dataset_config){.format = "idx", .path = support_path(".")}, &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    expect_mnist(&data);
    dataset_close(&data);
}

Test(dataset, uses_only_the_first_samples_asked_for)
{
    struct dataset data;
    const char *path = write_mnist(false);

    cr_assert_eq(dataset_open(&data,
                              &(struct dataset_config){.format = "idx", .path = path, .samples = 2},
                              NULL),
                 0);

    cr_expect_eq(data.samples, 2u);
    cr_expect_eq(data.classes, 3u, "labels 2 and 0: the highest counts");
    dataset_close(&data);
}

static void expect_idx_head(const void *bytes, size_t count, const char *text)
{
    struct dataset_head head;
    struct err err = {0};

    cr_expect_eq(dataset_idx_parse("f", bytes, count, &head, &err), -EINVAL);
    cr_expect_str_eq(err.text, text);
}

Test(dataset, refuses_broken_idx_headers)
{
    expect_idx_head("\0\0", 2, "f: offset 0: expected an IDX header, the file has only 2 bytes");
    expect_idx_head("PK\3\4", 4, "f: offset 0: expected the IDX magic 00 00 08, found 50 4b 03");
    expect_idx_head("\0\0\x0d\3", 4,
                    "f: offset 2: expected element type 0x08 (unsigned byte), found 0x0d");
    expect_idx_head("\0\0\x08\0", 4, "f: offset 3: expected 1 to 8 dimensions, found 0");
    expect_idx_head("\0\0\x08\x09", 4, "f: offset 3: expected 1 to 8 dimensions, found 9");
    expect_idx_head("\0\0\x08\3\0\0\0\1", 8,
                    "f: offset 4: expected 3 dimensions, the file ends at 8");
    expect_idx_head("\0\0\x08\1\x80\0\0\0", 8,
                    "f: offset 4: expected at most 2147483647 samples, found 2147483648");
    expect_idx_head("\0\0\x08\2\0\0\0\1\0\x10\0\1", 12,
                    "f: offset 8: expected 1 to 1048576 values per sample, found 1048577");
    expect_idx_head("\0\0\x08\3\0\0\0\1\0\0\4\0\0\0\0\0", 16,
                    "f: offset 12: expected 1 to 1048576 values per sample, found 0");
}

Test(dataset, refuses_idx_files_whose_size_belies_the_header)
{
    const char *path = write_mnist(false);
    const struct dataset_config config = {.format = "idx", .path = path};

    cr_assert_eq(truncate(path, 27), 0);
    expect_refusal(&config, -EINVAL, path,
                   ": offset 16: expected 3 x 4 values of 1 bytes up to 28, the file ends at 27");
    cr_assert_eq(truncate(path, 29), 0);
    expect_refusal(&config, -EINVAL, path,
                   ": offset 16: expected 3 x 4 values of 1 bytes up to 28, the file ends at 29");
}

Test(dataset, refuses_labels_that_do_not_match)
{
    unsigned char bytes[64];
    const char *path = write_mnist(false), *other = support_path("labels");
    const struct dataset_config config = {.format = "idx", .path = path, .labels = other};

    expect_refusal(&config, -ENOENT, other, ": cannot open: No such file or directory");
    support_write(other, bytes, put_idx(bytes, 1, (const uint32_t[]){2}, digits, 2));
    expect_refusal(&config, -EINVAL, other, ": expected 3 labels, as many as samples, found 2");
    support_write(other, bytes, put_idx(bytes, 2, (const uint32_t[]){3, 1}, digits, 3));
    expect_refusal(&config, -EINVAL, other, ": expected labels of 1 dimension, found 2");
    support_write(other, bytes, labels(bytes));
    expect_refusal(
        &(struct dataset_config){.format = "idx", .path = path, .labels = other, .classes = 2},
        -EINVAL, other, ": offset 8: expected a label from 0 to 1, found 2");
}

Test(dataset, refuses_files_it_cannot_use)
{
    unsigned char bytes[64];
    const char *odd = support_path("digits"), *folder = support_folder("empty");

    expect_refusal(&(struct dataset_config){.format = "idx", .path = ""}, -EINVAL, "",
                   "no data file is named");
    expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -ENOENT, odd,
                   ": cannot open: No such file or directory");
    expect_refusal(&(struct dataset_config){.format = "idx", .path = folder}, -ENOENT, folder,
                   ": the folder holds no data under a usual name such as train-images-idx3-ubyte");
    support_write(odd, bytes, images(bytes));
    expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -EINVAL, odd,
                   ": no labels file can be derived from this name; name one");
    expect_refusal(&(struct dataset_config){.format = "idx", .path = odd, .samples = 4}, -EINVAL,
                   odd, ": expected at least the 4 samples asked for, found 3");
    support_write(odd, bytes, labels(bytes));
    expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -EINVAL, odd,
                   ": expected features of 2 or more dimensions, found 1");
    support_write(odd, bytes, put_idx(bytes, 2, (const uint32_t[]){0, 4}, "", 0));
    expect_refusal(&(struct dataset_config){.format = "idx", .path = odd}, -EINVAL, odd,
                   ": expected at least one sample, found none");
}

Test(dataset, says_which_labels_file_is_missing)
{
    unsigned char bytes[64];
    const char *path = support_path("train-images-idx3-ubyte");
    char want[1280];
    support_write(path, bytes, images(bytes));

    snprintf(want, sizeof(want), ": labels file not found beside %s", path);
    expect_refusal(&(struct dataset_config){.format = "idx", .path = path}, -ENOENT,
                   support_path("train-labels-idx1-ubyte"), want);
}

Test(dataset, names_the_formats_when_one_is_unknown)
{
    expect_refusal(&(struct dataset_config){.format = "csv", .path = "x"}, -EINVAL, "",
                   "data: expected one of the formats idx, npy, synthetic, found csv");
    expect_refusal(&(struct dataset_config){.format = "npy", .path = "x", .classes = 257}, -EINVAL,
                   "", "data: expected at most 256 classes, found 257");
}

Test(dataset, says_where_a_file_was_truncated_after_open)
{
    struct dataset data;
    struct err err;
    float out[4];
    char want[1280];
    const char *path = write_mnist(false);
    cr_assert_eq(dataset_open(&data, &(struct dataset_config){.format = "idx", .path = path}, NULL),
                 0);
    cr_assert_eq(truncate(path, 22), 0);

    cr_expect_eq(dataset_read(&data, (const uint32_t[]){1}, 1, out, &err), -ENODATA);

    snprintf(want, sizeof(want), "%s: file is truncated: wanted bytes 20..24, file ends at 22",
             path);
    cr_expect_str_eq(err.text, want);
    dataset_close(&data);
}

/* gzip and the cache */

Test(dataset, opens_packed_idx_through_the_cache)
{
    struct dataset data;
    struct err err = {0};
    char cache[1024];
    snprintf(cache, sizeof(cache), "%s/a/b", support_path("cache"));
    const char *path = write_mnist(true);

    const int rc = dataset_open(
        &data, &(struct dataset_config){.format = "idx", .path = path, .cache = cache}, &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    cr_expect(strncmp(data.path, cache, strlen(cache)) == 0, "%s lies in the cache", data.path);
    expect_mnist(&data);
    dataset_close(&data);
}

Test(dataset, unpacks_once_and_again_when_the_source_changes)
{
    char first[DATASET_PATH_MAX], second[DATASET_PATH_MAX];
    const char *path = support_path("x.gz"), *cache = support_path("cache");
    struct err err = {0};
    write_gzip(path, "one", 3);
    cr_assert_eq(dataset_cache_plain(path, cache, 100, first, &err), 0, "%s", err.text);
    support_write(first, "mark", 4);

    cr_assert_eq(dataset_cache_plain(path, cache, 100, second, &err), 0, "%s", err.text);
    struct stat info;
    cr_assert_eq(stat(second, &info), 0);
    cr_expect_str_eq(first, second);
    cr_expect_eq(info.st_size, 4, "the unpacked file was used as it lay there");

    write_gzip(path, "three", 5);
    const struct timespec later[2] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
    cr_assert_eq(utimensat(AT_FDCWD, path, later, 0), 0);
    cr_assert_eq(dataset_cache_plain(path, cache, 100, second, &err), 0, "%s", err.text);
    cr_expect_str_neq(first, second);
    cr_assert_eq(stat(second, &info), 0);
    cr_expect_eq(info.st_size, 5);
}

Test(dataset, may_be_unpacked_by_many_at_once)
{
    static unsigned char bytes[1 << 20];
    char out[DATASET_PATH_MAX];
    const char *path = support_path("x.gz"), *cache = support_path("cache");
    int status, failures = 0;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * i >> 7);
    write_gzip(path, bytes, sizeof(bytes));

    for (int child = 0; child < 4; child++)
        if (fork() == 0) {
            unsigned char *back = malloc(sizeof(bytes));
            FILE *file = NULL;
            const bool same = dataset_cache_plain(path, cache, 1 << 20, out, NULL) == 0 &&
                              (file = fopen(out, "r")) &&
                              fread(back, 1, sizeof(bytes), file) == sizeof(bytes) &&
                              memcmp(back, bytes, sizeof(bytes)) == 0;
            _exit(!same);
        }
    while (wait(&status) > 0)
        failures += status != 0;

    cr_expect_eq(failures, 0);
    cr_expect_eq(dataset_cache_plain(path, cache, 1 << 20, out, NULL), 0);
    cr_expect_eq(unlink(out), 0);
    cr_expect_eq(rmdir(cache), 0, "no temporary file is left: %s", strerror(errno));
}

Test(dataset, refuses_gzip_that_unpacks_to_too_much)
{
    char out[DATASET_PATH_MAX], want[1280];
    const char *path = support_path("bomb.gz"), *cache = support_path("cache");
    struct err err;
    write_gzip(path, "12345678", 8);

    cr_expect_eq(dataset_cache_plain(path, cache, 7, out, &err), -EFBIG);

    snprintf(want, sizeof(want),
             "%s: unpacks to more than 7 bytes; unpack it yourself and name that file", path);
    cr_expect_str_eq(err.text, want);
    cr_expect_eq(rmdir(cache), 0, "nothing is left in the cache");
}

Test(dataset, refuses_broken_gzip)
{
    char out[DATASET_PATH_MAX], want[1280];
    unsigned char bytes[256];
    const char *path = support_path("x.gz"), *cache = support_path("cache");
    struct err err;
    write_gzip(path, "abcdefghijklmnop", 16);
    FILE *file = fopen(path, "r");
    const size_t length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);

    support_write(path, bytes, length - 6);
    cr_expect_eq(dataset_cache_plain(path, cache, 100, out, &err), -EINVAL);
    snprintf(want, sizeof(want), "%s: broken gzip data at offset %zu: unexpected end of file", path,
             length - 6);
    cr_expect_str_eq(err.text, want);

    bytes[length - 8] ^= 1; /* the checksum */
    support_write(path, bytes, length);
    cr_expect_eq(dataset_cache_plain(path, cache, 100, out, &err), -EINVAL);
    snprintf(want, sizeof(want), "%s: broken gzip data at offset %zu: incorrect data check", path,
             length - 4);
    cr_expect_str_eq(err.text, want);
    cr_expect_eq(rmdir(cache), 0, "nothing is left in the cache");
}

Test(dataset, needs_a_cache_folder_for_packed_files)
{
    const char *path = write_mnist(true), *file = support_path("file");
    support_write(file, "", 0);

    expect_refusal(&(struct dataset_config){.format = "idx", .path = path}, -EINVAL, path,
                   ": a cache folder is needed and none is set");
    char below[1100];
    snprintf(below, sizeof(below), "%s/x", file);
    expect_refusal(&(struct dataset_config){.format = "idx", .path = path, .cache = below},
                   -ENOTDIR, below, ": cannot create the cache folder: Not a directory (choose another one with "
                    "data.cache or XDG_CACHE_HOME)");
}

/* npy */

Test(dataset, opens_a_pair_of_npy_files)
{
    struct dataset data;
    struct err err = {0};
    float out[3];
    write_npy("y.npy", U1_2, "\1\4", 2);
    const char *path = write_npy("X.npy", F4_2x3, points, sizeof(points));

    const int rc =
        dataset_open(&data, &(struct dataset_config){.format = "npy", .path = path}, &err);

    cr_assert_eq(rc, 0, "%s", err.text);
    cr_expect_eq(data.base_bytes, 128u);
    cr_expect_eq(data.record_bytes, 12u);
    cr_expect_eq(data.features, 3u);
    cr_expect_eq(data.samples, 2u);
    cr_expect_eq(data.classes, 5u);
    cr_expect_eq(data.element, DATASET_F32);
    cr_expect_arr_eq(data.label, "\1\4", 2);
    cr_assert_eq(dataset_read(&data, (const uint32_t[]){1}, 1, out, &err), 0);
    cr_expect_arr_eq(out, points[1], sizeof(out));
    dataset_close(&data);
}

Test(dataset, takes_labels_of_every_integer_width)
{
    static const struct {
        const char *dictionary;
        const void *values;
        size_t bytes;
    } row[] = {
        {"{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }", "\3\0", 2},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", "\3\0\0\0\0\0\0\0", 8},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }",
         "\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"{'shape': (2,), 'fortran_order': False, 'descr': '|u1'}", "\3\0", 2},
    };
    const char *path = write_npy(
        "x.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2), }", "abcdefgh", 8);

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct dataset data;
        struct err err = {0};
        write_npy("y.npy", row[i].dictionary, row[i].values, row[i].bytes);
        cr_assert_eq(
            dataset_open(&data, &(struct dataset_config){.format = "npy", .path = path}, &err), 0,
            "%s", err.text);
        cr_expect_eq(data.features, 4u, "further dimensions are flattened");
        cr_expect_arr_eq(data.label, "\3\0", 2);
        dataset_close(&data);
    }
}

Test(dataset, refuses_npy_pairs_that_do_not_match)
{
    const char *x = write_npy("X.npy", F4_2x3, points, sizeof(points)), *y = support_path("y.npy");
    const struct dataset_config config = {.format = "npy", .path = x};

    char missing[1100];
    snprintf(missing, sizeof(missing), ": labels file not found beside %s", x);
    expect_refusal(&config, -ENOENT, y, missing);
    write_npy("y.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", points, 8);
    expect_refusal(&config, -EINVAL, y, ": expected integer labels, found '<f4'");
    write_npy("y.npy", "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }", "\1\xff", 2);
    expect_refusal(&config, -EINVAL, y, ": offset 129: expected a label from 0 to 255, found -1");
    write_npy("y.npy", "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }",
              "\0\0\0\0\0\1\0\0", 8);
    expect_refusal(&config, -EINVAL, y, ": offset 132: expected a label from 0 to 255, found 256");
    write_npy("X.npy", "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", points,
              sizeof(points));
    expect_refusal(&config, -EINVAL, x,
                   ": expected features of type '|u1' or '<f4', found another integer type");
}

static void expect_npy_head(const char *dictionary, const char *text)
{
    struct dataset_head head;
    struct err err = {0};
    unsigned char bytes[256];
    const size_t length = strlen(dictionary);

    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (unsigned char)length;
    bytes[9] = 0;
    memcpy(bytes + 10, dictionary, length);
    cr_expect_eq(dataset_npy_parse("f", bytes, 10 + length, &head, &err), -EINVAL, "%s",
                 dictionary);
    cr_expect_str_eq(err.text, text);
}

Test(dataset, refuses_broken_npy_headers)
{
    struct dataset_head head;
    struct err err = {0};

    cr_expect_eq(dataset_npy_parse("f", (const unsigned char *)"\x93NUM", 4, &head, &err), -EINVAL);
    cr_expect_str_eq(err.text, "f: offset 0: expected a .npy header, the file has only 4 bytes");
    cr_expect_eq(dataset_npy_parse("f", (const unsigned char *)"PK\3\4......", 10, &head, &err),
                 -EINVAL);
    cr_expect_str_eq(err.text,
                     "f: offset 0: expected the .npy magic 93 4e 55 4d, found 50 4b 03 04");
    cr_expect_eq(
        dataset_npy_parse("f", (const unsigned char *)"\x93NUMPY\2\0\0\0", 10, &head, &err),
        -EINVAL);
    cr_expect_str_eq(err.text, "f: offset 6: expected .npy version 1.0, found 2.0");
    cr_expect_eq(
        dataset_npy_parse("f", (const unsigned char *)"\x93NUMPY\1\0\x76\0", 10, &head, &err),
        -EINVAL);
    cr_expect_str_eq(
        err.text, "f: offset 8: expected the header to end by 10, found a length that ends at 128");
}

Test(dataset, refuses_npy_dictionaries_it_does_not_understand)
{
    expect_npy_head("", "f: offset 10: expected '{', the header ends here");
    expect_npy_head("[1]", "f: offset 10: expected '{', found '['");
    expect_npy_head("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }",
                    "f: offset 20: expected '|u1', '|i1', '<i4', '<i8' or '<f4', found '>f4'");
    expect_npy_head(
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
        "f: offset 44: expected C order (fortran_order False), found Fortran order; save "
        "numpy.ascontiguousarray(array)");
    expect_npy_head("{'descr': '<f4', 'fortran_order': maybe, 'shape': (2, 3), }",
                    "f: offset 44: expected True or False, found 'm'");
    expect_npy_head("{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
                    "f: offset 61: expected an array, found a single value (shape ())");
    expect_npy_head("{'descr': '<f4', 'fortran_order': False, 'shape': (2, x), }",
                    "f: offset 64: expected a dimension, found 'x'");
    expect_npy_head("{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }",
                    "f: offset 63: expected ',' or ')', found '3'");
    expect_npy_head(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }",
        "f: offset 61: expected at most 2147483647 samples, found more");
    expect_npy_head("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1024, 1025), }",
                    "f: offset 70: expected 1 to 1048576 values per sample, found more");
    expect_npy_head("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }",
                    "f: offset 64: expected 1 to 1048576 values per sample, found none");
    expect_npy_head("{'descr': '<f4', 'fortran_order': False, }",
                    "f: offset 51: expected the key 'shape' in the header, found none");
    expect_npy_head(
        "{'descr': '<f4', 'descr': '<f4', }",
        "f: offset 27: expected one of the keys descr, fortran_order, shape, each once, found '''");
    expect_npy_head("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x",
                    "f: offset 70: expected blanks up to the data, found 'x'");
    expect_npy_head("{'descr': '<f4' \1", "f: offset 26: expected ',' or '}', found byte 0x01");
}

Test(dataset, reads_back_the_npy_header_it_writes)
{
    char bytes[128];
    struct dataset_head head;
    struct err err = {0};

    cr_assert_eq(dataset_npy_head(bytes, "<f4", DATASET_SAMPLES_MAX, DATASET_FEATURES_MAX), 128u);

    cr_assert_eq(dataset_npy_parse("f", (unsigned char *)bytes, 128, &head, &err), 0, "%s",
                 err.text);
    cr_expect_eq(head.base_bytes, 128u);
    cr_expect_eq(head.rows, DATASET_SAMPLES_MAX);
    cr_expect_eq(head.columns, DATASET_FEATURES_MAX);
    cr_expect_eq(head.type, DATASET_TYPE_F32);
}

/* synthetic */

static struct dataset_config clusters(void)
{
    return (struct dataset_config){.format = "synthetic",
                                   .cache = support_path("cache"),
                                   .samples = 4000,
                                   .classes = 5,
                                   .features = 16,
                                   .separation = 3,
                                   .seed = 1};
}

static float *read_all(const struct dataset *data)
{
    float *all = malloc(sizeof(float) * data->samples * data->features);
    uint32_t *index = malloc(sizeof(*index) * data->samples);
    for (uint32_t i = 0; i < data->samples; i++)
        index[i] = i;
    cr_assert_eq(dataset_read(data, index, data->samples, all, NULL), 0);
    free(index);
    return all;
}

static uint64_t hash(const void *bytes, size_t count)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return sum;
}

Test(dataset, makes_synthetic_data_that_are_the_same_everywhere)
{
    struct dataset data;
    struct err err = {0};
    const struct dataset_config config = clusters();

    cr_assert_eq(dataset_open(&data, &config, &err), 0, "%s", err.text);

    float *all = read_all(&data);
    cr_expect_eq(data.samples, 4000u);
    cr_expect_eq(data.features, 16u);
    cr_expect_eq(data.classes, 5u);
    cr_expect_eq(hash(all, 4000 * 16 * sizeof(float)), 0xf505c9edf8d48957u, "%llx",
                 (unsigned long long)hash(all, 4000 * 16 * sizeof(float)));
    cr_expect_eq(hash(data.label, 4000), 0x5413141f57871f3du, "%llx",
                 (unsigned long long)hash(data.label, 4000));
    free(all);
    dataset_close(&data);
}

Test(dataset, has_as_much_noise_and_separation_as_asked_for)
{
    enum { CLASSES = 5, DIM = 64, SAMPLES = 20000 };
    static double mean[CLASSES][DIM];
    uint32_t count[CLASSES] = {0};
    struct dataset data;
    struct dataset_config config = clusters();
    config.samples = SAMPLES;
    config.features = DIM;
    cr_assert_eq(dataset_open(&data, &config, NULL), 0);
    float *all = read_all(&data);

    double square = 0;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        count[data.label[s]]++;
        for (uint32_t i = 0; i < DIM; i++) {
            mean[data.label[s]][i] += (double)all[s * DIM + i];
            square += (double)all[s * DIM + i] * (double)all[s * DIM + i];
        }
    }
    double between = 0;
    for (uint32_t a = 0; a < CLASSES; a++)
        for (uint32_t b = 0; b < a; b++)
            for (uint32_t i = 0; i < DIM; i++) {
                const double apart = mean[a][i] / count[a] - mean[b][i] / count[b];
                between += apart * apart / (CLASSES * (CLASSES - 1) / 2);
            }

    /* 1/5 of 20000 each, sigma 57: 300 is five sigma. */
    for (uint32_t c = 0; c < CLASSES; c++)
        cr_expect(count[c] > 3700 && count[c] < 4300, "class %u has %u samples", c, count[c]);
    /* Squared distance 9, give or take the random angles between five directions in 64 dimensions. */
    cr_expect(between > 7 && between < 11, "mean squared distance of class means is %g", between);
    /* E|x|^2 = 64 noise + 4.5 mean + 9 offset, where the third cluster of odd classes lies further out (18). */
    cr_expect(square / SAMPLES > 64 + 11 && square / SAMPLES < 64 + 18, "mean square is %g",
              square / SAMPLES);
    free(all);
    dataset_close(&data);
}

Test(dataset, makes_synthetic_data_once_per_set_of_parameters)
{
    struct dataset first, again, other;
    struct dataset_config config = clusters();
    struct stat before, after;
    cr_assert_eq(dataset_open(&first, &config, NULL), 0);
    cr_assert_eq(stat(first.path, &before), 0);

    cr_assert_eq(dataset_open(&again, &config, NULL), 0);
    cr_assert_eq(stat(again.path, &after), 0);
    cr_expect_eq(before.st_ino, after.st_ino, "the same file");

    config.seed = 2;
    cr_assert_eq(dataset_open(&other, &config, NULL), 0);
    cr_expect_str_neq(first.path, other.path);
    cr_expect_neq(memcmp(first.label, other.label, 4000), 0);
    dataset_close(&first);
    dataset_close(&again);
    dataset_close(&other);
}

Test(dataset, may_be_made_by_many_at_once)
{
    const struct dataset_config config = clusters();
    struct dataset data;
    int status, failures = 0;

    for (int child = 0; child < 4; child++)
        if (fork() == 0)
            _exit(dataset_open(&data, &config, NULL) != 0);
    while (wait(&status) > 0)
        failures += status != 0;

    cr_expect_eq(failures, 0);
    cr_assert_eq(dataset_open(&data, &config, NULL), 0);
    char *name = strrchr(data.path, '/');
    *name = '\0';
    char whole[2048];
    snprintf(whole, sizeof(whole), "%s/X.npy", data.path);
    cr_expect_eq(unlink(whole), 0);
    snprintf(whole, sizeof(whole), "%s/y.npy", data.path);
    cr_expect_eq(unlink(whole), 0);
    cr_expect_eq(rmdir(data.path), 0);
    cr_expect_eq(rmdir(config.cache), 0, "no temporary folder is left: %s", strerror(errno));
    dataset_close(&data);
}

Test(dataset, refuses_synthetic_parameters_out_of_range)
{
    struct dataset_config config = clusters();

    config.samples = 0;
    expect_refusal(&config, -EINVAL, "",
                   "synthetic data: expected 1 to 2147483647 samples, found 0");
    config = clusters();
    config.features = 0;
    expect_refusal(&config, -EINVAL, "", "synthetic data: expected 1 to 1048576 features, found 0");
    config = clusters();
    config.classes = 1;
    expect_refusal(&config, -EINVAL, "", "synthetic data: expected 2 to 256 classes, found 1");
    config = clusters();
    config.separation = -1;
    expect_refusal(&config, -EINVAL, "",
                   "synthetic data: expected a separation from 0 to 1e6, found -1");
    config = clusters();
    config.cache = "";
    expect_refusal(&config, -EINVAL, "",
                   "synthetic data: a cache folder is needed and none is set");
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
