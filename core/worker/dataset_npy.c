/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NumPy's .npy, versions 1 to 3: magic, version, a little-endian header length (16 bits in version 1, 32 later), then a
 * Python dictionary with the keys descr, fortran_order and shape, padded so that the data start on a multiple of 64.
 *
 * The dictionary is read as what numpy writes, not as Python: quoted strings, True/False, one tuple of integers; keys in
 * any order, each exactly once.
 *
 * Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/worker/dataset_internal.h"

#define MAGIC_BYTES 6u
#define FIXED_BYTES 10u /* magic, version, length; of version 1, which we write */

/* A cursor over the dictionary; `end` is one past it. */
struct text {
    const char *path;
    const unsigned char *bytes;
    size_t at, end;
    struct err *err;
};

static int expected(const struct text *text, const char *what)
{
    if (text->at >= text->end)
        return err_set(text->err, -EINVAL, "%s: offset %zu: expected %s, the header ends here",
                       text->path, text->at, what);
    const unsigned char found = text->bytes[text->at];
    if (isprint(found))
        return err_set(text->err, -EINVAL, "%s: offset %zu: expected %s, found '%c'", text->path,
                       text->at, what, found);
    return err_set(text->err, -EINVAL, "%s: offset %zu: expected %s, found byte 0x%02x", text->path,
                   text->at, what, found);
}

static void skip_blanks(struct text *text)
{
    while (text->at < text->end && (text->bytes[text->at] == ' ' || text->bytes[text->at] == '\n'))
        text->at++;
}

/* Take `c` if it is next. */
static bool take(struct text *text, char c)
{
    skip_blanks(text);
    if (text->at >= text->end || text->bytes[text->at] != (unsigned char)c)
        return false;
    text->at++;
    return true;
}

static bool take_word(struct text *text, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(text);
    if (text->end - text->at < length || memcmp(text->bytes + text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

/* A type that holds no numbers of ours, in words, with what helps. */
static int refuse_descr(const struct text *text, const char *descr, size_t length)
{
    static const struct {
        char letter;
        const char *what;
    } row[] = {
        {'U', "text; number the classes: np.unique(y, return_inverse=True)[1]"},
        {'S', "text; number the classes: np.unique(y, return_inverse=True)[1]"},
        {'O', "Python objects; make it an array of numbers: np.array(list(a), dtype=\"f4\")"},
        {'c', "complex numbers; save their real and imaginary parts: np.c_[a.real, a.imag]"},
        {'f', "long floats; save a.astype(\"f4\")"},
        {'M', "dates; save a.astype(\"i8\")"},
        {'m', "time differences; save a.astype(\"i8\")"},
        {'V', "records; save one array of numbers"},
    };
    const char *what = "values of a type that is not known here; save a.astype(\"f4\")";
    for (size_t i = 0; length > 2 && i < sizeof(row) / sizeof(row[0]); i++)
        if (descr[2] == row[i].letter)
            what = row[i].what;
    if (length > 0 && descr[0] == '[')
        what = "records with named fields; save one array of numbers";
    return err_set(text->err, -EINVAL,
                   "%.200s: offset %zu: expected numbers (bool, u1 to u8, i1 to i8, f2, f4, f8), "
                   "found %.*s: the file holds %s",
                   text->path, text->at, (int)length, descr, what);
}

static size_t descr_length(const struct text *text)
{
    const unsigned char first = text->bytes[text->at];
    const char stop = first == '\'' ? '\'' : first == '[' ? ']' : ',';
    size_t length = 1;
    while (text->at + length < text->end && length < 24 &&
           isprint(text->bytes[text->at + length]) && text->bytes[text->at + length] != stop)
        length++;
    const bool closed = stop != ',' && text->at + length < text->end && length < 24 &&
                        text->bytes[text->at + length] == stop;
    return length + closed;
}

/* '<f4': byte order, kind, width. */
static int parse_descr(struct text *text, struct dataset_head *head)
{
    static const struct {
        char letter;
        enum dataset_kind kind;
        const char *widths;
    } row[] = {{'b', DATASET_BOOL, "1"},
               {'u', DATASET_UNSIGNED, "1248"},
               {'i', DATASET_SIGNED, "1248"},
               {'f', DATASET_REAL, "248"}};
    skip_blanks(text);
    if (text->at >= text->end)
        return expected(text, "a type");
    const char *const descr = (const char *)text->bytes + text->at;
    const size_t length = descr_length(text);
    if (length != 5 || descr[0] != '\'' || descr[4] != '\'' || !strchr("<>|=", descr[1]))
        return refuse_descr(text, descr, length);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (descr[2] == row[i].letter && strchr(row[i].widths, descr[3])) {
            head->type = (struct dataset_type){.kind = (uint8_t)row[i].kind,
                                               .bytes = (uint8_t)(descr[3] - '0'),
                                               .big_endian = descr[1] == '>'};
            text->at += length;
            return 0;
        }
    return refuse_descr(text, descr, length);
}

static int parse_order(struct text *text, struct dataset_head *head)
{
    head->by_column = take_word(text, "True");
    return head->by_column || take_word(text, "False") ? 0 : expected(text, "True or False");
}

/** A number, read no further than it takes to see that it is more than `most`. */
static uint64_t read_number(struct text *text, uint64_t most)
{
    uint64_t value = 0;
    for (; text->at < text->end && isdigit(text->bytes[text->at]) && value <= most; text->at++)
        value = value * 10 + (uint64_t)(text->bytes[text->at] - '0');
    return value;
}

static int parse_dimension(struct text *text, struct dataset_head *head)
{
    const size_t begin = text->at;
    const bool of_rows = head->dims == 0;

    if (text->at >= text->end || !isdigit(text->bytes[text->at]))
        return expected(text, "a dimension");
    const uint64_t value = read_number(text, of_rows ? DATASET_SAMPLES_MAX : DATASET_FEATURES_MAX);
    head->dims++;
    if (of_rows && value > DATASET_SAMPLES_MAX)
        return err_set(text->err, -EINVAL,
                       "%s: offset %zu: expected at most %u samples, found more", text->path, begin,
                       DATASET_SAMPLES_MAX);
    if (of_rows)
        head->rows = value;
    else if (value < 1 || (head->columns *= value) > DATASET_FEATURES_MAX)
        return err_set(text->err, -EINVAL,
                       "%s: offset %zu: expected 1 to %u values per sample, found %s", text->path,
                       begin, DATASET_FEATURES_MAX, value < 1 ? "none" : "more");
    return 0;
}

static int parse_shape(struct text *text, struct dataset_head *head)
{
    if (!take(text, '('))
        return expected(text, "'('");
    head->columns = 1;
    while (!take(text, ')')) {
        skip_blanks(text);
        int rc = parse_dimension(text, head);
        if (rc < 0)
            return rc;
        if (!take(text, ',') && !(text->at < text->end && text->bytes[text->at] == ')'))
            return expected(text, "',' or ')'");
    }
    if (head->dims == 0)
        return err_set(text->err, -EINVAL,
                       "%s: offset %zu: expected an array, found a single value (shape ())",
                       text->path, text->at - 1);
    return 0;
}

#define NPY_KEYS 3u
static const char *const npy_key[NPY_KEYS] = {"'descr'", "'fortran_order'", "'shape'"};

static int parse_value(struct text *text, uint32_t key, struct dataset_head *head)
{
    if (!take(text, ':'))
        return expected(text, "':'");
    if (key == 0)
        return parse_descr(text, head);
    return key == 1 ? parse_order(text, head) : parse_shape(text, head);
}

/** `'key': value`, of a key that was not `seen`, and what parts it from the next one. */
static int parse_entry(struct text *text, unsigned *seen, struct dataset_head *head)
{
    uint32_t k = 0;
    while (k < NPY_KEYS && (*seen >> k & 1 || !take_word(text, npy_key[k])))
        k++;
    if (k == NPY_KEYS)
        return expected(
            text, *seen == 7 ? "'}'" : "one of the keys descr, fortran_order, shape, each once");
    *seen |= 1u << k;
    const int rc = parse_value(text, k, head);
    if (rc < 0)
        return rc;
    if (!take(text, ',') && !(text->at < text->end && text->bytes[text->at] == '}'))
        return expected(text, "',' or '}'");
    return 0;
}

static int parse_dictionary(struct text *text, struct dataset_head *head)
{
    unsigned seen = 0;
    if (!take(text, '{'))
        return expected(text, "'{'");
    while (!take(text, '}')) {
        const int rc = parse_entry(text, &seen, head);
        if (rc < 0)
            return rc;
    }
    for (uint32_t k = 0; k < NPY_KEYS; k++)
        if (!(seen >> k & 1))
            return err_set(text->err, -EINVAL,
                           "%s: offset %zu: expected the key %s in the header, found none",
                           text->path, text->at - 1, npy_key[k]);
    skip_blanks(text);
    return text->at == text->end ? 0 : expected(text, "blanks up to the data");
}

/** The header is of a version that we know: where its dictionary begins; and ends, as far as its length says. */
static int find_dictionary(struct text *text, size_t count)
{
    const unsigned char *const bytes = text->bytes;
    const bool is_long = count > MAGIC_BYTES && bytes[6] >= 2;
    text->at = is_long ? 12 : FIXED_BYTES;
    if (count < text->at)
        return err_set(text->err, -EINVAL,
                       "%s: offset 0: expected a .npy header, the file has only %zu bytes",
                       text->path, count);
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return err_set(text->err, -EINVAL,
                       "%s: offset 6: expected .npy version 1.0, 2.0 or 3.0, found %u.%u",
                       text->path, bytes[6], bytes[7]);
    text->end = text->at + ((size_t)bytes[8] | (size_t)bytes[9] << 8);
    if (is_long)
        text->end += (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (text->end > count)
        return err_set(
            text->err, -EINVAL,
            "%s: offset 8: expected the header to end by %zu, found a length that ends at %zu",
            text->path, count, text->end);
    return 0;
}

int dataset_npy_parse(const char *path, const unsigned char *bytes, size_t count,
                      struct dataset_head *head, struct err *err)
{
    struct text text = {.path = path, .bytes = bytes, .err = err};
    if (count < MAGIC_BYTES || memcmp(bytes, "\x93NUMPY", MAGIC_BYTES) != 0)
        return dataset_foreign(path, bytes, count, "a .npy file", err);
    const int rc = find_dictionary(&text, count);
    if (rc < 0)
        return rc;
    *head = (struct dataset_head){.base_bytes = text.end};
    return parse_dictionary(&text, head);
}

size_t dataset_npy_head(char out[128], const char *descr, uint32_t rows, uint32_t columns)
{
    char shape[32];

    if (columns > 0)
        snprintf(shape, sizeof(shape), "(%u, %u)", rows, columns);
    else
        snprintf(shape, sizeof(shape), "(%u,)", rows);
    memcpy(out, "\x93NUMPY\x01\x00\x76\x00", FIXED_BYTES); /* 0x76 = 128 - 10 */
    const int used =
        snprintf(out + FIXED_BYTES, 128 - FIXED_BYTES,
                 "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    CHECK(used > 0 && used < 117);
    memset(out + FIXED_BYTES + used, ' ', 128 - FIXED_BYTES - (size_t)used);
    out[127] = '\n';
    return 128;
}

/* X.npy -> y.npy, X_train.npy -> y_train.npy. */
static bool labels_name(const char *features, uint32_t number, char out[DATASET_PATH_MAX])
{
    if (number > 0 || dataset_path(out, NULL, "%s", features) < 0)
        return false;
    char *slash = strrchr(out, '/');
    char *name = slash ? slash + 1 : out;
    if ((name[0] != 'X' && name[0] != 'x') || isalnum((unsigned char)name[1]))
        return false;
    name[0] = 'y';
    return true;
}

static const char *const usual[] = {"X.npy", "x.npy", "X_train.npy", "x_train.npy", NULL};
const struct dataset_pair dataset_npy_pair = {
    .parse = dataset_npy_parse, .usual = usual, .labels = labels_name};

int dataset_npy_open(struct dataset *out, const struct dataset_config *config, struct err *err)
{
    return dataset_pair_open(out, config, &dataset_npy_pair, err);
}
