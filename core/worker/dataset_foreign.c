/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a file is that should have been an array: its first bytes say so, and most have one line that helps.
 *
 * People name archives, pickles and web pages that a download left behind; "magic 50 4b 03 04" helps none of them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/worker/dataset_internal.h"

#define LOAD_AND_SAVE "with NumPy: np.save(\"X.npy\", "

struct foreign {
    uint32_t at, length;
    const char *magic, *what, *remedy;
};

/* clang-format off */
static const struct foreign table[] = {
    {0, 6, "\x93NUMPY",              "a NumPy array (.npy)",        "set data.format: npy"},
    {0, 2, "\x1f\x8b",               "gzip data inside gzip data",  "unpack it once with gunzip"},
    {0, 3, "BZh",                    "packed by bzip2",             "unpack it with bunzip2"},
    {0, 6, "\xfd" "7zXZ\0",          "packed by xz",                "unpack it with unxz"},
    {0, 4, "\x28\xb5\x2f\xfd",       "packed by zstd",              "unpack it with unzstd"},
    {0, 2, "PK",                     "a zip archive (.npz, or PyTorch's .pt)",
        "with NumPy: z = np.load(FILE); np.save(\"X.npy\", z[\"X\"]); np.save(\"y.npy\", z[\"y\"]) (z.files lists the names)"},
    {257, 5, "ustar",                "a tar archive",               "unpack it with tar xf"},
    {0, 8, "\x89HDF\r\n\x1a\n",      "an HDF5 file",                "with h5py: np.save(\"X.npy\", h5py.File(FILE)[NAME][:])"},
    {0, 4, "PAR1",                   "a Parquet file",              "with pandas: np.save(\"X.npy\", pd.read_parquet(FILE).to_numpy(\"f4\"))"},
    {0, 6, "ARROW1",                 "an Arrow file",               "with pandas: np.save(\"X.npy\", pd.read_feather(FILE).to_numpy(\"f4\"))"},
    {0, 6, "MATLAB",                 "a MATLAB file",               "with SciPy: np.save(\"X.npy\", scipy.io.loadmat(FILE)[NAME])"},
    {0, 2, "\x80\x02",               "a Python pickle",             LOAD_AND_SAVE "pickle.load(open(FILE, \"rb\")))"},
    {0, 2, "\x80\x03",               "a Python pickle",             LOAD_AND_SAVE "pickle.load(open(FILE, \"rb\")))"},
    {0, 2, "\x80\x04",               "a Python pickle",             LOAD_AND_SAVE "pickle.load(open(FILE, \"rb\")))"},
    {0, 2, "\x80\x05",               "a Python pickle",             LOAD_AND_SAVE "pickle.load(open(FILE, \"rb\")))"},
    {0, 4, "\x89PNG",                "a PNG picture",               "stack the pictures in one array [n, pixels]"},
    {0, 3, "\xff\xd8\xff",           "a JPEG picture",              "stack the pictures in one array [n, pixels]"},
    {0, 4, "%PDF",                   "a PDF document",              "name the data itself"},
    {0, 6, "SQLite",                 "an SQLite database",          "with pandas: np.save(\"X.npy\", pd.read_sql(QUERY, connection).to_numpy(\"f4\"))"},
    {0, 23, "version https://git-lfs", "a pointer of Git LFS, not the data", "fetch the data with git lfs pull"},
};
/* clang-format on */

static bool starts_with_word(const unsigned char *bytes, size_t count, const char *word)
{
    return count >= strlen(word) && strncasecmp((const char *)bytes, word, strlen(word)) == 0;
}

static bool is_web_page(const unsigned char *bytes, size_t count)
{
    size_t at = 0;
    if (count >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < count && isspace(bytes[at]))
        at++;
    return starts_with_word(bytes + at, count - at, "<!doctype") ||
           starts_with_word(bytes + at, count - at, "<html") ||
           starts_with_word(bytes + at, count - at, "<head") ||
           starts_with_word(bytes + at, count - at, "<?xml");
}

static bool is_text(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isprint(bytes[i]) && !isspace(bytes[i]) && bytes[i] < 0x80)
            return false;
    return count > 0;
}

static bool is_idx(const unsigned char *bytes, size_t count)
{
    return count >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] >= 0x08 && bytes[2] <= 0x0e &&
           bytes[3] >= 1 && bytes[3] <= 8;
}

static struct foreign recognise(const unsigned char *bytes, size_t count)
{
    if (count == 0)
        return (struct foreign){.what = "empty", .remedy = "write or download it again"};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (count >= table[i].at + table[i].length &&
            memcmp(bytes + table[i].at, table[i].magic, table[i].length) == 0)
            return table[i];
    if (is_idx(bytes, count))
        return (struct foreign){.what = "an IDX file", .remedy = "set data.format: idx"};
    if (is_web_page(bytes, count))
        return (struct foreign){.what = "a web page (HTML), not the data",
                                .remedy = "the download failed, fetch it again"};
    if (is_text(bytes, count))
        return (struct foreign){.what = "text",
                                .remedy = LOAD_AND_SAVE
                                "np.loadtxt(FILE, delimiter=\",\", dtype=\"f4\"))"};
    return (struct foreign){0};
}

int dataset_foreign(const char *path, const unsigned char *bytes, size_t count,
                    const char *expected, struct err *err)
{
    const struct foreign found = recognise(bytes, count);
    if (found.what)
        return err_set(err, -EINVAL, "%.200s: expected %s; the file is %s: %s", path, expected,
                       found.what, found.remedy);
    char hex[4 * 3 + 1] = "";
    for (size_t i = 0; i < 4 && i < count; i++)
        snprintf(hex + 3 * i, sizeof(hex) - 3 * i, " %02x", bytes[i]);
    return err_set(err, -EINVAL, "%.200s: expected %s; the file begins with the bytes%s", path,
                   expected, hex);
}
