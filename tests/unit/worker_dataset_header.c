/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers of IDX and .npy files, and files that are neither. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support_dataset.h"

TestSuite(dataset_header, .fini = support_clean);

static void expect_idx_head(const void *bytes, size_t count, const char *text)
{
    struct dataset_head head;
    struct err err = {0};

    cr_expect_eq(dataset_idx_parse("f", bytes, count, &head, &err), -EINVAL);
    cr_expect_str_eq(err.text, text);
}

Test(dataset_header, refuses_broken_idx_headers)
{
    expect_idx_head("\0\0", 2, "f: expected an IDX file; the file begins with the bytes 00 00");
    expect_idx_head("\0\0\x0a\3", 4,
                    "f: offset 2: expected an element type of IDX, 0x08 (unsigned byte) to 0x0e "
                    "(double), found 0x0a");
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

Test(dataset_header, refuses_broken_npy_headers)
{
    struct dataset_head head;
    struct err err = {0};

    cr_expect_eq(dataset_npy_parse("f", (const unsigned char *)"\x93NUMPY\1", 7, &head, &err),
                 -EINVAL);
    cr_expect_str_eq(err.text, "f: offset 0: expected a .npy header, the file has only 7 bytes");
    cr_expect_eq(
        dataset_npy_parse("f", (const unsigned char *)"\x93NUMPY\4\0\0\0\0\0", 12, &head, &err),
        -EINVAL);
    cr_expect_str_eq(err.text, "f: offset 6: expected .npy version 1.0, 2.0 or 3.0, found 4.0");
    cr_expect_eq(
        dataset_npy_parse("f", (const unsigned char *)"\x93NUMPY\1\0\x76\0", 10, &head, &err),
        -EINVAL);
    cr_expect_str_eq(
        err.text, "f: offset 8: expected the header to end by 10, found a length that ends at 128");
}

Test(dataset_header, refuses_npy_dictionaries_it_does_not_understand)
{
    expect_npy_head("", "f: offset 10: expected '{', the header ends here");
    expect_npy_head("[1]", "f: offset 10: expected '{', found '['");
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

#define NUMBERS "f: offset 20: expected numbers (bool, u1 to u8, i1 to i8, f2, f4, f8), found "

Test(dataset_header, says_what_an_array_without_numbers_holds)
{
    expect_npy_head("{'descr': '<U5', 'fortran_order': False, 'shape': (2,), }",
                    NUMBERS "'<U5': the file holds text; number the classes: np.unique(y, "
                            "return_inverse=True)[1]");
    expect_npy_head("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
                    NUMBERS "'|O': the file holds Python objects; make it an array of numbers: "
                            "np.array(list(a), dtype=\"f4\")");
    expect_npy_head("{'descr': '<f16', 'fortran_order': False, 'shape': (2,), }",
                    NUMBERS "'<f16': the file holds long floats; save a.astype(\"f4\")");
    expect_npy_head("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }",
                    NUMBERS "'<c8': the file holds complex numbers; save their real and imaginary "
                            "parts: np.c_[a.real, a.imag]");
    expect_npy_head("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
                    NUMBERS "[('a', '<f4')]: the file holds records with named fields; save one "
                            "array of numbers");
    expect_npy_head("{'descr': '<q3', 'fortran_order': False, 'shape': (2,), }",
                    NUMBERS "'<q3': the file holds values of a type that is not known here; save "
                            "a.astype(\"f4\")");
}

static void expect_foreign(const void *bytes, size_t count, const char *what)
{
    char want[512];
    struct dataset_head head;
    struct err err = {0};
    cr_expect_eq(dataset_npy_parse("f", bytes, count, &head, &err), -EINVAL);
    snprintf(want, sizeof(want), "f: expected a .npy file; the file %s", what);
    cr_expect_str_eq(err.text, want);
}

Test(dataset_header, says_what_a_file_is_that_is_no_array)
{
    unsigned char tar[512] = "name";
    memcpy(tar + 257, "ustar", 5);
    expect_foreign("", 0, "is empty: write or download it again");
    expect_foreign("<!DOCTYPE html><html>", 21,
                   "is a web page (HTML), not the data: the download failed, fetch it again");
    expect_foreign("\xef\xbb\xbf \n<HTML>", 11,
                   "is a web page (HTML), not the data: the download failed, fetch it again");
    expect_foreign("PK\3\4......", 10,
                   "is a zip archive (.npz, or PyTorch's .pt): with NumPy: z = np.load(FILE); "
                   "np.save(\"X.npy\", z[\"X\"]); np.save(\"y.npy\", z[\"y\"]) (z.files lists the "
                   "names)");
    expect_foreign("\x80\4\x95.", 4,
                   "is a Python pickle: with NumPy: np.save(\"X.npy\", pickle.load(open(FILE, "
                   "\"rb\")))");
    expect_foreign("\x89HDF\r\n\x1a\n", 8,
                   "is an HDF5 file: with h5py: np.save(\"X.npy\", h5py.File(FILE)[NAME][:])");
    expect_foreign("PAR1\1", 5,
                   "is a Parquet file: with pandas: np.save(\"X.npy\", "
                   "pd.read_parquet(FILE).to_numpy(\"f4\"))");
    expect_foreign("a,b\n1,2\n", 8,
                   "is text: with NumPy: np.save(\"X.npy\", np.loadtxt(FILE, delimiter=\",\", "
                   "dtype=\"f4\"))");
    expect_foreign(tar, sizeof(tar), "is a tar archive: unpack it with tar xf");
    expect_foreign("\0\0\x08\3\0\0\0\1", 8, "is an IDX file: set data.format: idx");
    expect_foreign("version https://git-lfs.github.com/spec/v1\n", 43,
                   "is a pointer of Git LFS, not the data: fetch the data with git lfs pull");
    expect_foreign("\1\2\3", 3, "begins with the bytes 01 02 03");
    expect_idx_head("\x93NUMPY\1\0", 8,
                    "f: expected an IDX file; the file is a NumPy array (.npy): set data.format: "
                    "npy");
}

Test(dataset_header, reads_back_the_npy_header_it_writes)
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
    cr_expect_eq(head.type.kind, DATASET_REAL);
    cr_expect_eq(head.type.bytes, 4u);
}
